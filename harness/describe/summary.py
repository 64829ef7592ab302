"""What a judgment set holds, counted: items, systems, raters, ratings, texts, and what could hurt the numbers."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from harness.describe.agreement import preference_agreement, rating_agreement
from harness.describe.answers import Answers
from harness.describe.concerns import find_concerns
from harness.describe.languages import describe_languages
from harness.describe.preferences import places, preferred
from harness.describe.ratings import pooled, rated
from harness.describe.repeats import describe_repeats
from harness.describe.texts import describe_texts
from harness.judgments import JudgmentSet
from harness.records import Output, Preference


def describe(data: JudgmentSet, *, quick: bool = False) -> dict[str, Any]:
    """Counts and simple statistics of a judgment set, ready for JSON.

    `warnings`: what could hurt the numbers, worst first. `criteria`: criterion → rater → ratings, missing (asked, not
    answered), unrated outputs, histogram, cells (system → rated of how many outputs), mean per system with its n, and the tie
    rate: per item the share of its pairs of rated outputs that the rater tied, averaged over items with a pair. `agreement`:
    criterion with several raters → Krippendorff's alpha with its interval, Fleiss' kappa, every two raters. `preferences`:
    criterion → rater → pairs, ties, missing, how often each system won and how often the output shown first. `quick` leaves out
    what takes long on many items: the language of texts, and the interval of agreement.
    """
    judged = [judgment for judgment in data.judgments if judgment.span is None]
    missing = sum(judgment.value is None for judgment in judged)
    raters = {judgment.rater for judgment in data.judgments} | {preference.rater for preference in data.preferences}
    by_criterion = {criterion: [j for j in judged if j.criterion == criterion] for criterion in data.criteria}
    compared = {criterion: [p for p in data.preferences if p.criterion == criterion] for criterion in data.criteria}
    outputs = {output.id: output for output in data.outputs} if data.preferences else {}
    answers = Answers.of(data.outputs)
    repeats = describe_repeats(data)
    found: dict[str, Any] = {
        "judgments": data.label,
        "version": data.info.version,
        "licence": data.info.licence,
        "constructed": data.info.constructed,
        "items": len(data.examples),
        "clusters": len({example.cluster for example in data.examples}),
        "outputs": len(data.outputs),
        "systems": list(data.systems),
        "answered": _counts(output.system for output in data.outputs),
        "reference_systems": list(data.info.reference_systems),
        "system_sets": {name: list(systems) for name, systems in data.info.system_sets.items()},
        "languages": _counts(example.language for example in data.examples),
        "tasks": _counts(example.task or "none" for example in data.examples),
        "forms": _counts(example.form or "none" for example in data.examples),
        "raters": sorted(raters),
        "primary_rater": data.info.primary_rater,
        "ratings": len(judged) - missing,
        "missing": missing,
        "spans": len(data.judgments) - len(judged),
        "duplicate_items": repeats["duplicate_items"],
        "duplicate_outputs": repeats["duplicate_outputs"],
        "without_reference": repeats["without_reference"],
        "criteria": {
            criterion: _by_rater(own, lambda said: rated(said, answers)) for criterion, own in by_criterion.items() if own
        },
        "pooled": {criterion: pooled(own, answers) for criterion, own in by_criterion.items() if own},
        "agreement": {
            criterion: agreement
            for criterion, own in by_criterion.items()
            if (agreement := rating_agreement(own, data.outputs, interval=not quick)) is not None
        },
        "preferences": {
            criterion: _by_rater(own, lambda said: preferred(said, _compared(said, outputs)))
            for criterion, own in compared.items()
            if own
        },
        "pooled_preferences": {criterion: preferred(own, data.outputs) for criterion, own in compared.items() if own},
        "preference_agreement": {
            criterion: agreement
            for criterion, own in compared.items()
            if own and (agreement := preference_agreement(own, criterion, data.outputs)) is not None
        },
        "places": places(data.preferences, data.outputs),
        "repeats": repeats,
        "texts": describe_texts(data),
        "languages_found": {"checked": False, "reason": "not asked for"} if quick else describe_languages(data),
        "notes": list(data.notes),
        "source_notes": list(data.info.notes),
    }
    return {**found, "warnings": find_concerns(found)}


def _by_rater(records: Sequence[Any], describe_one: Callable[[Sequence[Any]], dict[str, Any]]) -> dict[str, Any]:
    own: dict[str, list[Any]] = {}
    for record in records:
        own.setdefault(record.rater, []).append(record)
    return {rater: describe_one(said) for rater, said in sorted(own.items())}


def _compared(preferences: Sequence[Preference], outputs: Mapping[str, Output]) -> list[Output]:
    """The outputs that these compare: a vote site has thousands of raters, and each must not walk through all outputs."""
    return [outputs[output] for p in preferences for output in (p.output_a, p.output_b)]


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
