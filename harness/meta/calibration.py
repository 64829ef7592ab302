"""Tie calibration: the epsilon below which a metric's difference counts as a tie, in sample and held out.

Deutsch, Foster, Freitag, EMNLP 2023, "Ties Matter", §5: one epsilon for all groups, chosen to maximise acc_eq.
"""

import hashlib
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from harness.meta.pairs import Bools, Ints, Ordered, Pairs

_EXACT = 1 << 52
_SHIFT = 41  # bits of a gap below its bin: 2,048 bins an octave, 16 octaves down from the largest gap
_BINS = 1 << 15
_FEW_BINS = 1 << 8
_FEW_FOLDS = 8  # the pairs of two folds are a part, of which there are so many squared


def calibrate(pairs: Pairs, ordered: Ordered, keep: Bools | None = None) -> float | None:
    """The smallest epsilon that maximises group-averaged accuracy, compared in exact integers; None without a pair.

    Candidates are 0 and every gap. `keep` (shape (P,)) restricts the choice to some pairs. Never compare an epsilon with
    another tool's: equally good ones can differ; compare the accuracy.
    """
    sizes = pairs.sizes if keep is None else np.bincount(pairs.group[keep], minlength=pairs.n_groups)
    if not sizes.any():
        return None
    weights = integer_weights(sizes)
    if weights is None:
        return _calibrate_with_fractions(pairs, ordered, sizes, keep)
    if keep is None:
        return best_gaps(pairs, ordered, weights, np.zeros(len(pairs), dtype=np.int16), np.ones((1, 1), dtype=bool))[0]
    return best_gaps(pairs, ordered, weights, keep.astype(np.int16), np.array([[False, True]]))[0]


def best_gaps(pairs: Pairs, ordered: Ordered, weights: Ints, part: Ints, include: Bools) -> list[float]:
    """The epsilon for each target, a choice of parts of the pairs: the smallest gap (or 0) at which their gains are largest.

    `weights`: of each group's pairs, whole, shape (G,); `part`: of each pair, shape (P,); `include`: (targets, parts).

    Nothing is sorted but the few pairs that can matter. Gaps fall into bins in their order, gains are summed by bin, and a bin
    can hold the largest sum only where the sum before it and all that is positive in it reach the best sum at a bin's end. A
    bin whose pairs have one gap, as scores of few levels give it, needs no more than its end.
    """
    from harness.meta.pair_kernels import bin_gains, pairs_in_bins

    bits, gain = ordered.gap.view(np.int64), ordered.gain
    bins = max(_FEW_BINS, min(_BINS >> (include.shape[1] - 1).bit_length(), 1 << len(bits).bit_length()))
    shift = _SHIFT + (_BINS // bins).bit_length() - 1
    low = int(bits.max()) - ((bins - 1) << shift)
    net, positive = np.zeros((2, include.shape[1], bins), dtype=np.int64)
    bin_gains(bits, gain, pairs.group, weights, part, low, shift, net, positive)
    gained, most = include @ net, include @ positive
    ends = np.cumsum(gained, axis=1)
    before = ends - gained
    wanted = (before + most >= np.maximum(ends.max(axis=1, keepdims=True), 1)) & (most > 0)
    buffer, only = np.empty(len(bits), dtype=np.int64), np.full(bins, -1)
    found = buffer[: pairs_in_bins(bits, gain, low, shift, wanted.any(axis=0), only, buffer)]
    found = found[np.argsort(bits[found])]
    place = np.maximum(bits[found] - low, 0) >> shift
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    run = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(found)))
    last = np.flatnonzero(np.diff(bits[found], append=-1))
    weighed, parts = gain[found] * weights[pairs.group[found]], part[found]
    alone = np.flatnonzero(only >= 0)  # bins of one gap: what is gained there is what is gained at their ends
    gaps = np.append(bits[found[last]], only[alone])
    order = np.argsort(gaps)
    chosen = []
    for target, kept in enumerate(include):
        sums = np.cumsum(weighed * kept[parts])
        earlier = np.append(0, sums)[starts]
        totals = (sums + (before[target, place[starts]] - earlier)[run])[last]
        totals = np.append(totals, ends[target, alone])[order]
        best = int(np.argmax(totals)) if len(totals) else -1
        chosen.append(0.0 if best < 0 or totals[best] <= 0 else float(gaps[order[best : best + 1]].view(np.float64)[0]))
    return chosen


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


def _calibrate_with_fractions(pairs: Pairs, ordered: Ordered, sizes: Ints, keep: Bools | None) -> float:
    """As `calibrate` for group sizes without a small common multiple: floats find the best few, fractions decide.

    `sizes`: pairs per group that count, shape (G,).
    """
    order, last, gaps = ordered.by_gap  # of E distinct gaps, `last` is where each ends among the sorted pairs
    gain = ordered.gain.astype(np.int64)
    if keep is not None:
        gain *= keep  # epsilon then changes nothing at the gap of another pair, and is not chosen there
    gain, group = gain[order], pairs.group[order]
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
    return epsilons(pairs, ordered, fold_left, fold_right, folds)[:-1]


def epsilons(pairs: Pairs, ordered: Ordered, fold_left: Ints, fold_right: Ints, folds: int) -> list[float | None]:
    """`fold_epsilons`, and last the epsilon that is best on all pairs: in two passes where no fold divides a group.

    So also where folds divide groups that are alike, as those of systems that answer every item are.
    """
    weights = integer_weights(pairs.sizes)
    fold_of = undivided(pairs, fold_left, fold_right)
    if weights is not None and fold_of is not None and len(pairs):
        include = np.vstack([~np.eye(folds, dtype=bool), np.ones(folds, dtype=bool)])
        found = best_gaps(pairs, ordered, weights, fold_left.astype(np.int16, copy=False), include)
        inhabited = np.bincount(fold_of[pairs.held], minlength=folds) > 0
        return [gap if (inhabited & kept).any() else None for gap, kept in zip(found, include, strict=True)]
    return _of_alike_groups(pairs, ordered, fold_left, fold_right, folds) or [
        *(calibrate(pairs, ordered, (fold_left != fold) & (fold_right != fold)) for fold in range(folds)),
        calibrate(pairs, ordered),
    ]


def _of_alike_groups(pairs: Pairs, ordered: Ordered, fold_left: Ints, fold_right: Ints, folds: int) -> list[float | None] | None:
    """As `epsilons`, where each choice of folds leaves as many pairs in every group that it leaves any: pairs weigh the same.

    None where that is not so, or where folds are many.
    """
    if not len(pairs) or folds > _FEW_FOLDS:
        return None
    part = (fold_left * folds + fold_right).astype(np.int16)
    outside = ~np.eye(folds, dtype=bool)
    include = np.vstack([(outside[:, :, None] & outside[:, None, :]).reshape(folds, -1), np.ones(folds * folds, dtype=bool)])
    counts = np.bincount(pairs.group * np.int64(folds * folds) + part, minlength=pairs.n_groups * folds * folds)
    sizes = counts.reshape(pairs.n_groups, -1) @ include.T  # pairs of each group that each target keeps, (G, targets)
    if ((sizes > 0) & (sizes != sizes.max(axis=0))).any():
        return None
    used = np.flatnonzero(counts.reshape(pairs.n_groups, -1).any(axis=0))
    place = np.zeros(folds * folds, dtype=np.int16)
    place[used] = np.arange(len(used))
    found = best_gaps(pairs, ordered, np.ones(pairs.n_groups, dtype=np.int64), place[part], include[:, used])
    return [gap if size else None for gap, size in zip(found, sizes.max(axis=0), strict=True)]


def undivided(pairs: Pairs, fold_left: Ints, fold_right: Ints) -> Ints | None:
    """The fold of each group that has pairs (shape (n_groups,), 0 for others), None where a group lies in several.

    Takes clusters for folds as well.
    """
    fold = np.zeros(pairs.n_groups, dtype=fold_left.dtype)
    fold[pairs.group] = fold_left
    return fold if np.array_equal(fold_left, fold_right) and np.array_equal(fold[pairs.group], fold_left) else None


def held_out(ordered: Ordered, epsilons: Sequence[float | None], fold_left: Ints, fold_right: Ints) -> tuple[Bools, Bools]:
    """(right, used), both shape (P,): pairs wholly inside a fold, judged at the epsilon of the other folds.

    Pairs across folds are unused, and so are those of a fold whose epsilon is None.
    """
    inside = fold_left == fold_right
    known = np.array([epsilon is not None for epsilon in epsilons])
    values = np.array([0.0 if epsilon is None else epsilon for epsilon in epsilons])
    used = inside & known[fold_left]
    return ordered.right(values[fold_left]) & used, used
