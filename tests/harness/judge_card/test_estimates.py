"""Means with intervals that resample clusters, never narrower than what was not seen allows."""

import numpy as np
import pytest

from harness.judge_card.estimates import Draws, difference, finding, mean

DRAWS = Draws(resamples=500)


def test_the_mean_is_of_what_is_there_and_counts_its_clusters() -> None:
    found = mean([1.0, 0.0, np.nan, 1.0], np.array([7, 7, 8, 9]), DRAWS)
    assert (found.value, found.n, found.n_clusters) == (2 / 3, 3, 2)


def test_nothing_there_is_no_number_and_says_why() -> None:
    one = finding("length", "x", "words", mean([np.nan], np.array([0]), DRAWS), of="pairs", empty="nobody said it")
    assert (one.value, one.n, one.note) == (None, 0, "nobody said it")


def test_clusters_that_are_all_alike_have_the_exact_binomial_interval() -> None:
    found = mean(np.ones(14), np.arange(14), DRAWS)
    assert found.low == pytest.approx(0.7684, abs=1e-4)  # Clopper-Pearson, 14 of 14
    assert found.high == 1.0


def test_a_cluster_that_is_repeated_is_no_more_than_one() -> None:
    once = mean([0.0, 1.0, 1.0, 0.0], np.arange(4), DRAWS)
    often = mean(np.repeat([0.0, 1.0, 1.0, 0.0], 50), np.repeat(np.arange(4), 50), DRAWS)
    assert (once.low, once.high) == (often.low, often.high)
    assert often.n == 200


def test_one_cluster_has_no_interval() -> None:
    one = finding("length", "x", "words", mean([0.0, 1.0], np.array([3, 3]), DRAWS), of="pairs", empty="", unbiased=0.5)
    assert (one.value, one.low, one.shows, one.note) == (0.5, None, None, "one cluster alone, hence no interval")


def test_a_difference_draws_the_clusters_of_both_sides_together() -> None:
    values = np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0])  # in each cluster the second is 1 above the first
    second = np.array([False, True] * 3)
    found = difference(values + np.repeat([0.0, 5.0, 9.0], 2), second, ~second, np.repeat(np.arange(3), 2), DRAWS, None)
    assert found.value == pytest.approx(1.0)
    assert found.low == pytest.approx(1.0)
    assert found.high == pytest.approx(1.0)


def test_the_same_seed_draws_the_same() -> None:
    values, cluster = np.random.default_rng(3).normal(size=40), np.arange(40)
    assert mean(values, cluster, Draws(100, seed=5), None) == mean(values, cluster, Draws(100, seed=5), None)
    assert mean(values, cluster, Draws(100, seed=6), None) != mean(values, cluster, Draws(100, seed=5), None)


@pytest.mark.parametrize(("null", "shows"), [(0.0, "more"), (1.0, "less"), (0.5, "nothing"), (None, None)])
def test_a_bias_is_shown_where_the_whole_interval_lies_on_one_side(null: float | None, shows: str | None) -> None:
    found = mean([0.0, 1.0] * 20, np.arange(40), DRAWS)
    assert finding("length", "x", "words", found, of="pairs", empty="", unbiased=null).shows == shows
