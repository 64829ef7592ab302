"""Depth of hybrid retrieval against what it gains and what it costs."""

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.errors import InputError
from harness_plugins.retro.analyses.gain import gain_of
from harness_plugins.retro.analyses.intervals import Documents, Figure
from harness_plugins.retro.analyses.measured import Reading, Report
from harness_plugins.retro.analyses.overlap import readers
from harness_plugins.retro.own import OtherOwn, OwnDocuments
from harness_plugins.retro.retrievers.base import Found, Queries, Retriever, open_retriever

_AT_ONCE = 4096  # queries that are searched for in one go


class AtDepth(msgspec.Struct, frozen=True, kw_only=True):
    """Retrieval of one depth. `seconds`: of the search for all `queries`: encoding them, dense search and re-ranking, with
    indexes open; `overlap`: the mean share of a chunk's tokens that occur in what it read."""

    depth: int
    gain: Figure
    overlap: Figure
    queries: int
    seconds: float
    threads: int


def checked_depths(depths: Sequence[int], k: int, chunks: int) -> tuple[tuple[int, ...], list[str]]:
    """The depths in ascending order, each once and none above the database's chunks, and what was changed, in words.

    Raises InputError for one that is below the number of neighbours.
    """
    for depth in depths:
        if isinstance(depth, bool) or not isinstance(depth, int) or depth < k:
            raise InputError(f"a depth is a whole number of at least the {k} neighbours of each chunk, got {depth!r}")
    notes = []
    if len(set(depths)) < len(depths):
        notes.append("depths that were given twice are measured once")
    if max(depths, default=0) > chunks:
        notes.append(f"depths above the database's {chunks} chunks are all of them")
    return tuple(sorted({min(depth, chunks) for depth in depths})), notes


def by_depth(
    reading: Reading,
    depths: Sequence[int],
    documents: Documents,
    params: Mapping[str, Any] | None = None,
    report: Report | None = None,
) -> list[AtDepth]:
    """Gain and cost of hybrid retrieval at each depth, the corpus's chunks that are read from being the queries.

    `params`: further parameters of the retriever `hybrid`. Neighbours are searched for anew each time, never read from a table,
    after a first search that is not timed.
    """
    off = reading.off(report)
    database, k = reading.retrieval.database, reading.retrieval.neighbours
    asked = readers(reading.rows) - 1
    tokens, lengths = reading.corpus.tokens(asked)
    own = OwnDocuments(reading.corpus, database)
    queries = Queries(tokens, lengths, own.first(0, reading.corpus.chunks)[asked])
    more = _of(own.others(0, reading.corpus.chunks), asked)
    found = []
    for place, depth in enumerate(depths):
        retriever = open_retriever(database, "hybrid", {**(params or {}), "depth": depth})
        retriever.search(queries.part(0, min(64, len(queries))), k)
        start = time.perf_counter()
        numbers = more.removed(_sought(retriever, queries, k + more.most), k).numbers
        seconds = time.perf_counter() - start
        every = np.full((reading.corpus.chunks, k), -1, np.int64)
        every[asked] = numbers
        on = reading.on(every)
        shares = on.overlap.copied.sum(axis=1).astype(np.float64), on.overlap.counted.sum(axis=1).astype(np.float64)
        found.append(
            AtDepth(
                depth=depth,
                gain=gain_of(on.difference(off), on.overlap.counted, documents),
                overlap=documents.ratio(*shares),
                queries=len(queries),
                seconds=seconds,
                threads=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            )
        )
        if report is not None:
            report("depths", place + 1, len(depths))
    return found


def _sought(retriever: Retriever, queries: Queries, k: int) -> Found:
    parts = [
        retriever.search(queries.part(start, min(start + _AT_ONCE, len(queries))), k)
        for start in range(0, len(queries), _AT_ONCE)
    ]
    return Found(np.concatenate([part.numbers for part in parts]), np.concatenate([part.scores for part in parts]))


def _of(others: OtherOwn, asked: NDArray[np.int64]) -> OtherOwn:
    """The further own documents of some chunks, by their place among these."""
    places = {chunk: place for place, chunk in enumerate(asked.tolist())}
    return OtherOwn({places[row]: own for row, own in others.documents.items() if row in places}, others.database)
