"""Pairs of outputs inside groups, and which of them a metric gets right."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.meta.pairs import accuracy, count_pairs, group_means, human_signs, make_pairs, order_pairs, snap


@given(st.lists(st.integers(0, 5), max_size=12))
def test_every_pair_inside_a_group_is_made_once_and_none_across(groups: list[int]) -> None:
    pairs = make_pairs(np.array(groups, dtype=np.int64), max_pairs=1000)
    made = [tuple(sorted(pair)) for pair in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)]
    expected = [(i, j) for i, j in combinations(range(len(groups)), 2) if groups[i] == groups[j]]
    assert sorted(made) == expected
    assert count_pairs(np.array(groups, dtype=np.int64)) == len(expected)
    by_group = {code: {groups[i] for i, j in made if pairs.group[made.index((i, j))] == code} for code in range(pairs.n_groups)}
    assert all(len(names) == 1 for names in by_group.values())  # a group code stands for one group, and none is empty
    assert pairs.sizes.sum() == len(expected)


def test_three_outputs_in_two_groups_make_one_pair() -> None:
    pairs = make_pairs(np.array([0, 1, 0]), max_pairs=10)
    assert (pairs.left.tolist(), pairs.right.tolist(), pairs.group.tolist(), pairs.n_groups) == ([0], [2], [0], 1)


def test_too_many_pairs_are_refused_before_they_are_made() -> None:
    with pytest.raises(HarnessError, match=r"499,500 pairs are more than max_pairs \(1,000\)"):
        make_pairs(np.zeros(1000, dtype=np.int64), max_pairs=1000)


def test_counting_pairs_does_not_overflow() -> None:
    assert count_pairs(np.zeros(200_000, dtype=np.int64)) == 199_999 * 100_000


def test_the_four_ways_to_be_right_or_wrong() -> None:
    """Outputs 0..3 rated 1, 2, 2, 3; metric 0, 5, 6, 4: worked out by hand."""
    human, metric = np.array([1.0, 2, 2, 3]), np.array([0.0, 5, 6, 4])
    pairs = make_pairs(np.zeros(4, dtype=np.int64), max_pairs=10)
    ordered = order_pairs(pairs, human_signs(pairs, human), metric)
    said = dict(zip(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True), ordered.right(0.0).tolist(), strict=True))
    assert said == {(0, 1): True, (0, 2): True, (0, 3): True, (1, 2): False, (1, 3): False, (2, 3): False}
    tied = dict(zip(said, ordered.right(1.0).tolist(), strict=True))  # gaps of at most 1 are ties now: 1-2 and 1-3
    assert tied == {(0, 1): True, (0, 2): True, (0, 3): True, (1, 2): True, (1, 3): False, (2, 3): False}
    assert accuracy(pairs, ordered.right(1.0)) == pytest.approx(4 / 6)


def test_accuracy_is_averaged_over_groups_not_over_pairs() -> None:
    pairs = make_pairs(np.array([0, 0, 1, 1, 1]), max_pairs=10)
    right = pairs.group == 0  # the one pair of the first group, none of the three of the second
    assert group_means(pairs, right).tolist() == [1.0, 0.0]
    assert accuracy(pairs, right) == 0.5


def test_there_is_no_accuracy_without_a_pair() -> None:
    pairs = make_pairs(np.array([0, 1, 2]), max_pairs=10)
    assert len(pairs) == 0
    assert accuracy(pairs, np.zeros(0, dtype=bool)) is None


def test_gaps_are_compared_as_float64_unless_a_tolerance_snaps_them() -> None:
    scores = np.array([0.1, 0.2, 0.3, 0.4])
    gaps = scores[1:] - scores[:-1]
    assert len(set(gaps.tolist())) == 3
    assert len(set(snap(gaps, 1e-12).tolist())) == 1
    assert snap(gaps, 0.0) is gaps


def test_kept_pairs_leave_their_group_codes_as_they_were() -> None:
    pairs = make_pairs(np.array([0, 0, 1, 1]), max_pairs=10)
    kept = pairs.where(pairs.group == 1)
    assert (kept.group.tolist(), kept.n_groups, kept.sizes.tolist()) == ([1], 2, [0, 1])
    assert group_means(kept, np.array([True])).tolist() == [1.0]
