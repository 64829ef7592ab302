"""Intervals agree with scipy's and with formulas."""

import numpy as np
import pytest
from scipy import stats

from harness.leaderboard.intervals import Draws, codes_of, expanded_tail, find_interval, t_quantile, wilson
from harness.leaderboard.measures import Measure, find_measure
from harness.leaderboard.records import Item


def measure_of(values: list[float], clusters: list[str] | None = None) -> Measure:
    items = [
        Item(key=str(place), values={"score": value}, meta={"cluster": clusters[place]} if clusters else {})
        for place, value in enumerate(values)
    ]
    measure = find_measure(items, "score", "mean", None)
    assert measure is not None
    return measure


@pytest.mark.parametrize(("right", "n"), [(0, 7), (3, 7), (7, 7), (40, 100), (999, 1000)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_wilsons_interval_is_scipys(right: int, n: int, confidence: float) -> None:
    expected = stats.binomtest(right, n).proportion_ci(confidence, method="wilson")
    assert wilson(right, n, confidence) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("freedom", [1, 2, 3, 5, 11, 99, 4.5])
def test_the_quantile_of_t_is_scipys(freedom: float) -> None:
    for share in (0.9, 0.95, 0.975):
        assert t_quantile(share, freedom) == pytest.approx(stats.t.ppf(share, freedom), rel=0.0015)


def test_the_bootstrap_is_scipys_at_the_expanded_tail() -> None:
    rng = np.random.default_rng(1)
    values = rng.gamma(2.0, size=40).tolist()
    found = find_interval(measure_of(values), "task", Draws(20_000, seed=0), 0.95)
    level = 1 - 2 * expanded_tail(0.95, 40)
    expected = stats.bootstrap(
        (values,), np.mean, confidence_level=level, n_resamples=20_000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    assert found.method == "bootstrap"
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.03)


def test_of_normal_values_it_is_as_wide_as_students() -> None:
    values = np.random.default_rng(3).normal(size=30)
    found = find_interval(measure_of(values.tolist()), "task", Draws(20_000, seed=0), 0.95)
    expected = stats.t.interval(0.95, 29, values.mean(), stats.sem(values))
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low == pytest.approx(expected[1] - expected[0], rel=0.04)


def test_shares_of_independent_items_take_wilsons_interval() -> None:
    found = find_interval(measure_of([1.0] * 12), "task", Draws(200, seed=0), 0.95)
    assert found.method == "wilson"
    assert (found.low, found.high) == pytest.approx((12 / (12 + 1.959964**2), 1.0))


def test_items_of_a_cluster_are_drawn_together() -> None:
    clusters = [str(place // 5) for place in range(200)]
    values = np.repeat(np.random.default_rng(4).integers(0, 2, 40), 5).astype(float).tolist()
    apart = find_interval(measure_of([value + 0.25 for value in values]), "task", Draws(5000, seed=0), 0.95)
    together = find_interval(measure_of(values, clusters), "task", Draws(5000, seed=0), 0.95)
    assert together.clusters == 40
    assert together.method == "bootstrap"
    assert None not in (apart.low, apart.high, together.low, together.high)
    wide, narrow = together.high - together.low, apart.high - apart.low  # type: ignore[operator]
    assert wide / narrow == pytest.approx(5**0.5, rel=0.1)


@pytest.mark.parametrize(
    ("values", "why"), [([3.5], "5 items at least; there are 1"), ([0.25, 0.5, 0.5, 1.0], "there are 4"), ([2.5] * 6, "alike")]
)
def test_where_items_say_nothing_of_spread_there_is_no_interval(values: list[float], why: str) -> None:
    found = find_interval(measure_of(values), "task", Draws(200, seed=0), 0.95)
    assert (found.low, found.high) == (None, None)
    assert why in str(found.note)


def test_models_share_the_draws_of_a_task_and_tasks_do_not() -> None:
    draws = Draws(50, seed=0)
    codes, count = codes_of(["a", "b", "c"])
    assert draws.of("one", codes, count) is draws.of("one", codes.copy(), count)
    assert not np.array_equal(draws.of("one", codes, count).weights, draws.of("two", codes, count).weights)
    assert np.array_equal(draws.of("one", codes, count).weights, Draws(50, seed=0).of("one", codes, count).weights)
    assert not np.array_equal(draws.of("one", codes, count).weights, Draws(50, seed=1).of("one", codes, count).weights)


@pytest.mark.parametrize("n", [1, 5, 7, 40, 42, 1319])
def test_nothing_right_begins_at_zero_and_all_right_ends_at_one(n: int) -> None:
    assert wilson(0, n, 0.95)[0] == 0.0
    assert wilson(n, n, 0.95)[1] == 1.0
