"""Two runs are compared on what both hold; verdicts come from corrected paired tests."""

import json
import random
from pathlib import Path

import msgspec
import numpy as np
import pytest
from boards import results_folder, results_of
from scipy import stats

from harness.errors import InputError
from harness.leaderboard.diff import Difference, compare_runs
from harness.leaderboard.records import Results, TaskResult
from harness.leaderboard.results import read_results


def rows_of(before: Results, after: Results, **more: object) -> dict[str, Difference]:
    found = compare_runs(before, after, resamples=1000, **more)  # type: ignore[arg-type]
    return {row.column: row for row in found.rows}


def test_a_run_against_itself_shows_no_difference(tmp_path: Path) -> None:
    results = read_results(results_folder(tmp_path))
    found = compare_runs(results, results, resamples=200)
    done = [row for row in found.rows if row.verdict != "alone"]
    assert len(done) == found.family == 11
    assert {(row.difference, row.p, row.verdict) for row in done} == {(0.0, 1.0, "unclear")}


def test_differences_have_the_interval_and_p_of_a_paired_test() -> None:
    rng = np.random.default_rng(5)
    old = rng.normal(0.5, 0.2, 80)
    new = old + rng.normal(0.03, 0.1, 80)
    row = rows_of(results_of({"m": {"t": old.tolist()}}), results_of({"m": {"t": new.tolist()}}))["t/s"]
    paired = stats.ttest_rel(new, old)
    interval = paired.confidence_interval(0.95)
    assert row.difference == pytest.approx((new - old).mean())
    assert (row.low, row.high) == pytest.approx((interval.low, interval.high), abs=0.004)
    assert row.p == pytest.approx(paired.pvalue, abs=0.01)


def test_better_and_worse_follow_the_metrics_direction() -> None:
    chance = random.Random(2)
    low, high = ([chance.gauss(middle, 0.1) for _ in range(50)] for middle in (0.3, 0.6))
    for higher, verdict in ((True, "better"), (False, "worse")):
        before = results_of({"m": {"t": low}}, higher=higher)
        after = results_of({"m": {"t": high}}, higher=higher)
        assert rows_of(before, after)["t/s"].verdict == verdict


def test_p_is_corrected_over_all_comparisons() -> None:
    chance = random.Random(3)
    old = {f"t{place}": [chance.gauss(0.5, 0.1) for _ in range(40)] for place in range(4)}
    new = {task: [value + chance.gauss(0.03 if task == "t0" else 0, 0.08) for value in values] for task, values in old.items()}
    rows = rows_of(results_of({"m": old}), results_of({"m": new}))
    smallest = min(rows.values(), key=lambda row: row.p or 1)
    assert smallest.p_adjusted == pytest.approx(min(1.0, 4 * (smallest.p or 1)))


def test_models_are_paired_by_name_as_said_or_alone_with_alone() -> None:
    one, two = results_of({"a": {"t": [1, 0, 1]}}), results_of({"b": {"t": [1, 1, 1]}})
    both = results_of({"c": {"t": [1, 0, 0]}, "d": {"t": [1, 0, 1]}})
    assert [(row.model, row.other) for row in compare_runs(one, two, resamples=200).rows] == [("a", "b")]
    assert [(row.model, row.other) for row in compare_runs(one, both, pairs={"a": "d"}, resamples=200).rows] == [("a", "d")]
    with pytest.raises(InputError, match=r"share no model.*--pair OLD=NEW"):
        compare_runs(one, both)
    with pytest.raises(InputError, match="holds no model 'x'"):
        compare_runs(one, both, pairs={"x": "d"})


def test_items_of_one_run_only_do_not_count() -> None:
    before, after = results_of({"m": {"t": [0.1, 0.4, 0.9]}}), results_of({"m": {"t": [0.2, 0.6]}})
    row = rows_of(before, after)["t/s"]
    assert (row.items, row.difference) == (2, pytest.approx(0.15))
    assert "1 items are in one run only" in str(row.note)
    assert (row.before, row.after) == (pytest.approx(1.4 / 3), pytest.approx(0.4))


def test_without_items_reported_errors_are_compared_as_unpaired() -> None:
    def bare(value: float, error: float | None) -> Results:
        results = results_of({"m": {"t": [1, 0]}})
        one = TaskResult(model="m", task="t", values={"s": value}, errors={"s": error}, items=100)
        return msgspec.structs.replace(results, results=(one,), read_items=lambda model, task: iter(()))

    row = rows_of(bare(0.5, 0.03), bare(0.7, 0.04))["t/s"]
    assert (row.low, row.high) == pytest.approx((0.2 - 1.959964 * 0.05, 0.2 + 1.959964 * 0.05))
    assert row.verdict == "better"
    assert "unpaired" in str(row.note)
    assert rows_of(bare(0.5, None), bare(0.7, 0.04))["t/s"].verdict == "alone"


def test_what_differs_in_how_a_task_was_done_is_said() -> None:
    before = results_of({"m": {"t": [1, 0]}})
    shots = tuple(msgspec.structs.replace(one, shots=5, settings={"hash": "aaa"}) for one in before.results)
    again = tuple(msgspec.structs.replace(one, shots=0, settings={"hash": "bbb"}) for one in before.results)
    found = compare_runs(
        msgspec.structs.replace(before, results=shots), msgspec.structs.replace(before, results=again), resamples=200
    )
    assert any("the number of examples in the prompt (5, 0)" in warning for warning in found.warnings)
    assert any("its items (task hash) (aaa, bbb)" in warning for warning in found.warnings)


def test_runs_without_a_task_in_common_are_an_error() -> None:
    with pytest.raises(InputError, match="share no task"):
        compare_runs(results_of({"m": {"t": [1]}}), results_of({"m": {"u": [1]}}))


def test_copies_of_documents_are_one_in_tests_too(tmp_path: Path) -> None:
    chance = random.Random(4)
    skills = {"a": 0.4, "b": 0.6}
    right = {model: [float(chance.random() < skill) for _ in range(30)] for model, skill in skills.items()}

    def folder(name: str, copies: int) -> Results:
        for model, values in right.items():
            home = tmp_path / name / model
            home.mkdir(parents=True)
            content = {"model_name": model, "results": {"t": {"acc,none": sum(values) / 30}}, "versions": {"t": 1}}
            (home / "results_t.json").write_text(json.dumps(content))
            lines = [{"doc_id": n, "doc_hash": f"q{n % 30}", "acc": values[n % 30]} for n in range(30 * copies)]
            (home / "samples_t.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        return read_results(tmp_path / name)

    once, often = folder("once", 1), folder("often", 4)
    row, copied = (rows_of(results, results, pairs={"a": "b"})["t/acc"] for results in (once, often))
    assert (copied.p, copied.difference) == (row.p, pytest.approx(row.difference))
    assert (copied.low, copied.high) == (pytest.approx(row.low), pytest.approx(row.high))
    assert copied.items == 120
    notes = compare_runs(often, often, pairs={"a": "b"}, resamples=200).notes
    assert notes[0].startswith("a on t: 90 of 120 items are documents that were met before")


def test_runs_without_an_item_in_common_say_why_there_is_no_comparison() -> None:
    before, after = results_of({"m": {"t": [1, 0, 1]}}), results_of({"m": {"t": [1, 0, 1]}})
    other = msgspec.structs.replace(
        after,
        read_items=lambda model, task: iter(
            [msgspec.structs.replace(one, key=f"x{one.key}") for one in after.read_items(model, task)]
        ),
    )
    found = compare_runs(before, other, resamples=200)
    assert (found.family, found.why_nothing()) == (
        0,
        "nothing could be compared (t/s: the runs share fewer than two items, or groups of items that belong together)",
    )
    assert compare_runs(before, after, resamples=200).why_nothing() is None
