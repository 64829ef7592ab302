"""Bounds, p values and Holm say one thing: a difference fails where its upper bound does, and nowhere else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.gate.margins import MOST, Difference, below, decide, lower, resamples_for, student, upper
from harness.meta.significance import holm


def difference(mean, spread=0.01, clusters=100, draws=999, seed=0):
    rng = np.random.default_rng([seed, int(abs(mean) * 1e6)])
    return Difference(mean, mean + spread * rng.standard_normal(draws), clusters)


def resampled(values, draws=4000, seed=1):
    """A bootstrap of one value a cluster."""
    values = np.asarray(values, dtype=float)
    chosen = np.random.default_rng(seed).integers(0, len(values), (draws, len(values)))
    return Difference(values.mean(), values[chosen].mean(axis=1), len(values))


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 8, 19, 50, 191, 1000])
def test_students_distribution_is_scipys(freedom):
    for t in (-40.0, -4.0, -2.5, -0.3, 0.0, 0.3, 1.0, 6.0):
        assert student(t, freedom) == pytest.approx(stats.t.cdf(t, freedom), rel=1e-9, abs=1e-14)


@given(
    st.lists(st.tuples(st.floats(-0.1, 0.05), st.floats(0, 0.05), st.integers(1, 300)), min_size=1, max_size=8),
    st.sampled_from([0.0, 0.01, 0.02]),
    st.sampled_from([0.025, 0.05, 0.25]),
)
@settings(max_examples=60, deadline=None)
def test_a_difference_fails_by_its_bound_exactly_where_its_adjusted_p_does(family, margin, alpha):
    family = [difference(mean, spread, clusters, 300, place) for place, (mean, spread, clusters) in enumerate(family)]
    for one, verdict in zip(family, decide(family, margin, alpha), strict=True):
        by_bound = verdict.high is not None and verdict.high < -margin - 1e-12
        assert (verdict.outcome == "fail") == by_bound == (verdict.p_adjusted <= alpha)
        assert verdict.p <= verdict.p_adjusted
        assert (verdict.outcome == "pass") <= (verdict.low is not None and verdict.low > -margin)
        if verdict.low is not None and verdict.high is not None:
            assert verdict.low <= verdict.high
        if one.clusters < 5:
            assert verdict.outcome == "inconclusive"


def test_adjusted_p_values_are_those_of_holm():
    family = [difference(mean, seed=place) for place, mean in enumerate((-0.05, -0.03, -0.04, 0.0, -0.045))]
    found = decide(family, 0.02, 0.025)
    assert [one.p_adjusted for one in found] == holm([one.p for one in found])


def test_the_upper_bound_is_the_value_of_the_rank_that_the_level_allows():
    values = np.random.default_rng(0).permutation(np.arange(1999) / 1999)
    many = Difference(0.5, values, 10**9)  # beside so many clusters one more weighs nothing
    assert upper(many, 0.025) == pytest.approx(values[values.argsort()[-50]], abs=1e-7)  # 50 of 2,000 are .025
    assert upper(many, 0.025, 5) == pytest.approx(values[values.argsort()[-10]], abs=1e-7)
    assert below(many, -values[values.argsort()[-50]] - 1e-6) == 50 / 2000


def test_the_level_of_a_bound_is_that_with_which_holm_compared_its_p():
    family = [difference(mean, clusters=10**6, draws=9999, seed=place) for place, mean in enumerate((-0.1, 0.0, -0.09, 0.01))]
    found = decide(family, 0.02, 0.025)
    assert [one.outcome for one in found] == ["fail", "pass", "fail", "pass"]
    assert sorted(round(0.025 / (1 - one.level)) for one in found) == [2, 2, 3, 4]
    assert [round(0.025 / (1 - found[place].level)) for place in (1, 3)] == [2, 2]  # where Holm stopped


def test_tails_are_moved_out_as_students_t_asks_for():
    for clusters in (8, 30):
        one = difference(-0.03, 0.0, clusters, 99_999)  # nothing but the cluster that was added
        further = stats.norm.sf(stats.t.ppf(0.975, clusters - 1) * np.sqrt(clusters / (clusters - 1)))
        weight = -np.log(further)
        assert upper(one, 0.025) == pytest.approx((-0.03 * clusters + weight) / (clusters + weight), abs=0.01)
    assert upper(difference(-0.03, 0.01, 10**6, 99_999), 0.025) == pytest.approx(-0.03 + 1.96 * 0.01, abs=3e-4)


@pytest.mark.parametrize(("risen", "clusters"), [(0, 60), (0, 191), (3, 191), (20, 266)])
def test_where_items_are_all_or_nothing_the_upper_bound_is_that_of_clopper_and_pearson(risen, clusters):
    exact = stats.beta.ppf(0.975, risen + 1, clusters - risen)
    found = upper(resampled([1.0] * risen + [0.0] * (clusters - risen), 20_000), 0.025)
    assert found == pytest.approx(exact, rel=0.08)


def test_items_that_all_fell_a_little_fail_only_where_a_large_rise_would_have_been_seen():
    """Three in a hundred rise by .95, the others fall by .05: by .02 in the mean. None of 20 rises in 54 of 100 draws."""
    found = {clusters: decide([resampled([-0.05] * clusters, 2000)], 0.02, 0.025)[0].outcome for clusters in (5, 20, 100, 200)}
    assert found == {5: "inconclusive", 20: "inconclusive", 100: "inconclusive", 200: "fail"}


@pytest.mark.parametrize(("fallen", "clusters"), [(0, 60), (0, 191), (3, 191), (20, 266)])
def test_where_items_are_all_or_nothing_the_lower_bound_is_that_of_clopper_and_pearson(fallen, clusters):
    exact = -stats.beta.ppf(0.975, fallen + 1, clusters - fallen)
    found = lower(resampled([-1.0] * fallen + [0.0] * (clusters - fallen), 20_000), 0.025)
    assert found == pytest.approx(exact, rel=0.08)


def test_nothing_seen_to_fall_passes_only_where_there_are_items_enough():
    found = {clusters: decide([resampled([0.0] * clusters, 2000)], 0.02, 0.025)[0].outcome for clusters in (20, 100, 191, 1000)}
    assert found == {20: "inconclusive", 100: "inconclusive", 191: "pass", 1000: "pass"}


def test_nothing_is_said_without_resamples_or_of_fewer_than_five_clusters():
    for one in (Difference(-0.5, None, 100), difference(-0.5, clusters=4)):
        (verdict,) = decide([one], 0.02, 0.025)
        assert (verdict.outcome, verdict.low, verdict.high, verdict.p) == ("inconclusive", None, None, 1.0)


def test_more_comparisons_are_resampled_more_often():
    assert resamples_for(1, 0.025, 2000) == 2000
    assert resamples_for(30, 0.025, 2000) == 24_000
    assert resamples_for(1, 5e-7, 100) == MOST == 1_000_000
    assert decide([], 0.02, 0.025) == []
