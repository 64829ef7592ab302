"""Pairs of outputs inside groups, and what is right about each pair: the ground under every pairwise statistic.

A pair is right when people and metric order it alike, or both tie it (acc_eq of Deutsch, Foster and Freitag, EMNLP 2023,
"Ties Matter", §3). A metric ties a pair whose gap is at most epsilon.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError

Floats = NDArray[np.float64]
Ints = NDArray[np.signedinteger[Any]]  # 32 bits for pairs: numbers of outputs fit
Signs = NDArray[np.int8]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Pairs:
    """P pairs of outputs: `left` and `right` index outputs, `group` lies in 0..n_groups-1; all have shape (P,)."""

    left: Ints
    right: Ints
    group: Ints
    n_groups: int

    def __len__(self) -> int:
        return len(self.left)

    @cached_property
    def sizes(self) -> Ints:
        """Pairs per group, shape (n_groups,)."""
        return np.bincount(self.group, minlength=self.n_groups)

    @cached_property
    def held(self) -> Ints:
        """Groups that have a pair, ascending."""
        return np.flatnonzero(self.sizes)

    @cached_property
    def starts(self) -> Ints | None:
        """Where the pairs of each group in `held` begin; None where pairs do not stand group by group."""
        if (self.group[1:] < self.group[:-1]).any():
            return None
        return np.cumsum(self.sizes[self.held]) - self.sizes[self.held]

    def where(self, keep: Bools) -> "Pairs":
        """The pairs that `keep` (shape (P,)) marks; groups left without a pair stay, with size 0."""
        return Pairs(self.left[keep], self.right[keep], self.group[keep], self.n_groups)

    def compact(self) -> "Pairs":
        """The same pairs in integers of 32 bits, which is all that numbers of outputs need."""
        if self.left.dtype == np.int32:
            return self
        left, right, group = (side.astype(np.int32) for side in (self.left, self.right, self.group))
        return Pairs(left, right, group, self.n_groups)


def count_pairs(groups: Ints) -> int:
    """Number of pairs within groups, without making them. `groups`: a non-negative code per output."""
    sizes = np.bincount(groups)
    return int((sizes * (sizes - 1) // 2).sum())


def make_pairs(groups: Ints, max_pairs: int) -> Pairs:
    """All pairs of outputs that share a group code; groups without a pair drop out.

    `groups`: a non-negative code per output, shape (N,). Raises HarnessError when there are more than `max_pairs`.
    """
    total = count_pairs(groups)
    if total > max_pairs:
        raise HarnessError(f"{total:,} pairs are more than max_pairs ({max_pairs:,}); use the item grouping or raise max_pairs")
    from harness.meta.pair_kernels import fill_pairs

    order = np.argsort(groups, kind="stable").astype(np.int32)
    _, starts, sizes = np.unique(groups[order], return_index=True, return_counts=True)
    starts, sizes = starts[sizes > 1], sizes[sizes > 1]
    left, right, group = (np.empty(total, dtype=np.int32) for _ in range(3))
    fill_pairs(order, starts, sizes, left, right, group)
    return Pairs(left, right, group, len(sizes))


def distinct(codes: Ints) -> int:
    """How many different codes (whole numbers from 0 on) there are."""
    return int(np.count_nonzero(np.bincount(codes)))


def sums_by(codes: Ints, values: NDArray, size: int) -> Floats:
    """Σ values per code 0..size-1, shape (size,)."""
    return np.bincount(codes, weights=values, minlength=size).astype(np.float64, copy=False)


def sums_in_groups(pairs: Pairs, values: NDArray) -> Floats:
    """Σ values (shape (P,)) per group, shape (n_groups,)."""
    if values.dtype.kind not in "bi" or pairs.starts is None or not len(pairs):
        return sums_by(pairs.group, values, pairs.n_groups)
    small = values.view(np.int8) if values.dtype.kind == "b" else values
    whole = np.int32 if small.dtype == np.int8 else np.int64  # 2^31 / 127 pairs of a group would take terabytes
    sums = np.zeros(pairs.n_groups)
    sums[pairs.held] = np.add.reduceat(small, pairs.starts, dtype=whole)
    return sums


def snap(gaps: Floats, tolerance: float) -> Floats:
    """Gaps rounded to multiples of `tolerance`, so that 0.3 - 0.2 and 0.2 - 0.1 are one gap; 0 leaves them as they are."""
    return gaps if tolerance == 0 else np.rint(gaps / tolerance) * tolerance


@dataclass(frozen=True)
class Ordered:
    """A metric beside people on P pairs: `gap` ≥ 0, `human_tie`, and `concordant` (both order the pair, and alike)."""

    gap: Floats
    human_tie: Bools
    concordant: Bools

    @property
    def gain(self) -> Signs:
        """What a metric tie adds to the number of right pairs: 1 where people tie, -1 where concordant, else 0; shape (P,)."""
        return self.human_tie.astype(np.int8) - self.concordant.astype(np.int8)

    @cached_property
    def by_gap(self) -> tuple[Ints, Ints, Floats]:
        """(order of the pairs by gap, where each distinct gap ends in that order, the distinct gaps ascending)."""
        order = np.argsort(self.gap)
        gaps = self.gap[order]
        last = np.flatnonzero(np.append(gaps[1:] != gaps[:-1], True))
        return order, last, gaps[last]

    def right(self, epsilon: float | Floats) -> Bools:
        """Which pairs are right at `epsilon` (one number, or one a pair), shape (P,)."""
        return np.where(self.gap <= epsilon, self.human_tie, self.concordant)


def human_signs(pairs: Pairs, human: Floats, tolerance: float = 0.0) -> Signs:
    """How people order each pair: 1 left is better, -1 right is, 0 a tie; shape (P,). `human`: one number per output."""
    from harness.meta.pair_kernels import fill_signs

    signs = np.empty(len(pairs), dtype=np.int8)
    fill_signs(*_small(pairs), human.astype(np.float64, copy=False), tolerance, signs)
    return signs


def order_pairs(pairs: Pairs, signs: Signs, metric: Floats, tolerance: float = 0.0) -> Ordered:
    """The metric's gaps and agreement on each pair. `signs` from `human_signs`; `metric`: one finite number per output."""
    from harness.meta.pair_kernels import fill_order

    gap, concordant = np.empty(len(pairs)), np.empty(len(pairs), dtype=bool)
    fill_order(*_small(pairs), metric.astype(np.float64, copy=False), signs, tolerance, gap, concordant)
    return Ordered(gap, signs == 0, concordant)


def _small(pairs: Pairs) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Both sides in the one type that loops are compiled for."""
    return pairs.left.astype(np.int32, copy=False), pairs.right.astype(np.int32, copy=False)


def group_means(pairs: Pairs, right: NDArray) -> Floats:
    """Share of right pairs per group that has pairs, in group order. `right`: bools or weights, shape (P,)."""
    held = pairs.sizes > 0
    return sums_in_groups(pairs, right)[held] / pairs.sizes[held]


def accuracy(pairs: Pairs, right: NDArray) -> float | None:
    """Right pairs, averaged per group and then over groups (acc_eq); None without a pair."""
    return float(group_means(pairs, right).mean()) if len(pairs) else None
