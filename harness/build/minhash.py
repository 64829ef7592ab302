"""MinHash: signatures whose places agree with the probability of two sets' Jaccard similarity, and bands that find candidates."""

import numpy as np
from numpy.typing import NDArray

from harness.text.streams import Ints

SEED = 0x5EED
MARK = 2  # stands where a text's second side begins; no letter has this number
_NO_MARK = 0
_BUCKETS = 4096  # that shingles are sorted into, at most
_RECALL = 0.998  # of pairs that are just as similar as asked for
Numbers = NDArray[np.uint64]
Symbols = NDArray[np.uint16]


def bands_of(permutations: int, near: float) -> tuple[int, int]:
    """How many bands, and of how many places each: the longest bands that still find a pair of similarity `near` in 998 of 1,000
    cases (the longer, the fewer pairs are compared for nothing)."""
    for rows in range(permutations, 1, -1):
        bands = permutations // rows
        if found_share(near, bands, rows) >= _RECALL:
            return bands, rows
    return permutations, 1


def found_share(similarity: float, bands: int, rows: int) -> float:
    """The share of pairs of a similarity that have a band in common."""
    return float(1 - (1 - similarity**rows) ** bands)


def signatures(symbols: Symbols, starts: Ints, shingle: int, permutations: int, seed: int = SEED) -> Numbers:
    """The signatures of N texts, symbols[starts[n] : starts[n + 1]]: (N, permutations)."""
    from harness.build import minhash_kernels

    found = np.empty((len(starts) - 1, permutations), np.uint64)
    minhash_kernels.signatures(symbols, starts, shingle, np.uint64(seed), _room(starts), found)
    return found


def side_starts(symbols: Symbols, starts: Ints, use: bool = True) -> Ints:
    """Where the sides of N texts begin: side one of text n is symbols[found[2 n] : found[2 n + 1]], side two (behind a `MARK`)
    goes on to found[2 n + 2]. It is empty in a text without a mark, and in every text if they are not to be used."""
    from harness.build import minhash_kernels

    found = np.empty(2 * len(starts) - 1, np.int64)
    minhash_kernels.side_starts(symbols, starts, np.uint16(MARK if use else _NO_MARK), found)
    return found


def band_keys(symbols: Symbols, sides: Ints, shingle: int, bands: int, rows: int, seed: int = SEED) -> Numbers:
    """A number for each band of the signature of each text of two sides; texts with an equal one are candidates: (N, bands).

    The signature is that of both sides' shingles, told apart: where each side's similarity is at least t, so is that of the whole
    (the parts of its intersection and of its union add up), and candidates of similarity t hold all that is looked for.
    """
    from harness.build import minhash_kernels

    keys = np.empty((len(sides) // 2, bands), np.uint64)
    signature = np.empty(bands * rows, np.uint64)
    minhash_kernels.band_keys(symbols, sides, shingle, np.uint64(seed), rows, _room(sides[::2]), signature, keys)
    return keys


def shingle_sets(symbols: Symbols, starts: Ints, shingle: int) -> tuple[Numbers, Ints]:
    """The shingles of N texts, sorted and each once: those of text n are sets[set_starts[n] : set_starts[n + 1]]."""
    from harness.build import minhash_kernels

    sets, set_starts = np.empty(len(symbols) + 1, np.uint64), np.empty(len(starts), np.int64)
    counts = np.empty(_BUCKETS + 1, np.int64)
    minhash_kernels.shingle_sets(symbols, starts, shingle, _room(starts), counts, sets, set_starts)
    return sets, set_starts


def similarities(symbols: Symbols, starts: Ints, shingle: int, left: Ints, right: Ints) -> NDArray[np.float64]:
    """The exact Jaccard similarities of the shingle sets of pairs of texts (or of sides): (P,)."""
    from harness.build import minhash_kernels

    sets, set_starts = shingle_sets(symbols, starts, shingle)
    found = np.empty(len(left), np.float64)
    minhash_kernels.jaccards(sets, set_starts, left, right, found)
    return found


def _room(starts: Ints) -> Numbers:
    return np.empty(int(np.diff(starts).max(initial=0)) + 1, np.uint64)
