"""Correlations per group equal scipy's; agreement of whole systems by hand."""

import math
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.meta.correlation import (
    kendall_b,
    midranks,
    pearson,
    resampled_pearson,
    resampled_spearman,
    soft_pairwise_accuracy,
    spearman,
    system_pairwise_accuracy,
)
from harness.meta.pairs import human_signs, make_pairs, order_pairs

rows = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([1.0, 2.0, 3.0]), st.sampled_from([0.0, 0.1, 0.25, 0.3, 2.0])),
    min_size=2,
    max_size=14,
)


def constant(values: np.ndarray) -> bool:
    return len(set(values.tolist())) < 2


@settings(max_examples=80)
@given(rows)
def test_correlations_per_group_are_scipys_and_undefined_where_a_side_is_constant(shape: list[tuple[int, float, float]]) -> None:
    codes, human, metric = (np.array(column) for column in zip(*shape, strict=True))
    pairs = make_pairs(codes, 1000)
    tau = kendall_b(pairs, order_pairs(pairs, human_signs(pairs, human), metric))
    held = [code for code in range(3) if (codes == code).sum() > 1]  # the groups that have a pair, numbered as in `pairs`
    dense = np.array([held.index(code) if code in held else -1 for code in codes])
    found = {
        stats.kendalltau: tau,
        stats.spearmanr: spearman(dense, len(held), human, metric),
        stats.pearsonr: pearson(dense, len(held), human, metric),
    }
    for oracle, grouped in found.items():
        expected = []
        for place, code in enumerate(held):
            h, m = human[codes == code], metric[codes == code]
            assert grouped.defined[place] == (not constant(h) and not constant(m))
            if grouped.defined[place]:
                expected.append(float(oracle(h, m).statistic))
                assert grouped.values[place] == pytest.approx(expected[-1], abs=1e-9)
        assert grouped.mean == (pytest.approx(np.mean(expected), abs=1e-9) if expected else None)


@given(rows, st.integers(1, 6))
def test_midranks_of_small_groups_are_those_of_a_sort(shape: list[tuple[int, float, float]], small: int) -> None:
    groups, _, values = (np.array(column) for column in zip(*shape, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.meta.correlation._SMALL", 0)
        expected = midranks(groups - 1, values)
        patch.setattr("harness.meta.correlation._SMALL", small)
        assert (midranks(groups - 1, values) == expected).all()


def test_midranks_by_hand() -> None:
    assert midranks(np.array([0, 0, 0, 1, 1]), np.array([5.0, 1.0, 5.0, 2.0, 2.0])).tolist() == [2.5, 1.0, 2.5, 1.5, 1.5]


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([1.0, 2.0, 3.0]), st.floats(0, 1)), min_size=2, max_size=9),
    st.lists(st.integers(0, 3), min_size=4, max_size=4),
    st.sampled_from([1.0, 2.0**-50, 1e6]),
)
def test_resampled_correlations_are_scipys_on_the_copies_written_out(
    shape: list[tuple[int, float, float]], copies: list[int], unit: float
) -> None:
    cluster, human, metric = (np.array(column) for column in zip(*shape, strict=True))
    metric = np.round(metric, 3) * unit
    weights = np.array([copies], dtype=float)
    written = np.repeat(np.arange(len(cluster)), np.array(copies)[cluster])
    h, m = human[written], metric[written]
    for found, oracle in ((resampled_pearson, stats.pearsonr), (resampled_spearman, stats.spearmanr)):
        value = found(weights, cluster, human, metric)[0]
        if constant(h) or constant(m):
            assert math.isnan(value)
        else:
            assert value == pytest.approx(float(oracle(h, m).statistic), abs=1e-6)


def test_system_pairwise_accuracy_leaves_peoples_ties_out() -> None:
    """Systems 1 > 2 > 3 = 4 for people; the metric swaps 2 and 3 and ties 1 and 2: of 5 untied pairs 3 are right."""
    human, metric = np.array([4.0, 3.0, 1.0, 1.0]), np.array([0.5, 0.5, 0.6, 0.1])
    # 12: metric ties, wrong; 13: wrong; 14: right; 23: wrong; 24: right
    assert system_pairwise_accuracy(human, metric) == pytest.approx(2 / 5)


def test_system_means_that_differ_by_rounding_alone_are_ties_in_any_unit() -> None:
    for unit in (1.0, 1e-20, 1e20):
        human = np.array([0.1 + 0.2, 0.3, 0.7]) * unit
        assert system_pairwise_accuracy(human, np.array([1.0, 2.0, 3.0]) * unit) == 1.0  # the first pair does not count
        assert system_pairwise_accuracy(np.array([1.0, 2.0, 3.0]), human) == pytest.approx(2 / 3)


def test_systems_without_a_mean_do_not_count() -> None:
    nan = float("nan")
    assert system_pairwise_accuracy(np.array([1.0, 2.0, nan]), np.array([1.0, 2.0, 0.0])) == 1.0
    assert math.isnan(system_pairwise_accuracy(np.array([1.0, 1.0]), np.array([1.0, 2.0])))


def exact_p(differences: list[float]) -> float:
    """Share of sign patterns whose sum is above the observed one, those that equal it by half."""
    observed = sum(differences)
    sums = [sum(s * d for s, d in zip(signs, differences, strict=True)) for signs in product((-1, 1), repeat=len(differences))]
    return sum(1.0 if total > observed + 1e-9 else 0.5 if total >= observed - 1e-9 else 0.0 for total in sums) / len(sums)


def test_soft_pairwise_accuracy_is_one_minus_the_mean_distance_of_p_values() -> None:
    """Three systems on four items; p by enumerating all sixteen sign patterns, the function by 20,000 draws."""
    human = np.array([[4.0, 3, 4, 2], [3.0, 3, 2, 1], [1.0, 2, 2, 3]])
    metric = np.array([[0.9, 0.2, 0.5, 0.4], [0.1, 0.6, 0.4, 0.3], [0.8, 0.1, 0.1, 0.2]])
    distances = [
        abs(exact_p((human[a] - human[b]).tolist()) - exact_p((metric[a] - metric[b]).tolist()))
        for a, b in ((0, 1), (0, 2), (1, 2))
    ]
    found = soft_pairwise_accuracy(human, metric, draws=20_000, seed=0)
    assert found == pytest.approx(1 - np.mean(distances), abs=0.01)


def test_soft_pairwise_accuracy_does_not_depend_on_which_system_is_named_first() -> None:
    """Of a metric that ties all systems too: p is one half for each pair, so it is at most half right."""
    human = np.array([[4.0, 3, 4, 2], [3.0, 3, 2, 1], [1.0, 2, 2, 3]])
    metric = np.array([[0.9, 0.2, 0.5, 0.4], [0.1, 0.6, 0.4, 0.3], [0.8, 0.1, 0.1, 0.2]])
    for scores in (metric, np.zeros((3, 4))):
        found = {round(soft_pairwise_accuracy(human[[*o]], scores[[*o]], draws=200, seed=0), 12) for o in permutations(range(3))}
        assert len(found) == 1
    tied = soft_pairwise_accuracy(human[:2], np.zeros((2, 4)), draws=20_000, seed=0)
    assert tied == pytest.approx(1 - abs(exact_p((human[0] - human[1]).tolist()) - 0.5), abs=0.01)


def test_a_metric_equal_to_people_has_a_soft_pairwise_accuracy_of_one() -> None:
    human = np.array([[4.0, 3, 4, 2], [3.0, 3, 2, 1]])
    assert soft_pairwise_accuracy(human, human * 7, draws=100, seed=0) == 1.0
    assert soft_pairwise_accuracy(human, np.full((2, 4), np.nan), draws=100, seed=0) is None
