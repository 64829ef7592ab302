"""Words of an answer that also stand in a reference, as runs of text to be marked."""

import unicodedata
from collections.abc import Iterable
from itertools import groupby

from harness.report.contents import Run


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """The distinct words of the texts, in NFC and case-folded."""
    return frozenset(_folded(piece) for text in texts for piece, is_word in _pieces(text) if is_word)


def runs(text: str, known: frozenset[str]) -> tuple[Run, ...]:
    """The text cut into runs of words that are `known` and of the rest; joined they are the text.

    A word is a stretch of letters, marks and digits (Unicode), compared in NFC and without case. Matched words with nothing but
    blanks between them are one run.
    """
    marked = [(piece, is_word and _folded(piece) in known, is_word) for piece, is_word in _pieces(text)]
    flags = []
    for place, (piece, matched, _) in enumerate(marked):
        between = 0 < place < len(marked) - 1 and marked[place - 1][1] and marked[place + 1][1]
        flags.append(matched or (between and piece.isspace()))
    found = groupby(zip(flags, (piece for piece, _, _ in marked), strict=True), key=lambda pair: pair[0])
    return tuple(Run(text="".join(piece for _, piece in group), matched=flag) for flag, group in found)


def _pieces(text: str) -> list[tuple[str, bool]]:
    """The text in stretches of word characters and of others, each with whether it is a word."""
    return [("".join(characters), is_word) for is_word, characters in groupby(text, _in_word)]


def _in_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def _folded(word: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", word).casefold())
