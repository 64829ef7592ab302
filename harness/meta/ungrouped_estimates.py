"""Group-averaged accuracies of large cells with their intervals: resampled like small ones, or by the bootstrap's first term.

Of the first term's distribution only the variance is needed: a sum of thousands of clusters' influences is normal. With w drawn
as in the bootstrap, the variance of Σ w_c ψ_c is Σ (ψ_c - mean ψ)². No cluster is drawn, so it costs one pass.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from harness.meta.pairs import Bools, Floats, Ints, sums_by
from harness.meta.resampling import Resampler
from harness.meta.significance import centred_bootstrap
from harness.meta.support import mean_over_groups
from harness.meta.ungrouped import People
from harness.meta.ungrouped_judging import LargeCell
from harness.meta.ungrouped_totals import Total

Interval = tuple[float | None, float | None]


@dataclass(frozen=True)
class Reached:
    """How much data a statistic rests on."""

    items: int
    clusters: int


@dataclass(frozen=True)
class Estimated:
    """A statistic with its interval, and what others need for theirs: resampled values (B,) or influences of clusters (C,)."""

    value: float | None
    low: float | None = None
    high: float | None = None
    resampled: Floats | None = None
    influence: Floats | None = None


def reached(people: People, item: Ints, keep: Bools, folds: Bools | None = None) -> Reached:
    """Items and clusters of the kept outputs that are in a pair (within one of `folds`). `item`: per output of the table."""
    code = people.group if folds is None else people.group * people.folds + people.fold
    counted = keep if folds is None else keep & folds[people.fold]
    here = counted & (np.bincount(code[counted], minlength=int(code.max()) + 1) > 1)[code]
    return Reached(_distinct(item[people.member[here]]), _distinct(people.cluster[here]))


def share(cell: LargeCell, right: Total, size: Total, data: Reached, scale: int = 1) -> Estimated:
    """Right pairs over all, averaged over the groups that have a pair."""
    held = size.counts > 0
    if not held.any():
        return Estimated(None)
    means = right.counts[held] / scale / size.counts[held]
    value = float(means.mean())
    resampler = cell.tally.resampler
    if right.resampled is not None and size.resampled is not None:
        with np.errstate(invalid="ignore", divide="ignore"):
            resampled = mean_over_groups(right.resampled / size.resampled) / scale
        low, high = resampler.interval(resampled)
        if low is not None and low == high:
            low, high = alike(value, resampler.level, data.clusters)
        return Estimated(value, low, high, resampled)
    influence = _influence(cell.people, right, size, held, value, scale)
    low, high = normal_interval(value, influence, resampler)
    if low is not None and low == high:
        low, high = alike(value, resampler.level, data.clusters)
    elif low is not None and high is not None:
        low, high = max(low, 0.0), min(high, 1.0)
    return Estimated(value, low, high, None, influence)


def difference(cell: LargeCell, one: Estimated, two: Estimated) -> tuple[Estimated, float]:
    """(one - two with its interval, p of no difference): centred bootstrap, or normal with the first term's variance."""
    assert one.value is not None
    assert two.value is not None
    value, resampler = one.value - two.value, cell.tally.resampler
    if one.resampled is not None and two.resampled is not None:
        resampled = one.resampled - two.resampled
        return Estimated(value, *resampler.interval(resampled), resampled), centred_bootstrap(resampled, value)
    if one.influence is None or two.influence is None or resampler.n_clusters < 2:
        return Estimated(value), 1.0
    influence = one.influence - two.influence
    low, high = normal_interval(value, influence, resampler)
    error = standard_error(influence)
    if abs(value) <= 1e-12:
        p = 1.0
    else:
        p = math.erfc(abs(value) / error / math.sqrt(2)) if error > 0 else 0.0
    return Estimated(value, low, high, None, influence), max(p, 1 / (1 + 10**9))  # no p value is 0


def bent(found: Estimated, function: Callable[[Any], Any], bend: float, resampler: Resampler) -> Interval:
    """The interval of a function of a statistic that falls up to `bend` and rises from there (the floor of a tie rate)."""
    if found.resampled is not None:
        return resampler.interval(function(found.resampled))
    if found.low is None or found.high is None:
        return None, None
    ends = [float(function(end)) for end in (found.low, found.high)]
    if found.low <= bend <= found.high:
        ends.append(float(function(bend)))
    return min(ends), max(ends)


def normal_interval(value: float, influence: Floats, resampler: Resampler) -> Interval:
    """The value and so many standard errors on either side; (None, None) with one cluster."""
    if resampler.n_clusters < 2:
        return None, None
    reach = NormalDist().inv_cdf((1 + resampler.level) / 2) * standard_error(influence)
    return value - reach, value + reach


def standard_error(influence: Floats) -> float:
    """Standard deviation of Σ w_c ψ_c over resamples."""
    return float(np.sqrt(np.square(influence - influence.mean()).sum()))


def alike(value: float, level: float, clusters: int) -> tuple[float, float]:
    """The interval where all clusters are alike (see `Support`)."""
    quantile = ((1 - level) / 2) ** (1 / clusters)
    return value * quantile, 1 - (1 - value) * quantile


def slopes(*totals: Total) -> list[Floats]:
    """The slopes of totals that have one."""
    return [total.slope for total in totals if total.slope is not None]


def by_cluster(people: People, per_output: Floats) -> Floats:
    """Sums per cluster, (C,)."""
    return sums_by(people.cluster, per_output, people.n_clusters)


def of_groups(people: People, per_group: Floats) -> Floats:
    """Sums per cluster, (C,), where every group lies in one."""
    cluster = np.zeros(people.n_groups, dtype=np.int64)
    cluster[people.group] = people.cluster
    return sums_by(cluster, per_group, people.n_clusters)


def _influence(people: People, right: Total, size: Total, held: Bools, value: float, scale: int) -> Floats:
    """∂(group-averaged share)/∂w_c, (C,)."""
    weight = np.where(held, 1 / np.where(held, size.counts, 1) / held.sum(), 0.0)
    shares = right.counts / scale / np.where(held, size.counts, 1)
    if people.within_clusters:  # a copied cluster brings copies of its groups
        return of_groups(people, np.where(held, (shares - value) / held.sum(), 0.0))
    moved, all_moved = slopes(right, size)
    return by_cluster(people, (moved / scale - shares[people.group] * all_moved) * weight[people.group])


def _distinct(codes: Ints) -> int:
    return int(np.count_nonzero(np.bincount(codes))) if len(codes) else 0
