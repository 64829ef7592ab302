"""A verdict as a judge may write it, read as a value: a rating, one of two answers, or a ranking."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from harness_plugins.judges.criteria import WholeScale

_OPEN, _CLOSE = r"[ \t*_`\"'“”„«»\[(]*", r"[ \t*_`\"'“”«»\])]*"
_RATING = re.compile(
    rf"{_OPEN}(?P<value>[-−+]?\d{{1,9}})(?:[.,]0+(?!\d))?(?:[ \t]*(?:/|av|utav|of|out of)[ \t]*(?P<of>\d{{1,9}}))?{_CLOSE}"
)
_WORD = re.compile(rf"{_OPEN}(?P<value>[^\W\d_]+){_CLOSE}")
_CHOICE = re.compile(
    rf"{_OPEN}(?:(?:answer|svar|response)[ \t]+)?{_OPEN}"
    rf"(?P<value>equally good|lika bra|a tie|tie|lika|oavgjort|draw|equal|[ab]\b){_CLOSE}"
    r"(?:is better|is best|är bättre|är bäst)?",
    re.IGNORECASE,
)
_RANKING = re.compile(r"[A-Z]{1,2}(?:[ \t]*[>,][ \t]*[A-Z]{1,2})*\Z", re.IGNORECASE)
_NOISE = re.compile(r"[*_`\"'“”„«»\[\]()#]|\b(?:answer|svar|response)\b", re.IGNORECASE)
_REST = re.compile(r"[ \t]*(?:[.!]?[ \t]*|[,;:.(–—-][^\d]*)\Z")
_WORDS_EN = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_WORDS_SV = ("noll", "ett", "två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio", "tio")
_WORDS = {word: value for words in (_WORDS_EN, _WORDS_SV) for value, word in enumerate(words)} | {"en": 1}


class Value(NamedTuple):
    """What was read: a number, or places (1 the best), and where the number or letter stands."""

    value: float | None
    ranks: tuple[float, ...] | None = None
    span: tuple[int, int] | None = None


def rating(text: str, scale: WholeScale) -> Value | None:
    """The rating that the text says: a whole number of the scale, in digits of any script or in words up to ten.

    `2`, `**2**`, `2/3` and `2 av 3` where 3 is the highest, `2.0`, `två`, `2, since …`. None for anything else: another
    denominator, a range, a fraction, a second number, a number outside of the scale.
    """
    found = _RATING.match(text)
    if found is not None:
        number, of = int(found["value"].replace("−", "-")), found["of"]
        ends = _REST.match(text, found.end()) is not None
        fits = ends and number in scale.values and (of is None or int(of) == scale.high)
        return Value(float(number), span=found.span("value")) if fits and _no_other(text[found.end() :], number) else None
    word = _WORD.match(text)
    named = _WORDS.get(word["value"].casefold()) if word is not None else None
    if word is None or named is None or named not in scale.values or not _REST.match(text, word.end()):
        return None
    return Value(float(named)) if _no_other(text[word.end() :], named) else None


def choice(text: str) -> Value | None:
    """1 where the text says A, -1 where it says B, 0 where it says that they are equal; None for anything else."""
    found = _CHOICE.match(text)
    if found is None or not _REST.match(text, found.end()):
        return None
    letter = found["value"].casefold()
    return Value({"a": 1.0, "b": -1.0}.get(letter, 0.0), span=found.span("value"))


def letters(n: int) -> list[str]:
    """The names of n answers that are shown together: A, B, …, Z, AA, AB, …"""
    alphabet = [chr(ord("A") + place) for place in range(26)]
    return [*alphabet, *(first + second for first in alphabet for second in alphabet)][:n]


def ranking(text: str, n: int) -> Value | None:
    """The places of n answers of which the text names every letter once, the best first: `B > A > C` or `B, A, C`."""
    plain = _NOISE.sub("", text).strip().rstrip(".").strip()
    return _placed(re.split(r"[ \t]*[>,][ \t]*", plain), n) if _RANKING.match(plain) else None


def rating_of_json(value: Any, scale: WholeScale) -> Value | None:
    """As `rating`, for what JSON holds: a whole number, or a text that says one."""
    if isinstance(value, str):
        read = rating(value, scale)
        return None if read is None else Value(read.value)
    whole = type(value) is int or (isinstance(value, float) and value.is_integer())
    return Value(float(value)) if whole and int(value) in scale.values else None


def ranking_of_json(value: Any, n: int) -> Value | None:
    """As `ranking`, for a list of letters, or a text."""
    if isinstance(value, str):
        return ranking(value, n)
    if not isinstance(value, list) or not all(isinstance(letter, str) for letter in value):
        return None
    return _placed(value, n)


def _placed(named: Sequence[str], n: int) -> Value | None:
    found, wanted = [letter.strip().upper() for letter in named], letters(n)
    if sorted(found) != sorted(wanted):
        return None
    return Value(None, ranks=tuple(float(found.index(letter) + 1) for letter in wanted))


def _no_other(rest: str, number: int) -> bool:
    """Whether what follows names no other number in words."""
    return all(_WORDS.get(word.casefold(), number) == number for word in re.findall(r"[^\W\d_]+", rest) if word != "en")
