"""The random sentinel's draws: which pairs each random order of the outputs gets right, calibrated on its own."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.meta.calibration import integer_weights
from harness.meta.pairs import Floats, Ints
from harness.meta.sentinels import random_scores

if TYPE_CHECKING:
    from harness.meta.judging import Cell

_PARALLEL = 100_000  # pairs from which a thread is worth its while
_BINS = 1 << 11  # bins of gaps; up to so many outputs each gap has its own


def draw_right(cell: "Cell", outputs: int, seed: int, drawn: Ints) -> dict[str, NDArray]:
    """How many of the draws get each pair right, raw, calibrated and held out, each of shape (P,).

    `drawn`: epsilons, shape (draws, folds + 1), those of the folds first; chosen here and filled in where they are -1.
    """
    whole = integer_weights(cell.pairs.sizes)
    within = cell.support(np.ones(len(cell.pairs), dtype=bool)).group_cluster is not None
    if whole is not None and within and cell.pairs.starts is not None and outputs < 2**29:  # folds never split a group
        return _draw_within(cell, outputs, seed, drawn, whole)
    return _draw_crossed(cell, outputs, seed, drawn, within)


def _draw_within(cell: "Cell", outputs: int, seed: int, drawn: Ints, whole: Ints) -> dict[str, NDArray]:
    from harness.meta.kernels import add_draw_within

    pairs, folds, held = cell.pairs, cell.folds, cell.pairs.held
    shift = max(0, (max(outputs, 1) - 1).bit_length() - (_BINS - 1).bit_length())
    bins = ((outputs - 1) >> shift) + 1
    fine = np.zeros((folds, bins << shift if shift else 0), dtype=np.int64)
    room = np.zeros((folds, bins, 3), dtype=np.int64), np.zeros(bins, dtype=np.int32), fine
    ends = np.cumsum(pairs.sizes[held])
    groups = ends, cell.signs, cell.fold_left[ends - 1], whole[held], shift
    coded = np.empty(len(pairs), dtype=np.int32)
    few = np.zeros((3, len(pairs)), dtype=np.uint8)
    right = np.zeros((3, len(pairs)), dtype=np.int32)
    with ThreadPoolExecutor(1) as pool:  # a draw is judged while the next one is made
        last: Future[None] | None = None
        for done, scores in enumerate(random_scores(outputs, len(drawn), seed)):
            if last is not None:
                last.result()
            if done % 255 == 0:  # what a byte holds
                right += few
                few[:] = 0
            arrays = (scores, pairs.left, pairs.right, *groups, coded, *room, drawn[done], *few)
            if len(pairs) < _PARALLEL:
                add_draw_within(*arrays)
            else:
                last = pool.submit(add_draw_within, *arrays)
        if last is not None:
            last.result()
    right += few
    return dict(zip(("accuracy_raw", "accuracy", "accuracy_heldout"), right, strict=True))


def _draw_crossed(cell: "Cell", outputs: int, seed: int, drawn: Ints, within: bool) -> dict[str, NDArray]:
    """As above where folds split groups, or where the sizes of groups have no small common multiple."""
    from harness.meta.kernels import add_random_draw

    pairs = cell.pairs
    bins = np.zeros_like(pairs.group) if within else pairs.group  # within, one weight does for all folds
    weight = _shares(pairs.sizes) if within else np.ones(pairs.n_groups)
    share = np.ones((cell.folds + 1, 1))
    if not within:
        outside = [(cell.fold_left != fold) & (cell.fold_right != fold) for fold in range(cell.folds)]
        sizes = [np.bincount(pairs.group[keep], minlength=pairs.n_groups) for keep in outside]
        share = np.stack([_shares(part) for part in (*sizes, pairs.sizes)])
    right = [np.zeros(len(pairs), dtype=np.int32) for _ in range(3)]
    arrays = (pairs.left, pairs.right, bins, weight[pairs.group], cell.signs, cell.fold_left, cell.fold_right, share)
    for scores, epsilons in zip(random_scores(outputs, len(drawn), seed), drawn, strict=True):
        add_random_draw(scores, *arrays, epsilons, *right)
    return dict(zip(("accuracy_raw", "accuracy", "accuracy_heldout"), right, strict=True))


def _shares(sizes: Ints) -> Floats:
    """1/size of each group, scaled to whole numbers where they fit; 0 for an empty group."""
    whole = integer_weights(sizes)
    return np.where(sizes > 0, 1 / np.maximum(sizes, 1), 0.0) if whole is None else whole.astype(np.float64)
