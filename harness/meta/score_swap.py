"""The paired permutation test that swaps two metrics' scores output by output and calibrates both in each draw."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.meta.calibration import integer_weights
from harness.meta.pairs import Bools, Floats, Ints, Pairs, Signs
from harness.meta.resampling import coins

BLOCKS = 1 << 12  # ranks are summed in about as many blocks, whose ends bound a draw; few draws need more than the bounds
_UNIT = 2.0**-36  # gaps of z-scores are counted in these
_NEAR = 69  # units, 1e-9: one difference of whole numbers has many floats as z-scores, and epsilon must not fall between them
_SLACK = 1e-12  # sums that differ by rounding alone count as equal
_DOUBT = 1e-9  # bounds that are as near to what decides are no answer
_CELLS = 4_000_000  # swaps that are held at a time
_A_CORE = 2_000_000  # pairs in draws from which a further core is worth its thread


def score_swap(pairs: Pairs, signs: Signs, first: Floats, second: Floats, draws: int, seed: int) -> float:
    """p when the two metrics' z-scored values are swapped per output and epsilon is calibrated in each draw.

    WMT's PERM-BOTH (Deutsch, Dror, Roth, TACL 2021, "A Statistical Analysis of Summarization Evaluation Metrics") with z-scores.
    `first`, `second`: finite scores per output, shape (N,).
    """
    swaps = Swaps.of(pairs, signs, _z(first), _z(second))
    observed = abs(swaps.differences(np.zeros((1, len(first)), dtype=np.int8))[0])
    rng = np.random.default_rng([seed, 3])
    extreme = 0
    step = max(1, _CELLS // max(len(first), 1))
    for start in range(0, draws, step):
        extreme += int(swaps.reach(coins(rng, min(step, draws - start), len(first)), observed).sum())
    return (1 + extreme) / (1 + draws)


@dataclass(frozen=True)
class Swaps:
    """Everything that a swap leaves as it is: the four gaps that each pair can have, ranked once for all draws.

    A gap depends on which metric gave the left and the right score: 0 both the first, 1 the right one the second, 2 the left
    one, 3 both. `rank`, `way`: (P, 4), place of the gap among all (0: no gap), and whether a tie gains a right pair (1), loses
    one (-1) or neither; `weight`: of each pair, (P,); `ranks`: how many places there are; `scale`: what a mean of 1 is in
    these weights.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    rank: NDArray[np.int32]
    way: NDArray[np.int8]
    weight: NDArray
    ranks: int
    scale: float

    @classmethod
    def of(cls, pairs: Pairs, signs: Signs, first: Floats, second: Floats) -> "Swaps":
        """The swaps of two metrics on comparable scales. `first`, `second`: finite scores per output, shape (N,)."""
        gaps, concordant = _four(pairs, signs, first, second)
        rank = _ranks(gaps.ravel())
        sizes = pairs.sizes
        whole = integer_weights(sizes)
        weight = np.divide(1.0, sizes, out=np.zeros(len(sizes)), where=sizes > 0) if whole is None else whole
        scale = float((weight * sizes).max(initial=0)) * np.count_nonzero(sizes)
        if whole is not None and scale < 2**31:
            weight = whole.astype(np.int32)
        way = (signs == 0).view(np.int8)[:, None] - concordant.view(np.int8)
        left, right = pairs.left.astype(np.int32), pairs.right.astype(np.int32)
        return cls(left, right, rank.reshape(gaps.shape), way, weight[pairs.group], int(rank.max(initial=0)) + 1, scale)

    def differences(self, swap: NDArray[np.int8]) -> Floats:
        """Accuracy of the first minus the second, each at its own best epsilon, in each draw; (draws, N) 0 or 1 → (draws,)."""
        low, _ = self._sums(swap, self._exact, self.ranks)
        return (low[:, 0] - low[:, 1]) / self.scale if self.scale else np.zeros(len(swap))

    def reach(self, swap: NDArray[np.int8], size: float) -> Bools:
        """Whether a draw's difference, whichever its sign, is at least `size` (but for rounding); (draws, N) → (draws,).

        Most draws' bounds tell: the best epsilon is one at the end of a block of gaps, or at most so much better inside one.
        """
        where, blocks = self._blocks
        low, high = self._sums(swap, where, blocks)
        if blocks == self.ranks:
            high = low
        least, most = (low[:, 0] - high[:, 1]) / (self.scale or 1.0), (high[:, 0] - low[:, 1]) / (self.scale or 1.0)
        reached = np.maximum(least, -most) >= size + _DOUBT
        unknown = ~reached & (np.maximum(-least, most) > size - _DOUBT)
        if unknown.any():
            reached[unknown] = np.abs(self.differences(swap[unknown])) >= size - _SLACK
        return reached

    def _sums(self, swap: NDArray[np.int8], where: NDArray, blocks: int) -> tuple[Floats, Floats]:
        """As `swapped_sums` fills them. Draws are shared by the processor's cores; how many there are changes nothing."""
        from harness.meta.kernels import swapped_sums

        least, most = np.zeros((2, len(swap), 2))
        cores = min(os.cpu_count() or 1, 1 + len(swap) * len(self.left) // _A_CORE)
        parts = [part for part in np.array_split(np.arange(len(swap)), cores) if len(part)]

        def work(part: Ints) -> None:
            room, rows = np.zeros((2, 2 * blocks + 1), dtype=self.weight.dtype), slice(part[0], part[-1] + 1)
            swapped_sums(swap[rows], self.left, self.right, where, self.weight, room, least[rows], most[rows])

        if len(parts) == 1:
            work(parts[0])
        else:
            with ThreadPoolExecutor(len(parts)) as pool:
                list(pool.map(work, parts))
        return least, most

    @cached_property
    def _blocks(self) -> tuple[NDArray[np.int32], int]:
        """Where a gap is summed and how many blocks there are; that of no gap is a block of its own."""
        shift = max((self.ranks - 2) // BLOCKS, 0).bit_length()
        if shift == 0:
            return self._exact, self.ranks
        blocks = ((self.ranks - 2) >> shift) + 2
        return self._where((self.rank + ((1 << shift) - 1)) >> shift, blocks), blocks

    @cached_property
    def _exact(self) -> NDArray[np.int32]:
        return self._where(self.rank, self.ranks)

    def _where(self, block: NDArray[np.int32], blocks: int) -> NDArray[np.int32]:
        return np.where(self.way == 0, np.int32(2 * blocks), 2 * block + (self.way > 0))


def _four(pairs: Pairs, signs: Signs, first: Floats, second: Floats) -> tuple[NDArray[np.int64], Bools]:
    """(gaps in units, concordant), both (P, 4): as the left and right scores come from the first or the second."""
    scores = (first, second)
    gaps, concordant = np.empty((len(pairs), 4), dtype=np.int64), np.empty((len(pairs), 4), dtype=bool)
    for state in range(4):
        difference = scores[state >> 1][pairs.left] - scores[state & 1][pairs.right]
        gaps[:, state] = np.rint(np.abs(difference) / _UNIT)
        concordant[:, state] = (gaps[:, state] > _NEAR) & (difference * signs > 0)
    return gaps, concordant


def _ranks(gaps: NDArray[np.int64]) -> NDArray[np.int32]:
    """The place of each gap among all, those that are near each other in one, 0 being that of no gap; shape as `gaps`, (K,)."""
    from harness.meta.kernels import rank_keys

    rank = np.empty(len(gaps), dtype=np.int32)
    digits = -(-int(gaps.max(initial=0)).bit_length() // 11)
    rank_keys(gaps.copy(), np.empty_like(gaps), np.empty_like(rank), np.empty_like(rank), digits, _NEAR, rank)
    return rank


def _z(values: Floats) -> Floats:
    spread = values.std()
    return (values - values.mean()) / spread if spread > 0 else np.zeros_like(values)
