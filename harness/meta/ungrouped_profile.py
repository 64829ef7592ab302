"""Accuracy at every epsilon at once, within proven bounds: from histograms of the metric and their correlations by FFT.

With the metric cut into K bins of width w, two outputs d bins apart have a gap in ((d - 1)w, (d + 1)w). The number of pairs d
bins apart that people tie is the autocorrelation, at lag d, of the histogram of each human level, summed over levels; that of
the concordant ones is the correlation of a level's histogram with that of all lower levels. At an ε in [(k - 1/2)w, (k + 1/2)w)
pairs up to k - 2 bins apart are surely tied by the metric and those from k + 2 on surely not; the three bins between are counted
as right for the upper bound and as wrong for the lower one. The half bin left over on either side is room for the rounding of
the bins' edges and for `gap_tolerance`.
"""

from dataclasses import dataclass

import numpy as np

from harness.meta.pairs import Bools, Floats, Ints
from harness.meta.ungrouped import People

MAX_LEVELS = 128
_WORK = 1 << 25  # bins × histograms: keeps the transforms of one metric near a second or two
_BINS = (1 << 10, 1 << 17)
_PAIRS_A_BIN = 10  # pairs that are counted in the time that the transforms take for a bin of a group and level
_RUNS = 12  # stretches of epsilons that are looked at apart; more are looked at together


@dataclass(frozen=True)
class Profile:
    """Bounds of accuracy by epsilon, in cells of `width` around 0, width, 2·width …

    Row 0 is on all outputs, row 1 + f on those outside fold f. `lower`, `estimate`, `upper`: (folds + 1, cells).
    """

    width: float
    lower: Floats
    estimate: Floats
    upper: Floats

    def peak(self, row: int) -> float:
        """The epsilon of the highest estimate."""
        return float(np.argmax(self.estimate[row]) * self.width)

    def best(self, row: int) -> tuple[float, float, float]:
        """(epsilon, at least this accuracy, at most this much less than the best): without looking at the outputs again."""
        cell = int(np.argmax(self.estimate[row]))
        low = float(self.lower[row, cell])
        return cell * self.width, low, float(self.upper[row].max()) - low

    def around(self, row: int, level: float) -> list[float]:
        """Epsilons between which accuracy may exceed `level`: the ends of each stretch of cells, ascending."""
        high = np.flatnonzero(self.upper[row] > level)
        if not len(high):
            return []
        breaks = np.flatnonzero(np.diff(high) > 1)
        if len(breaks) >= _RUNS:
            breaks = np.sort(breaks[np.argsort(-np.diff(high)[breaks], kind="stable")[: _RUNS - 1]])
        first, last = high[np.append(0, breaks + 1)], high[np.append(breaks, len(high) - 1)]
        ends = np.stack([(first - 0.5) * self.width, (last + 0.5) * self.width], axis=1).ravel()
        return [float(end) for end in ends if end > 0]

    def highest(self, row: int, first: float, last: float) -> float:
        """Upper bound of the accuracy at all epsilons from `first` to `last`."""
        cells = self.upper.shape[1]
        low, high = (min(int(end / self.width + 0.5), cells - 1) for end in (first, last))
        return float(self.upper[row, low : high + 1].max())


def profile_of(people: People, metric: Floats, keep: Bools) -> Profile | None:
    """The profile of a metric on the kept outputs (both over People); None where the bins would be too coarse to say anything."""
    levels = len(people.low)
    kept = np.flatnonzero(keep)
    if not people.levels or levels > MAX_LEVELS or not len(kept):
        return None
    values = metric[kept]
    least, most = float(values.min()), float(values.max())
    bins = max(_BINS[0], min(_BINS[1], 1 << (_WORK // (people.n_groups * people.folds * levels)).bit_length() - 1))
    width = (most - least) / (bins - 0.5)
    slip = 8 * np.finfo(np.float64).eps * max(abs(least), abs(most), most - least)  # of a bin's edge, and of a gap
    if not np.isfinite(width) or not width > 8 * (slip + people.gap_tolerance):
        return None
    bin_of = np.searchsorted(least + width * np.arange(bins), values, side="right") - 1
    shares = _shares(people, kept)
    ties, concordant, slack = _correlations(people, kept, bin_of, bins, shares)
    return _bounds(width, ties, concordant, slack)


def permutation_epsilons(people: People, scores: Ints, outputs: int) -> Floats | None:
    """The best epsilon with all outputs, then without each fold, of distinct scores 0..outputs-1 (over People); (folds + 1,).

    Every gap is known: pair by pair where that is less work, else one bin holds one score. Accuracies closer than 1e-9 count
    as equal, and the smallest epsilon of those is taken, plus a quarter, so that snapped gaps stay on their side. None with too
    many human levels.
    """
    if not people.levels or len(people.low) > MAX_LEVELS or people.gap_tolerance > 0.25:
        return None
    everyone = np.arange(len(people.member))
    shares = _shares(people, everyone)
    sizes = np.bincount(people.group, minlength=people.n_groups).astype(np.float64)
    if (sizes * (sizes - 1) / 2).sum() < _PAIRS_A_BIN * people.n_groups * len(people.low) * outputs:
        gains = _gains_by_pairs(people, scores, outputs, shares)
    else:
        ties, concordant, _ = _correlations(people, everyone, scores, outputs, shares)
        gains = ties - concordant
    right = np.cumsum(gains, axis=1)
    return np.argmax(right >= right.max(axis=1, keepdims=True) - 1e-9, axis=1) + 0.25


def _gains_by_pairs(people: People, scores: Ints, outputs: int, shares: Floats) -> Floats:
    """What tying all pairs with a gap gains, by gap: weighted, (folds + 1, outputs)."""
    from harness.meta.kernels import gains_of_groups

    order = np.argsort(people.group, kind="stable")
    starts = np.append(0, np.cumsum(np.bincount(people.group, minlength=people.n_groups)))
    gains = np.zeros((outputs, people.folds + 1))
    gains_of_groups(starts, scores[order], people.rank[order], people.fold[order], shares, gains)
    return gains.T


def _shares(people: People, kept: Ints) -> Floats:
    """What a pair weighs, by subset (all, without each fold) and group: 1/(size · number of groups); (folds + 1, G)."""
    outputs = np.bincount(people.group[kept] * people.folds + people.fold[kept], minlength=people.n_groups * people.folds)
    by_fold = outputs.reshape(people.n_groups, people.folds)
    totals = by_fold.sum(axis=1)
    sizes = np.stack([totals, *(totals[:, None] - by_fold).T]).astype(np.float64)
    pairs = sizes * (sizes - 1) / 2
    groups = np.maximum((pairs > 0).sum(axis=1), 1)[:, None]
    return np.where(pairs > 0, 1 / np.maximum(pairs, 1) / groups, 0.0)


def _correlations(people: People, kept: Ints, bin_of: Ints, bins: int, shares: Floats) -> tuple[Floats, Floats, Floats]:
    """(tied, concordant) pairs by bins apart, weighted, each (folds + 1, bins), and the rounding of their running sums."""
    from harness.meta.ungrouped_kernels import by_code

    subsets, levels = people.folds + 1, len(people.low)
    code = (people.group[kept] * people.folds + people.fold[kept]) * levels + people.rank[kept]
    order, starts = by_code(np.arange(len(kept)), code, people.n_groups * people.folds * levels)
    ties = np.zeros((subsets, bins + 1))
    concordant = np.zeros((subsets, bins + 1), dtype=np.complex128)
    alone, norms = np.zeros(subsets), np.zeros(subsets)
    for group in range(people.n_groups):
        below = np.zeros((subsets, bins + 1), dtype=np.complex128)
        norm = np.zeros(subsets)
        for level in range(levels):
            parts = [(group * people.folds + fold) * levels + level for fold in range(people.folds)]
            histograms = [bin_of[order[starts[part] : starts[part + 1]]] for part in parts]
            if not any(len(part) for part in histograms):
                continue
            counts = np.array([len(part) for part in histograms])
            spectra = [np.fft.rfft(np.bincount(part, minlength=bins), 2 * bins) if len(part) else None for part in histograms]
            whole = sum(part for part in spectra if part is not None)
            for subset in range(subsets):
                share = shares[subset, group]
                away = None if subset == 0 else spectra[subset - 1]
                own = whole if away is None else whole - away
                ties[subset] += share * (own.real**2 + own.imag**2)
                concordant[subset] += share * (own * below[subset].conj())
                below[subset] += own
                number = counts.sum() - (0 if subset == 0 else counts[subset - 1])
                alone[subset] += share * number
                norm[subset] += np.sqrt(np.square(own.real).sum() + np.square(own.imag).sum()) / np.sqrt(bins)
        norms += shares[:, group] * norm**2
    tied = np.fft.irfft(ties, 2 * bins, axis=1)[:, :bins]
    tied[:, 0] = (tied[:, 0] - alone) / 2
    ordered = np.fft.irfft(concordant, 2 * bins, axis=1)[:, :bins]
    # each sum errs by a few ulps times the norms of what is correlated, for each of the log2 stages (Brent, Percival and
    # Zimmermann, Mathematics of Computation 76, 2007, give 13 for a radix of two); running sums add that up
    slack = 64 * np.finfo(np.float64).eps * np.log2(2 * bins) * norms * bins
    return np.maximum(tied, 0.0), np.maximum(ordered, 0.0), slack


def _bounds(width: float, ties: Floats, concordant: Floats, slack: Floats) -> Profile:
    bins = ties.shape[1]
    cells = np.arange(bins + 1)
    tied = np.cumsum(ties, axis=1)
    beyond = concordant.sum(axis=1, keepdims=True) - np.cumsum(concordant, axis=1)

    def upto(sums: Floats, cell: Ints, before: Floats | float) -> Floats:
        return np.where(cell >= 0, sums[:, np.clip(cell, 0, bins - 1)], before)

    everything = concordant.sum(axis=1, keepdims=True)
    upper = upto(tied, cells + 1, 0.0) + upto(beyond, cells - 2, everything) + slack[:, None]
    lower = upto(tied, cells - 2, 0.0) + upto(beyond, cells + 1, everything) - slack[:, None]
    estimate = upto(tied, cells, 0.0) + upto(beyond, cells, everything)
    return Profile(width, lower, estimate, upper)
