"""Words as numbers: equal words of a batch have equal ids, so that counting and comparing need no text."""

import os
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.text.streams import Ints, Stream, Symbols, code_points

SEPARATOR, HARD = 0, -1  # what a fold table holds beside symbols, which are code points + 1
POINTS = 0x110000


class WordIds(NamedTuple):
    """The words of N texts: text n is `ids[starts[n] : starts[n + 1]]`, ids 0..V-1 in the order of first sight.

    Word v is spelled `symbols[spans[v, 0] : spans[v, 1]]`.
    """

    ids: Symbols
    starts: Ints
    symbols: Symbols
    spans: Ints

    @property
    def lengths(self) -> Ints:
        """How many words each text has."""
        return np.diff(self.starts)

    def spelled(self) -> list[str]:
        """The distinct words."""
        last = int(self.spans[-1, 1]) if len(self.spans) else 0
        text = (self.symbols[:last] - 1).astype("<i4").tobytes().decode("utf-32-le", "surrogatepass")
        return [text[begin:end] for begin, end in self.spans.tolist()]


def token_ids(texts: Sequence[Sequence[str]]) -> WordIds:
    """The words of texts that are cut already: tokens without white space in them."""
    return _intern(_tokens(texts), plain_table())[0]


def word_ids(texts: Sequence[str], table: Symbols) -> tuple[WordIds, Ints]:
    """The words of texts, and which texts are hard: those have none here, `with_cut_texts` puts them in.

    table: `with_plain` of what each code point becomes: its symbol in a word, SEPARATOR, or HARD where the table cannot say.
    """
    found, hard = _intern(code_points(texts), table)
    return found, np.flatnonzero(hard)


def with_cut_texts(texts: Sequence[str], table: Symbols, cut: dict[int, list[str]]) -> WordIds:
    """As `word_ids`, with the words of some texts given."""
    points, starts = code_points(["" if place in cut else text for place, text in enumerate(texts)])
    own = _tokens(list(cut.values()))
    lengths = np.diff(starts)
    lengths[list(cut)] = np.diff(own.starts)
    parts: list[Symbols] = []
    done = 0
    for number, place in enumerate(cut):
        parts += [points[done : starts[place]], own.symbols[own.starts[number] : own.starts[number + 1]] + np.int32(POINTS)]
        done = starts[place]
    joined = np.concatenate([*parts, points[done:]])
    joined.flags.writeable = False  # as `code_points` gives them: the loops are compiled for one kind of array
    return _intern(Stream(joined, np.concatenate([[0], np.cumsum(lengths)])), table)[0]


def with_plain(folded: Symbols) -> Symbols:
    """A table for `word_ids` out of one with an entry for each code point: behind these, tokens that are to stay as they are."""
    return np.concatenate([folded, plain_table()])


@cache
def plain_table() -> Symbols:
    """Every code point stands in words as it is, but for the space, which ends them."""
    table = np.arange(1, POINTS + 1, dtype=np.int32)
    table[0x20] = SEPARATOR
    return table


def _tokens(texts: Sequence[Sequence[str]]) -> Stream:
    return code_points([" ".join([*tokens, ""]) for tokens in texts])


def _intern(stream: Stream, table: Symbols) -> tuple[WordIds, NDArray[np.bool_]]:
    from harness.text import kernels

    points, starts = stream
    most = len(points) + 2  # written to one at a time, so that what is not needed costs no memory
    symbols, ends, keys = np.empty(most, np.int32), np.empty(most, np.int64), np.empty(most, np.uint64)
    word_starts, hard = np.empty(len(starts), np.int64), np.zeros(len(starts) - 1, bool)
    seed, *factors = np.frombuffer(os.urandom(24), dtype=np.uint64) | np.uint64(1)
    kernels.cut_words(points, starts, table, seed, factors[0], symbols, ends, keys, word_starts, hard)
    count = int(word_starts[-1])
    ids, slots, known = np.empty(count, np.int32), 1 << (count >> 1 | 64).bit_length(), -1
    while known < 0:
        slots *= 2
        spans, slot_ids = np.empty((slots // 2 + 1, 2), np.int64), np.empty(slots, np.int32)
        slot_keys = np.zeros(slots, np.uint64)
        known = kernels.number_words(symbols, ends[:count], keys, factors[1], ids, spans, slot_keys, slot_ids)
    return WordIds(ids, word_starts, symbols, spans[:known]), hard


def lcs_lengths(words: WordIds, left: Ints, right: Ints) -> Ints:
    """Length of the longest common subsequence of words of the texts left[p] and right[p]: (P,)."""
    from harness.text import kernels

    kinds, longest = len(words.spans), int(words.lengths.max(initial=0))
    lengths = np.empty(len(left), dtype=np.int64)
    matches, rows = np.zeros(kinds, np.uint64), np.empty(longest, np.int32)
    kernels.lcs_lengths(words.ids, words.starts, left, right, matches, rows, lengths)
    rest = np.flatnonzero(lengths < 0)
    if len(rest):
        blocks = (longest + 63) // 64
        spare, order = np.zeros((kinds, 3), np.int64), np.empty(longest, np.int64)
        marks, column = np.zeros(65 * blocks, np.uint64), np.empty(blocks, np.uint64)
        longer = np.empty(len(rest), dtype=np.int64)
        kernels.long_lcs_lengths(
            words.ids, words.starts, left[rest], right[rest], matches, rows, spare, order, marks, column, longer
        )
        lengths[rest] = longer
    return lengths
