"""Swapping two metrics' scores: every draw is the difference of two calibrations that are made from scratch."""

import numpy as np
import pytest
import slow_reference as slow
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.meta import score_swap as module
from harness.meta.pairs import human_signs, make_pairs
from harness.meta.score_swap import Swaps, score_swap

rows = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([1.0, 2.0, 3.0]), st.integers(0, 6), st.integers(0, 6), st.booleans()),
    min_size=2,
    max_size=9,
)


@settings(max_examples=150, deadline=None)
@given(rows)
def test_a_draw_is_the_difference_of_the_best_accuracies_of_the_swapped_scores(
    shape: list[tuple[int, float, int, int, bool]],
) -> None:
    groups, human, one, two, swapped = (list(column) for column in zip(*shape, strict=True))
    pairs = make_pairs(np.array(groups), 1000)
    if not len(pairs):
        return
    swaps = Swaps.of(pairs, human_signs(pairs, np.array(human)), np.array(one, dtype=float), np.array(two, dtype=float))
    found = swaps.differences(np.array([swapped, [False] * len(one)], dtype=np.int8))
    listed = slow.pairs_within(groups)
    for value, swap in zip(found, (swapped, [False] * len(one)), strict=True):
        first = [b if flag else a for a, b, flag in zip(one, two, swap, strict=True)]
        second = [a if flag else b for a, b, flag in zip(one, two, swap, strict=True)]
        best = [slow.calibrated(listed, human, metric)[0] for metric in (first, second)]
        assert value == pytest.approx(float(best[0] - best[1]), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 8))
def test_a_draw_of_many_ranks_is_the_one_that_looks_at_each(seed: int, shift: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 12, 60)
    pairs = make_pairs(groups, 10_000)
    human, one, two = rng.integers(0, 3, 60).astype(float), rng.random(60), rng.random(60)
    swaps = Swaps.of(pairs, human_signs(pairs, human), one, two)
    swap = rng.integers(0, 2, (5, 60), dtype=np.int8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SHIFT", 20)
        whole = swaps.differences(swap)
        patch.setattr(module, "SHIFT", shift)
        assert (swaps.differences(swap) == whole).all()
        patch.setattr(module.os, "cpu_count", lambda: 1)
        assert (swaps.differences(swap) == whole).all()


def test_groups_without_a_small_common_multiple_are_weighed_in_floats(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1, 2], [2, 3, 5])
    pairs = make_pairs(groups, 100)
    human, one, two = (rng.integers(0, 3, 10).astype(float) for _ in range(3))
    signs = human_signs(pairs, human)
    exact = score_swap(pairs, signs, one, two, 99, 0)
    monkeypatch.setattr("harness.meta.calibration._EXACT", 0)
    assert score_swap(pairs, signs, one, two, 99, 0) == exact
