"""Paired tests of models on the same items: what two models said of an item, or of a cluster of items, changes places.

Approximate randomisation (Noreen 1989; Riezler & Maxwell 2005): for any value that comes from sums over items, BLEU and chrF of a
corpus, too. For a mean it is the sign-flip test. p is (1 + swaps that differ at least as much) / (1 + swaps), never 0.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from statistics import NormalDist
from typing import Generic, TypeVar

import numpy as np

from harness.leaderboard.intervals import by_cluster, codes_of
from harness.leaderboard.measures import Measure
from harness.leaderboard.sharing import shared
from harness.meta.pairs import Floats
from harness.meta.resampling import in_chunks, product
from harness.meta.significance import draws_needed, holm, rank_clusters

MOST_SWAPS = 20_000  # Holm can still reject among a thousand comparisons
_SLACK = 1e-9
Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Swapped:
    """`difference`: first minus second on the items that both did; `null`: what swapping makes of it, (B,). `items`: how many."""

    difference: float
    null: Floats
    items: int

    @property
    def p(self) -> float:
        """Two-sided."""
        return p_value(self.difference, self.null)


@dataclass(frozen=True)
class Comparison(Generic[Name]):
    """`difference`: first minus second, by the metric's own sign."""

    first: Name
    second: Name
    difference: float
    p: float
    p_adjusted: float
    items: int


def swaps_for(comparisons: int, wanted: int, alpha: float) -> int:
    """How many swaps: as many as wanted, more where Holm needs them, never above `MOST_SWAPS` unless wanted."""
    return max(wanted, min(draws_needed(comparisons, alpha, wanted), MOST_SWAPS))


def swap(first: Measure, second: Measure, task: str, swaps: int, seed: int) -> Swapped | None:
    """Two measures of one metric compared by swapping; None where they share fewer than two clusters.

    The swaps depend on the seed, the task and the clusters alone: the same for all pairs of models that did the same items.
    """
    first, second = _aligned(*shared(first, second))
    codes, count = codes_of(first.clusters)
    if count < 2:
        return None
    left, right = by_cluster(first.parts, codes, count), by_cluster(second.parts, codes, count)
    apart = left - right
    totals = left.sum(axis=0), right.sum(axis=0)
    rng = np.random.default_rng([seed, int.from_bytes(blake2b(task.encode("utf-8", "surrogatepass"), digest_size=4).digest()), 3])

    def null(rows: slice) -> Floats:
        flips = rng.integers(0, 2, (rows.stop - rows.start, count), dtype=np.int8).astype(np.float64)
        moved = product(flips, apart)
        with np.errstate(all="ignore"):
            return first.value(totals[0] - moved) - second.value(totals[1] + moved)

    with np.errstate(all="ignore"):
        difference = float(first.value(totals[0][None])[0] - second.value(totals[1][None])[0])
    return Swapped(difference, in_chunks(null, swaps, count), len(first.keys))


def unpaired(first: tuple[float, float], second: tuple[float, float], swaps: int, seed: int) -> Swapped:
    """Two reported values with their standard errors, where the items were not kept: a normal null, wider than a paired one."""
    spread = math.hypot(first[1], second[1])
    grid = (np.arange(swaps) + 0.5) / swaps
    null = np.random.default_rng([seed, 4]).permutation([NormalDist(0, 1).inv_cdf(share) for share in grid]) * spread
    return Swapped(first[0] - second[0], null, 0)


def p_value(difference: float, null: Floats) -> float:
    """Two-sided: (1 + draws that differ at least as much) / (1 + draws); draws without a value count as such."""
    slack = _SLACK * max(1.0, abs(difference))
    return float((1 + (~(np.abs(null) < abs(difference) - slack)).sum()) / (1 + len(null)))


def adjusted(compared: Sequence[tuple[Name, Name, Swapped]]) -> list[Comparison[Name]]:
    """The comparisons as one family: Holm's p values."""
    p_values = [found.p for _, _, found in compared]
    return [
        Comparison(first, second, found.difference, p, corrected, found.items)
        for (first, second, found), p, corrected in zip(compared, p_values, holm(p_values), strict=True)
    ]


def better_than(comparisons: Sequence[Comparison[Name]], alpha: float, higher_is_better: bool = True) -> set[tuple[Name, Name]]:
    """Pairs (better, worse) whose difference is significant after Holm."""
    found = set()
    for one in comparisons:
        if one.p_adjusted < alpha and one.difference != 0:
            first_wins = (one.difference > 0) == higher_is_better
            found.add((one.first, one.second) if first_wins else (one.second, one.first))
    return found


def ranked(
    models: Sequence[Name], pairs: Mapping[tuple[Name, Name], Swapped], alpha: float, higher_is_better: bool = True
) -> tuple[dict[Name, int], dict[Name, int]]:
    """Rank and cluster of the models that every other ranked one was compared with: no rank stands alone.

    A rank is 1 and the models ahead, by the comparisons' own differences: of the items that two models share.
    """
    able = _all_compared(models, pairs)
    if len(able) < 2:
        return {}, {}
    sign = 1 if higher_is_better else -1
    ranks = {model: 1 + sum(sign * _lead(pairs, other, model) > _SLACK for other in able if other != model) for model in able}
    held = set(able)
    family = [(first, second, one) for (first, second), one in pairs.items() if first in held and second in held]
    ordered = sorted(able, key=lambda model: ranks[model])
    return ranks, rank_clusters(ordered, better_than(adjusted(family), alpha, higher_is_better))


def _all_compared(models: Sequence[Name], pairs: Mapping[tuple[Name, Name], Swapped]) -> list[Name]:
    """The models without those that lack comparisons, the one that lacks most left out first."""
    lacking = {
        model: {other for other in models if other != model and (model, other) not in pairs and (other, model) not in pairs}
        for model in models
    }
    while lacking:
        worst = max(lacking, key=lambda model: len(lacking[model]))
        if not lacking[worst]:
            break
        for other in lacking.pop(worst):
            lacking[other].discard(worst)
    return list(lacking)


def _lead(pairs: Mapping[tuple[Name, Name], Swapped], first: Name, second: Name) -> float:
    return pairs[first, second].difference if (first, second) in pairs else -pairs[second, first].difference


def _aligned(first: Measure, second: Measure) -> tuple[Measure, Measure]:
    """Confusion tables of as many classes on both sides; anything else has the same parts already."""
    if first.parts.shape[1] == second.parts.shape[1]:
        return first, second
    sizes = [math.isqrt(measure.parts.shape[1]) for measure in (first, second)]
    largest = max(sizes)
    widened = []
    for measure, size in zip((first, second), sizes, strict=True):
        tables = np.zeros((len(measure.parts), largest, largest))
        tables[:, :size, :size] = measure.parts.reshape(-1, size, size)
        widened.append(tables.reshape(len(measure.parts), -1))
    value = (first if sizes[0] == largest else second).value
    one, other = (Measure(first.kind, first.keys, first.clusters, parts, value) for parts in widened)
    return one, other
