"""N-grams that two texts share, counted exactly, for many pairs at once.

An n-gram is a number: its symbols side by side in 64 bits, the first one highest. Sorted, all n-grams that begin alike stand
together, so one sorted list of keys a text serves every order that fits into 64 bits, and two lists are merged to count what
both hold. What does not fit (many orders, or many different symbols) goes on in a further list, whose keys begin with a number
that stands for the first symbols. Nothing is hashed, so nothing can collide.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.text.streams import Ints, Stream, Symbols, ranked

Keys = NDArray[np.uint64]


class Layer(NamedTuple):
    """The keys of all texts, sorted in each, and the orders they hold: `first`, `first` + 1, …, `fields` of them."""

    keys: Keys
    first: int
    fields: int
    bits: int


class Ngrams(NamedTuple):
    """The n-grams of N texts up to an order: what `shared` counts with."""

    starts: Ints
    layers: tuple[Layer, ...]

    def totals(self, order: int) -> Ints:
        """How many n-grams of an order each text has: (N,)."""
        return np.maximum(np.diff(self.starts) - order + 1, 0)


def ngrams(stream: Stream, highest: int) -> Ngrams:
    """The n-grams of every text, of the orders 1 to `highest`. Symbols are 0 or above."""
    symbols, kinds = ranked(stream.symbols)
    return Ngrams(stream.starts, tuple(_layers(symbols, stream.starts, kinds.bit_length() or 1, highest)))


def shared(grams: Ngrams, left: Ints, right: Ints) -> Ints:
    """How many n-grams the texts left[p] and right[p] share, each as often as both hold it: (P, highest)."""
    from harness.text import kernels

    parts = []
    for layer in grams.layers:
        part = np.empty((len(left), layer.fields), dtype=np.int64)
        kernels.shared_ngrams(layer.keys, grams.starts, left, right, layer.fields, layer.bits, part)
        parts.append(part)
    return np.concatenate(parts, axis=1) if parts else np.zeros((len(left), 0), dtype=np.int64)


def clipped(grams: Ngrams, left: Ints, right: Ints, right_starts: Ints) -> Ints:
    """As `shared`, of text left[p] with the union of right[right_starts[p] : right_starts[p + 1]]: the largest count of any."""
    from harness.text import kernels

    parts = []
    for layer in grams.layers:
        part = np.empty((len(left), layer.fields), dtype=np.int64)
        widest = int(np.diff(right_starts).max(initial=0))
        spots = np.empty(widest, dtype=np.int64)
        kernels.clipped_ngrams(layer.keys, grams.starts, left, right, right_starts, layer.fields, layer.bits, spots, part)
        parts.append(part)
    return np.concatenate(parts, axis=1) if parts else np.zeros((len(left), 0), dtype=np.int64)


def _layers(symbols: Symbols, starts: Ints, bits: int, highest: int) -> Iterator[Layer]:
    from harness.text import kernels

    heads, head_bits, done = np.zeros(0, dtype=np.int32), 0, 0
    while done < highest:
        fields = min((64 - head_bits) // bits, highest - done)
        keys = np.empty(len(symbols), dtype=np.uint64)
        kernels.pack_ngrams(symbols, heads, starts, done, fields, bits, keys)
        if done + fields < highest:
            heads, kinds = _numbered(keys, bits)
            head_bits = kinds.bit_length()
        for begin, end in pairwise(starts.tolist()):
            keys[begin:end].sort()
        yield Layer(keys, done + 1, fields, bits)
        done += fields


def _numbered(keys: Keys, bits: int) -> tuple[Symbols, int]:
    """The keys as 1, 2, … in their order, 0 for those whose last field is empty; and how many there are."""
    whole = (keys & np.uint64((1 << bits) - 1)) != 0
    kinds, numbers = np.unique(keys[whole], return_inverse=True)
    heads = np.zeros(len(keys), dtype=np.int32)
    heads[whole] = numbers.astype(np.int32) + 1
    return heads, len(kinds)
