"""The smallest epsilon of the best ones, in exact arithmetic, and folds that never mix."""

import hashlib
import math
from fractions import Fraction

import numpy as np
import pytest
import slow_reference as slow
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.meta import calibration
from harness.meta.calibration import calibrate, fold_epsilons, folds_of, held_out, integer_weights
from harness.meta.pairs import Pairs, human_signs, make_pairs, order_pairs

outputs = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([1.0, 2.0, 3.0]), st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.7])),
    min_size=2,
    max_size=9,
)


def both(groups: list[int], human: list[float], metric: list[float]):
    pairs = make_pairs(np.array(groups), max_pairs=100_000)
    ordered = order_pairs(pairs, human_signs(pairs, np.array(human)), np.array(metric))
    return pairs, ordered, slow.pairs_within(groups)


@given(outputs)
def test_epsilon_is_the_smallest_that_reaches_the_largest_accuracy(rows: list[tuple[int, float, float]]) -> None:
    groups, human, metric = (list(column) for column in zip(*rows, strict=True))
    pairs, ordered, listed = both(groups, human, metric)
    assert calibrate(pairs, ordered) == slow.calibrated(listed, human, metric)[1]


@given(outputs)
def test_fractions_choose_the_same_epsilon_as_whole_numbers(rows: list[tuple[int, float, float]]) -> None:
    groups, human, metric = (list(column) for column in zip(*rows, strict=True))
    pairs, ordered, listed = both(groups, human, metric)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "_EXACT", 0)  # no common multiple fits
        assert integer_weights(np.array([1, 2])) is None
        assert calibrate(pairs, ordered) == slow.calibrated(listed, human, metric)[1]


@settings(max_examples=5)
@given(st.randoms(use_true_random=False))
def test_groups_whose_sizes_have_a_huge_common_multiple_are_calibrated_exactly(rng) -> None:
    members = [23, 29, 31, 37, 38, 41, 43, 44, 47, 53]  # C(n, 2) pairs each
    groups = [group for group, size in enumerate(members) for _ in range(size)]
    human = [float(rng.randint(1, 3)) for _ in groups]
    metric = [h / 10 + rng.randint(0, 3) / 10 for h in human]
    pairs, ordered, listed = both(groups, human, metric)
    assert math.lcm(*(math.comb(size, 2) for size in members)) > 2**52
    assert integer_weights(pairs.sizes) is None
    assert calibrate(pairs, ordered) == slow.calibrated(listed, human, metric)[1]


def test_sums_that_floats_cannot_tell_apart_are_told_apart() -> None:
    """Nine groups of prime sizes; the second gap adds 1/(product of the sizes), about 1e-19, to the sum at the first."""
    primes = [101, 103, 107, 109, 113, 127, 131, 137, 139]
    whole = math.prod(primes)
    # Chinese remainders: the a_k of sum a_k / p_k = 1/whole, turned so that the whole part vanishes
    shares = [pow(whole // p, -1, p) for p in primes]
    excess = round(sum(Fraction(a, p) for a, p in zip(shares, primes, strict=True)))
    shares = [a - p if k < excess else a for k, (a, p) in enumerate(zip(shares, primes, strict=True))]
    assert sum(Fraction(a, p) for a, p in zip(shares, primes, strict=True)) == Fraction(1, whole)
    # each group: pairs at gap 1 that people tie (gain 1), then at gap 2 its share of gains (people tie) or losses (concordant)
    gap, sign, group = [], [], []
    for k, (share, size) in enumerate(zip(shares, primes, strict=True)):
        first = min(5, size - abs(share))
        gap += [1.0] * first + [2.0] * abs(share) + [3.0] * (size - first - abs(share))
        sign += [0] * first + [0 if share > 0 else 1] * abs(share) + [1] * (size - first - abs(share))
        group += [k] * size
    count = len(gap)
    pairs = Pairs(np.arange(count) * 2, np.arange(count) * 2 + 1, np.array(group), len(primes))
    metric = np.zeros(2 * count)
    metric[::2] = gap  # the left output is better by the gap, so sign 1 is concordant
    ordered = order_pairs(pairs, np.array(sign, dtype=np.int8), metric)
    assert calibrate(pairs, ordered) == 2.0


def test_epsilon_zero_is_kept_where_no_tie_helps() -> None:
    pairs, ordered, _ = both([0, 0, 0], [1.0, 2.0, 3.0], [10.0, 20.0, 30.0])
    assert calibrate(pairs, ordered) == 0.0


def test_there_is_no_epsilon_without_a_pair() -> None:
    pairs, ordered, _ = both([0, 1], [1.0, 2.0], [1.0, 2.0])
    assert calibrate(pairs, ordered) is None


def test_integer_weights_make_group_averages_whole() -> None:
    assert integer_weights(np.array([1, 2, 3, 0])).tolist() == [6, 3, 2, 0]


def test_a_fold_is_the_sha256_of_the_clusters_name_modulo_five() -> None:
    names = ["gec-sv/a-001", "ö", ""]
    expected = [int(hashlib.sha256(name.encode("utf-8")).hexdigest(), 16) % 5 for name in names]
    assert folds_of(names, 5).tolist() == expected


@given(outputs, st.lists(st.integers(0, 2), min_size=9, max_size=9))
def test_a_fold_is_judged_at_the_best_epsilon_of_pairs_wholly_outside_it(
    rows: list[tuple[int, float, float]], folds: list[int]
) -> None:
    groups, human, metric = (list(column) for column in zip(*rows, strict=True))
    fold = np.array(folds[: len(groups)])
    pairs, ordered, listed = both(groups, human, metric)
    left, right = fold[pairs.left], fold[pairs.right]
    epsilons = fold_epsilons(pairs, ordered, left, right, 3)
    for number in range(3):
        outside = [pair for pair in listed if fold[pair[0]] != number and fold[pair[1]] != number]
        assert epsilons[number] == slow.calibrated(outside, human, metric)[1]
    verdicts, used = held_out(ordered, epsilons, left, right)
    for index, (i, j) in enumerate(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)):
        inside = fold[i] == fold[j] and epsilons[fold[i]] is not None
        assert used[index] == inside
        assert verdicts[index] == (inside and slow.is_right((i, j, 0), human, metric, epsilons[fold[i]]))
