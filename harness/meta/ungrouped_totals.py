"""Numbers of pairs of one kind per group, and how they move when clusters are resampled: what large cells' estimates rest on.

A bootstrap that draws cluster c w_c times counts N(w) = Σ_{c<c'} w_c w_c' S_cc' + Σ_c w_c S_cc pairs, S_cc' being the pairs
between two clusters and S_cc those within one. Where the matrix S is small it is counted pair by pair (no pair is kept), and N
is resampled as elsewhere. Else the first term of N's expansion at w = 1 is taken (Hájek's projection; van der Vaart, Asymptotic
Statistics, 1998, ch. 11 and 23): ∂N/∂w_c = Σ_{c'≠c} S_cc' + S_cc, which is the sum over the outputs of c of the pairs that each
is in, those within its cluster by half.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.meta.pairs import Bools, Floats, Ints, sums_by
from harness.meta.resampling import Resampler, in_chunks
from harness.meta.ungrouped import People, Worth, into_segments

ONE: Worth = (1, 1, 1, 1, 1)
TIED: Worth = (1, 0, 1, 0, 0)
_WIDTH = 256  # resamples that are counted side by side: their rows stay in the fastest cache
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
    _people: dict[tuple[bytes, bytes | None], Floats] = field(default_factory=dict, repr=False)
    _order: dict[tuple[int, bytes], tuple[Floats, Ints]] = field(default_factory=dict, repr=False)

    def total(self, draws: Sequence[tuple[Floats, Epsilon]], keep: Bools, worth: Worth) -> Total:
        """What the pairs of kept outputs are worth, summed over `draws`: metrics, each at an epsilon (all over People)."""
        return self.totals(draws, keep, [worth])[0]

    def totals(self, draws: Sequence[tuple[Floats, Epsilon]], keep: Bools, worths: Sequence[Worth]) -> list[Total]:
        """A total for each worth, from the same passes over the outputs."""
        if self.crossed:
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
        """Totals resampled exactly: pairs of outputs weigh w_c · w_c' by a pass for all resamples, those within a cluster w_c."""
        resamples, within = self.resampler.resamples, np.zeros((len(worths), len(keep)))
        sums = np.zeros((len(worths), self.people.n_groups, self._weights.shape[0] * self._weights.shape[2]))
        values = np.array(worths, dtype=np.float64)
        for metric, epsilon in draws:
            order = self.ascending(metric, keep)
            self._add_values(metric, order, keep, epsilon, True, values, within)
            by_people = np.array(
                [[worth[4], worth[2] - worth[4]] for worth in worths]
            )  # of all pairs, and more if people tie them
            if by_people.any():
                sums += np.einsum("wk,kgb->wgb", by_people, self._weighed_people(keep, epsilon))
            moved = np.array([[w[1] - w[4], w[0] - w[1] - w[2] + w[4], w[3] - w[4]] for w in worths])  # in the window; concordant
            if moved.any():
                sums += np.einsum("wk,kgb->wgb", moved, self._weighed(metric, order, epsilon, bool(moved[:, 0].any())))
        totals = []
        for found, inside in zip(sums, within, strict=True):
            moved = np.ascontiguousarray(found[:, :resamples].T)
            if inside.any():
                moved += self._too_much(inside)
            totals.append(Total(found[:, resamples].copy(), moved, None))
        return totals

    def _weighed_people(self, keep: Bools, epsilon: Epsilon) -> Floats:
        """Resampled numbers of all pairs and of those that people tie, (2, G, B)."""
        everything = np.inf if isinstance(epsilon, float) else np.where(np.isnan(epsilon), np.nan, np.inf)
        key = (np.packbits(keep).tobytes(), None if isinstance(epsilon, float) else np.isnan(epsilon).tobytes())
        if key not in self._people:
            order = np.flatnonzero(keep)
            self._people[key] = self._weighed(np.zeros(len(keep)), order, everything, True)[:2]
        return self._people[key]

    def _weighed(self, metric: Floats, order: Ints, epsilon: Epsilon, window: bool) -> Floats:
        """Resampled numbers of pairs with a gap of at most epsilon, of those tied by people, of concordant others, (3, G, B)."""
        from harness.meta.ungrouped_kernels import weigh_segments

        people, weights = self.people, self._weights
        code, segments, each = people.group, people.n_groups, np.empty(people.n_groups)
        if isinstance(epsilon, float):
            each[:] = epsilon
        else:
            code, segments, each = code * people.folds + people.fold, segments * people.folds, np.tile(epsilon, segments)
        data = into_segments(people, order, metric, code, segments)
        group = np.arange(segments) // (segments // people.n_groups)
        sums = np.zeros((people.n_groups, 3, weights.shape[0], weights.shape[2]))
        ranks, longest = len(people.low), int(np.diff(data.starts).max())
        state = np.zeros((2 * ranks + 3, weights.shape[2]), weights.dtype)
        steps = np.empty((longest * (4 + 7 * ranks.bit_length()), 4), dtype=np.int32)
        arrays = (data.starts, data.metric, data.rank, people.low, people.high, people.levels, each, people.gap_tolerance)
        weigh_segments(*arrays, people.cluster[data.place], group, weights, window, state, steps, sums)
        return sums.reshape(people.n_groups, 3, -1).transpose(1, 0, 2)

    def _too_much(self, inside: Floats) -> Floats:
        """What pairs within clusters weigh less than w_c², (resamples, G). `inside`: twice what each output's pairs are worth."""
        people, size = self.people, self.resampler.n_clusters
        sums = sums_by(people.cluster * people.n_groups + people.group, inside / 2, size * people.n_groups)
        sums = sums.reshape(size, people.n_groups)

        def chunk(rows: slice) -> Floats:
            weights = self.resampler.some_weights(rows)
            return (weights - weights * weights) @ sums  # whole numbers and halves: exact

        return in_chunks(chunk, self.resampler.resamples, size)

    @cached_property
    def _weights(self) -> NDArray[Any]:
        """How often each cluster is drawn, in blocks of resamples, (blocks, C, width); after all resamples comes one of each."""
        resampler, size = self.resampler, self.resampler.n_clusters
        blocks = -(-(resampler.resamples + 1) // _WIDTH)
        weights = np.zeros((blocks * _WIDTH, size))
        weights[: resampler.resamples] = resampler.weights
        weights[resampler.resamples] = 1
        small = weights.max() ** 2 * len(self.people.member) < 2**24  # then half the precision holds every product
        return np.ascontiguousarray(weights.reshape(blocks, _WIDTH, size).transpose(0, 2, 1), np.float32 if small else np.float64)
