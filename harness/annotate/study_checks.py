"""What is wrong with a study whose keys and types are right: what is missing, contradicts itself or cannot be done."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.annotate.study import KnownItem, Study, allowed_answers, expected_answers, is_pseudonym, not_a_pseudonym
from harness.errors import did_you_mean
from harness.yaml_lines import Keys

_TEXTS = ("title", "guidelines", "consent")
_MOST_RATINGS = 11

Complaint = tuple[Keys, str]


def complaints(study: Study) -> Iterator[Complaint]:
    """What is wrong with a study whose keys and types are right, and where."""
    if not re.fullmatch(r"\w[\w.-]*", study.name):
        yield ("name",), f"{study.name!r} is to be a file's name: use letters, digits, hyphens and dots"
    if not study.languages or len(set(study.languages)) < len(study.languages):
        yield ("languages",), "name at least one interface language, each once"
    for key in _TEXTS:
        yield from _untranslated(study, getattr(study, key), (key,))
    if not study.criteria and study.compare is None:
        yield ("criteria",), "nothing to ask: name `criteria` to rate, or `compare` to choose between two"
    yield from _criteria(study)
    yield from _comparisons(study)
    for index, item in enumerate(study.training):
        yield from _known_item(study, item, ("training", index))
    for index, item in enumerate(study.checks.items):
        yield from _known_item(study, item, ("checks", "items", index))
    if not 0 <= (study.checks.count or 0) <= len(study.checks.items):
        yield ("checks", "count"), f"{study.checks.count} of {len(study.checks.items)} attention checks cannot be shown"
    yield from _who(study)
    given = [key for key in ("run", "source", "jsonl") if getattr(study.items, key) is not None]
    if len(given) != 1:
        yield ("items",), "say where the outputs come from, with one of run, source and jsonl"
    if study.items.sample is not None and study.items.sample < 1:
        yield ("items", "sample"), f"a sample has at least 1 item, got {study.items.sample}"


def _criteria(study: Study) -> Iterator[Complaint]:
    yield from _named_once([criterion.name for criterion in study.criteria], ("criteria",))
    for index, criterion in enumerate(study.criteria):
        keys: Keys = ("criteria", index)
        yield from _untranslated(study, criterion.label, (*keys, "label"))
        if criterion.question:
            yield from _untranslated(study, criterion.question, (*keys, "question"))
        if not criterion.low < criterion.high:
            yield keys, f"low {criterion.low} must be less than high {criterion.high}"
        elif len(criterion.values) > _MOST_RATINGS:
            yield keys, f"{len(criterion.values)} ratings are more than people tell apart; at most {_MOST_RATINGS}"
        for language, words in criterion.anchors.items():
            if len(words) != len(criterion.values):
                wanted = f"one for each of {criterion.low} to {criterion.high}"
                yield (*keys, "anchors", language), f"{len(words)} anchors, expected {len(criterion.values)}: {wanted}"
        if criterion.anchors:
            yield from _untranslated(study, criterion.anchors, (*keys, "anchors"))


def _comparisons(study: Study) -> Iterator[Complaint]:
    if study.compare is None:
        return
    if not study.compare.criteria:
        yield ("compare", "criteria"), "name at least one criterion, such as overall"
    yield from _named_once([criterion.name for criterion in study.compare.criteria], ("compare", "criteria"))
    for index, criterion in enumerate(study.compare.criteria):
        yield from _untranslated(study, criterion.label, ("compare", "criteria", index, "label"))
        if criterion.question:
            yield from _untranslated(study, criterion.question, ("compare", "criteria", index, "question"))
    if study.compare.per_item is not None and study.compare.per_item < 1:
        yield ("compare", "per_item"), f"at least 1 pair an item, got {study.compare.per_item}"


def _known_item(study: Study, item: KnownItem, keys: Keys) -> Iterator[Complaint]:
    if (item.text is None) == (item.pair is None):
        yield keys, "give `text` (to rate) or `pair` (two texts to compare), one of them"
        return
    if item.pair is not None and study.compare is None:
        yield (*keys, "pair"), "this study compares nothing: there is no `compare`"
        return
    if item.text is not None and not study.criteria:
        yield (*keys, "text"), "this study rates nothing: there are no `criteria`"
        return
    allowed = allowed_answers(study, "rate" if item.pair is None else "compare")
    if not item.expected:
        yield (*keys, "expected"), "name at least one criterion and its expected answer"
    for criterion, answers in item.expected.items():
        if criterion not in allowed:
            yield (*keys, "expected", criterion), f"no criterion {criterion!r}.{did_you_mean(criterion, allowed)}"
            continue
        for answer in expected_answers(answers):
            if answer not in allowed[criterion]:
                known = ", ".join(map(str, allowed[criterion]))
                yield (*keys, "expected", criterion), f"{answer!r} is no answer here; it is one of {known}"
    if item.feedback:
        yield from _untranslated(study, item.feedback, (*keys, "feedback"))


def _who(study: Study) -> Iterator[Complaint]:
    yield from _named_once(list(study.raters), ("raters",))
    for index, pseudonym in enumerate(study.raters):
        if not is_pseudonym(pseudonym):
            yield ("raters", index), not_a_pseudonym(pseudonym)
        near = [name for name in study.raters[:index] if name != pseudonym and name.casefold() == pseudonym.casefold()]
        if near:
            yield ("raters", index), f"{pseudonym!r} differs from {near[0]!r} in capitals only; take another pseudonym"
    overlap = study.overlap
    if overlap.share is not None and overlap.items is not None:
        yield ("overlap",), "give share or items, not both"
    if overlap.share is not None and not 0 <= overlap.share <= 1:
        yield ("overlap", "share"), f"a share lies between 0 and 1, got {overlap.share:g}"
    if overlap.items is not None and overlap.items < 0:
        yield ("overlap", "items"), f"a number of items is at least 0, got {overlap.items}"
    everything = overlap.raters is None and (overlap.share == 1 or (overlap.share is None and overlap.items is None))
    if not everything and not study.raters:
        yield ("raters",), "name the raters (pseudonyms): the items are divided among them"
    if overlap.raters is not None and not 2 <= overlap.raters <= len(study.raters):
        yield ("overlap", "raters"), f"between 2 and all {len(study.raters)} raters can share an item, got {overlap.raters}"


def _named_once(names: list[str], keys: Keys) -> Iterator[Complaint]:
    for index, name in enumerate(names):
        if not name.strip():
            yield (*keys, index), "the name is empty"
        if name in names[:index]:
            yield (*keys, index), f"{name!r} is here twice; keep one"


def _untranslated(study: Study, texts: Mapping[str, Any], keys: Keys) -> Iterator[Complaint]:
    missing = [language for language in study.languages if not texts.get(language)]
    if missing:
        yield keys, f"the text in {' and '.join(missing)} is missing; add it, or take the language out of `languages`"
