"""Intervals of values by resampling items, or what belongs together, with the widening that few items need.

Percentile bootstrap (Efron 1979), its tails moved outwards so that at n clusters it is as wide as Student's t and unbiased
variance ask for: the expanded percentile interval (Hesterberg 2015, The American Statistician 69, section 4.5). Shares of items
that are right or wrong and independent take Wilson's interval (1927) instead, which has a width even where all are right.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from statistics import NormalDist

import numpy as np

from harness.leaderboard.measures import Measure
from harness.meta.pairs import Floats, Ints, sums_by
from harness.meta.resampling import Resampler, in_chunks, product

LEAST = 5  # clusters below which no draw reaches as far as the interval is to reach: all draws of one cluster are too common


@dataclass(frozen=True)
class Interval:
    """`low` and `high`: None where there is none, and `note` says why. `resampled`: the values of the draws, (B,), or None.
    `clusters`: how many were resampled."""

    low: float | None
    high: float | None
    method: str
    clusters: int
    resampled: Floats | None = None
    note: str | None = None


class Draws:
    """Draws of items, the same for every model that did the same items of a task, different ones for every task."""

    def __init__(self, resamples: int, seed: int) -> None:
        self.resamples = resamples
        self._seed = seed
        self._made: dict[tuple[str, bytes], Resampler] = {}

    def of(self, task: str, codes: Ints, n_clusters: int) -> Resampler:
        """The resampler of these clusters; drawn once for all measures that have the same."""
        key = (task, blake2b(codes.tobytes(), digest_size=16).digest())
        if key not in self._made:
            seed = int.from_bytes(blake2b(f"{self._seed}/{task}".encode("utf-8", "surrogatepass"), digest_size=4).digest())
            self._made[key] = Resampler(codes, n_clusters, self.resamples, 0.95, seed)
        return self._made[key]


def find_interval(measure: Measure, task: str, draws: Draws, confidence: float) -> Interval:
    """The interval of a measure's value at this confidence."""
    codes, count = codes_of(measure.clusters)
    share = is_share(measure, count)
    if count < LEAST and not share:
        what = "items" if count == len(measure.keys) else "groups of items"
        return Interval(None, None, "none", count, note=f"an interval asks for {LEAST} {what} at least; there are {count}")
    resampled = resampled_values(measure, codes, count, draws.of(task, codes, count))
    if share:
        low, high = wilson(int(measure.parts[:, 0].sum()), len(measure.parts), confidence)
        return Interval(low, high, "wilson", count, resampled)
    defined = resampled[np.isfinite(resampled)]
    if len(defined) * 2 < len(resampled):
        return Interval(None, None, "none", count, note="most draws of its items have no value")
    if np.ptp(defined) <= 1e-12 * max(1.0, float(np.abs(defined).max())):
        return Interval(None, None, "none", count, resampled, note="all items are alike: no interval")
    tail = expanded_tail(confidence, count)
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(float(low), float(high), "bootstrap", count, resampled)


def codes_of(clusters: Sequence[str]) -> tuple[Ints, int]:
    """A number from 0 per item for its cluster, in the order they come, and how many there are."""
    places: dict[str, int] = {}
    codes = np.array([places.setdefault(name, len(places)) for name in clusters], dtype=np.int64)
    return codes, len(places)


def resampled_values(measure: Measure, codes: Ints, count: int, resampler: Resampler) -> Floats:
    """The measure's value in every draw of the clusters, (B,); nan where it has none."""
    sums = by_cluster(measure.parts, codes, count)
    totals = in_chunks(lambda rows: product(resampler.some_weights(rows), sums), resampler.resamples, count)
    with np.errstate(all="ignore"):
        return measure.value(totals)


def by_cluster(parts: Floats, codes: Ints, count: int) -> Floats:
    """Sums of the items' parts in each cluster, (count, k)."""
    return np.column_stack([sums_by(codes, parts[:, column], count) for column in range(parts.shape[1])])


def is_share(measure: Measure, clusters: int) -> bool:
    """Whether the value is a share of independent items that are right or wrong."""
    whole = measure.kind == "mean" and clusters == len(measure.parts)
    return whole and bool(np.isin(measure.parts[:, 0], (0.0, 1.0)).all())


def wilson(right: int, n: int, confidence: float) -> tuple[float, float]:
    """Wilson's score interval of a share (1927), clipped to 0 and 1."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    middle = (right + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(right * (n - right) / n + z * z / 4)
    return max(0.0, middle - half) if right else 0.0, min(1.0, middle + half) if right < n else 1.0  # to the last digit


def expanded_tail(confidence: float, n: int) -> float:
    """The share of draws to leave out on each side so that the interval is as wide as n clusters ask for."""
    wide = t_quantile((1 + confidence) / 2, n - 1) * math.sqrt(n / (n - 1))
    return NormalDist().cdf(-wide)


def t_quantile(share: float, freedom: float) -> float:
    """The quantile of Student's t, by the expansion of Cornish and Fisher, and in closed form at 1 and 2 degrees of freedom.

    Within .5 % at 3 degrees of freedom for shares up to .975, and within .05 % from 5 on.
    """
    if freedom <= 1:
        return math.tan(math.pi * (share - 0.5))
    if freedom <= 2:
        return (2 * share - 1) * math.sqrt(2 / (4 * share * (1 - share)))
    z = NormalDist().inv_cdf(share)
    series = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom ** (power + 1) for power, term in enumerate(series))
