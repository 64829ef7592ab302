"""Bootstrap over clusters: the intervals of every statistic, with epsilon fixed at its full-sample value.

Counts stay whole numbers in float64, hence exact: intervals do not depend on threads or on the order of sums.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from harness.meta.pairs import Bools, Floats, Ints, sums_by

Values = TypeVar("Values", bound=NDArray)
_CELLS = 8_000_000  # cells of weights that are held as float64 at a time
_BLOCK = 64  # clusters that are crossed at a time with those before them
_WIDE = 32  # columns from which a product takes longer than to change the weights' precision


@dataclass(frozen=True)
class Resampler:
    """Resamples the clusters of some outputs: `cluster` codes per output in 0..n_clusters-1, `resamples` draws, a seed."""

    cluster: Ints
    n_clusters: int
    resamples: int
    level: float
    seed: int

    _weighed: dict[bytes, Floats] = field(default_factory=dict, init=False, repr=False, compare=False)
    _drawing: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def weights(self) -> NDArray[np.uint16]:
        """How often each cluster is drawn, shape (resamples, n_clusters); the same for every metric."""
        return in_chunks(lambda rows: self._draw(rows).astype(np.uint16), self.resamples, self.n_clusters)

    @cached_property
    def _few(self) -> Floats:
        return self.weights.astype(np.float64)

    def some_weights(self, rows: slice) -> Floats:
        """Rows of the weights as float64. Many weights are not held, but drawn again: ask for rows in order."""
        if self.resamples * self.n_clusters <= _CELLS:
            return self._few[rows]
        if "weights" in self.__dict__ or self.resamples * self.n_clusters <= 4 * _CELLS:  # in a quarter of the room
            return self.weights[rows].astype(np.float64)
        return self._draw(slice(*rows.indices(self.resamples)))

    def _draw(self, rows: slice) -> Floats:
        """Draws these rows, going on from where the last ones ended."""
        from harness.meta.pair_kernels import tally

        if self._drawing.get("row") != rows.start:
            self._drawing.update(row=0, rng=np.random.default_rng([self.seed, 1]))
        size = self.n_clusters
        drawn = np.zeros((rows.stop - rows.start, size))
        for row in range(self._drawing["row"], rows.stop):
            cells = self._drawing["rng"].integers(0, size, size)
            if row >= rows.start:
                tally(cells, drawn[row - rows.start])
        self._drawing["row"] = rows.stop
        return drawn

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

    def mean(self, values: Floats, cluster: Ints, defined: Bools | None = None) -> Floats:
        """Resampled mean of one value per group, shape (resamples,). `cluster`: of each group; `defined` leaves some out."""
        sums, counts = self.mean_sums(values, cluster, defined)
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.weigh(sums) / self.weigh(counts)

    def mean_sums(self, values: Floats, cluster: Ints, defined: Bools | None = None) -> tuple[Floats, Floats]:
        """What `mean` weighs: the values' sum and their number in each cluster, both of shape (n_clusters,)."""
        keep = np.ones(len(values), dtype=bool) if defined is None else defined
        counts = np.bincount(cluster[keep], minlength=self.n_clusters).astype(np.float64)
        return sums_by(cluster[keep], values[keep], self.n_clusters), counts

    def weigh(self, sums: Floats) -> Floats:
        """Resampled totals of one sum per cluster (shape (n_clusters,)), shape (resamples,)."""
        key = _digest(sums)
        if key not in self._weighed:
            self.weigh_ahead([sums])
        return self._weighed[key]

    def weigh_ahead(self, columns: Iterable[Floats]) -> None:
        """Weighs many sums in one pass over the resamples, since drawing them anew takes longer; `weigh` then has them."""
        new = {key: sums for sums in columns if (key := _digest(sums)) not in self._weighed}
        if not new:
            return
        whole = [key for key, sums in new.items() if _whole(sums)]
        others = [key for key in new if key not in set(whole)]
        stacked = np.stack([new[key] for key in whole], axis=1) if whole else np.zeros((self.n_clusters, 0))
        small, largest = stacked.astype(np.float32), float(np.abs(stacked).sum(axis=0).max(initial=0))

        def chunk(rows: slice) -> Floats:
            weights = self.some_weights(rows)
            exact = weights.max(initial=0) * largest < 2**24  # then half the precision holds every sum
            totals = (weights.astype(np.float32) @ small).astype(np.float64) if exact else weights @ stacked
            return np.column_stack([totals, *(product(weights, new[key]) for key in others)])

        totals = in_chunks(chunk, self.resamples, self.n_clusters)
        self._weighed.update(zip([*whole, *others], np.ascontiguousarray(totals.T), strict=True))

    def weigh_crossed(self, sums: Floats) -> Floats:
        """Resampled totals of one sum per pair of clusters (shape (n_clusters, n_clusters)), shape (resamples,).

        Inside one cluster (the diagonal) a sum weighs w_c, across two w_c · w_c', so that an output never meets its own copy.
        """
        within = np.diagonal(sums).copy()
        across = sums.copy()
        np.fill_diagonal(across, 0.0)
        if not _whole(sums):

            def fractions(rows: slice) -> Floats:
                weights = self.some_weights(rows)
                return product(weights, within) + np.einsum("bc,bc->b", product(weights, across), weights)

            return in_chunks(fractions, self.resamples, self.n_clusters)
        folded = np.triu(across + across.T)  # a pair of clusters weighs the same either way round
        largest = np.abs(folded).sum(axis=0).max(initial=0)
        halves = self._few_small if self._few_small is not None and self._few_small[1] * largest < 2**24 else None
        small = folded.astype(np.float32)

        def chunk(rows: slice) -> Floats:
            weights = self.some_weights(rows)
            found = weights @ within
            for start in range(0, len(folded), _BLOCK):  # what stays in a cache
                end = min(start + _BLOCK, len(folded))
                if halves is None:
                    totals = weights[:, :end] @ folded[:end, start:end]
                else:  # half the precision holds every sum
                    totals = (halves[0][rows, :end] @ small[:end, start:end]).astype(np.float64)
                found += np.einsum("bc,bc->b", totals, weights[:, start:end])
            return found

        return in_chunks(chunk, self.resamples, self.n_clusters)

    @cached_property
    def _few_small(self) -> tuple[NDArray[np.float32], float] | None:
        """The weights in half the precision and the largest of them, where they are few enough to be held."""
        if self.resamples * self.n_clusters > _CELLS:
            return None
        return self._few.astype(np.float32), float(self._few.max(initial=0))


def coins(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.int8]:
    """0 or 1, shape (rows, columns): what `rng.integers(0, 2, columns, dtype=np.int8)` gives row by row, in a third of the time.

    Those are the first bits of the bytes that a row takes from words of 32 random bits.
    """
    words = rng.integers(0, 1 << 32, (rows, -(-columns // 4)), dtype=np.uint32)
    return (words.astype("<u4", copy=False).view(np.uint8)[:, :columns] >> 7).view(np.int8)


def product(left: Floats, right: Floats) -> Floats:
    """left · right, by BLAS wherever its sums are exact; never depends on the number of threads.

    `left`: whole numbers below 65,536 (of either sign), shape (B, C); `right`: shape (C,) or (C, M). Fractions are split into two
    whole numbers, high and low digits, whose sums are exact, too: what is rounded is the result.
    """
    if _whole(right):
        if right.ndim == 2 and right.shape[1] >= _WIDE and left.max(initial=0) * np.abs(right).sum(axis=0).max() < 2**24:
            return (left.astype(np.float32) @ right.astype(np.float32)).astype(np.float64)  # exact in half the time
        return left @ right
    if right.ndim == 1:
        return np.einsum("bc,c->b", left, right)
    largest = np.abs(right).max(initial=0.0)
    room = 2.0**53 / (max(left.max(initial=0), -left.min(initial=0)) * len(right) + 1)
    if room < 2**20 or not 1e-200 < largest < 1e200:  # infinite, not a number, or digits that would not fit
        return np.einsum("bc,cm->bm", left, right)
    first, second = 2.0 ** np.floor(np.log2(room / largest)), 2.0 ** np.floor(np.log2(room))
    scaled = right * first
    high = np.rint(scaled)
    both = left @ np.concatenate([high, np.rint((scaled - high) * second)], axis=1)
    return (both[:, : right.shape[1]] + both[:, right.shape[1] :] / second) / first


def in_chunks(function: Callable[[slice], Values], rows: int, columns: int) -> Values:
    """`function` applied to slices of 0..rows that keep rows × columns near eight million cells, joined."""
    step = max(1, _CELLS // max(columns, 1))
    if step >= rows:
        return function(slice(0, rows))
    parts = [function(slice(start, min(start + step, rows))) for start in range(0, rows, step)]
    return cast(Values, np.concatenate(parts))


def _whole(sums: Floats) -> bool:
    """Whole numbers, and few enough that their products with weights below 65,536 are exact."""
    return bool(np.abs(sums).sum() < 2**36) and np.array_equal(sums, np.rint(sums))


def _digest(sums: Floats) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(sums, dtype=np.float64).tobytes(), digest_size=16).digest()
