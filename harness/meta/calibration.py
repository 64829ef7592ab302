"""Tie calibration: the epsilon below which a metric's difference counts as a tie, in sample and held out.

Deutsch, Foster, Freitag, EMNLP 2023, "Ties Matter", §5: one epsilon for all groups, chosen to maximise acc_eq.
"""

import hashlib
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from harness.meta.pairs import Bools, Floats, Ints, Ordered, Pairs

_EXACT = 1 << 52


def calibrate(pairs: Pairs, ordered: Ordered, keep: Bools | None = None) -> float | None:
    """The smallest epsilon that maximises group-averaged accuracy, compared in exact integers; None without a pair.

    Candidates are 0 and every gap. `keep` (shape (P,)) restricts the choice to some pairs. Never compare an epsilon with
    another tool's: equally good ones can differ; compare the accuracy.
    """
    group, gap, gain = pairs.group, ordered.gap, ordered.gain.astype(np.int64)
    if keep is not None:
        group, gap, gain = group[keep], gap[keep], gain[keep]
    if not len(gap):
        return None
    order = np.argsort(gap, kind="stable")
    gap, gain, group = gap[order], gain[order], group[order]
    last = np.flatnonzero(np.append(gap[1:] != gap[:-1], True))
    sizes = np.bincount(group)
    weights = integer_weights(sizes)
    if weights is not None:
        totals = np.cumsum(gain * weights[group])[last]
        best = int(np.argmax(totals))
        zero_is_candidate = gap[0] > 0
        return 0.0 if zero_is_candidate and totals[best] <= 0 else float(gap[last[best]])
    return _calibrate_with_fractions(gap, gain, group, sizes, last)


def integer_weights(sizes: Ints) -> Ints | None:
    """Weights proportional to 1/size that are whole numbers, or None where they would not fit exactly.

    `sizes`: pairs per group, shape (G,); groups of size 0 get weight 0.
    """
    multiple = 1
    for size in np.unique(sizes[sizes > 0]):
        multiple = math.lcm(multiple, int(size))
        if multiple * len(sizes) > _EXACT:
            return None
    return np.where(sizes > 0, multiple // np.maximum(sizes, 1), 0).astype(np.int64)


def _calibrate_with_fractions(gap: Floats, gain: Ints, group: Ints, sizes: Ints, last: Ints) -> float:
    """As `calibrate` for group sizes without a small common multiple: floats find the best few, fractions decide."""
    totals = np.cumsum(gain / sizes[group])[last]
    near = np.flatnonzero(totals >= max(totals.max(), 0.0) - 1e-9)
    best, epsilon = Fraction(-1), 0.0
    if gap[0] > 0:
        best = Fraction(0)
    seen: set[float] = set()
    for index in near:
        if float(totals[index]) in seen:  # a stretch of equal totals: its smallest epsilon has been looked at
            continue
        seen.add(float(totals[index]))
        counts = np.bincount(group[: last[index] + 1], weights=gain[: last[index] + 1])
        exact = sum((Fraction(int(c), int(sizes[g])) for g, c in enumerate(counts) if c), Fraction(0))
        if exact > best:
            best, epsilon = exact, float(gap[last[index]])
    return epsilon


def folds_of(clusters: Sequence[str], folds: int) -> Ints:
    """The fold of each cluster: sha256 of its id modulo `folds`; stable over runs, machines and subsets of the data."""
    return np.array([int(hashlib.sha256(name.encode()).hexdigest(), 16) % folds for name in clusters], dtype=np.int64)


def fold_epsilons(pairs: Pairs, ordered: Ordered, fold_left: Ints, fold_right: Ints, folds: int) -> list[float | None]:
    """For each fold the epsilon that is best on the pairs lying wholly outside it; None where no pair does."""
    return [calibrate(pairs, ordered, (fold_left != fold) & (fold_right != fold)) for fold in range(folds)]


def held_out(ordered: Ordered, epsilons: Sequence[float | None], fold_left: Ints, fold_right: Ints) -> tuple[Bools, Bools]:
    """(right, used), both shape (P,): pairs wholly inside a fold, judged at the epsilon of the other folds.

    Pairs across folds are unused, and so are those of a fold whose epsilon is None.
    """
    inside = fold_left == fold_right
    known = np.array([epsilon is not None for epsilon in epsilons])
    values = np.array([0.0 if epsilon is None else epsilon for epsilon in epsilons])
    used = inside & known[fold_left]
    return ordered.right(values[fold_left]) & used, used
