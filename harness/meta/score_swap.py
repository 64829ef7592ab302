"""The paired permutation test that swaps two metrics' scores output by output and calibrates both in each draw."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.meta.calibration import integer_weights
from harness.meta.pairs import Bools, Floats, Ints, Pairs, Signs

SHIFT = 6  # 2^6 ranks are a block, whose gains are also summed together, so that most ranks are never looked at
_NOISE = 1e-9  # z-scores of whole numbers: one difference has many floats, and epsilon must not fall between them
_SLACK = 1e-12  # sums that differ by rounding alone count as equal
_CELLS = 4_000_000  # swaps that are held at a time


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
        swap = np.stack([rng.integers(0, 2, len(first), dtype=np.int8) for _ in range(min(step, draws - start))])
        extreme += int((np.abs(swaps.differences(swap)) >= observed - _SLACK).sum())
    return (1 + extreme) / (1 + draws)


@dataclass(frozen=True)
class Swaps:
    """Everything that a swap leaves as it is: the four gaps that each pair can have, ranked once for all draws.

    A gap depends on which metric gave the left and the right score: 0 both the first, 1 the right one the second, 2 the left
    one, 3 both. `rank`, `gain`: (P, 4), place of the gap among all (0: no gap), and what a tie then adds to the number of right
    pairs, weighted; `ranks`: how many places there are; `scale`: what a mean of 1 is in these weights.
    """

    left: Ints
    right: Ints
    rank: NDArray[np.int32]
    gain: NDArray
    ranks: int
    scale: float

    @classmethod
    def of(cls, pairs: Pairs, signs: Signs, first: Floats, second: Floats) -> "Swaps":
        """The swaps of two metrics on comparable scales. `first`, `second`: finite scores per output, shape (N,)."""
        gaps, concordant = _four(pairs, signs, first, second)
        order = np.argsort(gaps.ravel())
        ranked = gaps.ravel()[order]
        new = np.diff(ranked, prepend=0.0) > _NOISE  # ranks that are nearer are one
        new[:1] |= ranked[:1] > _NOISE
        rank = np.empty(len(order), dtype=np.int32)
        rank[order] = np.cumsum(new)
        sizes = pairs.sizes
        whole = integer_weights(sizes)
        weight = np.divide(1.0, sizes, out=np.zeros(len(sizes)), where=sizes > 0) if whole is None else whole
        scale = float((weight * sizes).max(initial=0)) * np.count_nonzero(sizes)
        if whole is not None and scale < 2**31:
            weight = whole.astype(np.int32)
        gain = (np.where(signs == 0, 1, 0)[:, None] - concordant).astype(weight.dtype) * weight[pairs.group][:, None]
        return cls(pairs.left, pairs.right, rank.reshape(gaps.shape), gain, int(rank.max(initial=0)) + 1, scale)

    def differences(self, swap: NDArray[np.int8]) -> Floats:
        """Accuracy of the first minus the second, each at its own best epsilon, in each draw; (draws, N) 0 or 1 → (draws,).

        Draws are shared by the processor's cores; how many there are changes nothing.
        """
        from harness.meta.kernels import swapped_differences

        found = np.zeros(len(swap))
        parts = [part for part in np.array_split(np.arange(len(swap)), os.cpu_count() or 1) if len(part)]

        def work(part: Ints) -> None:
            room = np.zeros((2, (((self.ranks - 1) >> SHIFT) + 1) << SHIFT), dtype=self.gain.dtype)
            blocks = np.zeros((2, room.shape[1] >> SHIFT, 2), dtype=self.gain.dtype)
            rows = slice(part[0], part[-1] + 1)
            swapped_differences(swap[rows], self.left, self.right, self.rank, self.gain, SHIFT, room, blocks, found[rows])

        if len(parts) == 1:
            work(parts[0])
        else:
            with ThreadPoolExecutor(len(parts)) as pool:
                list(pool.map(work, parts))
        return found / self.scale if self.scale else found


def _four(pairs: Pairs, signs: Signs, first: Floats, second: Floats) -> tuple[Floats, Bools]:
    """(gaps, concordant), both (P, 4): as the left and right scores come from the first or the second."""
    scores = (first, second)
    gaps, concordant = np.empty((len(pairs), 4)), np.empty((len(pairs), 4), dtype=bool)
    for state in range(4):
        difference = scores[state >> 1][pairs.left] - scores[state & 1][pairs.right]
        gaps[:, state] = np.abs(difference)
        concordant[:, state] = (gaps[:, state] > _NOISE) & (difference * signs > 0)
    return gaps, concordant


def _z(values: Floats) -> Floats:
    spread = values.std()
    return (values - values.mean()) / spread if spread > 0 else np.zeros_like(values)
