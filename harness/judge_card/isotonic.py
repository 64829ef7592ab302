"""Isotonic regression: the non-decreasing curve that is closest to the points.

Pool adjacent violators: Ayer, Brunk, Ewing, Reid and Silverman, Annals of Mathematical Statistics 26, 1955; Barlow, Bartholomew,
Bremner and Brunk, Statistical Inference under Order Restrictions, 1972, §1.2.
"""

from dataclasses import dataclass

import numpy as np

from harness.meta.pairs import Floats


@dataclass(frozen=True)
class Isotonic:
    """`y` at each different `x`, ascending; linear between them, level beyond the ends."""

    x: Floats
    y: Floats

    def at(self, x: Floats) -> Floats:
        """The curve's value at each x; nan at nan."""
        return np.where(np.isfinite(x), np.interp(x, self.x, self.y), np.nan)


def fit(x: Floats, y: Floats) -> Isotonic:
    """The least-squares non-decreasing curve through points (x, y), shapes (N,), N ≥ 1; points of one x count together."""
    if not len(x):
        raise ValueError("an isotonic curve needs a point, got none")
    places, group = np.unique(x, return_inverse=True)
    weights = np.bincount(group).astype(np.float64)
    values = np.bincount(group, weights=y) / weights
    pools: list[tuple[float, float, int]] = []  # value, weight, how many places
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        size = 1
        while pools and pools[-1][0] >= value:
            below, heavy, wide = pools.pop()
            value = (value * weight + below * heavy) / (weight + heavy)
            weight, size = weight + heavy, size + wide
        pools.append((value, weight, size))
    return Isotonic(places, np.repeat([value for value, _, _ in pools], [size for _, _, size in pools]))
