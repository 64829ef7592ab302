"""Tie calibration without making pairs: the best epsilon exactly, or one with a proven bound on what a better one could add.

Let F(ε) be the number of right pairs (each weighted by 1/size of its group), T(a, b] those among the pairs with a gap in (a, b]
that people tie, C(a, b] the concordant ones. Going from ε = a to ε = x, a tied pair becomes right and a concordant one wrong:

    F(x) = F(a) + T(a, x] - C(a, x] = F(b) - T(x, b] + C(x, b]     for a ≤ x ≤ b, hence
    F(x) ≤ min(F(a) + T(a, b], F(b) + C(a, b])

F, T and C at a and b come from one pass over the sorted outputs each, in whole numbers. So no epsilon between a and b is worth
a look where that bound does not exceed the best F found. What is left is halved; where few pairs are left between a and b, they
are made and sorted. This is branch and bound (Land and Doig, Econometrica 28, 1960); it ends, as between a and b lie finitely
many gaps, and each half has fewer. Stopped early, the largest bound left, less the best F, bounds the error.
"""

import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from harness.meta.pairs import Floats, Ints
from harness.meta.ungrouped import Sorted
from harness.meta.ungrouped_profile import Profile

_MADE = 1 << 13  # pairs between two epsilons that are made rather than halved: 1,000 to 30,000 take about as long
_SAMPLED = 1 << 13  # gaps that say where halves lie; they change no result


@dataclass(frozen=True)
class Found:
    """The best epsilon found, its accuracy, and how much higher that of any other epsilon can be at most (0: it is the best)."""

    epsilon: float
    accuracy: float
    bound: float


@dataclass(frozen=True)
class _Point:
    """Weighted counts at an epsilon: right pairs; tied by people with a gap of at most epsilon; concordant with a larger one.

    `pairs`: unweighted ones with a gap of at most epsilon; `before`, `after`: the largest gap of those, the smallest larger one.
    """

    epsilon: float
    right: int
    tied: int
    concordant: int
    pairs: int
    before: float
    after: float


@dataclass(order=True)
class _Cell:
    """Epsilons from the smallest gap above `left` to the largest at `right`; `upper` bounds F there. The most promising first."""

    sort_by: tuple[int, float]
    upper: int = field(compare=False)
    left: _Point = field(compare=False)
    right: _Point = field(compare=False)


def calibrate_sorted(
    data: Sorted,
    tolerance: float = 0.0,
    most: int | None = None,
    profile: tuple[Profile, int] | None = None,
    near: Iterable[float] = (),
) -> Found | None:
    """The smallest epsilon that maximises group-averaged accuracy on these outputs; None without a pair.

    `tolerance`: accuracy that a better epsilon may add; with 0 the result is the smallest of the best, by whole numbers. `most`:
    passes over the outputs after which the bound is taken as it is; `profile`: bounds known beforehand, and the row there;
    `near`: epsilons to look at first.
    """
    search = _Search(data)
    return search.run(tolerance, most, profile, near) if search.whole else None


class _Search:
    """Branch and bound over the epsilons of one metric on one set of outputs."""

    def __init__(self, data: Sorted) -> None:
        self.data = data
        sizes, self.size_of = np.unique(data.pairs, return_inverse=True)
        multiple = math.lcm(*(int(size) for size in sizes[sizes > 0]))
        self.weights = [multiple // int(size) if size else 0 for size in sizes]
        self.whole = multiple * int((data.pairs > 0).sum())
        self.best, self.epsilon, self.passes = -1, 0.0, 0
        self.cells: list[_Cell] = []

    def run(self, tolerance: float, most: int | None, profile: tuple[Profile, int] | None, near: Iterable[float]) -> Found:
        ties, largest = self.weigh(self.data.count(np.inf)[0][:, 1]), self._largest_gap()
        end = _Point(np.inf, ties, ties, 0, int(self.data.pairs.sum()), largest, np.inf)
        self.offer(end.right, end.before)
        points = {0.0: self.at(0.0), np.inf: end}
        if profile is not None and points[0.0].after < largest:
            bounds, row = profile
            self.passing(points, [*near, bounds.peak(row)])
            self.passing(points, bounds.around(row, self.best / self.whole + tolerance))
        ends = [points[epsilon] for epsilon in sorted(points)]
        for left, right in pairwise(ends):
            self.push(left, right, profile)
        hints = self._sample_gaps() if self.cells else None
        allowed = int(tolerance * self.whole)
        while self.cells and (self.cells[0].upper > self.best + allowed or self._smaller_one_left(allowed)):
            if most is not None and self.passes >= most:
                break
            cell = heapq.heappop(self.cells)
            if cell.right.pairs - cell.left.pairs <= _MADE:
                self.make(cell)
            else:
                middle = self.at(_middle(hints, cell.left.after, cell.right.before))
                self.push(cell.left, middle, profile)
                self.push(middle, cell.right, profile)
        left_over = max((cell.upper for cell in self.cells), default=self.best)
        return Found(self.epsilon, self.best / self.whole, max(0, left_over - self.best) / self.whole)

    def passing(self, points: dict[float, _Point], epsilons: Iterable[float]) -> None:
        points.update({epsilon: self.at(epsilon) for epsilon in epsilons if epsilon not in points})

    def _smaller_one_left(self, allowed: int) -> bool:
        """Exact search only: drops cells of larger epsilons that can at most be as good, and says if a smaller one remains."""
        while self.cells and allowed == 0 and self.cells[0].upper == self.best:
            if self.cells[0].left.after < self.epsilon:
                return True
            heapq.heappop(self.cells)
        return False

    def at(self, epsilon: float) -> _Point:
        counts, near = self.data.count(epsilon)
        self.passes += 1
        tied, concordant = self.weigh(counts[:, 1]), self.weigh(counts[:, 2])
        before, after = float(near[:, 0].max()), float(near[:, 1].min())
        point = _Point(epsilon, tied + concordant, tied, concordant, int(counts[:, 0].sum()), before, after)
        self.offer(point.right, point.before)
        return point

    def offer(self, right: int, epsilon: float) -> None:
        if right > self.best or (right == self.best and epsilon < self.epsilon):
            self.best, self.epsilon = right, epsilon

    def push(self, left: _Point, right: _Point, profile: tuple[Profile, int] | None) -> None:
        if left.after >= right.before:  # one gap at most: its F is known
            return
        upper = min(left.right + right.tied - left.tied, right.right + left.concordant - right.concordant)
        if profile is not None:
            upper = min(upper, math.ceil(profile[0].highest(profile[1], left.after, right.before) * self.whole))
        if upper >= self.best:
            heapq.heappush(self.cells, _Cell((-upper, left.after), upper, left, right))

    def make(self, cell: _Cell) -> None:
        gap, gain, segment = self.data.between(cell.left.epsilon, cell.right.before, _MADE)
        size = self.size_of[segment]
        order = np.argsort(gap, kind="stable")
        gap = gap[order]
        last = np.flatnonzero(np.append(gap[1:] != gap[:-1], True)) if len(gap) else np.zeros(0, dtype=np.int64)
        if max(self.weights) < 1 << 44:  # times at most 2^13 pairs
            weights: Any = np.array(self.weights)
        else:
            weights = np.array(self.weights, dtype=object)
        totals = np.cumsum((gain * weights[size])[order])[last]
        if len(totals):
            at = int(np.argmax(totals))
            self.offer(cell.left.right + int(totals[at]), float(gap[last[at]]))

    def weigh(self, counts: Ints) -> int:
        by_size = np.bincount(self.size_of, weights=counts, minlength=len(self.weights))  # below 2^53, hence exact
        return sum(weight * int(count) for weight, count in zip(self.weights, by_size, strict=True))

    def _largest_gap(self) -> float:
        starts, metric = self.data.starts, self.data.metric
        held = np.flatnonzero(self.data.pairs)
        gaps = metric[starts[held + 1] - 1] - metric[starts[held]]
        tolerance = self.data.people.gap_tolerance
        return float((np.rint(gaps / tolerance) * tolerance if tolerance else gaps).max())

    def _sample_gaps(self) -> Floats:
        """Some gaps, ascending."""
        rng = np.random.default_rng(0)
        pairs = self.data.pairs
        segment = rng.choice(len(pairs), _SAMPLED, p=pairs / pairs.sum())
        starts, sizes = self.data.starts[segment], np.diff(self.data.starts)[segment]
        one, two = (starts + (rng.random(_SAMPLED) * sizes).astype(np.int64) for _ in range(2))
        return np.sort(np.abs(self.data.metric[one] - self.data.metric[two]))


def _middle(hints: Floats | None, first: float, last: float) -> float:
    """An epsilon in [first, last) with about half of the pairs between on either side."""
    if hints is not None:
        low, high = np.searchsorted(hints, [first, last])
        if low < high:
            return float(hints[(low + high) // 2])
    middle = first + (last - first) / 2
    return middle if middle < last else first
