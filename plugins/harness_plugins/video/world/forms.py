"""Silhouettes of things, as functions of the plane: of points (u to the right, v down) within −1 … 1, which lie inside."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]
Silhouette = Callable[[Floats, Floats], Bools]


def polygon(*corners: tuple[float, float]) -> Silhouette:
    """The inside of a polygon, by the even-odd rule."""

    def inside(u: Floats, v: Floats) -> Bools:
        found = np.zeros(np.broadcast(u, v).shape, bool)
        for (x0, y0), (x1, y1) in zip(corners, (*corners[1:], corners[0]), strict=True):
            if y0 != y1:
                found ^= ((v < y0) != (v < y1)) & (u < x0 + (v - y0) * (x1 - x0) / (y1 - y0))
        return found

    return inside


def box(left: float, top: float, right: float, bottom: float) -> Silhouette:
    """A rectangle."""
    return lambda u, v: ((u > left) & (u < right)) & ((v > top) & (v < bottom))


def disc(x: float = 0.0, y: float = 0.0, radius: float = 1.0) -> Silhouette:
    """A circle and its inside."""
    return lambda u, v: (u - x) ** 2 + (v - y) ** 2 < radius * radius


def union(*parts: Silhouette) -> Silhouette:
    """What lies in any of the parts."""
    return lambda u, v: np.logical_or.reduce([part(u, v) for part in parts])


def without(whole: Silhouette, *holes: Silhouette) -> Silhouette:
    """What lies in the whole, and in none of the holes."""
    return lambda u, v: whole(u, v) & ~np.logical_or.reduce([hole(u, v) for hole in holes])


def star(points: int, inner: float) -> Silhouette:
    """A star with a point up; `inner`: radius of the corners between its points."""
    angles = np.arange(2 * points) * np.pi / points - np.pi / 2
    radii = np.where(np.arange(2 * points) % 2, inner, 1.0)
    return polygon(*((float(r * np.cos(a)), float(r * np.sin(a))) for a, r in zip(angles, radii, strict=True)))


FORMS: Mapping[str, Silhouette] = {
    "circle": disc(),
    "square": box(-0.85, -0.85, 0.85, 0.85),
    "triangle": polygon((0, -1), (1, 0.85), (-1, 0.85)),
    "star": star(5, 0.4),
    "ring": without(disc(), disc(radius=0.58)),
    "crescent": without(disc(), disc(x=0.5, radius=0.85)),
    "diamond": polygon((0, -1), (0.6, 0), (0, 1), (-0.6, 0)),
    "drop": union(disc(y=0.4, radius=0.6), polygon((0, -1), (0.53, 0.12), (-0.53, 0.12))),
    "bolt": polygon((0.35, -1), (-0.6, 0.15), (-0.05, 0.15), (-0.35, 1), (0.6, -0.2), (0.05, -0.2)),
    "bar": box(-0.3, -1, 0.3, 1),
}
"""By the keys of the class `form`."""

LANDMARKS: Mapping[str, Silhouette] = {
    "house": without(union(polygon((0, -1), (1, -0.1), (-1, -0.1)), box(-0.8, -0.1, 0.8, 1)), box(-0.2, 0.35, 0.2, 1)),
    "tree": union(disc(y=-0.35, radius=0.65), box(-0.15, 0.2, 0.15, 1)),
    "cross": union(box(-0.25, -1, 0.25, 1), box(-0.9, -0.45, 0.9, 0.05)),
    "heart": union(disc(-0.47, -0.4, 0.55), disc(0.47, -0.4, 0.55), polygon((-0.95, -0.15), (0.95, -0.15), (0, 1))),
    "tower": without(
        box(-0.55, -1, 0.55, 1), box(-0.25, -1, -0.05, -0.65), box(0.05, -1, 0.25, -0.65), box(-0.15, -0.2, 0.15, 0.2)
    ),
    "tent": without(polygon((0, -0.8), (1, 1), (-1, 1)), polygon((0, 0), (0.35, 1), (-0.35, 1))),
    "window": without(
        box(-0.9, -0.9, 0.9, 0.9), *(box(x - 0.3, y - 0.3, x + 0.3, y + 0.3) for x in (-0.4, 0.4) for y in (-0.4, 0.4))
    ),
    "fence": union(
        *(box(x - 0.13, -0.7, x + 0.13, 1) for x in (-0.8, -0.27, 0.27, 0.8)), box(-1, -0.25, 1, 0), box(-1, 0.4, 1, 0.65)
    ),
    "wheel": union(without(disc(), disc(radius=0.75)), box(-0.1, -1, 0.1, 1), box(-0.95, -0.1, 0.95, 0.1), disc(radius=0.25)),
    "cloud": union(disc(-0.5, 0.45, 0.5), disc(0, -0.25, 0.7), disc(0.5, 0.45, 0.5), box(-0.5, 0.2, 0.5, 0.95)),
}
"""By the keys of the class `landmark`."""

COLOURS: Mapping[str, tuple[int, int, int]] = {
    "red": (215, 30, 35),
    "green": (35, 165, 50),
    "blue": (35, 70, 220),
    "yellow": (240, 220, 30),
    "white": (250, 250, 250),
    "black": (10, 10, 10),
    "pink": (250, 140, 190),
    "purple": (125, 40, 170),
    "turquoise": (40, 205, 200),
    "brown": (115, 65, 20),
}
"""Red, green, blue of each colour, 0 to 255."""

SIZES: Mapping[str, tuple[float, float]] = {
    "big": (1.0, 1.0),
    "small": (0.48, 0.48),
    "tall": (0.62, 1.0),
    "low": (0.8, 0.4),
    "wide": (1.0, 0.62),
    "narrow": (0.34, 0.8),
}
"""Width and height of a landmark of each size, as shares of its room."""
