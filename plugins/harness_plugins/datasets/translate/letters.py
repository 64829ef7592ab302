"""Texts bound to their letters: they read the same backwards, hold every letter, or do without the commonest one.

Told from the text itself, whatever the task calls it; a translation that lost the property is no longer the same thing.
"""

import re
from collections.abc import Iterator

_SHORTEST = 9  # letters of a text that reads the same backwards by no accident
_LIPOGRAM = 150  # letters without an e: some 12 are expected in each hundred
_PANGRAM = 70  # letters in which all 26 stand by no accident
_WRITTEN_WITH_E = frozenset({"en", "da", "sv", "nb", "nn", "no", "de", "nl", "fr", "es"})


def letters_lost(source: str, target: str, language: str) -> str | None:
    """Which property of its letters a text lost in translation: `palindrome`, `pangram`, `lipogram`; None where it had none."""
    for stretch in _stretches(source):
        letters = _letters(stretch)
        if _is_palindrome(stretch) and not any(_is_palindrome(other) for other in _stretches(target)):
            return "palindrome"
        if len(letters) <= _PANGRAM and set("abcdefghijklmnopqrstuvwxyz") <= set(letters) and stretch not in target:
            return "pangram"
    letters = _letters(source)
    if language[:2] in _WRITTEN_WITH_E and len(letters) >= _LIPOGRAM and "e" not in letters and "e" in _letters(target):
        return "lipogram"
    return None


def _stretches(text: str) -> Iterator[str]:
    """Lines, sentences and quoted strings."""
    for line in text.splitlines():
        yield line
        yield from re.split(r"(?<=[.!?:])\s+", line)
        yield from re.findall(r"[\"“”«'‘]([^\"“”«»'‘’]{9,120})[\"”»'’]", line)


def _is_palindrome(text: str) -> bool:
    """Two different words or more: `ha ha ha ha ha` and `1001 1001` are none."""
    letters = _letters(text)
    words = {word.casefold() for word in re.findall(r"[^\W\d_]+", text)}
    return len(letters) >= _SHORTEST and len(words) > 2 and letters == letters[::-1]


def _letters(text: str) -> str:
    return "".join(re.findall(r"[^\W\d_]", text)).casefold()
