"""Models over all columns that count: the mean of normalised values with its interval, rank and cluster."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist

import numpy as np

from harness.leaderboard.comparisons import Swapped, adjusted, better_than
from harness.leaderboard.intervals import t_quantile
from harness.leaderboard.measured import Measured
from harness.leaderboard.records import Column, Results, Standing
from harness.leaderboard.scales import normalised
from harness.meta.pairs import Floats
from harness.meta.significance import rank_clusters

Pair = tuple[str, str]


@dataclass(frozen=True)
class Counted:
    """A column that counts in the mean: its `ends` (baseline, ceiling), its cells and comparisons by model."""

    column: Column
    ends: tuple[float, float]
    found: Mapping[str, Measured]
    pairs: Mapping[Pair, Swapped]


def make_standings(
    results: Results, counted: Sequence[Counted], *, seed: int, confidence: float, swaps: int
) -> tuple[Standing, ...]:
    """One per model, the best first. A model that lacks a column has no mean: over other tasks it would be another number."""
    alpha = 1 - confidence
    whole = [model for model in results.models if counted and all(_value(one, model) is not None for one in counted)]
    means = {model: math.fsum(_value(one, model) or 0.0 for one in counted) / len(counted) for model in whole}
    compared = _compared(whole, counted, swaps)
    rankable = len(whole) > 1 and len(compared) == len(whole) * (len(whole) - 1) // 2
    ordered = sorted(whole, key=lambda model: -means[model])
    family = [(first, second, one) for (first, second), one in compared.items()]
    clusters = rank_clusters(ordered, better_than(adjusted(family), alpha)) if rankable else {}
    found = []
    for model in [*ordered, *(model for model in results.models if model not in means)]:
        low, high = _interval(model, counted, seed, confidence) if model in means else (None, None)
        seconds, speed, cost = _spent(results, model)
        done = sum(_value(one, model) is not None for one in counted)
        rank = 1 + sum(mean > means[model] for mean in means.values()) if model in clusters else None
        found.append(
            Standing(
                model=model, mean=means.get(model), low=low, high=high, rank=rank, cluster=clusters.get(model), columns=done,
                seconds=seconds, tokens_per_second=speed, cost=cost, note=_note(model, counted, done, low is None),
            )
        )  # fmt: skip
    return tuple(found)


def _value(one: Counted, model: str) -> float | None:
    measured = one.found.get(model)
    return None if measured is None else normalised(measured.value, *one.ends)


def _compared(models: Sequence[str], counted: Sequence[Counted], swaps: int) -> dict[Pair, Swapped]:
    """The mean's difference of every two models, its null the columns' own added up: different tasks swap by themselves."""
    compared = {}
    for first, second in combinations(models, 2):
        null, difference, items = np.zeros(swaps), 0.0, 0
        for one in counted:
            found, sign = _oriented(one.pairs, first, second)
            if found is None:
                break
            width = (one.ends[1] - one.ends[0]) * len(counted)
            null += sign * found.null / width
            difference += sign * found.difference / width
            items += found.items
        else:
            compared[first, second] = Swapped(difference, null, items)
    return compared


def _oriented(pairs: Mapping[Pair, Swapped], first: str, second: str) -> tuple[Swapped | None, int]:
    return (pairs[first, second], 1) if (first, second) in pairs else (pairs.get((second, first)), -1)


def _interval(model: str, counted: Sequence[Counted], seed: int, confidence: float) -> tuple[float | None, float | None]:
    """Percentiles of the mean of the columns' draws, moved outwards for few items as in `intervals`, by Satterthwaite's degrees
    of freedom (1946)."""
    drawn: list[Floats] = []
    spreads, clusters = [], []
    for place, one in enumerate(counted):
        measured = one.found[model]
        values = measured.interval.resampled
        if values is None and measured.error and measured.value is not None:
            noise = np.random.default_rng([seed, 5, place]).standard_normal(len(drawn[0]) if drawn else 2000)
            values = measured.value + measured.error * noise
        if values is None:
            return None, None
        scaled = (values - one.ends[0]) / (one.ends[1] - one.ends[0]) / len(counted)
        drawn.append(scaled)
        spreads.append(float(np.nanvar(scaled)))
        clusters.append(max(2, measured.interval.clusters))
    length = min(map(len, drawn))
    totals = np.sum([values[:length] for values in drawn], axis=0)
    totals = totals[np.isfinite(totals)]
    if not len(totals) or np.ptp(totals) <= 1e-12:
        return None, None
    unbiased = [spread * n / (n - 1) for spread, n in zip(spreads, clusters, strict=True)]
    freedom = sum(unbiased) ** 2 / sum(spread**2 / (n - 1) for spread, n in zip(unbiased, clusters, strict=True))
    wide = t_quantile((1 + confidence) / 2, freedom) * math.sqrt(sum(unbiased) / sum(spreads))
    tail = NormalDist().cdf(-wide)
    low, high = np.quantile(totals, [tail, 1 - tail])
    return float(low), float(high)


def _spent(results: Results, model: str) -> tuple[float | None, float | None, float | None]:
    """Seconds, tokens per second and cost over the model's tasks; only tasks that say both count for the speed."""
    rows = [result for result in results.results if result.model == model]
    seconds = [row.seconds for row in rows if row.seconds is not None]
    timed = [(row.tokens, row.seconds) for row in rows if row.tokens is not None and row.seconds]
    costs = [row.cost for row in rows if row.cost is not None]
    whole = results.models[model].meta.get("seconds")
    total = math.fsum(seconds) if seconds else (float(whole) if isinstance(whole, (int, float)) else None)
    speed = sum(tokens for tokens, _ in timed) / math.fsum(time for _, time in timed) if timed else None
    return total, speed, math.fsum(costs) if costs else None


def _note(model: str, counted: Sequence[Counted], done: int, bare: bool) -> str | None:
    if not counted:
        return "no task has a baseline and a ceiling: there is no mean"
    lacking = [one.column.task for one in counted if _value(one, model) is None]
    if lacking:
        return f"no mean: {', '.join(lacking)} missing ({done} of {len(counted)} done)"
    without = [one.column.task for one in counted if one.found[model].interval.low is None]
    return f"no interval of the mean: {', '.join(without)} without one" if bare and without else None
