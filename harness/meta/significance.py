"""Paired tests of two metrics, Holm's correction within a family, and the rank clusters that follow.

Every p value is (1 + number of draws at least as extreme) / (1 + draws), so it is never 0 and valid at any number of draws.
"""

import math
from collections.abc import Hashable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.meta.pairs import Bools, Floats
from harness.meta.resampling import coins, product
from harness.meta.score_swap import score_swap as score_swap

Name = TypeVar("Name", bound=Hashable)
_SLACK = 1e-12  # sums that differ by rounding alone count as equal
_FLIPS = 4_000_000  # signs that are drawn at a time: the random numbers of a draw follow from it
_TOGETHER = 16  # draws of a pair swap that are looked at at once, a multiple of the four signs in a word of random bits


def draws_needed(comparisons: int, alpha: float, wanted: int) -> int:
    """At least `wanted` draws, and at least 20·m/alpha, so that Holm's smallest threshold alpha/m can be met with room."""
    return max(wanted, math.ceil(20 * comparisons / alpha))


def sign_flip(differences: NDArray[np.float64], draws: int, seed: int) -> Floats:
    """p of each column: signs of cluster sums are flipped together; the null is that two metrics are exchangeable per cluster.

    `differences`: summed differences per cluster and comparison, shape (C, M). Returns shape (M,).
    """
    total = differences.sum(axis=0)
    sizes = np.abs(differences).sum(axis=0)
    size = sizes.max(initial=0)
    whole = size < 1 / _SLACK and np.array_equal(differences, np.rint(differences))
    extreme = np.zeros(differences.shape[1], dtype=np.int64)
    rng = np.random.default_rng([seed, 2])
    step = max(1, _FLIPS // max(len(differences), 1))
    exact = differences.astype(np.float32 if size < 2**24 else np.float64) if whole else differences
    low, high = (limit.astype(exact.dtype) for limit in (np.minimum(total, 0), np.maximum(total, 0)))
    for start in range(0, draws, step):
        rows = min(step, draws - start)
        flips = coins(rng, 1, rows * len(differences)).reshape(rows, -1)
        if whole:  # with K = Σ of those that keep their sign: |Σ ±d| = |2 K - Σ d| >= |Σ d| iff K is not between 0 and Σ d
            kept = flips.astype(exact.dtype) @ exact  # in whole numbers, wherever BLAS adds first
            reached = (kept >= high) | (kept <= low)
        else:
            sums = product((flips * np.int8(2) - np.int8(1)).astype(np.float64), differences)
            reached = np.abs(sums) >= np.abs(total) - sizes * _SLACK
        extreme += np.add.reduce(reached.view(np.uint8), axis=0, dtype=np.uint32)
    return (1 + extreme) / (1 + draws)


def pair_swap(differences: Floats, draws: int, seed: int) -> float:
    """p when each pair's two verdicts are swapped on their own; ignores that pairs share outputs, so it rejects too often.

    `differences`: weighted difference per pair, shape (P,).
    """
    apart = differences[differences != 0]
    if np.abs(apart).sum() >= 2**31 or not np.array_equal(apart, np.rint(apart)):
        return float(sign_flip(apart[:, None], draws, seed)[0])
    extreme = sum(int(np.count_nonzero(part)) for part in pair_swaps(apart.astype(np.int32), draws, seed))
    return float((1 + extreme) / (1 + draws))


def pair_swaps(differences: NDArray[np.int32], draws: int, seed: int) -> Iterator[Bools]:
    """Which draws of `pair_swap` are as extreme as what was observed, some at a time; the random numbers are `sign_flip`'s.

    `differences`: of each pair, shape (P,), whose sizes sum to less than 2^31.
    """
    from harness.meta.kernels import sums_kept

    size, total = len(differences), int(differences.sum(dtype=np.int64))
    random = np.random.default_rng([seed, 2])
    step = max(1, _FLIPS // max(size, 1))
    for start in range(0, draws, step):
        end = min(start + step, draws)
        for first in range(start, end, _TOGETHER):
            kept = np.empty(min(_TOGETHER, end - first), dtype=np.int32)
            sums_kept(coins(random, 1, len(kept) * size).reshape(len(kept), size), differences, kept)
            yield (kept >= max(total, 0)) | (kept <= min(total, 0))


def centred_bootstrap(resampled: Floats, observed: float) -> float:
    """p from resampled differences, centred at the observed one: for groupings whose pairs cross clusters.

    `resampled`: shape (B,), undefined values (nan) left out.
    """
    values = resampled[np.isfinite(resampled)]
    extreme = int((np.abs(values - observed) >= abs(observed) - _SLACK).sum())
    return (1 + extreme) / (1 + len(values))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p values (Scandinavian Journal of Statistics 6, 1979), in the order given."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted


def rank_clusters(ranked: Sequence[Name], beats: set[tuple[Name, Name]]) -> dict[Name, int]:
    """Cluster numbers from 1, metrics in descending order: one opens a new cluster iff a member of the current beats it."""
    clusters: dict[Name, int] = {}
    current: list[Name] = []
    number = 1
    for name in ranked:
        if any((member, name) in beats for member in current):
            number, current = number + 1, []
        current.append(name)
        clusters[name] = number
    return clusters
