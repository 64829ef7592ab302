"""Simulated studies with known truth: items × systems with a latent quality, people who rate it, metrics that see some of it.

quality = item + system (fixed) + item by system; a rating is quality and the rater's noise on a scale of equal steps, whose
width sets how often people tie; a metric is strength · quality + noise, a quarter of the noise's variance being the output's
length, which all metrics share, the rest its own, larger on some items than on others. Systems are fixed, items are drawn: what
is inferred is the value over all items.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SYSTEM, INTERACTION, RATER = 0.5, 0.8, 0.5  # standard deviations beside an item's of 1
SPREAD = 0.4  # of the logarithm of an item's noise
LENGTH = 0.25  # share of a metric's noise variance that is the output's length
SHARED = 0.5  # share of every variance that items of one document have in common
CUTS = (-0.6, 0.6)  # where a metric of three levels is cut
SCALES = ("×1", "×100", "log-normal", "3 levels")
GROUPINGS = ("item", "system", "none")


@dataclass(frozen=True)
class World:
    """Where a study takes place. `ties`: people's tie rate in `grouping`; `document`: items that share a document."""

    items: int
    systems: int
    ties: float
    grouping: str = "item"
    document: int = 1

    @property
    def label(self) -> str:
        """What identifies the world in files."""
        return f"{self.items}x{self.systems}/{self.ties:g}/{self.grouping}/{self.document}"


@dataclass(frozen=True)
class Metric:
    """A metric: how much it sees (0 to 1), its scale, its own noise's name; `patchy`: it sees nothing on half of the items."""

    strength: float
    scale: str = "×1"
    noise: str = "A"
    patchy: bool = False


@dataclass(frozen=True)
class Study:
    """One draw: quality (standardised), length and ratings, shape (items, systems); noise and blindness of items, (items, 1)."""

    world: World
    seed: tuple[int, ...]
    quality: Floats
    length: Floats
    ratings: Floats
    spread: Floats
    blind: NDArray[np.bool_]


def draw(world: World, step: float, seed: tuple[int, ...]) -> Study:
    """A study in this world; `step`: width of a step of the rating scale. The same seed gives the same study."""
    rng = np.random.default_rng([*seed, 1])
    shape = (world.items, world.systems)
    quality = true_quality(world, rng)
    ratings = rate(quality, step, RATER, rng)
    spread = np.exp(SPREAD * rng.standard_normal((world.items, 1)) - SPREAD**2)  # mean square 1
    blind = np.repeat(rng.random((-(-world.items // world.document), 1)) < 0.5, world.document, axis=0)[: world.items]
    size = np.sqrt(1 + SYSTEM**2 + INTERACTION**2)
    return Study(world, seed, quality / size, rng.standard_normal(shape), ratings, spread, blind)


def true_quality(world: World, rng: np.random.Generator) -> Floats:
    """Latent quality, shape (items, systems)."""
    item = _shared(world, rng, 1)
    return item + SYSTEM * system_effects(world.systems) + INTERACTION * _shared(world, rng, world.systems)


def system_effects(systems: int) -> Floats:
    """The fixed qualities of the systems: evenly spread with variance 1, in an order that means nothing, shape (systems,)."""
    even = np.arange(systems) - (systems - 1) / 2
    return np.asarray(np.random.default_rng(systems).permutation(even / even.std()))


def rate(quality: Floats, step: float, noise: float, rng: np.random.Generator) -> Floats:
    """A rater's ratings: whole numbers, steps of the scale."""
    return np.rint((quality + noise * rng.standard_normal(quality.shape)) / step)


def values(study: Study, metric: Metric) -> Floats:
    """The metric's scores of the study's outputs, shape (items, systems). A noise name gives the same noise in every metric."""
    rng = np.random.default_rng([*study.seed, 2, zlib.crc32(metric.noise.encode())])
    own = study.spread * _shared(study.world, rng, study.world.systems)
    noise = np.sqrt(LENGTH) * study.length + np.sqrt(1 - LENGTH) * own
    strength = np.where(study.blind, 0.0, metric.strength) if metric.patchy else np.full((1, 1), metric.strength)
    return scaled(strength * study.quality + np.sqrt(1 - strength**2) * noise, metric.scale)


def scaled(scores: Floats, scale: str) -> Floats:
    """Scores of standard deviation 1 on another scale."""
    if scale == "×100":
        return 100 * scores
    if scale == "log-normal":
        return np.exp(scores)
    if scale == "3 levels":
        return np.digitize(scores, CUTS).astype(np.float64)
    return scores


def with_items(world: World, items: int) -> World:
    """The same world with another number of items, each its own document."""
    return replace(world, items=items, document=1)


def _shared(world: World, rng: np.random.Generator, columns: int) -> Floats:
    """Standard normal numbers, shape (items, columns), of which items of one document share a part."""
    own = rng.standard_normal((world.items, columns))
    if world.document == 1:
        return own
    documents = rng.standard_normal((-(-world.items // world.document), columns))
    return np.sqrt(SHARED) * np.repeat(documents, world.document, axis=0)[: world.items] + np.sqrt(1 - SHARED) * own


Metrics = Mapping[str, Metric]
