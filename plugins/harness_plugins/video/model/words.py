"""Where the words of a text are, and which tokens each is made of."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MARKS = "\u0300-\u036f\u00ad\u200c\u200d"  # what joins the letter before it: marks, soft hyphens, joiners
_ONE = rf"[^\W_][^\W_{_MARKS}]*(?:[{_MARKS}]+[^\W_{_MARKS}]*)*"
_WORD = re.compile(rf"{_ONE}(?:[-\u2010\u2011'’]{_ONE})*")


def word_spans(text: str) -> list[tuple[int, int]]:
    """First character and end of each word: letters, digits and marks, also across a hyphen or apostrophe between them.

    Punctuation and symbols are no words. Scripts without spaces give one word for all that stands between punctuation.
    """
    return [found.span() for found in _WORD.finditer(text)]


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
