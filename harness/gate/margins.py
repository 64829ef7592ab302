"""Whether differences have fallen below a margin: bounds and p values that agree, corrected by Holm over a family.

A difference is resampled B times. Its one-sided p is the rank of `-margin` among the resampled values, and its upper bound the
value of the rank that a level allows: so the bound lies below `-margin` exactly where p is at most the level. Tails are taken as
far out as n clusters ask for (expanded percentile interval, Hesterberg 2015, The American Statistician 69, section 4.5).

Both bounds have to hold where what few clusters do may not have been seen: a large fall under the lower bound, a large rise over
the upper one. So each resample has one cluster more, which has fallen (risen) as far as it can, with a weight of its own (Gaffke
2005, Mathematical Methods of Statistics 14; where clusters are all or nothing this is the exact bound of Clopper and Pearson).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Literal

import numpy as np

from harness.meta.pairs import Floats

MOST = 1_000_000  # resamples, whatever the level asks for: about five seconds a comparison of 60 items
LEAST = 5  # clusters below which nothing is said of others than those at hand
WORST = -1.0  # an item of which every pair was right and none is
BEST = 1.0  # an item of which no pair was right and every one is
_SLACK = 1e-12  # differences that differ from the margin by rounding alone lie on it
_MANY = 10_000  # degrees of freedom from which Student's t is the normal distribution


@dataclass(frozen=True)
class Difference:
    """A value and its resampled values, shape (B,), from so many clusters; None where nothing could be resampled."""

    value: float
    resampled: Floats | None
    clusters: int


@dataclass(frozen=True)
class Verdict:
    """What a difference comes to. `low` and `high`: its bounds, each one-sided, None where nothing can be said of it.

    `level`: the confidence of `high`; `p`: one-sided, of the difference being `-margin` or more; `p_adjusted`: by Holm.
    """

    outcome: Literal["pass", "inconclusive", "fail"]
    low: float | None
    high: float | None
    level: float
    p: float
    p_adjusted: float


def decide(family: Sequence[Difference], margin: float, alpha: float) -> list[Verdict]:
    """A verdict on each difference: over the whole family a false fail has a chance of `alpha` at most, each pass one of its own.

    Holm (Scandinavian Journal of Statistics 6, 1979) goes through the p values from the smallest on and compares that at place
    r of m with alpha / (m - r + 1) until one is larger. An upper bound has the level with which its own p was compared, and from
    that one on all have the level at which Holm stopped. So a difference fails by its bound exactly where its adjusted p is at
    most alpha. A lower bound is at alpha: Holm guards against false fails.
    """
    p = [below(one, margin) for one in family]
    order = sorted(range(len(family)), key=lambda index: (p[index], index))
    failed, divisor, adjusted, running, still = 0, [1] * len(family), [1.0] * len(family), 0.0, True
    for place, index in enumerate(order):
        left = len(family) - place
        still = still and left * p[index] <= alpha
        failed += still
        divisor[index] = len(family) - min(place, failed)
        running = max(running, min(1.0, left * p[index]))
        adjusted[index] = running
    found = []
    for index, one in enumerate(family):
        low, high = lower(one, alpha), upper(one, alpha, divisor[index])
        found.append(Verdict(_outcome(low, high, margin), low, high, 1 - alpha / divisor[index], p[index], adjusted[index]))
    return found


def below(one: Difference, margin: float) -> float:
    """One-sided p of the difference being `-margin` or more: small where it has fallen further. 1 where nothing can be said."""
    if one.resampled is None or one.clusters < LEAST:
        return 1.0
    risen = _with_one_more(one.resampled, one.clusters, BEST)
    return _tail(1 + int((risen >= -margin - _SLACK).sum()), len(risen), one.clusters)


def upper(one: Difference, alpha: float, divisor: int = 1) -> float | None:
    """The bound above which the difference lies with a chance of alpha / divisor, whatever clusters that nobody saw may do.

    None where the resamples cannot say.
    """
    if one.resampled is None or not (outside := _outside(len(one.resampled), one.clusters, alpha, divisor)):
        return None
    return float(np.sort(_with_one_more(one.resampled, one.clusters, BEST))[-outside])


def lower(one: Difference, alpha: float) -> float | None:
    """The bound below which the difference lies with a chance of alpha, whatever clusters that nobody saw may do."""
    if one.resampled is None or not (outside := _outside(len(one.resampled), one.clusters, alpha, 1)):
        return None
    return float(np.sort(_with_one_more(one.resampled, one.clusters, WORST))[outside - 1])


def resamples_for(comparisons: int, alpha: float, wanted: int) -> int:
    """At least `wanted`, and so many that Holm's smallest level is met with room, but no more than `MOST`."""
    return max(wanted, min(MOST, math.ceil(20 * comparisons / alpha)))


def student(t: float, freedom: int) -> float:
    """P(T ≤ t) of Student's distribution at whole degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine = math.cos(angle)
    odd = freedom % 2
    term = 1.0 if not odd else cosine
    total = 0.0 if freedom == 1 else term
    for power in range(2 + odd, freedom - 1, 2):
        term *= cosine * cosine * (power - 1) / power
        total += term
    inside = (angle + math.sin(angle) * total) * 2 / math.pi if odd else math.sin(angle) * total
    return (1 + inside) / 2


def _with_one_more(resampled: Floats, clusters: int, value: float) -> Floats:
    """The resampled values with one cluster more of this value, whose weight is drawn from the exponential distribution."""
    draws = len(resampled)
    even = (np.arange(draws) + 0.5) / draws
    weight = -np.log(np.random.default_rng(clusters).permutation(even))
    return (clusters * resampled + value * weight) / (clusters + weight)


@lru_cache(maxsize=1000)
def _outside(draws: int, clusters: int, alpha: float, divisor: int) -> int:
    """The most resampled values that may lie outside, by the same comparison as that of p; 0 where nothing can be said."""
    if clusters < LEAST:
        return 0
    least, most = 0, (draws + 1) // 2
    while least < most:
        middle = (least + most + 1) // 2
        if divisor * _tail(middle, draws, clusters) <= alpha:
            least = middle
        else:
            most = middle - 1
    return least


def _tail(count: int, draws: int, clusters: int) -> float:
    """The probability of a tail in which `count` of draws + 1 lie, as Student's t sees it from so many clusters."""
    share = count / (draws + 1)
    if share >= 0.5 or clusters > _MANY:
        return share
    return student(NormalDist().inv_cdf(share) * math.sqrt((clusters - 1) / clusters), clusters - 1)


def _outcome(low: float | None, high: float | None, margin: float) -> Literal["pass", "inconclusive", "fail"]:
    if low is None or high is None:
        return "inconclusive"
    if high < -margin - _SLACK:
        return "fail"
    return "pass" if low > -margin + _SLACK else "inconclusive"
