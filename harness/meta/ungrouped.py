"""Outputs of one cell, ready for counting pairs without making them: people's side once, and a metric sorted beside it.

With outputs sorted by a metric, those within a gap of epsilon below one are a window that only moves upwards (a float64
difference never falls as its larger side rises, nor does its snapped value), so one pass counts, for any epsilon, the pairs
that both tie and the concordant ones: O(n log L) for n outputs and L distinct human scores, whatever the number of pairs.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from harness.meta.pairs import Bools, Floats, Ints

Worth = tuple[float, float, float, float, float]
# what a pair adds: both tie it, only the metric, only people, it is concordant, it is discordant
RIGHT: Worth = (1, 0, 0, 1, 0)
SURPLUS: Worth = (0, 0, 0, 1, -1)
UNTIED: Worth = (0, 0, 1, 1, 1)


@dataclass(frozen=True)
class People:
    """The human side of a cell of n outputs, all ascending by index in the table; all arrays are of these outputs unless said.

    `member`: index in the table; `group`: 0..n_groups-1, each with a pair; `rank`: of the human score among the distinct ones,
    (n,); `low`, `high`: (ranks,) which ranks people tie with a rank; `fold`, `cluster`: codes, the latter 0..n_clusters-1.
    """

    member: Ints
    group: Ints
    n_groups: int
    rank: Ints
    low: Ints
    high: Ints
    fold: Ints
    folds: int
    cluster: Ints
    n_clusters: int
    gap_tolerance: float

    @property
    def levels(self) -> bool:
        """Whether people tie equal ranks only (with a tolerance, a tie need not be transitive)."""
        return bool(np.array_equal(self.low, self.high))

    @cached_property
    def everyone(self) -> Bools:
        """All outputs, shape (n,)."""
        return np.ones(len(self.member), dtype=bool)

    @cached_property
    def together(self) -> tuple[Ints, int]:
        """(a code a group and cluster that hold several outputs, -1 for an output that is alone in both; how many codes)."""
        _, code, sizes = np.unique(self.group * self.n_clusters + self.cluster, return_inverse=True, return_counts=True)
        several = sizes > 1
        return np.where(several, np.cumsum(several) - 1, -1)[code], int(several.sum())

    @cached_property
    def by_cluster(self) -> Ints:
        """The outputs by group, fold (of which a cluster has one) and cluster, shape (n,)."""
        return np.lexsort((self.cluster, self.fold, self.group))

    @cached_property
    def within_clusters(self) -> bool:
        """Whether every group lies in one cluster."""
        order = self.by_cluster
        return not (
            (self.group[order][1:] == self.group[order][:-1]) & (self.cluster[order][1:] != self.cluster[order][:-1])
        ).any()


@dataclass(frozen=True)
class Sorted:
    """Some outputs, segment by segment, ascending by a metric within: `place` in People, `starts` (S + 1,), `metric`, `rank`."""

    people: People
    place: Ints
    starts: Ints
    metric: Floats
    rank: Ints

    @cached_property
    def pairs(self) -> Ints:
        """Pairs per segment, shape (S,)."""
        sizes = np.diff(self.starts)
        return sizes * (sizes - 1) // 2

    def where(self, keep: Bools) -> "Sorted":
        """Only the outputs that `keep` (shape (n,), over People) marks; the segments stay."""
        kept = keep[self.place]
        starts = np.append(0, np.cumsum(kept))[self.starts]
        return replace(self, place=self.place[kept], starts=starts, metric=self.metric[kept], rank=self.rank[kept])

    def count(self, epsilon: float | Floats) -> tuple[Ints, Floats]:
        """(pairs with a gap of at most epsilon, those of them that people tie, concordant ones with a larger gap; (S, 3)).

        And the largest gap of at most epsilon (0 without one) and the smallest larger one (infinite without one), (S, 2).
        """
        from harness.meta.ungrouped_kernels import count_segments

        segments = len(self.starts) - 1
        counts, near = np.zeros((segments, 3), dtype=np.int64), np.zeros((segments, 2))
        count_segments(*self._arrays, _each(epsilon, segments), self.people.gap_tolerance, counts, near)
        return counts, near

    def count_outputs(self, epsilon: float | Floats) -> Ints:
        """The counts of the pairs that each output is in, shape (N, 3), in the order of `place`."""
        from harness.meta.ungrouped_kernels import count_outputs

        counts = np.zeros((len(self.place), 3), dtype=np.int64)
        count_outputs(*self._arrays, _each(epsilon, len(self.starts) - 1), self.people.gap_tolerance, counts)
        return counts

    def between(self, above: float, upto: float, most: int) -> tuple[Floats, Ints, Ints]:
        """Gap, gain (1 people tie, -1 concordant) and segment of the pairs with a gap in (above, upto], `most` at most."""
        from harness.meta.ungrouped_kernels import pairs_between

        gap, gain, segment = np.empty(most), np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
        found = pairs_between(*self._arrays[:5], above, upto, self.people.gap_tolerance, gap, gain, segment)
        assert found <= most, (found, most)
        return gap[:found], gain[:found], segment[:found]

    @property
    def _arrays(self) -> tuple[Ints, Floats, Ints, Ints, Ints, bool]:
        return self.starts, self.metric, self.rank, self.people.low, self.people.high, self.people.levels


def people_of(
    member: Ints, groups: Ints, human: Floats, fold: Ints, folds: int, cluster: Ints, gap_tolerance: float
) -> People | None:
    """The human side of these outputs (ascending indices), those without another one in their group left out; None without any.

    `groups`, `human`, `fold`, `cluster`: one number per output of the table.
    """
    _, inverse, sizes = np.unique(groups[member], return_inverse=True, return_counts=True)
    member = member[sizes[inverse] > 1]
    if not len(member):
        return None
    codes, group = np.unique(groups[member], return_inverse=True)
    values, rank = np.unique(human[member], return_inverse=True)
    low, high = _tied_ranks(values, gap_tolerance)
    names, own = np.unique(cluster[member], return_inverse=True)
    return People(member, group, len(codes), rank, low, high, fold[member], folds, own, len(names), gap_tolerance)


def sort_by(people: People, metric: Floats, keep: Bools, segment: Ints, segments: int) -> Sorted:
    """The kept outputs sorted by segment and metric. `metric`, `keep`, `segment`: over People."""
    kept = np.flatnonzero(keep)
    return into_segments(people, kept[np.argsort(metric[kept])], metric, segment, segments)


def into_segments(people: People, order: Ints, metric: Floats, segment: Ints, segments: int) -> Sorted:
    """As `sort_by`, from the order of the kept outputs by the metric."""
    from harness.meta.ungrouped_kernels import by_code

    place, starts = by_code(order, segment, segments)
    values = metric[place].astype(np.float64, copy=False)  # kernels are compiled for one kind of number
    return Sorted(people, place, starts, values, people.rank[place])


def _tied_ranks(values: Floats, tolerance: float) -> tuple[Ints, Ints]:
    """The lowest and the highest rank that people tie with each rank. `values`: the distinct human scores, ascending."""
    ranks = np.arange(len(values))
    if tolerance == 0:
        return ranks, ranks
    low, first, ascending = ranks.copy(), 0, values.tolist()
    for rank, value in enumerate(ascending):
        while (value - ascending[first]) / tolerance > 0.5:  # half a step is rounded down, to the even 0
            first += 1
        low[rank] = first
    return low, np.searchsorted(low, ranks, side="right") - 1


def _each(epsilon: float | Floats, segments: int) -> Floats:
    each = np.empty(segments)  # an array of its own: numba compiles anew for one that cannot be written
    each[:] = epsilon
    return each
