"""Perplexity and bits per byte with retrieval (ON) and without (OFF), over the same tokens, with intervals by document.

perplexity = exp(mean loss), gain = exp(mean(loss OFF - loss ON)) = perplexity OFF / perplexity ON, bits per byte = sum of the
losses / ln 2 / bytes of the text that was scored; means are over tokens. Intervals are percentiles of a bootstrap over documents.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.errors import InputError
from harness_plugins.retro.analyses.intervals import LEVEL, RESAMPLES, Documents, Figure
from harness_plugins.retro.analyses.losses import longest_sequence, token_losses
from harness_plugins.retro.analyses.measured import Reading, Report
from harness_plugins.retro.analyses.text_bytes import bytes_of, lossy_documents
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.neighbours import neighbour_table
from harness_plugins.retro.sequences import Sequences, cut

SCOPES = {
    "all": "every token but the first of its sequence",
    "reading": "tokens that can read neighbours: all but those of the first chunk of their sequence",
}


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What one set of tokens says: `off`, `on`, perplexities; `bits_off`, `bits_on`, bits per byte; `bytes` of their text."""

    name: str
    tokens: int
    bytes: int
    documents: int
    off: Figure
    on: Figure
    gain: Figure
    bits_off: Figure
    bits_on: Figure


class Perplexity(msgspec.Struct, frozen=True, kw_only=True):
    """What `harness retro perplexity` finds. `without`: chunks for which no neighbour was found; `length`: of a sequence."""

    corpus: str
    database: str
    retriever: str
    neighbours: int
    length: int
    sequences: int
    chunks: int
    without: int
    scopes: tuple[Scope, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Draws:
    """How intervals are drawn: so many `resamples` of the documents, at a level, from a seed."""

    resamples: int = RESAMPLES
    level: float = LEVEL
    seed: int = 0


class Tokens:
    """The tokens of some sequences that a scope, a key of SCOPES, counts; `chunks` (N,) that have any, and `counts` (N,)."""

    def __init__(self, corpus: Database, rows: Sequences, name: str, draws: Draws) -> None:
        self.name, self._corpus, self._rows = name, corpus, rows
        places = np.arange(rows.chunks.sum()) - np.repeat(np.cumsum(rows.chunks) - rows.chunks, rows.chunks)
        chunks = np.repeat(rows.first, rows.chunks) + places
        counts = corpus.tokens(chunks)[1] - (places == 0) if name == "all" else np.where(places > 0, corpus.tokens(chunks)[1], 0)
        self.chunks, self.counts = chunks[counts > 0], counts[counts > 0].astype(np.float64)
        self.documents = Documents(corpus.document_of(self.chunks), draws.resamples, draws.level, draws.seed)

    @cached_property
    def bytes(self) -> NDArray[np.float64]:
        """Bytes of the scored text, each sequence's at its first scored chunk, (N,)."""
        found = bytes_of(self._corpus, self._rows, 1 if self.name == "all" else self._corpus.chunk)
        owners = np.searchsorted(self._rows.first, self.chunks, side="right") - 1  # sequences stand in the corpus's order
        first = np.diff(owners, prepend=-1) > 0
        return np.where(first, found[owners], 0).astype(np.float64)

    def sums(self, losses: NDArray[np.float32]) -> NDArray[np.float64]:
        """The losses' sum in each chunk (N,). InputError where a token has none that is a number."""
        mine = losses[self.chunks].astype(np.float64)
        there, wanted = int(np.isfinite(mine).sum()), int(self.counts.sum())
        if there != wanted:
            raise InputError(
                f"{wanted} tokens have a loss, but {there} of the model's losses are numbers: its weights are not finite, or it "
                "has overflown; train it again, or load it with dtype float32"
            )
        return np.nansum(mine, axis=1)

    def exp_mean(self, sums: NDArray[np.float64]) -> Figure:
        """exp of the mean over tokens of what these are the sums of."""
        return self.documents.ratio(sums, self.counts, np.exp)


def perplexity(
    reading: Reading, *, length: int | None = None, draws: Draws | None = None, report: Report | None = None
) -> Perplexity:
    """Perplexities and bits per byte of all sequences of the documents that are read, those of a single chunk among them."""
    whole = whole_documents(reading, length)
    found = whole.retrieval
    table = neighbour_table(whole.corpus, found.database, found.name, found.params, found.neighbours, report)
    off = whole.off(report)
    on = token_losses(whole.model, whole.corpus, table, whole.rows, k=found.neighbours, report=telling(report, "losses ON"))
    scopes = [measured(Tokens(whole.corpus, whole.rows, name, draws or Draws()), off, on) for name in SCOPES]
    return Perplexity(
        corpus=str(whole.corpus.folder),
        database=str(found.database.folder),
        retriever=table.info.signature,
        neighbours=found.neighbours,
        length=longest_sequence(whole.model, length),
        sequences=len(whole.rows),
        chunks=int(whole.rows.chunks.sum()),
        without=table.without,
        scopes=tuple(scopes),
        notes=tuple(notes_on(whole, scopes)),
    )


def whole_documents(reading: Reading, length: int | None = None) -> Reading:
    """The reading with all sequences of its documents; of all documents where it reads of all that can read neighbours."""
    rows = cut(reading.corpus, longest_sequence(reading.model, length))
    if int((rows.chunks > 1).sum()) > len(reading.rows):  # some were drawn
        owners = reading.corpus.document_of(rows.first)
        rows = rows[np.isin(owners, reading.corpus.document_of(reading.rows.first))]
    return replace(reading, rows=rows)


def measured(tokens: Tokens, off: NDArray[np.float32], on: NDArray[np.float32]) -> Scope:
    """Perplexities, gain and bits per byte of a scope from the losses of all tokens (chunks, m)."""
    said, read, space, bits = tokens.sums(off), tokens.sums(on), tokens.bytes, math.log(2)
    return Scope(
        name=tokens.name,
        tokens=int(tokens.counts.sum()),
        bytes=int(space.sum()),
        documents=tokens.documents.count,
        off=tokens.exp_mean(said),
        on=tokens.exp_mean(read),
        gain=tokens.exp_mean(said - read),
        bits_off=_per_byte(tokens, said / bits),
        bits_on=_per_byte(tokens, read / bits),
    )


def notes_on(reading: Reading, scopes: list[Scope]) -> list[str]:
    """What a reader of the numbers has to know: what is not defined and why, what the tokenizer loses, what was seen before."""
    notes = []
    for scope in scopes:
        if not scope.tokens:
            notes.append(f"{scope.name}: not defined, since the corpus has no such token ({SCOPES[scope.name]})")
        elif scope.documents < 2:
            notes.append(f"{scope.name}: no interval, since all tokens are of one document")
    chosen = reading.retrieval.chosen
    if not chosen.neighbours:
        notes.append("the model was trained without neighbours (OFF): with them it reads what it never learned to read")
    if reading.corpus.digest == chosen.digest:
        notes.append("the corpus is the database of the training: if the model was trained on its texts, it has seen them")
    lost, seen = lossy_documents(reading.corpus)
    if lost:
        notes.append(
            f"the tokenizer does not give back the text of {lost} of {seen} documents: bits per byte are of the text as the "
            "tokenizer gives it back"
        )
    return notes


def telling(report: Report | None, label: str) -> Any:
    """A step's own report, of the one that takes its name."""
    return None if report is None else lambda done, total: report(label, done, total)


def _per_byte(tokens: Tokens, bits: NDArray[np.float64]) -> Figure:
    found = tokens.documents.ratio(bits, tokens.bytes)
    return msgspec.structs.replace(found, tokens=int(tokens.counts.sum()), chunks=len(tokens.chunks))
