"""Resampled accuracies equal those of resamples that are written out copy by copy."""

import numpy as np
import pytest
import slow_reference as slow
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.meta.pairs import Pairs, make_pairs
from harness.meta.resampling import Resampler
from harness.meta.support import Support

rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=2, max_size=9)
weights = st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=4)


def support_of(groups: list[int], clusters: list[int], copies: list[list[int]]) -> Support:
    pairs = make_pairs(np.array(groups), max_pairs=1000)
    resampler = Resampler(np.array(clusters), 4, len(copies), 0.95, 0)
    resampler.__dict__["weights"] = np.array(copies, dtype=np.uint16)
    return Support(pairs, np.zeros(len(pairs), dtype=np.int8), resampler)


def check(support: Support, groups: list[int], clusters: list[int], copies: list[list[int]], inside: bool, right: int) -> None:
    listed = [(i, j, groups[i]) for i, j in zip(support.pairs.left.tolist(), support.pairs.right.tolist(), strict=True)]
    flags = [(right >> k) & 1 for k in range(len(listed))]
    found = support.resample(np.array(flags))
    for row, weight in enumerate(copies):
        expected = slow.resampled(listed, dict(zip(listed, flags, strict=True)), clusters, dict(enumerate(weight)), inside)
        assert found is not None
        assert np.isnan(found[row]) if expected is None else found[row] == pytest.approx(float(expected), abs=1e-12)


@settings(max_examples=80)
@given(rows, weights, st.integers(0, 2**36 - 1))
def test_groups_inside_a_cluster_are_copied_with_it(shape: list[tuple[int, int]], copies: list[list[int]], right: int) -> None:
    clusters = [cluster for cluster, _ in shape]
    groups = [cluster * 3 + group for cluster, group in shape]
    support = support_of(groups, clusters, copies)
    if len(support.pairs):
        check(support, groups, clusters, copies, True, right)


@settings(max_examples=80)
@given(rows, weights, st.integers(0, 2**36 - 1))
def test_across_clusters_every_copy_meets_every_other_and_never_its_own(
    shape: list[tuple[int, int]], copies: list[list[int]], right: int
) -> None:
    clusters, groups = [cluster for cluster, _ in shape], [group for _, group in shape]
    support = support_of(groups, clusters, copies)
    if len(support.pairs) and support.group_cluster is None:
        check(support, groups, clusters, copies, False, right)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=5), st.integers(2, 3), weights, st.integers(0, 2**36 - 1))
def test_where_every_system_has_every_item_the_mean_of_shares_is_a_share_of_sums(
    items: list[int], systems: int, copies: list[list[int]], right: int
) -> None:
    clusters, groups = items * systems, [system for system in range(systems) for _ in items]
    support = support_of(groups, clusters, copies)
    if support.group_cluster is None:
        assert support._alike is not None
        check(support, groups, clusters, copies, False, right)
        fewer = support_of(groups[:-1], clusters[:-1], copies)  # the last system lacks an item
        assert fewer._alike is None or len(items) == 2


def test_a_support_counts_its_pairs_groups_and_clusters() -> None:
    support = support_of([0, 0, 1, 1, 2], [0, 0, 2, 2, 3], [[1, 1, 1, 1]])
    found = support.estimate(np.array([1, 0]))
    assert (found.value, found.n_pairs, found.n_groups, found.n_clusters) == (0.5, 2, 2, 2)
    assert support.reached.tolist() == [0, 1, 2, 3]


def test_too_many_clusters_to_cross_have_a_value_and_no_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.meta.support.MAX_CROSSED", 8)
    support = support_of([0, 0, 0], [0, 1, 2], [[1, 1, 1, 1], [2, 1, 0, 1]])
    found = support.estimate(np.array([1, 0, 1]))
    assert (found.value, found.low, found.high) == (pytest.approx(2 / 3), None, None)


def test_an_accuracy_of_all_or_nothing_has_the_exact_binomial_interval() -> None:
    pairs = Pairs(np.arange(0, 28, 2), np.arange(1, 28, 2), np.arange(14), 14)
    support = Support(pairs, np.ones(14, dtype=np.int8), Resampler(np.repeat(np.arange(14), 2), 14, 50, 0.95, 0))
    every, none = support.estimate(np.ones(14)), support.estimate(np.zeros(14))
    assert every.low == pytest.approx(0.7684, abs=1e-4)  # scipy.stats.binomtest(14, 14).proportion_ci()
    assert (every.value, every.high) == (1.0, 1.0)
    assert none.high == pytest.approx(0.2316, abs=1e-4)
    assert (none.value, none.low) == (0.0, 0.0)
