"""Masks for what must not be translated: put in before a text goes to a translator, checked and taken out when it is back."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from harness_plugins.datasets.translate.protect_context import literal_spans, named_spans
from harness_plugins.datasets.translate.protect_friends import false_friends
from harness_plugins.datasets.translate.protect_names import name_spans
from harness_plugins.datasets.translate.protect_numbers import in_words, number_words
from harness_plugins.datasets.translate.protect_patterns import HARD, STRICT, other_script
from harness_plugins.datasets.translate.protect_units import with_units

# How a mask looks, tried one after another: engines that lose one keep another.
FORMS = ("⟦{}⟧", "XQ{}Z", "<x{}/>", "[[{}]]")
_LETTERS = "ABCDEFGHJKLMNPRSTU"  # for the second form, whose digits some engines tear off


class Span(NamedTuple):
    """A stretch of a text that is not translated, and what stands for it in the translation."""

    start: int
    end: int
    kind: str
    becomes: str


class Masked(NamedTuple):
    """A text with masks, and what each mask stands for."""

    text: str
    form: int
    values: tuple[str, ...]


class Languages(NamedTuple):
    """From which language into which."""

    source: str
    target: str


def protected(
    text: str,
    languages: Languages,
    *,
    strict: bool = False,
    names: frozenset[str] = frozenset(),
    terms: Mapping[str, str] = {},
    literals: frozenset[str] = frozenset(),
    coded: frozenset[str] = frozenset(),
) -> list[Span]:
    """The spans of the text, in order, none over another. `terms`: phrases (in lower case) with what they become.

    `literals`: strings that stay, in this case only; `coded`: words of the row's program text, which stay where the text names
    them. `strict` adds numbers, markup, emoji, false friends and the names, which else are left and checked afterwards.
    """
    taken: list[Span] = []

    def take(start: int, end: int, kind: str, becomes: str | None = None) -> None:
        if start < end and not any(start < span.end and span.start < end for span in taken):
            taken.append(Span(start, end, kind, text[start:end] if becomes is None else becomes))

    for kind, pattern in HARD[:3]:
        _each(pattern, text, kind, take)
    for term in sorted(terms, key=lambda term: (-len(term), term)):
        for match in phrase(term).finditer(text):
            take(match.start(), match.end(), "term", _cased(match[0], terms[term], _opens(text, match.start())))
    for start, end in literal_spans(text, literals):
        take(start, end, "literal")
    for start, end in named_spans(text, coded):
        take(start, end, "identifier")
    for kind, pattern in HARD[3:]:
        _each(pattern, text, kind, take)
    foreign = other_script(languages.source)
    if foreign is not None:
        _each(foreign, text, "script", take)
    for start, end, becomes in with_units(text, *languages):
        take(start, end, "unit", becomes)
    if strict:
        for start, end in name_spans(text, names):
            take(start, end, "name")
        for start, end, friend in false_friends(text, *languages):
            take(start, end, "false-friend", friend)
        for start, end, value in number_words(text, languages.source):
            take(start, end, "number", in_words(value, languages.target))
        for kind, pattern in STRICT:
            _each(pattern, text, kind, take)
    return sorted(taken)


def masked(text: str, spans: Sequence[Span], form: int) -> Masked:
    """The text with a mask of this form for each span; forms that the text itself holds are passed over."""
    while _mask(form).search(text):
        form = (form + 1) % len(FORMS)
        if form == 0:
            break
    out, place = [], 0
    for number, span in enumerate(spans):
        out += [text[place : span.start], FORMS[form].format(_number(form, number))]
        place = span.end
    return Masked("".join([*out, text[place:]]), form, tuple(span.becomes for span in spans))


def unmasked(text: str, mask: Masked) -> str | None:
    """The text with what its masks stand for; None unless each mask is there exactly once, and no other."""
    found = [_value(mask.form, match[1]) for match in _mask(mask.form).finditer(text)]
    if sorted(found) != list(range(len(mask.values))):
        return None
    return _mask(mask.form).sub(lambda match: mask.values[_value(mask.form, match[1])], text)


def between(text: str, spans: Sequence[Span]) -> list[tuple[str, bool]]:
    """The text in pieces: what stands for the spans (False), and what is between them (True)."""
    pieces: list[tuple[str, bool]] = []
    place = 0
    for span in spans:
        pieces += [(text[place : span.start], True), (span.becomes, False)]
        place = span.end
    return [*pieces, (text[place:], True)]


def has_words(text: str) -> bool:
    """Whether anything is to be translated: two letters in a row."""
    return re.search(r"[^\W\d_]{2}", text) is not None


def phrase(term: str) -> re.Pattern[str]:
    """The term as whole words, in any case and with any white space."""
    body = r"\s+".join(re.escape(word) for word in term.split())
    return re.compile(rf"(?<!\w){body}(?!\w)", re.I)


def _each(pattern: re.Pattern[str], text: str, kind: str, take: Callable[..., object]) -> None:
    for match in pattern.finditer(text):
        group = "keep" if "keep" in pattern.groupindex else 0
        take(match.start(group), match.end(group), kind)


def _number(form: int, number: int) -> str:
    return _LETTERS[number // 18] + _LETTERS[number % 18] if form == 1 and number < 324 else str(number)


def _value(form: int, shown: str) -> int:
    if form == 1 and not shown.isdigit():
        high, low = (_LETTERS.find(letter) for letter in shown.upper())
        return high * 18 + low if min(high, low) >= 0 else -1
    return int(shown)


def _mask(form: int) -> re.Pattern[str]:
    """Finds masks, also those round which an engine put blanks or changed the case."""
    inside = r"([A-Za-z]{2}|\d{1,4})" if form == 1 else r"(\d{1,4})"
    before, after = FORMS[form].split("{}")
    blank = "" if form == 1 else r"\s?"
    return re.compile(rf"{blank.join(map(re.escape, before))}{blank}{inside}{blank}{blank.join(map(re.escape, after))}", re.I)


def _opens(text: str, start: int) -> bool:
    return not re.search(r"\w", text[:start]) or bool(re.search(r"[.!?]\s+[\"'“«]?\Z", text[:start]))


def _cased(found: str, becomes: str, opens: bool) -> str:
    """The translation of a term in the case in which the term stands."""
    if not becomes:
        return becomes
    if found.isupper() and len(found) > 1 and not becomes.isupper():
        return becomes.upper()
    if found[0].isupper() and becomes[0].islower():
        return becomes[0].upper() + becomes[1:]
    if found[0].islower() and becomes[0].isupper() and becomes[1:].islower() and not opens:
        return becomes[0].lower() + becomes[1:]
    return becomes
