"""The statistics are held to frozen cases: what moved is named with statistic, case and run, and where to look for the cause."""

import itertools
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.gate import statistics as checked
from harness.gate.baseline import Baseline, StatisticsBaseline
from harness.gate.case_tables import Cases, measure_statistics
from harness.gate.config import GateConfig
from harness.gate.findings import Finding
from harness.gate.measure import Measured
from harness.gate.statistics import statistics

SHIPPED = Path(__file__).parents[3] / "configs/gate/statistics"
ROW = "accuracy · m · fit · item"


def tables(
    rows: dict[str, list[float | str | None]], *, digest: str = "d", run: str = "defaults"
) -> dict[str, StatisticsBaseline]:
    columns = [
        "value",
        "low",
        "high",
        "p",
        "p_adjusted",
        "n_items",
        "n_clusters",
        "n_pairs",
        "epsilon",
        "coverage",
        "rank_cluster",
    ]
    return {f"case/{run}": StatisticsBaseline(digest=digest, columns=columns, rows=dict(rows))}


def found(
    before: dict[str, StatisticsBaseline], now: dict[str, StatisticsBaseline], folder: Path = SHIPPED, **broken: str
) -> list[Finding]:
    config = GateConfig(file=folder, baseline=folder, metrics=(), statistics=folder)
    told = {name.replace("_", "/"): error for name, error in broken.items()}
    measured = Measured(Baseline(statistics=now), {}, {}, {}, broken_cases=told)
    return list(statistics(config, Baseline(statistics=before), measured))


def one(*given: Any, **broken: Any) -> Finding:
    (finding,) = found(*given, **broken)
    return finding


def test_what_is_as_before_passes_and_rounding_does_not_count() -> None:
    before = tables({ROW: [0.5, 0.25, None], "floor · fit": [2e6]})
    finding = one(before, tables({ROW: [0.5 + 5e-10, 0.25, None], "floor · fit": [2e6 + 1e-3]}))
    assert (finding.metric, finding.check, finding.level) == ("meta", "statistics", "pass")
    assert finding.message == "meta: statistics: 2 rows of case case as before"


def test_a_moved_value_is_named_with_statistic_metric_case_and_run() -> None:
    finding = one(tables({ROW: [0.5, 0.25, 0.75]}), tables({ROW: [0.625, 0.25, 0.75]}))
    assert finding.level == "fail"
    assert (
        "statistics moved: agreement with people in case case: accuracy · m · fit · item: value 0.5 → 0.625 (defaults)"
        in finding.message
    )
    assert "1 of 1 rows moved: accuracy 1" in finding.message
    assert "harness gate update --reason TEXT" in finding.message
    assert (finding.moved[0].pair, finding.moved[0].before, finding.moved[0].now) == (f"case/defaults: {ROW}", 0.5, 0.625)


def test_a_difference_just_over_the_tolerance_counts() -> None:
    assert one(tables({ROW: [0.5]}), tables({ROW: [0.5 + 2e-9]})).level == "fail"


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        ([0.5, 0.2, 0.8], [0.5, 0.3, 0.8], "intervals alone moved, no value"),
        ([0.5, 0.2, 0.8, 0.04, 0.4], [0.5, 0.2, 0.8, 0.04, 0.08], "p values alone moved"),
        ([0.5, 0.2, 0.8, 0.04], [0.5, 0.3, 0.8, 0.05], "intervals and p values moved, and no value"),
        ([0.5] + [None] * 9 + [1], [0.5] + [None] * 9 + [2], "rank clusters alone moved"),
        (
            [0.5, None, None, None, None, 4, 4, 12],
            [0.4, None, None, None, None, 4, 4, 10],
            "n_pairs moved too: other data counts",
        ),
        ([0.5], [None], "value 0.5 → none"),
    ],
)
def test_which_numbers_moved_says_where_to_look(before: list[float | None], now: list[float | None], words: str) -> None:
    assert words in one(tables({ROW: list(before)}), tables({ROW: list(now)})).message


def test_rows_that_come_and_go_are_told() -> None:
    message = one(tables({"a": [1.0], "b": [1.0]}), tables({"a": [1.0], "c": [1.0]})).message
    assert "b is gone" in message
    assert "rows came or went, and no number moved" in message


def test_runs_that_did_not_move_are_told_beside_those_that_did() -> None:
    before = {**tables({ROW: [0.5]}, run="mean"), **tables({ROW: [0.5]}, run="median")}
    message = one(before, {**tables({ROW: [0.5]}, run="mean"), **tables({ROW: [0.75]}, run="median")}).message
    assert "in median and not in mean" in message


def test_options_that_only_the_moved_runs_have_are_named(tmp_path: Path) -> None:
    shutil.copy(SHIPPED / "mixed.jsonl", tmp_path / "case.jsonl")
    runs = ("defaults", "snapped-gaps", "percentile")
    before: dict[str, StatisticsBaseline] = {}
    now: dict[str, StatisticsBaseline] = {}
    for run in runs:
        before |= tables({ROW: [0.5, 0.25, 0.75, 0.5, 0.5]}, run=run)
        now |= tables({ROW: [0.625 if run == "snapped-gaps" else 0.5, 0.25, 0.75, 0.5, 0.5]}, run=run)
    (finding,) = found(before, now, tmp_path)
    assert "the runs that moved, and no others, have gap_tolerance 0.05;" in finding.message
    assert "of their numbers value" in finding.message


def test_words_are_compared_as_they_are() -> None:
    before, now = (
        {"case/x/advice": StatisticsBaseline(digest="d", columns=["verdict"], rows={"m": [word]})} for word in ("use", "weak")
    )
    assert "verdict use → weak" in one(before, now).message


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        ({}, tables({ROW: [1.0]}), "the case case of the statistics is not in the baseline"),
        (tables({ROW: [1.0]}), {}, "in the baseline and no longer among the cases"),
        (tables({ROW: [1.0]}), tables({ROW: [1.0]}, digest="e"), "its file changed"),
    ],
)
def test_another_set_of_cases_is_no_pass(
    before: dict[str, StatisticsBaseline], now: dict[str, StatisticsBaseline], words: str
) -> None:
    finding = one(before, now)
    assert finding.level == "fail"
    assert words in finding.message


def test_an_error_is_a_failure_that_says_which() -> None:
    finding = one(tables({ROW: [1.0]}), {}, case_defaults="ZeroDivisionError: division by zero")
    assert (finding.level, "cannot be computed in case/defaults: ZeroDivisionError" in finding.message) == ("fail", True)


def test_a_gate_without_cases_checks_nothing() -> None:
    config = GateConfig(file=SHIPPED, baseline=SHIPPED, metrics=())
    assert list(statistics(config, Baseline(), Measured(Baseline(), {}, {}, {}))) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(SHIPPED / "one-cluster.jsonl", tmp_path)
    return tmp_path


def now_of(folder: Path) -> Cases:
    return measure_statistics(folder)


def test_the_same_code_makes_the_same_numbers_and_a_changed_correction_is_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dict(now_of(folder).tables)
    assert one(before, dict(now_of(folder).tables), folder).level == "pass"
    monkeypatch.setattr("harness.meta.compare.holm", list)
    finding = one(before, dict(now_of(folder).tables), folder)
    assert finding.level == "fail"
    assert "accuracy_difference" in finding.message
    assert "p_adjusted" in finding.message


def test_a_statistic_that_raises_is_kept_as_its_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.meta.compare.holm", lambda p_values: 1 / 0)
    cases = now_of(folder)
    assert cases.broken == {"one-cluster/defaults": "ZeroDivisionError: division by zero"}
    assert not cases.tables


def test_numbers_that_differ_from_run_to_run_are_told_as_a_seed_that_is_ignored(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dict(now_of(folder).tables)
    name, table = next(iter(before.items()))
    counter = itertools.count(1.0)
    monkeypatch.setattr(
        checked, "computed", lambda case, run: {name: msgspec.structs.replace(table, rows={"a": [next(counter)]})}
    )
    moved = {name: msgspec.structs.replace(table, rows={**table.rows, "floor": [0.5]})}
    assert "somewhere a seed is ignored" in one({name: table}, moved, folder).message
