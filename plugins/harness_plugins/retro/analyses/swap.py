"""Retrievers swapped at inference: what each of them gives one and the same model, and what it costs, side by side.

All rows are of one checkpoint, one corpus, one database and the same tokens; their intervals are of the same draws of documents.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError
from harness_plugins.retro.analyses.intervals import Figure
from harness_plugins.retro.analyses.losses import neighbour_tokens, token_losses
from harness_plugins.retro.analyses.measured import Reading, Report
from harness_plugins.retro.analyses.overlap import token_overlap
from harness_plugins.retro.analyses.perplexity import SCOPES, Draws, Scope, Tokens, measured, notes_on, telling, whole_documents
from harness_plugins.retro.neighbours import neighbour_table
from harness_plugins.retro.own import OwnDocuments
from harness_plugins.retro.retrievers.base import Queries, Retriever, open_retriever

QUERIES = 1_000  # that a search is timed with
_WARM = 64  # queries of a first search, which is not timed


@dataclass(frozen=True)
class Choice:
    """A retriever by name with its parameters."""

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What it is called in tables."""
        return " ".join([self.name, *(f"{key}={value}" for key, value in self.params.items())])


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a retriever takes on this machine. `search_ms`: milliseconds a query, of `queries` chunks of the corpus sought
    together after a first search that is not counted, encoding them included, without any table that was kept; `open_seconds`:
    reading the index, and building it where it was not there; `index_bytes`: on disk, None where the retriever does not say;
    `cores`: those that the process may use, all of which a retriever may take."""

    open_seconds: float
    search_ms: float
    queries: int
    index_bytes: int | None
    cores: int


class Swapped(msgspec.Struct, frozen=True, kw_only=True):
    """A retriever's row. `overlap`: the mean share of a chunk's tokens that occur in what it read; `without`: chunks for which
    no neighbour was found; `against`: its perplexity over that of the first retriever, minus one (-0.1: a tenth lower), by scope;
    `error`: why there is nothing of it."""

    retriever: str
    signature: str | None = None
    scopes: tuple[Scope, ...] = ()
    against: dict[str, Figure] = {}
    overlap: Figure | None = None
    without: int | None = None
    cost: Cost | None = None
    error: str | None = None


def swap(
    reading: Reading,
    choices: Sequence[Choice],
    *,
    length: int | None = None,
    draws: Draws | None = None,
    queries: int = QUERIES,
    report: Report | None = None,
) -> tuple[list[Swapped], list[str]]:
    """A row for each retriever, in order, and notes. The first one is what `against` compares with.

    A retriever that cannot be used is a row with its `error`: no other one stands in for it.
    """
    whole = whole_documents(reading, length)
    scopes = [Tokens(whole.corpus, whole.rows, name, draws or Draws()) for name in SCOPES]
    off = whole.off(report)
    found: list[Swapped] = []
    first: NDArray[np.float32] | None = None
    for number, choice in enumerate(choices):
        try:
            row, on = _row(whole, choice, scopes, off, first, queries, report)
        except HarnessError as error:
            found.append(Swapped(retriever=choice.label, error=str(error)))
            continue
        first = on if number == 0 else first
        found.append(row)
    notes = notes_on(whole, list(next((row.scopes for row in found if row.scopes), ())))
    if choices and first is None:
        notes.append(f"nothing is compared with the first retriever, {choices[0].label}, which could not be used")
    return found, notes


def index_bytes(retriever: Retriever) -> int | None:
    """Bytes of the index on disk, in the `folders` that the retriever says it searches; None where it says none."""
    folders: Sequence[Path] | None = getattr(retriever, "folders", None)
    if folders is None:
        return None
    files = {path for folder in folders for path in Path(folder).rglob("*") if path.is_file()}  # one folder may lie in another
    return sum(path.stat().st_size for path in files)


def _row(
    whole: Reading,
    choice: Choice,
    scopes: Sequence[Tokens],
    off: NDArray[np.float32],
    first: NDArray[np.float32] | None,
    queries: int,
    report: Report | None,
) -> tuple[Swapped, NDArray[np.float32]]:
    retriever, cost = _timed(whole, choice, queries)
    k, database = whole.retrieval.neighbours, whole.retrieval.database
    table = neighbour_table(whole.corpus, database, choice.name, choice.params, k, report)
    near = neighbour_tokens(database, table.numbers, int(whole.model.config.neighbour_length))
    on = token_losses(whole.model, whole.corpus, near, whole.rows, report=telling(report, f"losses {choice.label}"))
    overlap = token_overlap(whole.corpus, near, whole.rows)
    copied, counted = (part.sum(axis=1)[scopes[1].chunks].astype(np.float64) for part in (overlap.copied, overlap.counted))
    row = Swapped(
        retriever=choice.label,
        signature=retriever.signature,
        scopes=tuple(measured(scope, off, on) for scope in scopes),
        against={} if first is None else {scope.name: _against(scope, on, first) for scope in scopes},
        overlap=scopes[1].documents.ratio(copied, counted),
        without=table.without,
        cost=cost,
    )
    return row, on


def _timed(whole: Reading, choice: Choice, queries: int) -> tuple[Retriever, Cost]:
    corpus, database, k = whole.corpus, whole.retrieval.database, whole.retrieval.neighbours
    begun = time.perf_counter()
    retriever = open_retriever(database, choice.name, choice.params)
    opened = time.perf_counter() - begun
    numbers = np.unique(np.linspace(0, corpus.chunks - 1, min(queries, corpus.chunks)).astype(np.int64))
    tokens, lengths = corpus.tokens(numbers)
    asked = Queries(tokens, lengths, OwnDocuments(corpus, database).first(0, corpus.chunks)[numbers])
    retriever.search(asked.part(0, _WARM), k)
    begun = time.perf_counter()
    retriever.search(asked, k)
    seconds = time.perf_counter() - begun
    return retriever, Cost(
        open_seconds=opened,
        search_ms=1000 * seconds / len(asked),
        queries=len(asked),
        index_bytes=index_bytes(retriever),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
    )


def _against(tokens: Tokens, on: NDArray[np.float32], first: NDArray[np.float32]) -> Figure:
    return tokens.documents.ratio(tokens.sums(on) - tokens.sums(first), tokens.counts, np.expm1)
