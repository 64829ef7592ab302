"""Permutation tests: exact where there are few values, drawn by seed otherwise; p is never 0."""

import math
from collections.abc import Iterator
from itertools import permutations as orders

import numpy as np

from harness_plugins.video.probe.table import Floats, Ints

_CELLS = 4_000_000  # drawn values that are held at a time


def spearman_p(x: Floats, y: Floats, permutations: int, seed: int) -> float | None:
    """Two-sided p of Spearman's rho of x and y (W,), the share of orders of y whose rho is as far from 0 or further.

    Of all orders where there are no more than `permutations` + 1 of them, else (b + 1) / (B + 1) of drawn ones. Ties have mean
    ranks, and orders are compared by whole numbers, hence exactly. None where a side is constant.
    """
    one, other = doubled_ranks(x), doubled_ranks(y)
    if not one.any() or not other.any():
        return None
    observed = abs(int(one @ other))
    if math.factorial(min(len(y), 20)) <= permutations + 1:
        every = other[np.array(list(orders(range(len(y)))))]
        return float(np.mean(np.abs(every @ one) >= observed))
    rng = np.random.default_rng([seed, 11])
    whole = one.astype(np.float64)  # sums stay far below 2**53, so BLAS is exact
    further = sum(
        int((np.abs(rng.permuted(np.tile(other.astype(np.float64), (rows, 1)), axis=1) @ whole) >= observed).sum())
        for rows in in_rows(permutations, len(y))
    )
    return (further + 1) / (permutations + 1)


def sign_p(values: Floats, permutations: int, seed: int) -> float | None:
    """Two-sided p of the mean of values (n,) against 0: the share of patterns of signs whose sum is as far from 0 or further.

    Of all 2**n patterns where there are no more than `permutations` + 1, else (b + 1) / (B + 1). None without values; 1 where
    all are 0.
    """
    count = len(values)
    if not count:
        return None
    reach = abs(float(values.sum())) - 1e-12 * float(np.abs(values).sum())  # equal but for rounding is equal
    if 2 ** min(count, 40) <= permutations + 1:
        signs = 1.0 - 2.0 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1)
        return float(np.mean(np.abs(signs @ values) >= reach))
    rng = np.random.default_rng([seed, 12])
    further = 0
    for rows in in_rows(permutations, count):
        signs = 1.0 - 2.0 * rng.integers(0, 2, (rows, count), np.int8)
        further += int((np.abs(np.einsum("bn,n->b", signs, values)) >= reach).sum())
    return (further + 1) / (permutations + 1)


def doubled_ranks(values: Floats) -> Ints:
    """Twice the mean rank less its mean: whole numbers that sum to 0; all 0 where the values are all equal."""
    _, run, sizes = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(sizes)
    return np.asarray((2 * ends - sizes + 1)[run] - (len(values) + 1), np.int64)


def in_rows(rows: int, columns: int) -> Iterator[int]:
    """Numbers of rows that add up to `rows` and keep cells in bounds."""
    step = max(1, _CELLS // max(columns, 1))
    for start in range(0, rows, step):
        yield min(step, rows - start)
