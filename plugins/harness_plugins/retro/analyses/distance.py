"""How near a chunk is to what it read, in the eyes of a sentence encoder: what overlap is held against.

Two distances, each 1 - cosine, of the nearest of the neighbours:

- `read`: of chunk i and the neighbours of chunk i - 1 with their continuations, the very texts that overlap compares;
- `query`: of chunk i - 1 and its neighbours without continuations, which is what dense retrieval looks at.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from harness_plugins.retro.analyses.overlap import readers
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.retrievers.embeddings import texts_of
from harness_plugins.retro.retrievers.sentence_encoder import SentenceEncoder
from harness_plugins.retro.sequences import Sequences

_AT_ONCE = 512  # texts that are encoded between two reports
Tokens = tuple[NDArray[np.int32], NDArray[np.int32]]  # (N, T), and how many of each row are tokens


def distances(
    corpus: Database,
    database: Database,
    numbers: NDArray[np.int64],
    rows: Sequences,
    encoder: SentenceEncoder,
    report: Callable[[int, int], None] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """`read` and `query` of each chunk of the corpus (chunks,); nan for the first of a sequence and where nothing was read.

    `numbers` (chunks, k): the neighbours in `database`, -1 where there is none; `rows`: the sequences, as `token_overlap` takes
    them. A text is encoded once.
    """
    chunks = readers(rows)
    near = numbers[chunks - 1]
    once = np.unique(near[near >= 0])
    before, before_at = np.unique(chunks - 1, return_inverse=True)
    texts: list[tuple[Database, Tokens]] = [
        (corpus, corpus.tokens(chunks)),
        (corpus, corpus.tokens(before)),
        (database, _together(*database.with_continuation(once))),
        (database, database.tokens(once)),
    ]
    total, done, encoded = sum(len(lengths) for _, (_, lengths) in texts), 0, []
    for owner, (tokens, lengths) in texts:
        parts = [np.zeros((0, encoder.dimension), np.float32)]
        for start in range(0, len(lengths), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            parts.append(encoder.encode(texts_of(owner, tokens[part], lengths[part]))[0].astype(np.float32))
            done += len(parts[-1])
            if report is not None:
                report(done, total)
        encoded.append(np.concatenate(parts))
    found = {}
    for name, ours, theirs in (("read", encoded[0], encoded[2]), ("query", encoded[1][before_at], encoded[3])):
        found[name] = np.full(corpus.chunks, np.nan)
        found[name][chunks] = _nearest(ours, theirs, near, once)
    return found


def _nearest(
    ours: NDArray[np.float32], theirs: NDArray[np.float32], near: NDArray[np.int64], once: NDArray[np.int64]
) -> NDArray[np.float64]:
    """1 - the largest cosine of each row of `ours` with its neighbours; nan for a row without any."""
    best = np.full(len(ours), np.nan)
    for column in near.T:
        there = np.flatnonzero(column >= 0)
        cosines = np.einsum("nd,nd->n", ours[there], theirs[np.searchsorted(once, column[there])], dtype=np.float64)
        best[there] = np.fmax(best[there], cosines)
    return 1.0 - best


def _together(tokens: NDArray[np.int32], mask: NDArray[np.bool_]) -> Tokens:
    """The tokens of each row, moved to its beginning, and their number: a short chunk's padding lies before a continuation."""
    order = np.argsort(~mask, axis=1, kind="stable")
    return np.take_along_axis(tokens, order, axis=1), mask.sum(axis=1).astype(np.int32)
