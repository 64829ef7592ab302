"""Ratings by criterion and rater: counts, histograms, ties, means per system, and which cells are missing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from statistics import median
from typing import Any

from harness.records import Judgment, Output, Scale

_MOST_BARS = 12  # more distinct values than this are put into ten bins
_BINS = 10


def rated(judgments: Sequence[Judgment], outputs: Sequence[Output]) -> dict[str, Any]:
    """One rater's ratings on one criterion (no spans)."""
    values = {judgment.output_id: judgment.value for judgment in judgments}
    items: dict[str, list[float]] = {}
    systems: dict[str, list[float]] = {}
    cells: dict[str, dict[str, int]] = {}
    for output in outputs:
        value = values.get(output.id)
        cell = cells.setdefault(output.system, {"rated": 0, "missing": 0, "outputs": 0})
        cell["outputs"] += 1
        cell["rated"] += value is not None
        cell["missing"] += output.id in values and value is None
        if isinstance(value, int | float):
            items.setdefault(output.example_id, []).append(value)
            systems.setdefault(output.system, []).append(value)
    ties, n_items = tie_rate(items.values())
    scale = judgments[0].scale
    numbers = [value for value in values.values() if isinstance(value, int | float)]
    return {
        "scale": None if scale is None else [scale.low, scale.high, scale.direction],
        "ratings": sum(value is not None for value in values.values()),
        "labels": dict(sorted(Counter(value for value in values.values() if isinstance(value, str)).items())),
        "missing": sum(value is None for value in values.values()),
        "unrated": len(outputs) - len(values),
        "tie_rate": ties,
        "tie_rate_items": n_items,
        "histogram": histogram(numbers, scale),
        "distinct": len(set(numbers)),
        "cells": dict(sorted(cells.items())),
        "mean": {system: {"mean": sum(own) / len(own), "n": len(own)} for system, own in sorted(systems.items())},
    }


def pooled(judgments: Sequence[Judgment], outputs: Sequence[Output]) -> dict[str, Any]:
    """All raters' ratings on one criterion together: histogram, mean per system over ratings, and how many each rater gave."""
    system = {output.id: output.system for output in outputs}
    numbers: list[float] = []
    systems: dict[str, list[float]] = {}
    own: dict[str, list[float]] = {}
    by_output: Counter[str] = Counter()
    for judgment in judgments:
        if isinstance(judgment.value, int | float):
            numbers.append(judgment.value)
            systems.setdefault(system[judgment.output_id], []).append(judgment.value)
            own.setdefault(judgment.rater, []).append(judgment.value)
            by_output[judgment.output_id] += 1
    means = sorted((sum(values) / len(values), rater) for rater, values in own.items())
    scale = judgments[0].scale
    return {
        "scale": None if scale is None else [scale.low, scale.high, scale.direction],
        "ratings": sum(judgment.value is not None for judgment in judgments),
        "missing": sum(judgment.value is None for judgment in judgments),
        "histogram": histogram(numbers, scale),
        "mean": {name: {"mean": sum(values) / len(values), "n": len(values)} for name, values in sorted(systems.items())},
        "a_rater": _spread([len(values) for values in own.values()]),
        "an_output": _spread([by_output[output.id] for output in outputs]),
        "lowest": None if not means else {"rater": means[0][1], "mean": means[0][0]},
        "highest": None if not means else {"rater": means[-1][1], "mean": means[-1][0]},
    }


def _spread(counts: Sequence[int]) -> dict[str, float] | None:
    return {"min": min(counts), "median": median(counts), "max": max(counts)} if counts else None


def tie_rate(values: Iterable[Sequence[float]]) -> tuple[float | None, int]:
    """The share of tied pairs within each sequence, averaged over those that have a pair (None if none has), and their number."""
    shares = []
    for group in values:
        pairs = list(combinations(group, 2))
        if pairs:
            shares.append(sum(a == b for a, b in pairs) / len(pairs))
    return (sum(shares) / len(shares) if shares else None), len(shares)


def histogram(values: Sequence[float], scale: Scale | None) -> list[dict[str, float]]:
    """Bars `low`, `high`, `count`, ascending: one a value (unused whole points of the scale too), or ten bins if there are many.

    A bin holds its low end; the last one its high end too.
    """
    if not values:
        return []
    counts = Counter(values)
    points = set(counts) | _whole_points(values, scale)
    if len(points) <= _MOST_BARS:
        return [{"low": point, "high": point, "count": counts.get(point, 0)} for point in sorted(points)]
    low, high = (min(values), max(values)) if scale is None else (scale.low, scale.high)
    low, high = min(low, *values), max(high, *values)
    width = (high - low) / _BINS
    bins = [0] * _BINS
    for value, count in counts.items():
        bins[min(int((value - low) / width), _BINS - 1)] += count
    return [{"low": low + width * n, "high": low + width * (n + 1), "count": count} for n, count in enumerate(bins)]


def _whole_points(values: Sequence[float], scale: Scale | None) -> set[float]:
    """The scale's whole numbers, where all ratings are whole."""
    if scale is None or scale.high - scale.low >= _MOST_BARS or not all(float(value).is_integer() for value in values):
        return set()
    if not (scale.low.is_integer() and scale.high.is_integer()):
        return set()
    return {float(point) for point in range(int(scale.low), int(scale.high) + 1)}
