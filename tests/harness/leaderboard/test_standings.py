"""The mean over tasks has the interval and the tests that independent tasks give it."""

import msgspec
import numpy as np
import pytest
from boards import results_of
from scipy import stats

from harness.leaderboard.board import make_board
from harness.leaderboard.records import Results, TaskResult


def scores(seed: int, models: int = 2, tasks: int = 3, items: int = 60, lead: float = 0.0) -> dict[str, dict[str, list[float]]]:
    rng = np.random.default_rng(seed)
    return {
        f"m{model}": {f"t{task}": (rng.normal(0.5 + lead * (model == 0), 0.2, items)).tolist() for task in range(tasks)}
        for model in range(models)
    }


def test_its_interval_is_that_of_a_sum_of_independent_means() -> None:
    given = scores(3)
    board = make_board(results_of(given), resamples=8000)
    one = next(standing for standing in board.standings if standing.model == "m0")
    values = [np.array(task) for task in given["m0"].values()]
    error = np.sqrt(sum(task.var(ddof=1) / len(task) for task in values)) / len(values)
    wide = stats.t.ppf(0.975, sum(len(task) - 1 for task in values)) * error
    assert one.low is not None
    assert one.high is not None
    assert (one.low, one.high) == pytest.approx((one.mean - wide, one.mean + wide), abs=0.003)  # type: ignore[operator]


def test_its_p_is_that_of_a_paired_test_over_all_tasks() -> None:
    given = scores(4, lead=0.025)
    board = make_board(results_of(given), resamples=2000)
    differences = [np.array(given["m0"][task]) - np.array(given["m1"][task]) for task in given["m0"]]
    z = sum(d.mean() for d in differences) / np.sqrt(sum(d.var(ddof=1) / len(d) for d in differences))
    significant = 2 * stats.norm.sf(abs(z)) < 0.05
    assert [one.cluster for one in board.standings] == ([1, 2] if significant else [1, 1])


def test_models_alike_are_told_apart_as_rarely_as_the_test_says() -> None:
    apart = sum(
        make_board(results_of(scores(seed, tasks=2, items=20)), resamples=200).standings[1].cluster == 2 for seed in range(60)
    )
    assert stats.binomtest(apart, 60, 0.05).pvalue > 0.005


def test_seconds_tokens_and_cost_are_sums() -> None:
    results = results_of(scores(1, models=1, tasks=2))
    timed = [
        msgspec.structs.replace(one, seconds=seconds, tokens=tokens, cost=cost)
        for one, (seconds, tokens, cost) in zip(results.results, [(2.0, 100, 0.5), (3.0, None, None)], strict=True)
    ]
    board = make_board(msgspec.structs.replace(results, results=tuple(timed)), resamples=200)
    one = board.standings[0]
    assert (one.seconds, one.tokens_per_second, one.cost) == (5.0, 50.0, 0.5)


def reported(*rows: tuple[str, str, float, float | None], items: int = 0) -> Results:
    """Results without items: model, task, value, standard error; nobody says how many items there were unless `items` does."""
    results = results_of({model: {task: [1.0] for _, task, *_ in rows} for model, *_ in rows})
    said = tuple(
        TaskResult(model=m, task=t, values={"s": value}, errors={"s": error}, items=items) for m, t, value, error in rows
    )
    return msgspec.structs.replace(results, results=said, read_items=lambda model, task: iter(()))


def test_reported_standard_errors_give_a_normal_interval_whatever_the_number_of_items() -> None:
    for items in (0, 3, 500):
        board = make_board(reported(("a", "t", 0.7, 0.05), ("a", "u", 0.5, 0.03), items=items), resamples=200)
        half = 1.959964 * float(np.hypot(0.05, 0.03)) / 2
        assert (board.standings[0].low, board.standings[0].high) == pytest.approx((0.6 - half, 0.6 + half))
        assert items == 3 or items == 500 or all("0 items" not in str(column.note) for column in board.columns)


@pytest.mark.parametrize("right", [0, 3, 20, 39, 40])
def test_the_mean_of_one_column_has_the_columns_interval(right: int) -> None:
    board = make_board(results_of({"a": {"t": [1.0] * right + [0.0] * (40 - right)}}, baseline=0.25), resamples=200)
    cell, one = board.cells[0], board.standings[0]
    assert None not in (cell.low, cell.high)
    assert (one.low, one.high) == pytest.approx(((cell.low - 0.25) / 0.75, (cell.high - 0.25) / 0.75), abs=1e-12)  # type: ignore[operator]


def test_where_less_is_better_the_interval_of_the_mean_is_turned_with_its_column() -> None:
    board = make_board(results_of({"a": {"t": [0.5, 1.0, 3.0, 1.5] * 10}}, baseline=4, ceiling=0, higher=False), resamples=300)
    cell, one = board.cells[0], board.standings[0]
    assert (one.low, one.high) == pytest.approx(((4 - cell.high) / 4, (4 - cell.low) / 4))  # type: ignore[operator]


def test_a_small_task_that_is_all_right_adds_its_width_to_the_mean() -> None:
    board = make_board(results_of({"a": {"small": [1.0] * 8, "large": [1.0] * 356 + [0.0] * 44}}), resamples=300)
    (small, large), one = board.cells, board.standings[0]
    assert one.mean == pytest.approx((1 + 0.89) / 2)
    assert one.mean - one.low == pytest.approx(np.hypot(1 - small.low, 0.89 - large.low) / 2)  # type: ignore[operator]
    assert one.high - one.mean == pytest.approx((large.high - 0.89) / 2)  # type: ignore[operator]


def test_the_interval_of_a_mean_holds_the_truth() -> None:
    shares, sizes = (0.5, 0.85, 0.97), (15, 40, 25)
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(200):
        drawn = {
            f"t{place}": (rng.random(n) < share).astype(float).tolist()
            for place, (share, n) in enumerate(zip(shares, sizes, strict=True))
        }
        one = make_board(results_of({"a": drawn}), resamples=20).standings[0]
        assert one.low is not None
        assert one.high is not None
        held += one.low <= sum(shares) / 3 <= one.high
    assert stats.binomtest(held, 200, 0.95).pvalue > 0.001


def test_one_model_without_usable_items_is_the_only_one_without_a_rank() -> None:
    results = results_of(
        {name: {"t": [1.0] * n + [0.0] * (40 - n)} for name, n in (("a", 38), ("b", 20), ("c", 4), ("liar", 14))}
    )
    *honest, liar = results.results
    lied = msgspec.structs.replace(results, results=(*honest, msgspec.structs.replace(liar, values={"s": 0.99})))
    board = make_board(lied, resamples=500)
    assert {one.model: (one.rank, one.cluster) for one in board.standings} == {
        "liar": (None, None),
        "a": (1, 1),
        "b": (2, 2),
        "c": (3, 3),
    }
    assert [one.note for one in board.standings if one.model != "liar"] == [None] * 3
    assert "no rank: not compared with every other model on t" in str(board.standings[0].note)


def test_a_mean_of_tasks_that_are_all_right_does_not_end_above_one() -> None:
    board = make_board(results_of({"a": {f"t{place}": [1.0] * 20 for place in range(3)}}), resamples=100)
    one = board.standings[0]
    assert one.high == pytest.approx(1.0, abs=1e-12)
    assert one.low is not None
    assert board.cells[0].low is not None
    assert board.cells[0].low < one.low < 1
