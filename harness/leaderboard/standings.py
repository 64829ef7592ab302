"""Models over all columns that count: the mean of normalised values with its interval, rank and cluster."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.leaderboard.comparisons import Swapped, ranked
from harness.leaderboard.measured import Measured
from harness.leaderboard.records import Column, Results, Standing
from harness.leaderboard.scales import normalised

Pair = tuple[str, str]


@dataclass(frozen=True)
class Counted:
    """A column that counts in the mean: its `ends` (baseline, ceiling), its cells and comparisons by model."""

    column: Column
    ends: tuple[float, float]
    found: Mapping[str, Measured]
    pairs: Mapping[Pair, Swapped]


def make_standings(results: Results, counted: Sequence[Counted], *, confidence: float, swaps: int) -> tuple[Standing, ...]:
    """One per model, the best first. A model that lacks a column has no mean: over other tasks it would be another number."""
    alpha = 1 - confidence
    whole = [model for model in results.models if counted and all(_value(one, model) is not None for one in counted)]
    means = {model: math.fsum(_value(one, model) or 0.0 for one in counted) / len(counted) for model in whole}
    compared = _compared(whole, counted, swaps)
    ranks, clusters = ranked(whole, compared, alpha)
    ordered = sorted(whole, key=lambda model: -means[model])
    found = []
    for model in [*ordered, *(model for model in results.models if model not in means)]:
        low, high = _interval(model, counted) if model in means else (None, None)
        seconds, speed, cost = _spent(results, model)
        done = sum(_value(one, model) is not None for one in counted)
        note = "; ".join(_notes(model, counted, done, low is None, [] if model in ranks else whole))
        found.append(
            Standing(
                model=model, mean=means.get(model), low=low, high=high, rank=ranks.get(model), cluster=clusters.get(model),
                columns=done,
                seconds=seconds, tokens_per_second=speed, cost=cost, note=note or None,
            )
        )  # fmt: skip
    return tuple(found)


def _value(one: Counted, model: str) -> float | None:
    measured = one.found.get(model)
    return None if measured is None or measured.unfit else normalised(measured.value, *one.ends)


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


def _interval(model: str, counted: Sequence[Counted]) -> tuple[float | None, float | None]:
    """The columns' own intervals put together; of one column it is that column's. None where a column has none.

    Each limit is the farther of two. The squared distances of the columns' limits from their values add up, each side by itself
    (MOVER; Zou & Donner 2008, Statistics in Medicine 27): right where one column is much more skewed than the others, too short
    on one side where many are. Or variances and third cumulants add up: with w for a column's weight, h for half its interval's
    width and s for how far its middle lies from the value, half the width is √(Σ w²h²) around Σ w³h²s / Σ w²h² from the mean.
    None lies beyond where all columns are at their limits.
    """
    weight = 1 / len(counted)
    mean, below, above, squares, skews = 0.0, 0.0, 0.0, 0.0, 0.0
    lowest, highest = 0.0, 0.0
    for one in counted:
        measured = one.found[model]
        value, *ends = (normalised(each, *one.ends) for each in (measured.value, measured.interval.low, measured.interval.high))
        known = sorted(end for end in ends if end is not None)
        if value is None or len(known) < 2:
            return None, None
        low, high = (weight * (end - value) for end in known)
        mean, lowest, highest = mean + weight * value, lowest + low, highest + high
        below -= math.copysign(low**2, low)  # an interval of resampled values need not hold the value
        above += math.copysign(high**2, high)
        squares += ((high - low) / 2) ** 2
        skews += ((high - low) / 2) ** 2 * (low + high) / 2
    middle, half = (skews / squares if squares else 0.0), math.sqrt(squares)
    down, up = min(middle - half, -_root(below)), max(middle + half, _root(above))
    return mean + max(down, lowest), mean + min(up, highest)


def _root(total: float) -> float:
    return math.copysign(math.sqrt(abs(total)), total)


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


def _notes(model: str, counted: Sequence[Counted], done: int, bare: bool, others: Sequence[str]) -> list[str]:
    """Why it has no mean, no rank, no interval. `others`: the models with a mean that it is not ranked among."""
    if not counted:
        return ["no task has a baseline and a ceiling: there is no mean"]
    lacking = [one.column.task for one in counted if _value(one, model) is None]
    if lacking:
        unfit = {one.column.task for one in counted if model in one.found and one.found[model].unfit}
        said = [f"{task} {'without a value that counts' if task in unfit else 'missing'}" for task in lacking]
        return [f"no mean: {', '.join(said)} ({done} of {len(counted)} done)"]
    apart = [
        one.column.task
        for one in counted
        if any(_oriented(one.pairs, model, other)[0] is None for other in others if other != model)
    ]
    without = [one.column.task for one in counted if one.found[model].interval.low is None]
    found = [f"no rank: not compared with every other model on {', '.join(apart)}"] if apart else []
    return [*found, f"no interval of the mean: {', '.join(without)} without one"] if bare and without else found
