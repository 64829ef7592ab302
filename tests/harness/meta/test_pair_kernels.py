"""Pairs, their order and their best epsilon in compiled loops: the same as by sorting every pair in numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.meta.calibration import calibrate, epsilons, integer_weights
from harness.meta.pairs import Pairs, human_signs, make_pairs, order_pairs, snap

scores = st.one_of(st.integers(0, 3).map(float), st.floats(-1e3, 1e3), st.floats(-1e-12, 1e-12), st.floats(1e200, 1e300))
outputs = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2), scores), min_size=2, max_size=24)
Rows = list[tuple[int, int, float]]


def by_sorting(pairs: Pairs, human: np.ndarray, metric: np.ndarray, keep: np.ndarray) -> float | None:
    """The smallest best epsilon from a sort of all gaps and a running sum over whole numbers."""
    sizes = np.bincount(pairs.group[keep], minlength=pairs.n_groups)
    if not sizes.any():
        return None
    weights = integer_weights(sizes)
    assert weights is not None
    ordered = order_pairs(pairs, human_signs(pairs, human), metric)
    order, last, gaps = ordered.by_gap
    totals = np.cumsum((ordered.gain.astype(np.int64) * keep * weights[pairs.group])[order])[last]
    best = int(np.argmax(totals))
    return 0.0 if totals[best] <= 0 else float(gaps[best])


@settings(max_examples=200, deadline=None)
@given(outputs, st.integers(0, 2**30))
def test_the_epsilon_from_bins_is_the_one_from_a_sort_of_all_gaps(shape: Rows, kept: int) -> None:
    groups, human, metric = (np.array(column) for column in zip(*shape, strict=True))
    pairs = make_pairs(groups, 1000)
    if not len(pairs):
        return
    ordered = order_pairs(pairs, human_signs(pairs, human), metric)
    every = np.ones(len(pairs), dtype=bool)
    some = np.array([bool(kept >> index % 30 & 1) for index in range(len(pairs))])
    assert calibrate(pairs, ordered) == by_sorting(pairs, human, metric, every)
    assert calibrate(pairs, ordered, some) == by_sorting(pairs, human, metric, some)


@settings(max_examples=100, deadline=None)
@given(outputs, st.lists(st.integers(0, 2), min_size=6, max_size=6), st.booleans())
def test_the_epsilons_of_all_folds_at_once_are_those_of_each(shape: Rows, fold_of_group: list[int], divided: bool) -> None:
    groups, human, metric = (np.array(column) for column in zip(*shape, strict=True))
    pairs = make_pairs(groups, 1000)
    fold = np.array(fold_of_group)[groups] if not divided else np.arange(len(groups)) % 3
    left, right = fold[pairs.left], fold[pairs.right]
    found = epsilons(pairs, order_pairs(pairs, human_signs(pairs, human), metric), left, right, 3)
    outside = [(left != f) & (right != f) for f in range(3)]
    assert found == [by_sorting(pairs, human, metric, keep) for keep in (*outside, np.ones(len(pairs), dtype=bool))]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(2, 9), st.booleans(), st.integers(0, 2**30))
def test_folds_that_divide_groups_which_are_alike_have_the_epsilons_of_each_fold(
    systems: int, items: int, one_lacks: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    groups, item = np.repeat(np.arange(systems), items), np.tile(np.arange(items), systems)
    human, metric = rng.integers(0, 3, len(item)).astype(float), rng.integers(0, 5, len(item)) / 7
    if one_lacks:  # then groups are no longer alike, and each fold is calibrated on its own
        groups, item, human, metric = (values[1:] for values in (groups, item, human, metric))
    pairs, fold = make_pairs(groups, 10**4), rng.integers(0, 3, items)[item]
    if not len(pairs):
        return
    left, right = fold[pairs.left], fold[pairs.right]
    found = epsilons(pairs, order_pairs(pairs, human_signs(pairs, human), metric), left, right, 3)
    outside = [(left != f) & (right != f) for f in range(3)]
    assert found == [by_sorting(pairs, human, metric, keep) for keep in (*outside, np.ones(len(pairs), dtype=bool))]


@pytest.mark.parametrize("kind", ["normal", "log-normal", "three levels", "one level"])
def test_the_epsilon_of_many_pairs_does_not_depend_on_how_gaps_are_spread(kind: str) -> None:
    rng = np.random.default_rng(4)
    groups, human = np.repeat(np.arange(300), 12), rng.integers(0, 4, 3600)
    noisy = human + rng.normal(0, 2, 3600)
    metric = {
        "normal": noisy,
        "log-normal": np.exp(4 * noisy),
        "three levels": np.digitize(noisy, [0, 2]),
        "one level": groups * 0,
    }
    pairs = make_pairs(groups, 10**6)
    values = metric[kind].astype(float)
    found = calibrate(pairs, order_pairs(pairs, human_signs(pairs, human), values))
    assert found == by_sorting(pairs, human, values, np.ones(len(pairs), dtype=bool))


@given(outputs, st.sampled_from([0.0, 1e-12, 0.5]))
def test_signs_and_gaps_are_those_of_differences_in_numpy(shape: Rows, tolerance: float) -> None:
    groups, human, metric = (np.array(column, dtype=float) for column in zip(*shape, strict=True))
    pairs = make_pairs(groups.astype(np.int64), 1000)
    signs = human_signs(pairs, human, tolerance)
    assert (signs == np.sign(snap(human[pairs.left] - human[pairs.right], tolerance))).all()
    difference = snap(metric[pairs.left] - metric[pairs.right], tolerance)
    ordered = order_pairs(pairs, signs, metric, tolerance)
    assert (ordered.gap == np.abs(difference)).all()
    assert (ordered.concordant == (np.sign(difference) * signs > 0)).all()
