"""The mean over tasks has the interval and the tests that independent tasks give it."""

import msgspec
import numpy as np
import pytest
from boards import results_of
from scipy import stats

from harness.leaderboard.board import make_board


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
