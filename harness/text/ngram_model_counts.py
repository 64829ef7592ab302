"""N-grams as sorted 64-bit numbers with their counts: what an n-gram model is made of."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Counts = NDArray[np.int64]


class Order(NamedTuple):
    """The n-grams of one order: their sorted keys and counts, and for each context where its n-grams begin, its sum and size."""

    keys: Keys
    counts: Counts
    contexts: Keys
    totals: Counts
    types: Counts


def grams(symbols: NDArray[np.uint64], starts: Counts, n: int, order: int, bits: int) -> tuple[Keys, Counts]:
    """The n-grams of the texts, each text behind `order` - 1 symbols for its beginning, and how often each occurs."""
    ends = own_places(starts, order)
    keys = np.zeros(len(ends), np.uint64)
    for back in range(n - 1, -1, -1):
        keys = (keys << np.uint64(bits)) | symbols[ends - back]
    found, counts = np.unique(keys, return_counts=True)
    return found, counts.astype(np.int64)


def merged(one: tuple[Keys, Counts], other: tuple[Keys, Counts]) -> tuple[Keys, Counts]:
    """Both counts together."""
    if not len(one[0]):
        return other
    keys, places = np.unique(np.concatenate([one[0], other[0]]), return_inverse=True)
    counts = np.zeros(len(keys), np.int64)
    np.add.at(counts, places.reshape(-1), np.concatenate([one[1], other[1]]))
    return keys, counts


def with_contexts(keys: Keys, counts: Counts, bits: int) -> Order:
    """The counts with what there is to know of each context."""
    if not len(keys):
        none = np.zeros(0, np.int64)
        return Order(keys, counts, np.zeros(0, np.uint64), none, none)
    contexts, first, types = np.unique(keys >> np.uint64(bits), return_index=True, return_counts=True)
    return Order(keys, counts, contexts, np.add.reduceat(counts, first), types.astype(np.int64))


def looked_up(keys: Keys, values: Counts, wanted: Keys) -> Counts:
    """The values of the wanted keys, 0 where there is none."""
    places = np.searchsorted(keys, wanted)
    here = places < len(keys)
    here[here] = keys[places[here]] == wanted[here]
    found = np.zeros(len(wanted), np.int64)
    found[here] = values[places[here]]
    return found


def own_places(starts: Counts, order: int) -> Counts:
    """Where the texts' own symbols stand, not those for the beginning."""
    own = np.ones(int(starts[-1]), bool)
    if order > 1 and len(starts) > 1:
        own[(starts[:-1, None] + np.arange(order - 1)).ravel()] = False
    return np.flatnonzero(own)


def packed(windows: NDArray[np.uint64], bits: int) -> Keys:
    """Each row of (W, n) symbols as one number, the first symbol highest."""
    keys = np.zeros(len(windows), np.uint64)
    for column in range(windows.shape[1]):
        keys = (keys << np.uint64(bits)) | windows[:, column]
    return keys
