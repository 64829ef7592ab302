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


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([1, 2, 8, 64, 1000]), st.sampled_from([3, 50, 10**9]), st.booleans())
def test_draws_that_bounds_decide_are_those_that_every_rank_decides(seed: int, blocks: int, levels: int, uneven: bool) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 12, 60) if uneven else np.arange(60) // 5
    pairs = make_pairs(groups, 10_000)
    human, one, two = rng.integers(0, 3, 60), *(rng.integers(0, levels, (2, 60)) / levels)
    swap = rng.integers(0, 2, (9, 60), dtype=np.int8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCKS", blocks)
        swaps = Swaps.of(pairs, human_signs(pairs, human.astype(float)), one, two)
        differences = swaps.differences(swap)
        where, number = swaps._blocks
        least, most = swaps._sums(swap, where, number)
        exact, _ = swaps._sums(swap, swaps._exact, swaps.ranks)
        assert (least <= exact + 1e-9).all()
        assert (exact <= most + 1e-9).all()
        for size in (*np.abs(differences), 0.0, float(np.abs(differences).mean()), 1.0):
            assert (swaps.reach(swap, size) == (np.abs(differences) >= size - 1e-12)).all()
        patch.setattr(module.os, "cpu_count", lambda: 1)
        assert (swaps.differences(swap) == differences).all()


def test_groups_without_a_small_common_multiple_are_weighed_in_floats(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1, 2], [2, 3, 5])
    pairs = make_pairs(groups, 100)
    human, one, two = (rng.integers(0, 3, 10).astype(float) for _ in range(3))
    signs = human_signs(pairs, human)
    exact = score_swap(pairs, signs, one, two, 99, 0)
    monkeypatch.setattr("harness.meta.calibration._EXACT", 0)
    assert score_swap(pairs, signs, one, two, 99, 0) == exact
