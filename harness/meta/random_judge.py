"""The random sentinel's draws: which pairs each random order of the outputs gets right, calibrated on its own."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.meta.calibration import integer_weights
from harness.meta.pairs import Floats, Ints
from harness.meta.sentinels import random_scores

if TYPE_CHECKING:
    from harness.meta.judging import Cell

Judge = Callable[[Ints, Ints, NDArray[np.uint8]], None]  # a draw's scores, its epsilons, the counters (3, P) to add to

_PARALLEL = 100_000  # pairs from which a thread is worth its while
_BINS = 1 << 11  # bins of gaps; up to so many outputs each gap has its own


def draw_right(cell: "Cell", outputs: int, seed: int, drawn: Ints) -> dict[str, NDArray]:
    """How many of the draws get each pair right, raw, calibrated and held out, each of shape (P,).

    `drawn`: epsilons, shape (draws, folds + 1), those of the folds first; chosen here and filled in where they are -1.
    """
    whole = integer_weights(cell.pairs.sizes)
    within = cell.support(np.ones(len(cell.pairs), dtype=bool)).group_cluster is not None
    if whole is not None and within and cell.pairs.starts is not None and outputs < 2**29:  # folds never split a group
        judge = _judge_within(cell, outputs, whole)
    else:
        judge = _judge_across(cell, outputs, within)
    few = np.zeros((3, len(cell.pairs)), dtype=np.uint8)
    right = np.zeros((3, len(cell.pairs)), dtype=np.int32)
    with ThreadPoolExecutor(1) as pool:  # a draw is judged while the next one is made
        last: Future[None] | None = None
        for done, scores in enumerate(random_scores(outputs, len(drawn), seed)):
            if last is not None:
                last.result()
            if done % 255 == 0:  # what a byte holds
                right += few
                few[:] = 0
            if len(cell.pairs) < _PARALLEL:
                judge(scores, drawn[done], few)
            else:
                last = pool.submit(judge, scores, drawn[done], few)
        if last is not None:
            last.result()
    right += few
    return dict(zip(("accuracy_raw", "accuracy", "accuracy_heldout"), right, strict=True))


def _judge_within(cell: "Cell", outputs: int, whole: Ints) -> Judge:
    from harness.meta.kernels import add_right_within, gains_within, refine_gains

    pairs, folds, held = cell.pairs, cell.folds, cell.pairs.held
    shift = max(0, (max(outputs, 1) - 1).bit_length() - (_BINS - 1).bit_length())
    bins = ((max(outputs, 1) - 1) >> shift) + 1
    sums = np.empty((folds, bins, 3), dtype=np.int64)
    coded = np.empty(len(pairs), dtype=np.int32)
    ends = np.cumsum(pairs.sizes[held])
    groups = ends, cell.fold_left[ends - 1], whole[held]

    def fine_gains(wanted: Ints) -> Ints:
        place = np.full(bins, -1)
        place[wanted] = np.arange(len(wanted))
        fine = np.zeros((folds, len(wanted), 1 << shift), dtype=np.int64)
        refine_gains(coded, *groups, shift, place, wanted[0] << shift, (wanted[-1] + 1) << shift, fine)
        return fine

    def judge(scores: Ints, epsilons: Ints, few: NDArray[np.uint8]) -> None:
        sums[:] = 0
        gains_within(scores, pairs.left, pairs.right, cell.signs, *groups, shift, coded, sums)
        if epsilons.max() < 0:
            epsilons[:] = _best_within(sums, shift, fine_gains)
        add_right_within(coded, *groups[:2], 4 * epsilons + 3, *few)

    return judge


def _best_within(sums: Ints, shift: int, fine_gains: Callable[[Ints], Ints]) -> Ints:
    """Without each fold, then of all: the smallest gap at which what ties gain is largest, 0 where none gains; (folds + 1,).

    sums: (folds, bins, 3) of `gains_within`; fine_gains: gives (folds, wanted bins, 2^shift) of bins, ascending. Only those are
    asked for in which a sum may lie that is as large as the best at the end of a bin.
    """
    gains = _without(sums[:, :, 0] - sums[:, :, 1])
    ends = np.cumsum(gains, axis=1)
    if shift == 0:
        return np.where(ends.max(axis=1) > 0, ends.argmax(axis=1), 0)
    positive, before = _without(sums[:, :, 0]), ends - gains
    reaches = before + positive >= np.maximum(ends.max(axis=1), 0)[:, None]
    wanted = np.flatnonzero(((positive > 0) & reaches).any(axis=0))
    if not len(wanted):
        return np.zeros(len(gains), dtype=np.int64)
    fine = _without(fine_gains(wanted))
    running = (np.cumsum(fine, axis=2) + before[:, wanted, None]).reshape(len(gains), -1)
    best = running.argmax(axis=1)
    gaps = (wanted[best >> shift] << shift) + (best & ((1 << shift) - 1))
    return np.where(running.max(axis=1) > 0, gaps, 0)


def _without(values: Ints) -> Ints:
    """The sum over all folds but each, then over all; (folds, …) → (folds + 1, …)."""
    everything = values.sum(axis=0, keepdims=True)
    return np.concatenate([everything - values, everything])


def _judge_across(cell: "Cell", outputs: int, within: bool) -> Judge:
    """As above where folds split groups, or where the sizes of groups have no small common multiple."""
    from harness.meta.kernels import add_right_across, gains_across

    pairs, folds = cell.pairs, cell.folds
    bins = np.zeros_like(pairs.group) if within else pairs.group  # within, one weight does for all folds
    weight = (_shares(pairs.sizes) if within else np.ones(pairs.n_groups))[pairs.group]
    share = np.ones((folds + 1, 1))
    if not within:
        outside = [(cell.fold_left != fold) & (cell.fold_right != fold) for fold in range(folds)]
        sizes = [np.bincount(pairs.group[keep], minlength=pairs.n_groups) for keep in outside]
        share = np.stack([_shares(part) for part in (*sizes, pairs.sizes)])
    coded = np.empty(len(pairs), dtype=np.int64)
    gains = np.empty((share.shape[1], max(outputs, 1), folds + 1))
    arrays = (pairs.left, pairs.right, bins, weight, cell.signs, cell.fold_left, cell.fold_right, coded, gains)

    def judge(scores: Ints, epsilons: Ints, few: NDArray[np.uint8]) -> None:
        gains[:] = 0
        gains_across(scores, *arrays)
        if epsilons.max() < 0:
            epsilons[:] = _best_across(gains, share)
        add_right_across(coded, cell.fold_left, cell.fold_right, 4 * epsilons + 3, *few)

    return judge


def _best_across(gains: Floats, share: Floats) -> Ints:
    """As `_best_within`; gains: (bins, gaps, folds + 1) of `gains_across`, share: (folds + 1, bins) what these weigh there.

    Sums nearer than 1e-9 to the best count as equal: shares may be fractions.
    """
    totals = np.zeros(gains.shape[1:])
    for part, weigh in zip(gains, share.T, strict=True):
        part[:, :-1] = part[:, -1:] - part[:, :-1]
        part *= weigh
        totals += part
    running = np.cumsum(totals, axis=0)
    return np.asarray((running >= running.max(axis=0) - 1e-9).argmax(axis=0))


def _shares(sizes: Ints) -> Floats:
    """1/size of each group, scaled to whole numbers where they fit; 0 for an empty group."""
    whole = integer_weights(sizes)
    return np.where(sizes > 0, 1 / np.maximum(sizes, 1), 0.0) if whole is None else whole.astype(np.float64)
