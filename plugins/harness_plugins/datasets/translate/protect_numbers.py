"""Numbers in words, which engines get wrong where languages count differently (Danish *halvfems* is ninety)."""

import re
from collections import Counter
from functools import cache

_TEENS = {
    "en": "thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "da": "tretten fjorten femten seksten sytten atten nitten",
    "sv": "tretton fjorton femton sexton sjutton arton nitton",
}
_TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "da": "tyve tredive fyrre halvtreds tres halvfjerds firs halvfems",
    "sv": "tjugo trettio fyrtio femtio sextio sjuttio åttio nittio",
}
_ONES = {
    "en": "one two three four five six seven eight nine",
    "da": "en to tre fire fem seks syv otte ni",
    "sv": "ett två tre fyra fem sex sju åtta nio",
}


def number_words(text: str, language: str) -> list[tuple[int, int, int]]:
    """Numbers from 13 to 99 written as words: start, end, value. None for a language without a table."""
    values = _values(language[:2])
    if not values:
        return []
    return [(match.start(), match.end(), values[_folded(match[0])]) for match in _pattern(language[:2]).finditer(text)]


def in_words(value: int, language: str) -> str | None:
    """The number as a word: `nittio`; None for a language without a table."""
    found = [word for word, number in _values(language[:2]).items() if number == value]
    return found[0] if found else None


def number_words_kept(source: str, target: str, languages: tuple[str, str]) -> bool:
    """Whether every number in words is in the translation, as a word or in figures."""
    wanted = Counter(value for _, _, value in number_words(source, languages[0]))
    if not wanted or not _values(languages[1][:2]):
        return True
    found = Counter(value for _, _, value in number_words(target, languages[1]))
    figures = Counter(int(number) for number in re.findall(r"(?<![\d.,])\d{1,2}(?![\d.,]\d|\d)", target))
    return not wanted - (found + figures)


def _folded(word: str) -> str:
    return re.sub(r"\s+", "-", word.casefold())


@cache
def _pattern(language: str) -> re.Pattern[str]:
    words = "|".join(sorted(map(re.escape, _values(language)), key=len, reverse=True))
    return re.compile(rf"(?<![\w-])(?:{words})(?![\w])", re.I)


@cache
def _values(language: str) -> dict[str, int]:
    if language not in _TENS:
        return {}
    values = {word: 13 + place for place, word in enumerate(_TEENS[language].split())}
    ones = {word: 1 + place for place, word in enumerate(_ONES[language].split())}
    for place, ten in enumerate(_TENS[language].split()):
        values[ten] = 20 + 10 * place
        for one, value in ones.items():
            joined = {"en": f"{ten}-{one}", "da": f"{one}og{ten}", "sv": f"{ten}{one}"}[language]
            values[joined] = 20 + 10 * place + value
    return values
