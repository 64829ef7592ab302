"""What a translation is checked for. Every function says what is wrong, or nothing; none of them asks a model."""

# ruff: noqa: E501 - patterns are read by the line

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from harness_plugins.datasets.instructions.rows import is_output
from harness_plugins.datasets.translate.letters import letters_lost
from harness_plugins.datasets.translate.protect import FORMS
from harness_plugins.datasets.translate.protect_friends import friends_kept
from harness_plugins.datasets.translate.protect_names import is_kept, name_spans
from harness_plugins.datasets.translate.protect_numbers import number_words_kept
from harness_plugins.datasets.translate.protect_patterns import EMOJI, MARKUP, NUMBER
from harness_plugins.datasets.translate.protect_units import units_kept

NEAR = frozenset({"da", "sv", "nb", "nn", "no"})  # languages so near that a short text may be the same in both
# Letters that a language does not write but its neighbours do: a word with one was not translated.
_FOREIGN = {"sv": re.compile("[æøÆØ]"), "da": re.compile("[äöÄÖ]"), "nb": re.compile("[äöÄÖ]"), "no": re.compile("[äöÄÖ]")}
_LONG = 40  # characters from which the length of a translation says something
_WORDS = 8
_ITEM_WORDS = 3
_BULLET = re.compile(r"(?m)^\s*(?:[-*•]|\d{1,3}[.)])\s+\S")
_SENTENCE = re.compile(r"[.!?](?=\s+[\"“(]?[A-ZÅÄÖÆØÉ])")
_NO_VERSE = re.compile(r"^\s*(?:[-*•#>|]|\w{1,3}[.)])|[:|=\d]")
_WORD_COUNT = re.compile(
    r"(?P<how>\b(?:exactly|precisely|at most|no more than|less than|fewer than|under|maximum(?: of)?|max|up to|at least|more than|over|minimum(?: of)?|"
    r"about|around|approximately|roughly|cirka|ca\.?|omkring|præcis|præcist|nøjagtig|højst|maks(?:imalt)?|mindst|under|over)\s+)?"
    r"(?:(?P<low>\d+)\s*(?:-|–|to|til)\s*)?(?P<n>\d+|one|two|three|four|five|six|seven|eight|nine|ten|to|tre|fire|fem|seks|syv|otte|ni|ti)[- ]"
    r"(?P<unit>words?|ord|sentences?|sætninger|sætning)\b(?!\s+(?:of|in|from|that|which|der|fra|list))",
    re.I,
)
_WORDS_OF_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "to": 2, "tre": 3, "fire": 4, "fem": 5, "seks": 6, "syv": 7, "otte": 8, "ni": 9, "ti": 10,
}  # fmt: skip


class Problem(NamedTuple):
    """What is wrong with a row: a reason in kebab-case, and what was found."""

    reason: str
    detail: str


def piece_problem(
    source: str, target: str, names: frozenset[str], languages: tuple[str, str], *, masked: str | None = None
) -> str | None:
    """What a translator did to one piece: `empty`, `line-break`, `mask-left`, `number`, `unit`, `false-friend`, `name`, `emoji`, `markup`.

    `masked`: the piece as the translator got it; what stood behind masks is known to be right.
    """
    if not target.strip():
        return "empty"
    if "\n" in target.strip():
        return "line-break"
    if any(FORMS[form].split("{}")[0] in target and FORMS[form].split("{}")[0] not in source for form in (0, 2, 3)):
        return "mask-left"
    if Counter(NUMBER.findall(source)) != Counter(NUMBER.findall(target)):
        return "number"
    if not number_words_kept(source, target, languages):
        return "number"
    if not units_kept(source, target):
        return "unit"
    if not friends_kept(source, target, languages):
        return "false-friend"
    open_text = source if masked is None else masked
    for start, end in name_spans(open_text, names):
        for word in open_text[start:end].replace("-", " ").split():
            if not is_kept(word, target):
                return "name"
    if Counter(EMOJI.findall(source)) != Counter(EMOJI.findall(target)):
        return "emoji"
    if Counter(MARKUP.findall(source)) != Counter(MARKUP.findall(target)):
        return "markup"
    return None


def row_problem(source: Mapping[str, str], target: Mapping[str, str], languages: tuple[str, str]) -> Problem | None:
    """What is wrong with a translated row as a whole."""
    for name, text in source.items():
        found = _field_problem(text, target[name], languages)
        if found is not None:
            return Problem(found.reason, f"{name}: {found.detail}")
        if _rhymes(text) >= 0.5 and _rhymes(target[name]) < 0.5 * _rhymes(text):
            return Problem("rhyme-lost", f"{name}: verses that rhyme became verses that do not")
        lost = letters_lost(text, target[name], languages[0])
        if lost is not None:
            return Problem(f"{lost}-lost", f"{name}: what held for the letters of the text does not any more")
    return _length_asked(source, target)


def options_of(text: str) -> list[str]:
    """The items of a line that is a list of short ones (`pleased; content; glad`, after a colon or not); none where it is prose."""
    line = text.rpartition(": ")[2].strip().rstrip(".?!")
    for separator in (";", " | ", " / ", "/", ","):
        items = [item.strip() for item in line.split(separator)]
        if len(items) > 2 or (len(items) == 2 and separator != ","):
            short = all(0 < len(item.split()) <= _ITEM_WORDS and not re.search(r"[.!?]\s", item) for item in items)
            return items if short else []
    return []


def options_problem(done: Mapping[str, str]) -> Problem | None:
    """Options in one line that differed and became the same."""
    for source, target in done.items():
        before, after = options_of(source), options_of(target)
        if len(before) == len(after):
            problem = difference_problem(dict(zip(before, after, strict=True)), 1)
            if problem is not None:
                return problem
    return None


def difference_problem(done: Mapping[str, str], fewest: int = 4) -> Problem | None:
    """Two texts of a row (of `fewest` words) that say different things and became the same: what the row is about is gone."""
    seen: dict[str, str] = {}
    for source, target in done.items():
        words = _words(target)
        if len(words) < fewest:
            continue
        first = seen.setdefault(" ".join(words), source)
        if _words(first) != _words(source):
            return Problem("difference-lost", f"{first[:80]!r} and {source[:80]!r} became the same")
    return None


def _field_problem(source: str, target: str, languages: tuple[str, str]) -> Problem | None:
    if len(_BULLET.findall(source)) != len(_BULLET.findall(target)):
        return Problem("list-items", f"{len(_BULLET.findall(source))} items became {len(_BULLET.findall(target))}")
    before, after = len(source.strip()), len(target.strip())
    near = {language[:2] for language in languages} <= NEAR
    low, high = (0.6, 1.6) if near else (0.4, 2.5)
    if before >= _LONG and not low * before <= after <= high * before:
        return Problem("length", f"{before} characters became {after}")
    sentences = len(_SENTENCE.findall(source)), len(_SENTENCE.findall(target))
    if abs(sentences[0] - sentences[1]) > max(2, 0.5 * max(sentences)):
        return Problem("sentences", f"{sentences[0] + 1} sentences became {sentences[1] + 1}")
    return None


def language_problem(prose: Mapping[str, tuple[str, str]], languages: tuple[str, str]) -> Problem | None:
    """Fields that were not translated: `prose` holds source and target of each without what is protected."""
    near = {language[:2] for language in languages} <= NEAR
    for name, (source, target) in prose.items():
        words = _words(" ".join(re.findall(r"(?<!\w)[^\W\d_A-ZÅÄÖÆØÉ][^\W\d_]+", source)))  # names come back as they were
        if len(words) >= (_WORDS if near else 5) and not Counter(words) - Counter(_words(target)):
            return Problem("untranslated", f"{name}: comes back as it was: {source[:80]!r}")
        if not near and len(words) >= _WORDS:
            kept = Counter(words) & Counter(_words(target))
            if sum(kept.values()) > 0.6 * len(words):
                return Problem("untranslated", f"{name}: {sum(kept.values())} of {len(words)} words come back as they were")
        alien = _FOREIGN.get(languages[1][:2])
        if alien is not None:
            left = [word for word in re.findall(r"(?<!\w)[^\W\d_A-ZÅÄÖÆØ][^\W\d_]+", target) if alien.search(word)]
            if len(left) >= 2 and len(left) > 0.1 * len(_words(target)):
                return Problem(
                    "untranslated-words", f"{name}: {len(left)} of {len(_words(target))}, such as {', '.join(left[:5])}"
                )
        if len(_words(target)) >= 12:
            margin = _likelier(target, languages)
            if margin is not None and margin > 5.0:
                return Problem("wrong-language", f"{name}: looks like {languages[0]}, not {languages[1]}: {target[:80]!r}")
    return None


def _rhymes(text: str) -> float:
    """The share of verses that end like one of the next three but with another word; 0 where the text is no verse.

    Verses are four lines or more, short, without bullets, labels, cells or figures.
    """
    ends: list[str] = []
    for line in text.splitlines():
        words = _words(line)
        if not line.strip():
            continue
        if not 2 <= len(words) <= 10 or _NO_VERSE.search(line):
            return 0.0
        ends.append(words[-1])
    if len(ends) < 4:
        return 0.0
    rhyming: set[int] = set()
    for place, end in enumerate(ends):
        for other in range(place + 1, min(place + 4, len(ends))):
            if end != ends[other] and _rhyme(end) == _rhyme(ends[other]):
                rhyming |= {place, other}
    return len(rhyming) / len(ends)


def _rhyme(word: str) -> str:
    """What is heard in a rhyme, roughly: the last three letters, of a short word those from its last vowel on."""
    if len(word) > 4:
        return word[-3:]
    vowel = max((word.rfind(letter) for letter in "aeiouyåäöæø"), default=0)
    return word[max(0, vowel) :]


def _length_asked(source: Mapping[str, str], target: Mapping[str, str]) -> Problem | None:
    """A number of words that is asked for, that the answer kept, and its translation does not."""
    asked = "\n".join(text for name, text in source.items() if not is_output(name))
    for match in _WORD_COUNT.finditer(asked):
        how, number = (match["how"] or "").strip().lower(), match["n"].lower()
        wanted = int(number) if number.isdigit() else _WORDS_OF_NUMBERS[number]
        if match["unit"].lower().startswith(("s",)) or match["low"]:
            continue
        if not _kept(how, wanted, len(source["output"].split())) or _kept(how, wanted, len(target["output"].split())):
            continue
        return Problem(
            "word-count", f"{match[0].strip()!r} is asked for; the answer has {len(target['output'].split())} words now"
        )
    return None


def _count(text: str, words: bool) -> int:
    return len(text.split()) if words else len(_SENTENCE.findall(text)) + 1


def _kept(how: str, wanted: int, found: int) -> bool:
    if how.startswith(("at most", "no more", "less", "fewer", "under", "max", "up to", "højst", "maks")):
        return found <= wanted
    if how.startswith(("at least", "more", "over", "min", "mindst")):
        return found >= wanted
    if how.startswith(("about", "around", "approx", "roughly", "cirka", "ca", "omkring")):
        return abs(found - wanted) <= 0.3 * wanted
    return found == wanted or (wanted > 30 and abs(found - wanted) <= 0.1 * wanted)


def _likelier(text: str, languages: tuple[str, str]) -> float | None:
    """By how many nats the source language is likelier; None where no identifier is installed or it lacks a language."""
    identifier = _identifier(languages)
    if identifier is None:
        return None
    ranked = dict(identifier.rank(text))
    return float(ranked[languages[0][:2]] - ranked[languages[1][:2]])


@lru_cache(maxsize=4)
def _identifier(languages: tuple[str, str]) -> Any:
    try:
        from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier
    except ImportError:
        return None
    found = LanguageIdentifier.from_modelpath(MODEL_DIR / MODEL_FILE, norm_probs=False)
    try:
        found.set_languages([language[:2] for language in languages])
    except ValueError:
        return None
    return found


def _words(text: str) -> list[str]:
    return [word.casefold() for word in re.findall(r"[^\W\d_]{2,}", text)]
