"""Where the words of a table of norms stand in texts: whole words alone, each with its span.

A word is a run of Unicode letters, digits and marks; hyphens and apostrophes between two such runs belong to it. So "star" does
not stand in "starfish", "star-shaped" or "star's". Words are compared in NFC with case folded; nothing else is taken off, hence
"får" and "för" are two words, and an inflected form is found by a table of lemmas alone.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from sys import maxunicode

_APOSTROPHES = "'’ʼ＇"
_HYPHENS = "-‐‑"
_UNSEEN = "\u00ad\u200c\u200d\u2060"  # soft hyphen, joiners: in a word, and no part of its spelling


@dataclass(frozen=True)
class Token:
    """A word of a text: its span in characters of the text as it is, and how it is compared."""

    start: int
    end: int
    folded: str


@dataclass(frozen=True)
class Occurrence:
    """A word of the norms in a text.

    `word`: as the norms have it, folded; `text`: as it is spelled there, which is what a model is to predict; `start`, `end`:
    characters of the text; `repeated`: whether the same word stands elsewhere in the same text, too (a model can then read it
    off); `cluster`: what is resampled together (the video).
    """

    example: str
    cluster: str
    word: str
    text: str
    start: int
    end: int
    repeated: bool = False


@dataclass(frozen=True)
class Found:
    """Occurrences in the order of the texts, how often each word of the norms was found, and those that never were."""

    occurrences: tuple[Occurrence, ...]
    counts: Mapping[str, int]
    absent: tuple[str, ...]


def find(
    texts: Iterable[tuple[str, str, str]],
    words: Collection[str],
    lemmas: Mapping[str, str] | None = None,
    most: int | None = None,
) -> Found:
    """The words (folded) in texts, given as (example's id, cluster, text).

    Words of several parts, with blanks between ("ice cream"), are found where only white space is between the parts, and before
    the words in them. `lemmas`: folded form → lemma, asked where a form is no word of the norms itself. `most`: occurrences of one
    word that are kept, spread evenly over those that there are; `counts` counts all.
    """
    raise NotImplementedError


def tokens(text: str) -> Iterator[Token]:
    """The words of a text in order."""
    raise NotImplementedError


def fold(word: str) -> str:
    """A word as words are compared: NFC, case folded, one kind of apostrophe and hyphen, one blank for any white space."""
    raise NotImplementedError
