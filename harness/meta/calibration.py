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
    sizes = pairs.sizes if keep is None else np.bincount(pairs.group[keep], minlength=pairs.n_groups)
    if not sizes.any():
        return None
    order, last, gaps = ordered.by_gap
    gain = ordered.gain.astype(np.int64)
    if keep is not None:
        gain *= keep  # epsilon then changes nothing at the gap of another pair, and is not chosen there
    weights = integer_weights(sizes)
    if weights is None:
        return _calibrate_with_fractions(gaps, gain[order], pairs.group[order], sizes, last)
    totals = np.cumsum((gain * weights[pairs.group])[order])[last]
    best = int(np.argmax(totals))
    return 0.0 if totals[best] <= 0 else float(gaps[best])  # below the first gap nothing is gained


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


def _calibrate_with_fractions(gaps: Floats, gain: Ints, group: Ints, sizes: Ints, last: Ints) -> float:
    """As `calibrate` for group sizes without a small common multiple: floats find the best few, fractions decide.

    `gaps`: distinct gaps ascending, shape (E,); `last`: where each ends among the sorted pairs; `gain`, `group`: of those.
    """
    totals = np.cumsum(np.divide(gain, sizes[group], out=np.zeros(len(gain)), where=gain != 0))[last]
    slack = np.finfo(np.float64).eps * len(gain) * np.count_nonzero(sizes)  # bounds the rounding of any of these sums
    moved = np.logical_or.reduceat(gain != 0, np.append(0, last[:-1] + 1))  # elsewhere the total is that of a smaller epsilon
    near = np.flatnonzero((totals >= max(totals.max(), 0.0) - slack) & moved)
    best, epsilon = Fraction(0), 0.0
    counts = np.zeros(len(sizes), dtype=np.int64)
    seen = {counts.tobytes()}
    start = 0
    for index in near:
        end = int(last[index]) + 1
        np.add.at(counts, group[start:end], gain[start:end])
        start = end
        if counts.tobytes() in seen:
            continue
        seen.add(counts.tobytes())
        exact = sum((Fraction(int(counts[g]), int(sizes[g])) for g in np.flatnonzero(counts)), Fraction(0))
        if exact > best:
            best, epsilon = exact, float(gaps[index])
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
