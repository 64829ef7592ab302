"""Many texts looked at together: how many words each has, and which of them may show a trace of anything at all."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.meta.pairs import Bools, Ints

_AT_ONCE = 1 << 22  # characters that are looked at together
_SEEN, _WORD, _ODD = 1, 2, 4  # of a character: its kind is known, it is part of a word, it may be part of a trace
_HARMLESS_SIGNS = frozenset("–—‘’“”„†‡•…‰‹›€™")  # beyond the Latin letters, and no part of any trace


def look_at(texts: Sequence[str], signs: str) -> tuple[Ints, Bools]:
    """(words, whether it needs a closer look), both of shape (texts,).

    A word is a run of letters, digits and underscores. A text needs no closer look if it has a word, none of `signs`, no control
    or invisible character, and nothing that could be other than NFC: then it holds Latin letters and usual punctuation alone.
    """
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    kinds = np.zeros(0x110000, dtype=np.uint8)
    words, odd = np.zeros(len(texts), dtype=np.int64), np.zeros(len(texts), dtype=bool)
    for part in _parts(lengths):
        codes = np.frombuffer("".join(texts[part]).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        found = _kinds_of(codes, kinds, signs)
        ends = np.cumsum(lengths[part])
        starts = ends - lengths[part]
        inside = (found & _WORD) != 0
        begins = inside.copy()
        begins[1:] &= ~inside[:-1]
        first = starts[starts < len(codes)]
        begins[first] = inside[first]  # a word does not go on from one text into the next
        words[part] = _within(begins, starts, ends)
        odd[part] = _within((found & _ODD) != 0, starts, ends) > 0
    return words, odd | (words == 0)


def _parts(lengths: Ints) -> Iterator[slice]:
    """Stretches of texts of about _AT_ONCE characters together; a longer text is one alone, or ends one."""
    upto = np.cumsum(lengths)
    first = 0
    while first < len(lengths):
        before = int(upto[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(upto, before + _AT_ONCE, side="right")))
        yield slice(first, last)
        first = last


def _kinds_of(codes: NDArray[np.uint32], kinds: NDArray[np.uint8], signs: str) -> NDArray[np.uint8]:
    """The kind of each character; `kinds` keeps, by code point, those that were seen."""
    found = kinds[codes]
    unknown = codes[found == 0]
    if len(unknown):
        for code in np.unique(unknown).tolist():
            kinds[code] = _kind(chr(code), signs)
        found = kinds[codes]
    return found


def _kind(character: str, signs: str) -> int:
    usual = character in "\n\t\r" or (character < "\u0300" and character.isprintable()) or character in _HARMLESS_SIGNS
    kind = _SEEN if usual and character not in signs else _SEEN | _ODD
    return kind | _WORD if character.isalnum() or character == "_" else kind


def _within(marked: Bools, starts: Ints, ends: Ints) -> Ints:
    """How many characters are marked in each text."""
    upto = np.zeros(len(marked) + 1, dtype=np.int64)
    np.cumsum(marked, out=upto[1:])
    return upto[ends] - upto[starts]
