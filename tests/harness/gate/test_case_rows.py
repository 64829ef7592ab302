"""Rows of a case have names that a person can read, hold no version of a package, and are those of the meta-evaluation."""

import json
from typing import Any

import pytest

from harness.gate.case_rows import ROW, Table, name_of, rows_of
from harness.gate.cases import CaseRun, read_case
from harness.records import MetaRow

SCORES = {"right": (0.75, 0.5, 0.25), "wrong": (0.25, 0.5, 0.75)}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Any:
    head = {
        "about": "ten items that a metric orders as people do, and another the other way round",
        "scales": {"fit": [1, 3, "up"]},
        "metrics": [{"name": name} for name in SCORES],
        "options": {"resamples": 20, "random_draws": 2, "slices": [], "groupings": ["item"]},
        "runs": {"defaults": {"also": ["advice", "report", "board", "plans"]}},
    }
    items = [
        {
            "item": f"i{number}",
            "source": "en häst",
            "outputs": [
                {
                    "system": system,
                    "text": "häst",
                    "ratings": {"fit": {"anna": 3 - place}},
                    "scores": {name: values[place] + 0.125 * (number % 2) for name, values in SCORES.items()},
                }
                for place, system in enumerate("abc")
            ],
        }
        for number in range(10)
    ]
    path = tmp_path_factory.mktemp("case") / "ten.jsonl"
    path.write_text("\n".join(map(json.dumps, [head, *items])))
    return read_case(path)


@pytest.fixture(scope="module")
def rows(case: Any) -> dict[str, Table]:
    return rows_of(case, case.head.runs["defaults"])


def value(rows: dict[str, Table], name: str) -> Any:
    return rows[""][name][ROW.index("value")]


def test_a_metric_that_orders_as_people_do_is_always_right_and_a_reversed_one_never(rows: dict[str, Table]) -> None:
    assert value(rows, "accuracy_raw · right · fit · item · primary:anna") == 1.0
    assert value(rows, "accuracy_raw · wrong · fit · item · primary:anna") == 0.0
    assert value(rows, "accuracy_difference · right · against wrong · fit · item · primary:anna · common") == 1.0
    assert value(rows, "system_pairwise_accuracy · right · fit · primary:anna") == 1.0


def test_no_name_holds_the_version_of_a_package(rows: dict[str, Table]) -> None:
    assert any("source-similarity" in name for name in rows[""])
    assert not any("sacrebleu" in name or "|" in name for table in rows.values() for name in table)


def test_advice_means_and_boards_are_beside_the_rows(rows: dict[str, Table]) -> None:
    advice = rows["advice"]["right · fit · all · primary:anna"]
    assert (advice[rows["advice"].columns.index("verdict")], advice[2]) == ("weak", 1.0)  # ten items are too few to rely on
    means = {name.partition(" · ")[2]: row[0] for name, row in rows["report"].items()}
    assert (means["a · people"], means["a · right"], means["c · wrong"]) == (3.0, 0.8125, 0.8125)  # 0.75 and 0.875 by turns
    standing = dict(zip(rows["board"].columns, rows["board"]["cell · a · right/score"], strict=False))
    assert (standing["value"], standing["items"]) == (0.8125, 10)
    assert any(name.startswith("width · right · fit") for name in rows["plans"])


def test_a_run_holds_the_statistics_that_it_names_and_no_others(case: Any) -> None:
    run = CaseRun(statistics=("accuracy", "floor"), without=("low", "high"))
    table = rows_of(case, run)[""]
    assert {name.partition(" · ")[0] for name in table} == {"accuracy", "floor"}
    assert all(row[1:3] in ([None, None], []) for row in table.values())


def test_the_parts_of_a_name_are_those_that_tell_rows_apart() -> None:
    row = MetaRow(
        judgments="x@1", metric="m|tok:13a|v:1", component="f1", against="n|v:1", criterion="fit", slice="form=short",
        grouping="item", raters="mean", statistic="accuracy_difference", value=1.0, support="missing-wrong",
    )  # fmt: skip
    kept = [part for part in name_of(row) if part]
    assert kept == ["accuracy_difference", "m.f1", "against n", "fit", "item", "form=short", "mean", "missing-wrong"]


def test_rows_are_rounded_far_below_the_tolerance_and_keep_what_is_no_number() -> None:
    table = Table(("value", "n"), [(("a", None), [1 / 3, 2, None]), (("a",), [float("inf"), True, None])])
    assert dict(table) == {"a": [0.3333333333, 2], "a #2": ["inf", "true"]}
