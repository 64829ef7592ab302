"""One metric beside people on the pairs of one cell: which pairs it gets right, raw, calibrated and held out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.meta.calibration import epsilons, held_out
from harness.meta.columns import Column
from harness.meta.options import MetaOptions
from harness.meta.pairs import Bools, Floats, Ints, Pairs, Signs, human_signs, order_pairs
from harness.meta.random_judge import draw_right
from harness.meta.recalibration import Choices, choices
from harness.meta.resampling import Resampler
from harness.meta.sentinels import draws_of_many
from harness.meta.support import Estimate, Support, restrict

STATISTICS = ("accuracy_raw", "accuracy", "accuracy_heldout")


@dataclass(frozen=True)
class Cell:
    """The pairs of one slice, criterion and grouping, and how people order them.

    `human`: one number per output, finite wherever a pair reaches; `fold`: fold of each output's cluster.
    """

    pairs: Pairs
    signs: Signs
    human: Floats
    fold: Ints
    folds: int
    resampler: Resampler
    gap_tolerance: float
    supports: dict[bytes, Support] = field(default_factory=dict, repr=False)

    @cached_property
    def fold_left(self) -> Ints:
        """Fold of each pair's left output, shape (P,)."""
        return self.fold.astype(np.int16)[self.pairs.left]

    @cached_property
    def fold_right(self) -> Ints:
        """Fold of each pair's right output, shape (P,)."""
        return self.fold.astype(np.int16)[self.pairs.right]

    @cached_property
    def human_tie(self) -> Bools:
        """Pairs that people tie, shape (P,)."""
        return self.signs == 0

    @cached_property
    def ties(self) -> Estimate:
        """People's group-averaged tie rate on all pairs."""
        return estimate(self, self.human_tie, np.ones(len(self.pairs), dtype=bool))

    def support(self, keep: Bools) -> Support:
        """The pairs that `keep` (shape (P,)) marks, made once for all metrics that share them."""
        key = keep.tobytes()
        if key not in self.supports:
            self.supports[key] = Support(restrict(self.pairs, keep), self.signs[keep], self.resampler)
        return self.supports[key]


def make_cell(
    pairs: Pairs, human: Floats, fold: Ints, folds: int, resampler: Resampler, gap_tolerance: float, signs: Signs | None = None
) -> Cell:
    """A cell; people's order of each pair is read off `human` unless `signs` gives it (preferences)."""
    pairs = pairs.compact()
    if signs is None:
        signs = human_signs(pairs, human, gap_tolerance)
    return Cell(pairs, signs, human, fold, folds, resampler, gap_tolerance)


@dataclass(frozen=True)
class Judged:
    """Right pairs of one metric, as whole numbers 0..scale (draws that got it right), shape (P,); 0 where not `valid`.

    `valid`: both outputs have a score; `tested`: the pair lies wholly inside a fold that has an epsilon. `drawn` are the epsilons
    of the random sentinel, shape (draws, folds + 1): of each fold (-1: it has none), then of all pairs. `choices`: the few
    epsilons that there were to choose from, where resamples are to choose anew.
    """

    right: dict[str, NDArray]
    valid: Bools
    tested: Bools
    scale: int
    epsilon: float | None
    epsilons: tuple[float | None, ...]
    drawn: Ints | None = None
    choices: Choices | None = None

    def support(self, statistic: str, among: Bools | None = None) -> Bools:
        """The pairs that a statistic counts, shape (P,), optionally only those `among`."""
        kept = self.tested if statistic == "accuracy_heldout" else self.valid
        return kept if among is None else kept & among


def judge_column(cell: Cell, column: Column, options: MetaOptions, fixed: Judged | None = None) -> Judged:
    """The column judged (at the epsilons of `fixed`, if given): a metric by its values, the random sentinel by its draws."""
    if column.values is not None:
        return judge(cell, column.values, fixed, options.heldout_interval == "half-recalibrated")
    return judge_random(cell, len(cell.human), draws_of_many(len(cell.human), options.random_draws), options.seed, fixed)


def judge(cell: Cell, metric: Floats, fixed: Judged | None = None, recalibrate: bool = False) -> Judged:
    """The metric judged at epsilon 0, at its best epsilon, and at the epsilon of the other folds.

    `metric`: one number per output, higher is better, nan where missing; `fixed`: take the epsilons of this one instead of
    calibrating here (one epsilon for all slices); `recalibrate`: keep what resamples need to choose epsilons anew.
    """
    scored = np.isfinite(metric)
    valid = scored[cell.pairs.left] & scored[cell.pairs.right]
    whole = bool(valid.all())
    pairs = cell.pairs if whole else cell.pairs.where(valid)
    signs = cell.signs if whole else cell.signs[valid]
    ordered = order_pairs(pairs, signs, metric, cell.gap_tolerance)
    left, right = (cell.fold_left, cell.fold_right) if whole else (cell.fold_left[valid], cell.fold_right[valid])
    if fixed is None:
        *of_folds, epsilon = epsilons(pairs, ordered, left, right, cell.folds)
    else:
        epsilon, of_folds = fixed.epsilon, list(fixed.epsilons)
    few = choices(pairs, ordered, left, right, cell.resampler.cluster) if recalibrate and fixed is None else None
    heldout, used = held_out(ordered, of_folds, left, right)
    found = {
        "accuracy_raw": ordered.right(0.0),
        "accuracy": ordered.right(0.0 if epsilon is None else epsilon),
        "accuracy_heldout": heldout,
    }
    spread = {name: _spread(values.view(np.int8), valid, whole) for name, values in found.items()}
    return Judged(spread, valid, _spread(used, valid, whole), 1, epsilon, tuple(of_folds), choices=few)


def judge_random(cell: Cell, outputs: int, draws: int, seed: int, fixed: Judged | None = None) -> Judged:
    """The random sentinel: right pairs summed over `draws` random orders of the outputs, each calibrated on its own.

    `fixed`: take the epsilons of this one, draw by draw; it has drawn the same orders of the same outputs.
    """
    drawn = np.full((draws, cell.folds + 1), -1) if fixed is None or fixed.drawn is None else fixed.drawn
    right = draw_right(cell, outputs, seed, drawn)
    if fixed is None:
        drawn[:, [*(not keep.any() for keep in _outside(cell)), False]] = -1
    tested = (cell.fold_left == cell.fold_right) & (drawn[0, :-1] >= 0)[cell.fold_left]
    right["accuracy_heldout"][~tested] = 0
    everything = np.ones(len(cell.pairs), dtype=bool)
    return Judged(right, everything, tested, draws, None, (None,) * cell.folds, drawn)


def estimate(cell: Cell, right: NDArray, keep: Bools, scale: int = 1, few: Choices | None = None) -> Estimate:
    """Group-averaged share of right pairs among those that `keep` marks, with its interval. `right`: 0..scale, shape (P,).

    `few`: choose the folds' epsilons anew in every second resample, from these.
    """
    support = cell.support(keep)
    anew = None if few is None else few.resample(support)
    return support.estimate(right if support.pairs is cell.pairs else right[keep], scale, anew)


def estimate_judged(cell: Cell, judged: Judged, statistic: str) -> Estimate:
    """A statistic of a judged metric on its own pairs."""
    few = judged.choices if statistic == "accuracy_heldout" else None
    return estimate(cell, judged.right[statistic], judged.support(statistic), judged.scale, few)


def eligible_pairs(cell: Cell, column: Column) -> Bools:
    """The pairs that the column is about, scored or not: all, but those with a system that is the reference, shape (P,)."""
    if column.eligible is None:
        return np.ones(len(cell.pairs), dtype=bool)
    return column.eligible[cell.pairs.left] & column.eligible[cell.pairs.right]


def universe_of(cell: Cell, eligible: Bools, statistic: str) -> Bools:
    """The eligible pairs that a statistic counts where missing scores are wrong: held out, those that lie inside a fold."""
    return eligible & (cell.fold_left == cell.fold_right) if statistic == "accuracy_heldout" else eligible


def _outside(cell: Cell) -> Sequence[Bools]:
    return [(cell.fold_left != fold) & (cell.fold_right != fold) for fold in range(cell.folds)]


def _spread(values: NDArray, valid: Bools, whole: bool) -> NDArray:
    """Values of the valid pairs laid out over all pairs, 0 elsewhere."""
    if whole:
        return values
    result = np.zeros(len(valid), dtype=values.dtype)
    result[valid] = values
    return result
