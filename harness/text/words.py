"""Words as numbers: equal words of a batch have equal ids, so that counting and comparing need no text."""

import os
from typing import NamedTuple

import numpy as np

from harness.text.streams import Ints, Stream, Symbols


class WordIds(NamedTuple):
    """The words of N texts: text n is `ids[starts[n] : starts[n + 1]]`, ids 0..V-1 in the order of first sight.

    Word v stands first at `symbols[first[v] : last[v]]` of the stream it came from.
    """

    ids: Symbols
    starts: Ints
    first: Ints
    last: Ints

    @property
    def lengths(self) -> Ints:
        """How many words each text has."""
        return np.diff(self.starts)


def word_ids(stream: Stream) -> WordIds:
    """Ids of the words of a stream: its runs of symbols above 0, which end at a text's end at the latest."""
    from harness.text.kernels import intern_words

    symbols, starts = stream
    inside = symbols > 0
    runs = int(np.count_nonzero(inside[1:] & ~inside[:-1])) + len(starts)  # at least as many as there are words
    ids = np.empty(runs, dtype=np.int32)
    word_starts = np.empty(len(starts), dtype=np.int64)
    first, last, hashes = np.empty(runs, np.int64), np.empty(runs, np.int64), np.empty(runs, np.uint64)
    slots = np.full(1 << max(4, (2 * runs + 2).bit_length()), -1, dtype=np.int32)
    seed = np.uint64(int.from_bytes(os.urandom(8), "little"))  # decides which slot a word is found in, and nothing else
    known = intern_words(symbols, starts, seed, ids, word_starts, first, last, hashes, slots)
    return WordIds(ids[: word_starts[-1]], word_starts, first[:known], last[:known])


def lcs_lengths(words: WordIds, left: Ints, right: Ints) -> Ints:
    """Length of the longest common subsequence of words of the texts left[p] and right[p]: (P,)."""
    from harness.text import kernels

    kinds = len(words.first)
    longest = int(words.lengths.max(initial=0))
    lengths = np.empty(len(left), dtype=np.int64)
    matches, spare, rows = np.zeros(kinds, np.uint64), np.zeros((kinds, 3), np.int64), np.empty(longest, np.int32)
    kernels.lcs_lengths(words.ids, words.starts, left, right, matches, spare, rows, lengths)
    return lengths
