"""Which tokens of a chunk occur in the neighbours that were read when they were predicted: the chunk's overlap.

Overlap of chunk i: the share of its token positions whose id occurs in the neighbours of chunk i - 1, each with its
continuation, as the model reads them (Doostmohammadi et al. 2023, arXiv 2305.16243). A token that stands twice counts twice. The
first chunk of a sequence reads nothing and has no overlap; of an incomplete chunk the tokens that are there count; padding is no
token, in chunks and in neighbours; special tokens, where texts have any, are tokens. A chunk whose predecessor has no neighbours
has the overlap 0 and is marked in `read`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness_plugins.retro.analyses.losses import Near
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.sequences import Sequences

_CELLS = 30_000_000  # comparisons of tokens that are held at once


@dataclass(frozen=True)
class Overlap:
    """`copied` (chunks, m): tokens whose id occurs in what was read; `counted` (chunks, m): tokens that could read at all, those
    of all chunks but the first of each sequence; `read` (chunks,): whether any neighbour was there to be read."""

    copied: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    read: NDArray[np.bool_]

    @property
    def shares(self) -> NDArray[np.float64]:
        """The overlap of each chunk (chunks,); nan for the first of a sequence."""
        counts = self.counted.sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.where(counts > 0, self.copied.sum(axis=1) / np.maximum(counts, 1), np.nan)


def token_overlap(corpus: Database, near: Near, rows: Sequences, report: Callable[[int, int], None] | None = None) -> Overlap:
    """The overlap of the corpus's chunks with what they read.

    `near`: chunks (N,) → tokens (N, K, R) of their neighbours and which of them are tokens; `rows`: the
    sequences that are read. `report(done, all)` is told chunks.
    """
    copied = np.zeros((corpus.chunks, corpus.chunk), np.bool_)
    counted, read = copied.copy(), np.zeros(corpus.chunks, np.bool_)
    later = readers(rows)
    step = max(1, _CELLS // (corpus.chunk * 1024))
    for start in range(0, len(later), step):
        chunks = later[start : start + step]
        tokens, lengths = corpus.tokens(chunks)
        real = np.arange(corpus.chunk) < lengths[:, None]
        found, mask = near(chunks - 1)
        found, mask = found.reshape(len(chunks), -1), mask.reshape(len(chunks), -1)
        copied[chunks] = real & occurs(tokens, found, mask)
        counted[chunks], read[chunks] = real, mask.any(axis=1)
        if report is not None:
            report(min(start + step, len(later)), len(later))
    return Overlap(copied, counted, read)


def readers(rows: Sequences) -> NDArray[np.int64]:
    """The chunks of the sequences that read their predecessors' neighbours: all but the first of each."""
    counts = np.maximum(rows.chunks - 1, 0)
    ends = np.cumsum(counts)
    place = np.arange(int(counts.sum())) - np.repeat(ends - counts, counts)
    return np.asarray(np.repeat(rows.first, counts) + 1 + place, np.int64)


def occurs(tokens: NDArray[np.int32], found: NDArray[np.int32], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the tokens (N, m) occur among those of their own row of `found` (N, T) that `mask` says are tokens."""
    known = np.sort(np.where(mask, found, -1), axis=1).astype(np.int64)  # no id is negative
    wide = int(max(tokens.max(initial=0), known.max(initial=0))) + 2
    base = np.arange(len(tokens), dtype=np.int64)[:, None] * wide + 1
    flat, sought = (known + base).ravel(), tokens + base
    if not flat.size:
        return np.zeros(tokens.shape, np.bool_)
    places = np.minimum(np.searchsorted(flat, sought), flat.size - 1)
    return np.asarray(flat[places] == sought, np.bool_)
