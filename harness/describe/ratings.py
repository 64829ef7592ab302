"""Ratings by criterion and rater: counts, histograms, ties, means per system, and which cells are missing."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

from harness.describe.answers import Answers
from harness.describe.numbers import middle
from harness.meta.pairs import Floats, Ints
from harness.records import Judgment, Scale

_MOST_BARS = 12  # more distinct values than this are put into ten bins
_BINS = 10


def rated(judgments: Sequence[Judgment], answers: Answers) -> dict[str, Any]:
    """One rater's ratings on one criterion (no spans), each of another output."""
    values = [judgment.value for judgment in judgments]
    place = answers.places([judgment.output_id for judgment in judgments])
    missing = np.fromiter((value is None for value in values), dtype=bool, count=len(values))
    numbers = [value for value in values if isinstance(value, (int, float))]
    numeric = place if len(numbers) == len(values) else place[[isinstance(value, (int, float)) for value in values]]
    order = np.argsort(numeric)
    here, ratings = numeric[order], np.array(numbers, dtype=np.float64)[order]
    ties, n_items = tie_rate(answers.item[here], ratings)
    scale = judgments[0].scale
    counts = Counter(numbers)
    cells = zip(
        answers.systems,
        answers.by_system(place[~missing]),
        answers.by_system(place[missing]),
        np.bincount(answers.system, minlength=len(answers.systems)).tolist(),
        strict=True,
    )
    return {
        "scale": None if scale is None else [scale.low, scale.high, scale.direction],
        "ratings": int((~missing).sum()),
        "labels": dict(sorted(Counter(value for value in values if isinstance(value, str)).items())),
        "missing": int(missing.sum()),
        "unrated": len(answers.system) - len(values),
        "tie_rate": ties,
        "tie_rate_items": n_items,
        "histogram": histogram(counts, scale),
        "distinct": len(counts),
        "cells": {name: {"rated": given, "missing": left, "outputs": n} for name, given, left, n in cells},
        "mean": _means(answers, here, ratings),
    }


def pooled(judgments: Sequence[Judgment], answers: Answers) -> dict[str, Any]:
    """All raters' ratings on one criterion together: histogram, mean per system over ratings, and how many each rater gave."""
    given = [judgment for judgment in judgments if isinstance(judgment.value, (int, float))]
    numbers = [judgment.value for judgment in given if isinstance(judgment.value, (int, float))]
    here = answers.places([judgment.output_id for judgment in given])
    own: dict[str, list[float]] = {}
    for judgment, value in zip(given, numbers, strict=True):
        own.setdefault(judgment.rater, []).append(value)
    means = sorted((sum(values) / len(values), rater) for rater, values in own.items())
    scale = judgments[0].scale
    return {
        "scale": None if scale is None else [scale.low, scale.high, scale.direction],
        "ratings": sum(judgment.value is not None for judgment in judgments),
        "missing": sum(judgment.value is None for judgment in judgments),
        "histogram": histogram(Counter(numbers), scale),
        "mean": _means(answers, here, np.array(numbers, dtype=np.float64)),
        "a_rater": _spread(np.array([len(values) for values in own.values()], dtype=np.int64)),
        "an_output": _spread(np.bincount(here, minlength=len(answers.system))),
        "lowest": None if not means else {"rater": means[0][1], "mean": means[0][0]},
        "highest": None if not means else {"rater": means[-1][1], "mean": means[-1][0]},
    }


def _means(answers: Answers, places: Ints, values: Floats) -> dict[str, dict[str, float]]:
    """The mean of each system that has a value; added up in the order given."""
    system = answers.system[places]
    found = {name: values[system == code].tolist() for code, name in enumerate(answers.systems)}
    return {name: {"mean": sum(own) / len(own), "n": len(own)} for name, own in found.items() if own}


def _spread(counts: Ints) -> dict[str, float] | None:
    return {"min": int(counts.min()), "median": middle(counts), "max": int(counts.max())} if len(counts) else None


def tie_rate(group: Ints, values: Floats) -> tuple[float | None, int]:
    """The share of tied pairs within each group, averaged over those that have a pair (None if none has), and their number.

    `group`: a code of each value, whole numbers from 0; shares are added up in the order in which groups first occur.
    """
    if not len(group):
        return None, 0
    order = np.lexsort((values, group))
    new = np.append(True, (group[order][1:] != group[order][:-1]) | (values[order][1:] != values[order][:-1]))
    alike = np.diff(np.append(np.flatnonzero(new), len(group)))  # how many values of a group are one and the same
    codes, first = np.unique(group, return_index=True)
    size = np.bincount(group)
    ties = np.bincount(group[order][new], alike * (alike - 1) // 2, len(size))
    chosen = codes[np.argsort(first)]
    chosen = chosen[size[chosen] > 1]
    shares = (ties[chosen] / (size[chosen] * (size[chosen] - 1) // 2)).tolist()
    return (sum(shares) / len(shares) if shares else None), len(shares)


def histogram(values: Iterable[float], scale: Scale | None) -> list[dict[str, float]]:
    """Bars `low`, `high`, `count`, ascending: one a value (unused whole points of the scale too), or ten bins if there are many.

    A bin holds its low end; the last one its high end too. `values` may be counted already.
    """
    counts = values if isinstance(values, Counter) else Counter(values)
    if not counts:
        return []
    points = set(counts) | _whole_points(counts, scale)
    if len(points) <= _MOST_BARS:
        return [{"low": point, "high": point, "count": counts.get(point, 0)} for point in sorted(points)]
    low, high = min(counts), max(counts)
    if scale is not None:
        low, high = min(scale.low, low), max(scale.high, high)
    width = (high - low) / _BINS
    bins = [0] * _BINS
    for value, count in counts.items():
        bins[min(int((value - low) / width), _BINS - 1)] += count
    return [{"low": low + width * n, "high": low + width * (n + 1), "count": count} for n, count in enumerate(bins)]


def _whole_points(values: Collection[float], scale: Scale | None) -> set[float]:
    """The scale's whole numbers, where all ratings are whole."""
    if scale is None or scale.high - scale.low >= _MOST_BARS or not all(float(value).is_integer() for value in values):
        return set()
    if not (scale.low.is_integer() and scale.high.is_integer()):
        return set()
    return {float(point) for point in range(int(scale.low), int(scale.high) + 1)}
