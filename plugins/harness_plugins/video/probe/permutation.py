"""Permutation tests: exact where there are few words, drawn by seed otherwise; p is never 0."""

from harness_plugins.video.probe.table import Floats


def spearman_p(x: Floats, y: Floats, permutations: int, seed: int) -> float | None:
    """Two-sided p of Spearman's rho of x and y (W,): every order where there are no more than `permutations`, else
    (b + 1) / (B + 1) of drawn ones. None where a side is constant."""
    raise NotImplementedError


def sign_p(values: Floats, permutations: int, seed: int) -> float | None:
    """Two-sided p of the mean of values (n,) against 0 when their signs are flipped. None without any."""
    raise NotImplementedError
