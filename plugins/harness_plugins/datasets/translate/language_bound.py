"""Tasks whose subject is the source language itself, which no translation can keep: found by rules on what is asked.

The rules look for the task ("words that rhyme with", "how many letters"), not for the word: a story about a spelling contest is
an ordinary row. Each language has one table (`language_bound_tables`), read from top to bottom; the first rule that fits gives
the reason.
"""

# ruff: noqa: E501 - patterns are read by the line

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from harness_plugins.datasets.translate.agree import quoted


class Bound(NamedTuple):
    """Why a row cannot be translated: `reason` in kebab-case, and the words that say so."""

    reason: str
    words: str


_TABLES = Path(__file__).parent / "language_bound_tables"
# A task about program text may speak of letters and palindromes: its answer is code, which is kept.
_PROGRAM = {
    "en": r"\b(?:functions?|programs?|scripts?|code|algorithms?|regex\w*|regular expressions?|python|java(?:script)?|c\+\+|sql|method|class|bash|html|css|query|excel)\b",
    "da": r"\b(?:funktion\w*|program\w*|script\w*|kode\w*|algoritme\w*|regex\w*|regulær\w* udtryk|python|java(?:script)?|c\+\+|sql|metode\w*|klasse\w*|bash|html|css|forespørgsel)\b",
}  # fmt: skip
_OF_CODE = {
    "palindrome",
    "anagram",
    "letters",
    "alphabet",
    "word-position",
    "spelling",
    "punctuation",
    "grammar",
    "morphology",
    "translation",
}
_GENERIC = 9  # words of an instruction ("Answer the following question.") behind which the input is what is asked
_LONG = 4  # letters of words of which one may be another one (affect, effect)
_NEAR = 3  # letters at the end in which two forms of a word differ
_CHOICE = re.compile(
    r"[\"'“‘”](?P<a>[^\W\d_]{2,15})[\"'”’]\s*(?:or|eller|/|vs\.?|versus)\s*[\"'“‘”](?P<b>[^\W\d_]{2,15})[\"'”’]", re.I
)
_ASKED = 40  # words of an input that can be a question of its own


def language_bound(instruction: str, given: str, answer: str, language: str) -> Bound | None:
    """The first rule that the task fits: None where it is no task about the language itself, or the language has no table."""
    key = language[:2]
    if key not in _PROGRAM:
        return None
    asked = [instruction]
    if given and len(instruction.split()) <= _GENERIC and len(given.split()) <= _ASKED:
        asked.append(given)
    program = re.search(_PROGRAM[key], "\n".join(asked), re.I) is not None
    defined = any(_DEFINITION[key].search(text) or _DIFFERENCE[key].search(text) for text in asked)
    for reason, pattern in _rules(key):
        if reason.startswith("@"):
            match = pattern.search(answer)
            if match and not program:
                return Bound(reason[1:], " ".join(match[0].split()))
            continue
        if program and reason in _OF_CODE:
            continue
        for text in asked:
            match = pattern.search(text)
            if match and not _mentioned(text, match, key) and not (defined and not quoted(answer)):
                return Bound(reason, " ".join(match[0].split()))
    if not program:
        for text in asked:
            pair = _near_pair(text)
            if pair is not None:
                return Bound("grammar", pair)
    return None


def _near_pair(text: str) -> str | None:
    """Two quoted words to choose between that differ in a letter or two: their/there, kør/kører."""
    for match in _CHOICE.finditer(text):
        one, other = match["a"].casefold(), match["b"].casefold()
        alike = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
        if one != other and alike * 2 >= min(len(one), len(other)) and max(len(one), len(other)) - alike <= _NEAR:
            return match[0]
        if len(one) == len(other) >= _LONG and sum(a != b for a, b in zip(one, other, strict=True)) == 1:
            return match[0]
    return None


@cache
def _rules(key: str) -> list[tuple[str, re.Pattern[str]]]:
    """The table of a language: reason and pattern, a line each; lines that begin with `=` name what `{name}` stands for.

    Reasons that begin with `@` are for patterns of answers: "*flies* is a verb".
    """
    words: dict[str, str] = {}
    rules: list[tuple[str, re.Pattern[str]]] = []
    for line in (_TABLES / f"{key}.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        reason, pattern = line.split("\t")
        if reason.startswith("="):
            words[reason[1:]] = pattern
            continue
        for name, value in words.items():
            pattern = pattern.replace("{" + name + "}", value)
        rules.append((reason, re.compile(pattern, re.I | re.S)))
    return rules


# A question for a notion ("What is a palindrome?"): its answer can be put over unless it quotes examples.
_DEFINITION = {
    "en": re.compile(r"\b(?:what (?:is an?|are)|(?:define|explain|describe)(?: briefly)?,?(?: what)?(?: an?)?)\s+(?:the term )?[\w-]+(?:\s[\w-]+)?\s*(?:is|are|means?)?\s*[.?]?\s*$", re.I),
    "da": re.compile(r"\b(?:hvad er (?:en|et)|(?:definer|definér|forklar|beskriv)(?: kort)?,?(?: hvad)?(?: en| et)?)\s+(?:begrebet )?[\w-]+(?:\s[\w-]+)?\s*(?:er|betyder)?\s*[.?]?\s*$", re.I),
}  # fmt: skip
# A question for the difference of two notions, none of which is quoted: the same.
_DIFFERENCE = {
    "en": re.compile(r"\bdifferences? between (?:an?|the) [^\"“”'‘?.\n]+ and (?:an?|the) [^\"“”'‘?.\n]+[.?]?\s*$", re.I),
    "da": re.compile(
        r"\bforskel(?:len|le|lene)? (?:på|mellem) (?:en|et) [^\"“”'‘?.\n]+ og (?:en|et) [^\"“”'‘?.\n]+[.?]?\s*$", re.I
    ),
}
# What a text is to do without or to begin with is asked of the text; it is not what the text is about.
_CONSTRAINT = {
    "en": re.compile(r"(?:without|using|contain|omit|avoid|start|begin|end)\w*\b", re.I),
    "da": re.compile(r"(?:start|begynd|slut|end)\w*\b", re.I),
}
_WITHOUT = re.compile(r"\b(?:uden(?: at)? (?:brug(?:e|en)?(?: af)?|anvende|anvendelse af)|undgå(?:r)?|undlade(?:r)?)\s+\Z", re.I)
_ABOUT = {
    "en": re.compile(
        r"\b(?:about|on the (?:topic|theme|subject) of|regarding|titled|called|named|of a|for (?:a|an|my|our|the)|who (?:won|wins|teach\w*|loves?|hates?)|"
        r"no|not|without|need not|doesn't have to|don't|do not)\s+(?:\w+\s+){0,4}\Z", re.I),
    "da": re.compile(r"\b(?:om|med temaet|kaldet|for en|der hedder|til en|ingen|ikke|uden)\s+(?:\w+\s+){0,4}\Z", re.I),
}  # fmt: skip


def _mentioned(text: str, match: re.Match[str], key: str) -> bool:
    """Whether the text only speaks of the thing: a story about it, a contest in it, or that it is not asked for."""
    before = text[: match.start()]
    if _CONSTRAINT[key].match(match[0]) or _WITHOUT.search(before):
        return False
    sentence = re.split(r"[.?!\n]", before)[-1]
    return bool(_ABOUT[key].search(sentence))
