"""Motions: where a thing is, and how large, while its clip goes on."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Path(NamedTuple):
    """Over time: the place (−1 … 1 of the room, to the right and down), the size (1: its own), and whether it is seen (0, 1)."""

    x: Floats
    y: Floats
    size: Floats
    seen: Floats


def _path(
    time: Floats, x: Floats | float = 0.0, y: Floats | float = 0.0, size: Floats | float = 1.0, seen: Floats | float = 1.0
) -> Path:
    still = np.zeros_like(time)
    return Path(still + x, still + y, still + size, still + seen)


MOTIONS: Mapping[str, Callable[[Floats, int], Path]] = {
    "falls": lambda t, way: _path(t, y=2 * t - 1),
    "rises": lambda t, way: _path(t, y=1 - 2 * t),
    "glides": lambda t, way: _path(t, x=way * (2 * t - 1)),
    "grows": lambda t, way: _path(t, size=0.35 + 0.95 * t),
    "shrinks": lambda t, way: _path(t, size=1.3 - 0.95 * t),
    "blinks": lambda t, way: _path(t, seen=(np.floor(4 * t + 0.01) % 2 == 0).astype(float)),
    "bounces": lambda t, way: _path(t, y=1 - 2 * np.abs(np.sin(2.5 * np.pi * t))),
    "sways": lambda t, way: _path(t, x=way * 0.8 * np.sin(2 * np.pi * t), y=-0.4 * np.cos(4 * np.pi * t)),
    "shakes": lambda t, way: _path(t, x=0.35 * np.sin(2 * np.pi * 5.3 * t + 1.2)),
    "rests": lambda t, way: _path(t),
}
"""By the keys of the class `motion`: the path at times 0 ≤ t < 1 of the clip, in one of two ways where there are two."""
