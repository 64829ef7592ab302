"""Bootstrap over clusters: the intervals of every statistic, with epsilon fixed at its full-sample value.

Inside one cluster a pair weighs w_c, across two clusters w_c · w_c', so that an output never meets its own copy.
Counts stay whole numbers in float64, hence exact: intervals do not depend on threads or on the order of sums.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.meta.calibration import integer_weights
from harness.meta.pairs import Bools, Floats, Ints, Pairs

MAX_CELLS = 60_000_000  # cells of the group × cluster × cluster counts: about half a gigabyte


@dataclass(frozen=True)
class Resampler:
    """Resamples the clusters of some outputs: `cluster` codes per output in 0..n_clusters-1, `resamples` draws, a seed."""

    cluster: Ints
    n_clusters: int
    resamples: int
    level: float
    seed: int

    @cached_property
    def weights(self) -> NDArray[np.uint16]:
        """How often each cluster is drawn, shape (resamples, n_clusters); the same for every metric."""
        rng = np.random.default_rng([self.seed, 1])
        size = self.n_clusters
        return np.stack([np.bincount(rng.integers(0, size, size), minlength=size) for _ in range(self.resamples)]).astype(
            np.uint16
        )

    def interval(self, values: Floats) -> tuple[float | None, float | None]:
        """Percentile interval of resampled values, undefined ones left out; (None, None) if over half are undefined."""
        if self.n_clusters < 2:
            return None, None
        defined = values[np.isfinite(values)]
        if len(defined) * 2 < len(values) or not len(defined):
            return None, None
        tail = (1 - self.level) / 2
        low, high = np.quantile(defined, [tail, 1 - tail])
        return float(low), float(high)

    def accuracy(self, pairs: Pairs, right: NDArray, scale: int = 1) -> Floats | None:
        """Resampled group-averaged accuracy, shape (resamples,); None where clusters are too many to cross.

        `right`: whole numbers 0..scale per pair, shape (P,), right in that many of `scale` draws.
        """
        left_cluster, right_cluster = self.cluster[pairs.left], self.cluster[pairs.right]
        if np.array_equal(left_cluster, right_cluster):
            return self._within(pairs, right, left_cluster) / scale
        ratios = self.group_ratios(pairs, right, np.ones(len(pairs)))
        if ratios is None:
            return None
        with np.errstate(invalid="ignore"):
            return _nanmean(ratios) / scale

    def group_ratios(self, pairs: Pairs, above: NDArray, below: NDArray) -> Floats | None:
        """Σ weight·above / Σ weight·below per group that has pairs, shape (resamples, G); None where there are too many cells."""
        held = np.flatnonzero(pairs.sizes)
        sums = self.group_sums(pairs, np.stack([above, below]), held)
        if sums is None:
            return None
        with np.errstate(invalid="ignore", divide="ignore"):
            return sums[0] / sums[1]

    def group_sums(self, pairs: Pairs, values: NDArray, groups: Ints) -> Floats | None:
        """Resampled weighted sums of `values` (shape (V, P)) per group, shape (V, resamples, len(groups)), or None."""
        size = self.n_clusters
        if size * size > MAX_CELLS:
            return None
        left_cluster, right_cluster = self.cluster[pairs.left], self.cluster[pairs.right]
        result = np.empty((len(values), self.resamples, len(groups)))
        weights = self.weights.astype(np.float64)
        for column, group in enumerate(groups):
            start, stop = np.searchsorted(pairs.group, [group, group + 1])
            here = slice(int(start), int(stop))
            same = left_cluster[here] == right_cluster[here]
            cells = left_cluster[here] * size + right_cluster[here]
            for row, value in enumerate(values):
                part = value[here].astype(np.float64)
                within = np.bincount(left_cluster[here][same], weights=part[same], minlength=size)
                across = np.bincount(cells[~same], weights=part[~same], minlength=size * size).reshape(size, size)
                result[row, :, column] = product(weights, within) + np.einsum("bc,bc->b", product(weights, across), weights)
        return result

    def mean(self, values: Floats, cluster: Ints, defined: Bools | None = None) -> Floats:
        """Resampled mean of one value per group, shape (resamples,). `cluster`: of each group; `defined` leaves some out."""
        keep = np.ones(len(values), dtype=bool) if defined is None else defined
        sums = np.bincount(cluster[keep], weights=values[keep], minlength=self.n_clusters)
        counts = np.bincount(cluster[keep], minlength=self.n_clusters).astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            return self._weigh(sums) / self._weigh(counts)

    def _within(self, pairs: Pairs, right: NDArray, pair_cluster: Ints) -> Floats:
        """Every group lies in one cluster: a ratio of two weighted sums over clusters."""
        held = np.flatnonzero(pairs.sizes)
        group_cluster = np.zeros(pairs.n_groups, dtype=np.int64)
        group_cluster[pairs.group] = pair_cluster
        counts = np.bincount(pairs.group, weights=right, minlength=pairs.n_groups)
        whole = integer_weights(pairs.sizes)
        if whole is None:
            return self.mean(counts[held] / pairs.sizes[held], group_cluster[held])
        multiple = int(whole[held[0]]) * int(pairs.sizes[held[0]])
        return self.mean(counts[held] * whole[held], group_cluster[held]) / multiple

    def _weigh(self, sums: Floats) -> Floats:
        """weights · sums without a threaded dot product, so that the last bit never depends on the machine's threads."""
        return in_chunks(lambda rows: product(self.weights[rows].astype(np.float64), sums), self.resamples, len(sums))


def product(left: Floats, right: Floats) -> Floats:
    """left · right: by BLAS where whole numbers make it exact, else in a fixed order; never depends on the number of threads."""
    exact = np.array_equal(right, np.rint(right)) and np.abs(right).sum() * max(float(np.abs(left).max(initial=0)), 1.0) < 2**53
    if exact:
        return left @ right
    return np.einsum("bc,c->b", left, right) if right.ndim == 1 else np.einsum("bc,cm->bm", left, right)


def in_chunks(function: Callable[[slice], Floats], rows: int, columns: int) -> Floats:
    """`function` applied to slices of 0..rows that keep rows × columns near eight million cells, joined."""
    step = max(1, 8_000_000 // max(columns, 1))
    return np.concatenate([function(slice(start, min(start + step, rows))) for start in range(0, rows, step)])


def _nanmean(ratios: Floats) -> Floats:
    counts = np.isfinite(ratios).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counts > 0, np.nansum(ratios, axis=1) / counts, np.nan)
