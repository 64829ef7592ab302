"""Longest common subsequences of the words of many pairs of texts, straight from the texts.

For texts of few different letters, which fit into a byte. What does not fit is named, and goes through `words.py`.
"""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.text.streams import Ints, Symbols, offsets
from harness.text.words import HARD, POINTS, SEPARATOR

Bytes = NDArray[np.uint8]
UNKNOWN = 1
# Latin, Greek and Cyrillic letters: what a byte holds of the symbols of a fold table
ALPHABETS = (range(0x180), range(0x370, 0x400), range(0x400, 0x460))


def byte_table(folded: Symbols) -> Bytes:
    """A fold table (see `word_ids`) with a byte for each symbol: 0 ends words, and UNKNOWN stands for all without a byte."""
    symbols = folded[:POINTS]
    common = sorted({symbol for block in ALPHABETS for symbol in symbols[block.start : block.stop].tolist()} - {SEPARATOR, HARD})
    bytes_of = np.full(POINTS + 2, UNKNOWN, dtype=np.uint8)  # HARD reads the last
    bytes_of[SEPARATOR] = 0
    bytes_of[common[: 255 - UNKNOWN]] = np.arange(len(common[: 255 - UNKNOWN])) + UNKNOWN + 1
    return bytes_of[symbols]


def common_words(texts: Sequence[str], table: Bytes, left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """How many words each text has, (N,), and the length of the longest common subsequence of texts left[p] and right[p], (P,).

    -1 stands where a text has letters without a byte, and for texts right[p] of more than 512 words. Pairs one after another
    that share their right text are the fastest.
    """
    from harness.text import byte_kernels as kernels

    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    starts = offsets(lengths + 1)
    total = int(starts[-1])
    size = (total >> 6) + 1
    joined = " ".join([*texts, " " * (64 * size - total)])
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.int32)
    codes, marks = np.empty(8 * size + 2, np.uint64), np.empty(size, np.uint64)
    strange = kernels.fold_points(points, table, codes, marks)
    most = total // 2 + 1
    bounds, keys, word_starts = np.empty(2 * most, np.uint32), np.empty((most, 2), np.uint64), np.empty(len(starts), np.int64)
    factors = np.frombuffer(os.urandom(16), dtype=np.uint64) | np.uint64(1)
    kernels.key_words(codes, marks, starts, factors[0], bounds, keys, word_starts)
    lows, highs, masks = (np.empty(size * kernels.SLOTS, np.uint64) for size in (1, 1, 8))
    holders = np.empty(kernels.SLOTS, np.int64)
    found = np.empty(len(left), np.int64)
    sizes = np.diff(word_starts)
    lines, column = np.empty(int(sizes.max(initial=0)), np.int64), np.empty(8, np.uint64)
    kernels.common_words(
        codes, bounds, keys, word_starts, left, right, factors, lows, highs, holders, masks, lines, column, found
    )
    if strange:
        unknown = np.diff(offsets(codes.view(np.uint8)[:total] == UNKNOWN)[starts]) > 0
        sizes[unknown] = -1
        found[unknown[left] | unknown[right]] = -1
    return sizes, found
