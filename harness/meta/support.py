"""The pairs that a statistic counts, with what every metric on them shares: group sizes, clusters, resampled totals."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.meta.calibration import integer_weights
from harness.meta.pairs import Bools, Floats, Ints, Pairs, Signs, accuracy, distinct, sums_by, sums_in_groups
from harness.meta.resampling import Resampler

MAX_CROSSED = 60_000_000  # cells of group × cluster × cluster sums: about half a gigabyte


@dataclass(frozen=True)
class Estimate:
    """A statistic with its percentile interval, its resampled values (or None), and how much data it rests on."""

    value: float | None
    low: float | None = None
    high: float | None = None
    resampled: Floats | None = None
    n_pairs: int = 0
    n_groups: int = 0
    n_clusters: int = 0


@dataclass(frozen=True)
class Support:
    """Pairs of one cell (those that count), how people order them, and the resampler of the cell's clusters."""

    pairs: Pairs
    signs: Signs
    resampler: Resampler
    _distinct: dict[int, tuple[Ints, int]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def reached(self) -> Ints:
        """Outputs that a pair reaches, ascending."""
        mark = np.zeros(len(self.resampler.cluster), dtype=bool)
        mark[self.pairs.left] = True
        mark[self.pairs.right] = True
        return np.flatnonzero(mark)

    @cached_property
    def n_clusters(self) -> int:
        """How many clusters the pairs reach."""
        return self.distinct(self.resampler.cluster)

    @cached_property
    def groups(self) -> Ints:
        """Groups that have a pair."""
        return self.pairs.held

    def distinct(self, codes: Ints) -> int:
        """How many codes (one per output) the outputs that a pair reaches have; counted once for each array of codes."""
        if id(codes) not in self._distinct:
            self._distinct[id(codes)] = codes, distinct(codes[self.reached])
        return self._distinct[id(codes)][1]

    def estimate(self, right: NDArray, scale: int = 1, anew: Floats | None = None) -> Estimate:
        """Share of right pairs, averaged per group and then over groups. `right`: whole numbers 0..scale, shape (P,).

        `anew`: resampled values, shape (resamples,), that take the place of every second one of those with `right` as it is.
        """
        value = accuracy(self.pairs, right if scale == 1 else right / scale)
        if value is None:
            return Estimate(None)
        resampled = self.resample(right, scale)
        if resampled is not None and anew is not None:
            resampled[1::2] = anew[1::2]
        low, high = (None, None) if resampled is None else self.resampler.interval(resampled)
        if low is not None and low == high:
            low, high = self._all_alike(value)
        return Estimate(value, low, high, resampled, len(self.pairs), len(self.groups), self.n_clusters)

    def _all_alike(self, value: float) -> tuple[float, float]:
        """The interval where every cluster is alike, so that a bootstrap, which resamples what was seen, would have no width.

        Unlike clusters may make up a share of 1 - (α/2)^(1/n) of all and not be seen (Clopper and Pearson, Biometrika 26,
        1934), and be all wrong or all right. Where all are right, or all wrong, this is their exact binomial interval.
        """
        alike = ((1 - self.resampler.level) / 2) ** (1 / self.n_clusters)
        return value * alike, 1 - (1 - value) * alike

    def resample(self, right: NDArray, scale: int = 1) -> Floats | None:
        """Resampled group-averaged accuracy, shape (resamples,); None where there are too many clusters to cross."""
        if self.group_cluster is not None:
            return self._within(right) / scale
        if self._crosses_too_much:
            return None
        with np.errstate(invalid="ignore", divide="ignore"):
            if self._alike is not None:
                shares = self.resampler.weigh_crossed(self._crossed(right)) / (self._alike * len(self.groups))
            else:
                shares = mean_over_groups(self._totals(right) / self._group_sizes)
        return shares / scale

    def group_totals(self, values: NDArray) -> Floats | None:
        """Resampled weighted sums of `values` (shape (P,)) per group that has pairs, shape (resamples, G), or None."""
        return None if self._crosses_too_much else self._totals(values)

    def _totals(self, values: NDArray) -> Floats:
        totals = np.empty((self.resampler.resamples, len(self.groups)))
        for column, pairs in enumerate(self._slices):
            totals[:, column] = self.resampler.weigh_crossed(self._crossed(values, pairs))
        return totals

    def _crossed(self, values: NDArray, pairs: slice = slice(None)) -> Floats:
        """Sums of values (shape (P,)) of these pairs by the two clusters that they cross, shape (n_clusters, n_clusters)."""
        size = self.resampler.n_clusters
        return sums_by(self._crossing[pairs], values[pairs], size * size).reshape(size, size)

    @property
    def _crosses_too_much(self) -> bool:
        return self.resampler.n_clusters**2 * len(self.groups) > MAX_CROSSED

    @cached_property
    def _slices(self) -> list[slice]:
        """Where each group's pairs stand."""
        starts = np.searchsorted(self.pairs.group, self.groups)
        return [slice(int(start), int(end)) for start, end in zip(starts, np.append(starts[1:], len(self.pairs)), strict=True)]

    @cached_property
    def _alike(self) -> Floats | None:
        """Resampled pairs of any group, shape (resamples,), where the pairs of all groups cross the same clusters, as they do
        where every system has every item: the mean of the groups' shares is then a share of sums. None otherwise."""
        if len(self.groups) < 2:
            return None
        first, *others = (self._crossing[pairs] for pairs in self._slices)
        if any(not np.array_equal(first, other) for other in others):
            return None
        return self.resampler.weigh_crossed(self._crossed(np.ones(len(self.pairs)), self._slices[0]))

    @cached_property
    def untied_totals(self) -> Floats | None:
        """Resampled weighted numbers of pairs that people do not tie, per group that has pairs, shape (resamples, G), or None."""
        return self.group_totals(self.signs != 0)

    @cached_property
    def group_cluster(self) -> Ints | None:
        """The cluster of each group where every group lies inside one, shape (n_groups,); else None."""
        left, right = self.resampler.cluster[self.pairs.left], self.resampler.cluster[self.pairs.right]
        cluster = np.zeros(self.pairs.n_groups, dtype=np.int64)
        cluster[self.pairs.group] = left
        return cluster if np.array_equal(left, right) and np.array_equal(cluster[self.pairs.group], left) else None

    @cached_property
    def _crossing(self) -> Ints:
        cluster = self.resampler.cluster
        return cluster[self.pairs.left] * self.resampler.n_clusters + cluster[self.pairs.right]

    @cached_property
    def _group_sizes(self) -> Floats:
        return self._totals(np.ones(len(self.pairs)))

    @cached_property
    def _whole_weights(self) -> Ints | None:
        return integer_weights(self.pairs.sizes)

    @cached_property
    def _cluster_groups(self) -> Floats:
        """Groups with a pair in each cluster, shape (n_clusters,)."""
        assert self.group_cluster is not None
        return np.bincount(self.group_cluster[self.groups], minlength=self.resampler.n_clusters).astype(np.float64)

    def to_weigh(self, right: NDArray) -> list[Floats]:
        """What `resample` will have weighed, one sum per cluster each: for `Resampler.weigh_ahead`; none where groups cross."""
        if self.group_cluster is None or not len(self.pairs):
            return []
        return [self.cluster_sums(sums_in_groups(self.pairs, right))[0], self._cluster_groups]

    def _within(self, right: NDArray) -> Floats:
        """Every group lies in one cluster: a ratio of two weighted sums over clusters."""
        sums, multiple = self.cluster_sums(sums_in_groups(self.pairs, right))
        return self.mean_share(self.resampler.weigh(sums), multiple)

    def mean_share(self, totals: Floats, multiple: int) -> Floats:
        """Resampled totals of `cluster_sums` as means over groups, shape (resamples,)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return totals / self.resampler.weigh(self._cluster_groups) / multiple

    def cluster_sums(self, counts: Floats) -> tuple[Floats, int]:
        """(the sum over each cluster's groups of their share of right pairs, in whole numbers where they fit, what 1 is then).

        `counts`: right pairs of each group, shape (n_groups,), every group inside one cluster.
        """
        assert self.group_cluster is not None
        held = self.groups
        counts = counts[held]
        whole = self._whole_weights
        if whole is None:
            means, multiple = counts / self.pairs.sizes[held], 1
        else:
            means, multiple = counts * whole[held], int(whole[held[0]]) * int(self.pairs.sizes[held[0]])
        return sums_by(self.group_cluster[held], means, self.resampler.n_clusters), multiple


def mean_over_groups(values: Floats) -> Floats:
    """Mean of the finite values of each row, nan where there is none; (B, G) → (B,)."""
    finite = np.isfinite(values)
    counts = finite.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counts > 0, np.where(finite, values, 0.0).sum(axis=1) / counts, np.nan)


def restrict(pairs: Pairs, keep: Bools) -> Pairs:
    """The kept pairs; the same object where all are kept."""
    return pairs if bool(keep.all()) else pairs.where(keep)
