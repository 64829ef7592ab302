"""Where the words of a text are, for trainings and probes alike, and which tokens each is made of.

A word is a run of Unicode letters, digits and marks; hyphens and apostrophes between two such runs belong to it.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from sys import maxunicode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

APOSTROPHES = "'’ʼ＇"
HYPHENS = "-‐‑"
UNSEEN = "\u00ad\u200c\u200d\u2060"  # soft hyphen, joiners: in a word, and no part of its spelling


def word_spans(text: str) -> list[tuple[int, int]]:
    """First character and end of each word: letters, digits and marks, also across a hyphen or apostrophe between them.

    Punctuation and symbols are no words. Scripts without spaces give one word for all that stands between punctuation.
    """
    return [found.span() for found in word_pattern().finditer(text)]


@cache
def word_pattern() -> re.Pattern[str]:
    """Runs of letters, digits and marks (of all scripts), joined by single hyphens and apostrophes."""
    marks = [point for point in range(maxunicode + 1) if unicodedata.category(chr(point)).startswith("M")]
    run = f"[^\\W_]+(?:[{UNSEEN}{''.join(map(chr, marks))}][^\\W_]*)*"
    return re.compile(f"{run}(?:[{APOSTROPHES}{re.escape(HYPHENS)}]{run})*")


def words_of_tokens(offsets: Sequence[Sequence[int]], words: Sequence[tuple[int, int]]) -> "NDArray[np.int32]":
    """The number of the word of which each token holds a character, -1 for none; words numbered from 0 without gaps.

    Two words that share a token are one. `offsets`: the characters of each token, an empty span for what is no text.
    """
    import numpy as np

    owner = np.full(len(offsets), -1, np.int32)
    joined = list(range(len(words)))  # words that share a token take the first one's number
    at = 0
    for token, (start, end) in enumerate(offsets):
        if end <= start:
            continue
        while at < len(words) and words[at][1] <= start:
            at += 1
        last = at
        while last < len(words) and words[last][0] < end:
            if owner[token] < 0:
                owner[token] = joined[last]
            joined[last] = int(owner[token])
            last += 1
    if len(owner):
        present = np.unique(owner[owner >= 0])
        owner[owner >= 0] = np.searchsorted(present, owner[owner >= 0])
    return owner
