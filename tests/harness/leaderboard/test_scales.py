"""A scale has a beginning that is worse than its end, and both, like all values, lie where the metric can."""

import msgspec
import pytest
from boards import results_of

from harness.leaderboard.board import make_board
from harness.leaderboard.records import TaskInfo, TaskResult
from harness.leaderboard.scales import range_of, why_no_scale, why_outside


@pytest.mark.parametrize(
    ("metric", "baseline", "ceiling", "higher", "why"),
    [
        ("acc", 25.0, 1.0, True, "its baseline 25 is outside the scale of acc (0 to 1)"),
        ("acc", 1.5, 1.0, True, "outside the scale of acc"),
        ("acc", -0.5, 1.0, True, "outside the scale of acc"),
        ("acc", 1.0, 1.0, True, "its baseline 1 is no worse than its ceiling 1"),
        ("own", 0.0, 4.0, False, "its baseline 0 is outside the scale of own (at least 4)"),
        ("own", 4.0, 0.0, False, None),
        ("acc", 0.25, 1.0, True, None),
        ("exact_match", 0.0, 100.0, True, None),
        ("mcc", -0.2, 1.0, True, None),
    ],
)
def test_a_baseline_that_is_no_worse_than_the_ceiling_makes_no_scale(
    metric: str, baseline: float, ceiling: float, higher: bool, why: str | None
) -> None:
    task = TaskInfo(name="t", metric=metric, baseline=baseline, ceiling=ceiling, higher_is_better=higher)
    found = why_no_scale(task, baseline, ceiling)
    assert (found is None) == (why is None)
    assert why is None or why in str(found)


def test_a_metrics_name_says_its_range_and_a_stated_ceiling_ends_it() -> None:
    assert range_of(TaskInfo(name="t", metric="acc"), "acc,none") == (0.0, 1.0)
    assert range_of(TaskInfo(name="t", metric="chrf"), "chrf") == (0.0, 100.0)
    assert range_of(TaskInfo(name="t", metric="f1", ceiling=100.0), "f1") == (0.0, 100.0)
    assert range_of(TaskInfo(name="t", metric="own"), "own") == (float("-inf"), float("inf"))


def test_a_value_that_the_metric_cannot_have_is_named() -> None:
    task = TaskInfo(name="t", metric="acc")
    assert why_outside(57.5, task, "acc") == "57.5 is outside the scale of acc (0 to 1)"
    assert why_outside(-3.0, task, "acc,strict") == "-3 is outside the scale of acc,strict (0 to 1)"
    assert why_outside(1.0, task, "acc") is None
    assert why_outside(-2.0, task, "own") is None
    assert why_outside(0.5, TaskInfo(name="t", metric="ppl", ceiling=1.0, higher_is_better=False), "ppl") is not None


@pytest.mark.parametrize("baseline", [25.0, 1.5, 1.0])
def test_no_ranking_is_reversed_by_a_baseline_out_of_place(baseline: float) -> None:
    scores = {"good": {"t": [1.0] * 36 + [0.0] * 4}, "bad": {"t": [1.0] * 8 + [0.0] * 32}}
    board = make_board(results_of(scores, baseline=baseline), resamples=200)
    assert {one.mean for one in board.standings} == {None}
    assert {cell.model: cell.rank for cell in board.cells} == {"good": 1, "bad": 2}
    assert {cell.normalised for cell in board.cells} == {None}
    assert any("t: its baseline" in one and "not in the mean" in one for one in board.warnings)
    assert "its baseline" in str(board.columns[0].note)
    assert all("missing" not in str(one.note) for one in board.standings)


def test_values_in_per_cent_beside_shares_get_no_rank_and_no_mean() -> None:
    results = results_of({"a": {"t": [1.0, 0.0] * 20}, "b": {"t": [1.0, 0.0, 0.0, 0.0] * 10}, "c": {"t": [1.0] * 40}})
    first, *others = results.results
    own = TaskResult(model=first.model, task="t", values={"s": 50.0}, errors={"s": 0.1}, items=40)
    board = make_board(msgspec.structs.replace(results, results=(own, *others)), resamples=200)
    cells = {cell.model: cell for cell in board.cells}
    assert (cells["a"].value, cells["a"].normalised, cells["a"].rank) == (50.0, None, None)
    assert (cells["c"].rank, cells["b"].rank) == (1, 2)
    assert {one.model: one.rank for one in board.standings} == {"c": 1, "b": 2, "a": None}
    assert any("a on t/s: 50 is outside the scale of s (at most 1)" in one for one in board.warnings)
