"""Pairs of outputs inside groups, and what is right about each pair: the ground under every pairwise statistic.

A pair is right when people and metric order it alike, or both tie it (acc_eq of Deutsch, Foster and Freitag, EMNLP 2023,
"Ties Matter", §3). A metric ties a pair whose gap is at most epsilon.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
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

    def where(self, keep: Bools) -> "Pairs":
        """The pairs that `keep` (shape (P,)) marks; groups left without a pair stay, with size 0."""
        return Pairs(self.left[keep], self.right[keep], self.group[keep], self.n_groups)


def count_pairs(groups: Ints) -> int:
    """Number of pairs within groups, without making them. `groups`: a non-negative code per output."""
    sizes = np.bincount(groups).astype(object) if len(groups) else np.zeros(0, dtype=object)
    return int(sum(size * (size - 1) // 2 for size in sizes))


def make_pairs(groups: Ints, max_pairs: int) -> Pairs:
    """All pairs of outputs that share a group code; groups without a pair drop out.

    `groups`: a non-negative code per output, shape (N,). Raises HarnessError when there are more than `max_pairs`.
    """
    total = count_pairs(groups)
    if total > max_pairs:
        raise HarnessError(f"{total:,} pairs are more than max_pairs ({max_pairs:,}); use the item grouping or raise max_pairs")
    order = np.argsort(groups, kind="stable")
    _, starts, sizes = np.unique(groups[order], return_index=True, return_counts=True)
    keep = sizes > 1
    starts, sizes = starts[keep], sizes[keep]
    left, right, group = [], [], []
    for size in np.unique(sizes):
        members = np.flatnonzero(sizes == size)
        first, second = np.triu_indices(size, 1)
        left.append((starts[members, None] + first).ravel())
        right.append((starts[members, None] + second).ravel())
        group.append(np.repeat(members, len(first)))
    if not left:
        empty = np.zeros(0, dtype=np.int64)
        return Pairs(empty, empty, empty, 0)
    by_group = np.argsort(np.concatenate(group), kind="stable")
    return Pairs(
        order[np.concatenate(left)[by_group]].astype(np.int64),
        order[np.concatenate(right)[by_group]].astype(np.int64),
        np.concatenate(group)[by_group].astype(np.int64),
        len(sizes),
    )


def sums_by(codes: Ints, values: NDArray, size: int) -> Floats:
    """Σ values per code 0..size-1, shape (size,)."""
    return np.bincount(codes, weights=values, minlength=size).astype(np.float64, copy=False)


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
    return np.sign(snap(human[pairs.left] - human[pairs.right], tolerance)).astype(np.int8)


def order_pairs(pairs: Pairs, signs: Signs, metric: Floats, tolerance: float = 0.0) -> Ordered:
    """The metric's gaps and agreement on each pair. `signs` from `human_signs`; `metric`: one finite number per output."""
    difference = snap(metric[pairs.left] - metric[pairs.right], tolerance)
    return Ordered(np.abs(difference), signs == 0, np.sign(difference) * signs > 0)


def group_means(pairs: Pairs, right: NDArray) -> Floats:
    """Share of right pairs per group that has pairs, in group order. `right`: bools or weights, shape (P,)."""
    held = pairs.sizes > 0
    return sums_by(pairs.group, right, pairs.n_groups)[held] / pairs.sizes[held]


def accuracy(pairs: Pairs, right: NDArray) -> float | None:
    """Right pairs, averaged per group and then over groups (acc_eq); None without a pair."""
    return float(group_means(pairs, right).mean()) if len(pairs) else None
