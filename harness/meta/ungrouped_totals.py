"""Numbers of pairs of one kind per group, and how they move when clusters are resampled: what large cells' estimates rest on.

A bootstrap that draws cluster c w_c times counts N(w) = Σ_{c<c'} w_c w_c' S_cc' + Σ_c w_c S_cc pairs, S_cc' being the pairs
between two clusters and S_cc those within one. Where the matrix S is small it is counted pair by pair (no pair is kept), and N
is resampled as elsewhere. Else the first term of N's expansion at w = 1 is taken (Hájek's projection; van der Vaart, Asymptotic
Statistics, 1998, ch. 11 and 23): ∂N/∂w_c = Σ_{c'≠c} S_cc' + S_cc, which is the sum over the outputs of c of the pairs that each
is in, those within its cluster by half.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harness.meta.pairs import Bools, Floats, Ints, sums_by
from harness.meta.resampling import Resampler
from harness.meta.ungrouped import People, Worth, into_segments

ONE: Worth = (1, 1, 1, 1, 1)
TIED: Worth = (1, 0, 1, 0, 0)
_AT_ONCE = 20_000_000  # sums of pairs of clusters that are held at a time
Epsilon = float | Floats  # one for all pairs, or one a fold (nan: the fold is left out) for the pairs within folds


@dataclass(frozen=True)
class Total:
    """Pairs of one kind: `counts` per group (G,); `resampled` (resamples, G), or `slope`: each output's part of ∂N/∂w, (n,)."""

    counts: Floats
    resampled: Floats | None
    slope: Floats | None

    def __add__(self, other: "Total") -> "Total":
        resampled = None if self.resampled is None or other.resampled is None else self.resampled + other.resampled
        slope = None if self.slope is None or other.slope is None else self.slope + other.slope
        return Total(self.counts + other.counts, resampled, slope)


@dataclass(frozen=True)
class Tally:
    """Counts pairs of the outputs of a cell. `crossed`: resamples pairs of clusters, else by the first term of the expansion."""

    people: People
    resampler: Resampler
    crossed: bool
    _beside: dict[tuple[bytes, bool, bytes | None], NDArray[np.int32]] = field(default_factory=dict, repr=False)
    _order: dict[tuple[int, bytes], tuple[Floats, Ints]] = field(default_factory=dict, repr=False)

    def total(self, draws: Sequence[tuple[Floats, Epsilon]], keep: Bools, worth: Worth) -> Total:
        """What the pairs of kept outputs are worth, summed over `draws`: metrics, each at an epsilon (all over People)."""
        return self.totals(draws, keep, [worth])[0]

    def totals(self, draws: Sequence[tuple[Floats, Epsilon]], keep: Bools, worths: Sequence[Worth]) -> list[Total]:
        """A total for each worth, from the same passes over the outputs."""
        if self.crossed:
            size = self.resampler.n_clusters
            if len(worths) * size * size > _AT_ONCE:
                return [self._crossed(draws, keep, [worth])[0] for worth in worths]
            return self._crossed(draws, keep, worths)
        values = np.zeros((2, len(worths), len(keep)))  # of all pairs, and of those within clusters
        for metric, epsilon in draws:
            order = self.ascending(metric, keep)
            for clusters in (False, True):
                self._add_values(
                    metric, order, keep, epsilon, clusters, np.array(worths, dtype=np.float64), values[int(clusters)]
                )
        group, groups = self.people.group, self.people.n_groups
        return [Total(sums_by(group, a, groups) / 2, None, a - b / 2) for a, b in zip(*values, strict=True)]

    def by_people(self, keep: Bools, worths: Sequence[Worth], folds: Bools | None = None) -> list[Total]:
        """Totals that depend on people alone; `folds` (shape (folds,)): only of pairs within one of these folds."""
        epsilon = np.inf if folds is None else np.where(folds, np.inf, np.nan)
        return self.totals([(np.zeros(len(keep)), epsilon)], keep, worths)

    def _add_values(
        self, metric: Floats, order: Ints, keep: Bools, epsilon: Epsilon, clusters: bool, worths: Floats, sums: Floats
    ) -> None:
        """Adds what the pairs that each output is in are worth together to `sums`, (W, n); `clusters`: only pairs within one."""
        from harness.meta.ungrouped_kernels import add_worth

        people = self.people
        code, segments = people.together if clusters else (people.group, people.n_groups)
        if clusters:
            order = order[code[order] >= 0]
        each, known = epsilon, None
        if not isinstance(epsilon, float):
            code = code * people.folds + people.fold
            each, segments, known = np.tile(epsilon, segments), segments * people.folds, np.isnan(epsilon).tobytes()
        data = into_segments(people, order, metric, code, segments)
        key = (np.packbits(keep).tobytes(), clusters, known)
        if key not in self._beside:
            beside = np.zeros((len(keep), 2), dtype=np.int32)
            beside[data.place] = data.count_outputs(np.where(np.isnan(each), np.nan, np.inf))[:, :2]
            self._beside[key] = beside
        add_worth(data.place, data.count_outputs(each), self._beside[key], worths, sums)

    def ascending(self, metric: Floats, keep: Bools) -> Ints:
        """The kept outputs ascending by the metric; the last order is kept, as a metric is counted several times in a row."""
        kept = np.flatnonzero(keep)
        if not metric.any():
            return kept
        key = (id(metric), np.packbits(keep).tobytes())
        if key not in self._order:
            self._order.clear()
            self._order[key] = (metric, kept[np.argsort(metric[kept])])  # the metric stays, so that its id is not another's
        return self._order[key][1]

    def _crossed(self, draws: Sequence[tuple[Floats, Epsilon]], keep: Bools, worths: Sequence[Worth]) -> list[Total]:
        from harness.meta.ungrouped_kernels import cross_clusters

        people, size = self.people, self.resampler.n_clusters
        order = people.by_cluster[keep[people.by_cluster]]
        code = people.group[order] * people.folds + people.fold[order]
        ends = np.searchsorted(code, np.arange(1, people.n_groups * people.folds + 1)).reshape(people.n_groups, people.folds)
        counts = np.zeros((len(worths), people.n_groups))
        resampled = np.empty((len(worths), self.resampler.resamples, people.n_groups))
        start = 0
        for group in range(people.n_groups):
            here = order[start : ends[group, -1]]
            sums = np.zeros((len(worths), size, size))
            sides = (people.rank[here], people.low, people.high, people.cluster[here])
            for metric, epsilon in draws:
                single = isinstance(epsilon, float)
                parts = np.array([len(here)]) if single else ends[group] - start
                limits = np.full(len(parts), epsilon) if single else np.array(epsilon)
                arrays = (parts, metric[here], *sides, limits, people.gap_tolerance)
                cross_clusters(*arrays, np.array(worths, dtype=np.float64), sums)
            start = int(ends[group, -1])
            for number, found in enumerate(sums):
                counts[number, group] = found.sum()
                resampled[number, :, group] = self.resampler.weigh_crossed(found)
        return [Total(*found, None) for found in zip(counts, resampled, strict=True)]
