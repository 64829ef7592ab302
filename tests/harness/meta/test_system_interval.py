"""Which orders of systems are sure: an interval for system-level pairwise accuracy."""

import numpy as np
import pytest
from judgment_sets import find, grid, only

from harness.meta.system_interval import sure_interval

RNG = np.random.default_rng(0)


def resampled(means: list[float], error: float, resamples: int = 4000) -> np.ndarray:
    """Resampled means of systems whose errors are independent."""
    return np.array(means) + error * np.random.default_rng(len(means)).standard_normal((resamples, len(means)))


def test_systems_far_apart_are_ordered_for_sure() -> None:
    people, machine = np.array([3.0, 2.0, 1.0]), np.array([3.0, 1.0, 2.0])  # two of three pairs right, one wrong
    drawn = resampled([3.0, 2.0, 1.0], 0.01), [resampled([3.0, 1.0, 2.0], 0.01)]
    assert sure_interval(people, [machine], *drawn, 0.95) == pytest.approx((2 / 3, 2 / 3))


def test_systems_that_people_or_the_metric_cannot_tell_apart_may_be_right_or_wrong() -> None:
    people, machine = np.array([3.0, 2.0, 1.99]), np.array([3.0, 1.0, 2.0])
    drawn = resampled(list(people), 0.01), [resampled(list(machine), 0.01)]
    assert sure_interval(people, [machine], *drawn, 0.95) == pytest.approx((2 / 3, 1.0))  # the last pair is undecided for people
    drawn = resampled(list(people), 0.0001), [resampled(list(machine), 2.0)]
    assert sure_interval(people, [machine], *drawn, 0.95) == (0.0, 1.0)  # and now all pairs are, for the metric


def test_the_bound_is_that_of_the_largest_of_all_errors() -> None:
    """One pair for people, one for the metric: the .95 quantile of the larger of two |z| is 2.236 (Φ(x) = (1 + √.95)/2)."""
    people, drawn_people = np.array([1.0, 0.0]), resampled([1.0, 0.0], 1e-6)
    for standard_errors, low in ((2.15, 0.0), (2.32, 1.0)):
        machine = np.array([standard_errors * np.sqrt(2), 0.0])
        draws = machine + np.random.default_rng(1).standard_normal((40_000, 2))
        wide = np.concatenate([drawn_people] * 10)
        np.random.default_rng(2).shuffle(wide)
        assert sure_interval(people, [machine], wide, [draws], 0.95) == (low, 1.0)


def test_a_metric_that_ties_all_systems_is_surely_wrong() -> None:
    row = only(
        grid([[3, 3, 2], [1, 2, 1]]).rows(resamples=200), metric="constant|sentinel|v:1", statistic="system_pairwise_accuracy"
    )
    assert (row.value, row.low, row.high) == (0.0, 0.0, 0.0)


def test_systems_that_people_always_tie_do_not_count() -> None:
    people = np.array([2.0, 2.0, 1.0])
    drawn = np.repeat(people[None], 100, axis=0)
    assert sure_interval(people, [np.array([2.0, 1.0, 0.0])], drawn, [resampled([2.0, 1.0, 0.0], 0.01, 100)], 0.95) == (1.0, 1.0)
    equal = np.zeros(3)
    assert sure_interval(equal, [people], np.zeros((100, 3)), [drawn], 0.95) == (None, None)


def test_several_draws_of_a_metric_are_averaged() -> None:
    people = np.array([2.0, 1.0])
    drawn = resampled([2.0, 1.0], 0.001)
    found = sure_interval(people, [people, people[::-1]], drawn, [drawn, drawn[:, ::-1]], 0.95)
    assert found == (0.5, 0.5)  # one draw is right for sure, one wrong


def test_the_unit_of_a_metric_changes_nothing() -> None:
    human = RNG.integers(1, 6, (4, 30)).tolist()
    metric = RNG.random((4, 30))
    one, thousand = (
        only(grid(human, m=(metric * unit).tolist()).rows(resamples=300), metric="m", statistic="system_pairwise_accuracy")
        for unit in (1.0, 1000.0)
    )
    assert (one.low, one.high) == pytest.approx((thousand.low, thousand.high))


def test_the_percentile_interval_remains_by_name() -> None:
    """Eight systems alike for people and metric: resampled accuracies stay about a half, and say nothing else is possible."""
    human, metric = RNG.integers(1, 6, (8, 40)).tolist(), RNG.random((8, 40)).tolist()
    rows = {kind: grid(human, m=metric).rows(resamples=300, system_interval=kind) for kind in ("sure-pairs", "percentile")}
    found = {kind: only(some, metric="m", statistic="system_pairwise_accuracy") for kind, some in rows.items()}
    assert found["sure-pairs"].value == found["percentile"].value
    assert found["sure-pairs"].high - found["sure-pairs"].low > found["percentile"].high - found["percentile"].low
    assert len(find(rows["percentile"], statistic="system_pairwise_accuracy")) == len(
        find(rows["sure-pairs"], statistic="system_pairwise_accuracy")
    )
