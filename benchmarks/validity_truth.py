"""True values: what a statistic is over a population of items, and metrics tuned to a wanted true value.

The estimand of calibrated and of held-out accuracy is one: the share of right pairs over all items at the epsilon that is best
over all items. It is computed on a very large draw from the same model (common random numbers for all metrics, so that
differences are sharper than values). In the groupings `system` and `none` the pairs of the population are those of two items,
and for `none` of one item in the share that a study of this size has.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from validity_worlds import Floats, Metric, Study, World, draw, values, with_items

from harness.meta.rows import floor

POPULATION = {("item", 5): 200_000, ("item", 15): 100_000}  # items; in other groupings there are more pairs
ACROSS = 40_000
_BITS = 13  # of a float32's mantissa that a bin of gaps leaves out: bins are a thousandth wide
_SEED = (2718,)
STRONGEST = 0.97


@dataclass(frozen=True)
class Truth:
    """True raw and calibrated accuracy of a metric."""

    raw: float
    accuracy: float


@cache
def step_for(world: World, tolerance: float = 5e-4, items: int = 40_000) -> float:
    """The step of the rating scale with which people tie the world's share of pairs."""
    low, high = 0.01, 20.0
    while True:
        middle = float(np.sqrt(low * high))
        rate = tie_rate(draw(with_items(world, items), middle, _SEED), world)
        if abs(rate - world.ties) < tolerance or high / low < 1.0001:
            return middle
        low, high = (middle, high) if rate < world.ties else (low, middle)


@lru_cache(1)
def population(world: World, items: int | None = None) -> Study:
    """A very large study of the world."""
    items = items or POPULATION.get((world.grouping, world.systems), ACROSS)
    return draw(with_items(world, items), step_for(world), (*_SEED, 1))


def tie_rate(study: Study, world: World) -> float:
    """People's tie rate over the population's pairs."""
    total = 0.0
    for weight, left, right in sides(study, world):
        total += weight * float(np.mean(left(study.ratings) == right(study.ratings)))
    return total


def true_floor(world: World, study: Study | None = None) -> float:
    """The true floor."""
    return float(floor(tie_rate(study or population(world), world)))


def truth(world: World, metric: Metric, study: Study | None = None) -> Truth:
    """Raw and calibrated accuracy over the population."""
    study = study or population(world)
    return accuracy_of(study, world, values(study, metric))


def accuracy_of(study: Study, world: World, scores: Floats) -> Truth:
    """Raw accuracy, and accuracy at the best epsilon, of scores over the population's pairs."""
    found = curve(study, world, scores)
    return Truth(float(found[0]), float(found.max()))


def curve(study: Study, world: World, scores: Floats, bits: int = _BITS) -> Floats:
    """Accuracy over the population's pairs at every epsilon: entry `bin_of(epsilon, bits)`."""
    gains = np.zeros(1 << (31 - bits))
    concordant = 0.0
    for weight, left, right in sides(study, world):
        difference = left(scores) - right(scores)
        order = np.sign(left(study.ratings) - right(study.ratings))
        agree = difference * order > 0
        concordant += weight * float(agree.mean())
        bins = bin_of(np.abs(difference), bits)
        gain = (order == 0).astype(np.float64) - agree
        gains += weight / len(bins) * np.bincount(bins, weights=gain, minlength=len(gains))
    return np.asarray(concordant + np.cumsum(gains))


def bin_of(gaps: Floats, bits: int) -> NDArray[np.int32]:
    """The bin of each gap: the first bits of its float32, in which order is that of the numbers."""
    return gaps.astype(np.float32).view(np.int32) >> bits


def tuned(world: World, metric: Metric, wanted: float, study: Study | None = None) -> Metric | None:
    """The metric with the strength at which its true calibrated accuracy is `wanted`; None where it cannot be."""
    from scipy.optimize import brentq

    study = study or population(world)

    def excess(strength: float) -> float:
        return truth(world, replace(metric, strength=strength), study).accuracy - wanted

    if excess(STRONGEST) < 0 or excess(0.0) > 0:
        return None
    return replace(metric, strength=float(brentq(excess, 0.0, STRONGEST, xtol=2e-4)))


Side = NDArray[np.float64]


def sides(study: Study, world: World) -> Iterator[tuple[float, "_Taken", "_Taken"]]:
    """Pairs of the population, some at a time: their weight (all weights sum to 1), and what takes the left and right values."""
    systems = world.systems
    within = [(_Taken(a, 0), _Taken(b, 0)) for a in range(systems) for b in range(a + 1, systems)]
    if world.grouping == "item":
        parts = [(1.0, within)]
    elif world.grouping == "system":
        parts = [(1.0, [(_Taken(a, 0), _Taken(a, shift)) for a in range(systems) for shift in (1, 2, 3)])]
    else:
        inside = (systems - 1) / (world.items * systems - 1)
        across = [(_Taken(a, 0), _Taken(b, 1)) for a in range(systems) for b in range(systems)]
        parts = [(inside, within), (1 - inside, across)]
    for weight, pairs in parts:
        for left, right in pairs:
            yield weight / len(pairs), left, right


@dataclass(frozen=True)
class _Taken:
    system: int
    shift: int

    def __call__(self, array: Floats) -> Floats:
        column = array[:, self.system]
        return np.roll(column, self.shift) if self.shift else column
