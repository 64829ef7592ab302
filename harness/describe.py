"""What a judgment set holds, counted: items, systems, raters, ratings, ties and means."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from harness.judgments import JudgmentSet
from harness.meta.agreement import krippendorff_alpha
from harness.records import Judgment, Output, Preference

_MOST_VALUES = 1000  # alpha takes memory with the square of the distinct ratings


def describe(data: JudgmentSet) -> dict[str, Any]:
    """Counts and simple statistics of a judgment set, ready for JSON.

    `criteria`: criterion → rater → ratings, missing (asked, not answered), unrated outputs, mean per system with its n, and
    the tie rate: per item the share of its pairs of rated outputs that the rater tied, averaged over items with a pair.
    `agreement`: criterion with several raters → Krippendorff's alpha (ordinal) over outputs with two ratings; None if undefined,
    or if there are too many distinct ratings.
    `preferences`: criterion → rater → pairs, ties, missing, and how often each system won.
    """
    judged = [judgment for judgment in data.judgments if judgment.span is None]
    raters = {judgment.rater for judgment in data.judgments} | {preference.rater for preference in data.preferences}
    return {
        "judgments": data.label,
        "version": data.info.version,
        "licence": data.info.licence,
        "constructed": data.info.constructed,
        "items": len(data.examples),
        "clusters": len({example.cluster for example in data.examples}),
        "outputs": len(data.outputs),
        "systems": list(data.systems),
        "system_sets": {name: list(systems) for name, systems in data.info.system_sets.items()},
        "languages": _counts(example.language for example in data.examples),
        "tasks": _counts(example.task or "none" for example in data.examples),
        "forms": _counts(example.form or "none" for example in data.examples),
        "raters": sorted(raters),
        "primary_rater": data.info.primary_rater,
        "ratings": sum(judgment.value is not None for judgment in judged),
        "missing": sum(judgment.value is None for judgment in judged),
        "spans": len(data.judgments) - len(judged),
        "duplicate_items": _surplus(
            (example.instruction, example.source, example.language, example.references) for example in data.examples
        ),
        "duplicate_outputs": _surplus((output.example_id, output.text) for output in data.outputs if output.text is not None),
        "without_reference": sum(not example.references for example in data.examples),
        "criteria": {
            criterion: _by_rater(judgments, lambda own: _rated(own, data.outputs))
            for criterion in data.criteria
            if (judgments := [judgment for judgment in judged if judgment.criterion == criterion])
        },
        "agreement": {
            criterion: agreement
            for criterion in data.criteria
            if (agreement := _agreement([judgment for judgment in judged if judgment.criterion == criterion]))
        },
        "preferences": {
            criterion: _by_rater(preferences, lambda own: _preferred(own, data.outputs))
            for criterion in data.criteria
            if (preferences := [preference for preference in data.preferences if preference.criterion == criterion])
        },
        "notes": list(data.notes),
    }


def tie_rate(values: Iterable[Sequence[float]]) -> tuple[float | None, int]:
    """The share of tied pairs within each sequence, averaged over those that have a pair (None if none has), and their number."""
    shares = []
    for group in values:
        pairs = list(combinations(group, 2))
        if pairs:
            shares.append(sum(a == b for a, b in pairs) / len(pairs))
    return (sum(shares) / len(shares) if shares else None), len(shares)


def _by_rater(records: Sequence[Any], describe_one: Any) -> dict[str, Any]:
    raters = sorted({record.rater for record in records})
    return {rater: describe_one([record for record in records if record.rater == rater]) for rater in raters}


def _rated(judgments: Sequence[Judgment], outputs: Sequence[Output]) -> dict[str, Any]:
    """One rater's ratings on one criterion."""
    values = {judgment.output_id: judgment.value for judgment in judgments}
    items: dict[str, list[float]] = {}
    systems: dict[str, list[float]] = {}
    for output in outputs:
        value = values.get(output.id)
        if isinstance(value, int | float):
            items.setdefault(output.example_id, []).append(value)
            systems.setdefault(output.system, []).append(value)
    ties, n_items = tie_rate(items.values())
    scale = judgments[0].scale
    return {
        "scale": None if scale is None else [scale.low, scale.high, scale.direction],
        "ratings": sum(value is not None for value in values.values()),
        "labels": _counts(value for value in values.values() if isinstance(value, str)),
        "missing": sum(value is None for value in values.values()),
        "unrated": len(outputs) - len(values),
        "tie_rate": ties,
        "tie_rate_items": n_items,
        "mean": {system: {"mean": sum(own) / len(own), "n": len(own)} for system, own in sorted(systems.items())},
    }


def _agreement(judgments: Sequence[Judgment]) -> dict[str, Any] | None:
    """How far the raters of one criterion agree; None where no two of them gave numbers."""
    rated = [judgment for judgment in judgments if isinstance(judgment.value, int | float)]
    raters = {rater: row for row, rater in enumerate(sorted({judgment.rater for judgment in rated}))}
    if len(raters) < 2:
        return None
    outputs = {output: column for column, output in enumerate(dict.fromkeys(judgment.output_id for judgment in rated))}
    ratings = np.full((len(raters), len(outputs)), np.nan)
    for judgment in rated:
        ratings[raters[judgment.rater], outputs[judgment.output_id]] = judgment.value
    shared = int((np.isfinite(ratings).sum(axis=0) > 1).sum())
    distinct = len({judgment.value for judgment in rated})
    alpha = krippendorff_alpha(ratings, "ordinal") if distinct <= _MOST_VALUES else None
    return {"krippendorff_alpha_ordinal": alpha, "raters": len(raters), "outputs": shared, "distinct_ratings": distinct}


def _preferred(preferences: Sequence[Preference], outputs: Sequence[Output]) -> dict[str, Any]:
    """One rater's preferences on one criterion."""
    system = {output.id: output.system for output in outputs}
    winners = [p.output_a if p.winner == "a" else p.output_b for p in preferences if p.winner in ("a", "b")]
    return {
        "pairs": len(preferences),
        "ties": sum(p.winner == "tie" for p in preferences),
        "missing": sum(p.winner is None for p in preferences),
        "wins": _counts(system[winner] for winner in winners),
        "first_wins": sum(p.winner == "a" for p in preferences),
    }


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _surplus(values: Iterable[Any]) -> int:
    """How many values repeat an earlier one."""
    return sum(count - 1 for count in Counter(values).values())
