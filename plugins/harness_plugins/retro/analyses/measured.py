"""A checkpoint read over a corpus with its neighbours and without: what the analyses of overlap, copying and depth look at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import InputError
from harness_plugins.retro.analyses.gain import differences
from harness_plugins.retro.analyses.intervals import Documents
from harness_plugins.retro.analyses.losses import longest_sequence, neighbour_tokens, token_losses
from harness_plugins.retro.analyses.overlap import Overlap, token_overlap
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.live import open_checkpoint
from harness_plugins.retro.neighbours import neighbour_table
from harness_plugins.retro.retrieval import OpenRetrieval, open_retrieval
from harness_plugins.retro.sequences import Sequences, cut

Report = Callable[..., None]  # a step's name, what is done of it, and what there is to do


@dataclass(frozen=True)
class Reading:
    """A model, the sequences `rows` of a corpus that it reads, and what it retrieves from."""

    model: Any
    corpus: Database
    retrieval: OpenRetrieval
    rows: Sequences

    @property
    def documents(self) -> NDArray[np.int64]:
        """The document of each chunk of the corpus (chunks,)."""
        return self.corpus.document_of(np.arange(self.corpus.chunks))

    def off(self, report: Report | None = None) -> NDArray[np.float32]:
        """Losses without retrieval (chunks, m)."""
        return token_losses(self.model, self.corpus, None, self.rows, report=_named(report, "losses OFF"))

    def numbers(self, report: Report | None = None) -> NDArray[np.int64]:
        """The neighbours of each chunk of the corpus (chunks, k), from a table that is kept with it."""
        found = self.retrieval
        return neighbour_table(self.corpus, found.database, found.name, found.params, found.neighbours, report).numbers

    def on(self, numbers: NDArray[np.int64], report: Report | None = None) -> "With":
        """The corpus read with these neighbours."""
        near = neighbour_tokens(self.retrieval.database, numbers, int(self.model.config.neighbour_length))
        losses = token_losses(self.model, self.corpus, near, self.rows, report=_named(report, "losses ON"))
        return With(losses, token_overlap(self.corpus, near, self.rows))


@dataclass(frozen=True)
class With:
    """What reading with neighbours gave: losses (chunks, m), and how chunks overlap with what they read."""

    losses: NDArray[np.float32]
    overlap: Overlap

    def difference(self, off: NDArray[np.float32]) -> NDArray[np.float64]:
        """Loss OFF - loss ON of each token that could read (chunks, m), 0 elsewhere."""
        return differences(off, self.losses, self.overlap.counted)


def open_reading(
    folder: str | Path,
    corpus: str | Path | None = None,
    *,
    database: str | Path | None = None,
    retriever: str | None = None,
    params: Mapping[str, Any] | None = None,
    neighbours: int | None = None,
    length: int | None = None,
    documents: int | None = None,
    seed: int = 0,
    device: str = "auto",
) -> Reading:
    """A checkpoint's folder and a corpus, opened. `corpus`: by default what the model retrieves from, each document then read
    with neighbours of the others. `documents`: so many of the corpus's that have a chunk that reads, drawn by `seed`; None: all.

    Raises InputError or PluginError where something is not what it should be, and where no chunk of the corpus could read.
    """
    retrieval = open_retrieval(folder, database, retriever, params, neighbours)
    theirs = retrieval.database if corpus is None else Database(corpus)
    model = open_checkpoint(folder, device)
    rows = cut(theirs, longest_sequence(model, length))
    reading = rows[rows.chunks > 1]
    if not len(reading):
        raise InputError(
            f"no chunk of {theirs.folder} could read neighbours: none of its {theirs.chunks} chunks of {theirs.chunk} tokens "
            "stands behind another in a sequence, so gain and overlap are not defined (0 chunks); give longer documents"
        )
    if documents is not None:
        owners = theirs.document_of(reading.first)
        known = np.unique(owners)
        chosen = np.random.default_rng(seed).permutation(known)[:documents]
        reading = reading[np.isin(owners, chosen)]
    return Reading(model, theirs, retrieval, reading)


def documents_of(reading: Reading, *, resamples: int, level: float, seed: int) -> Documents:
    """Draws the corpus's documents again, those that were read."""
    return Documents(reading.documents, resamples, level, seed)


def _named(report: Report | None, label: str) -> Callable[[int, int], None] | None:
    if report is None:
        return None
    told = report
    return lambda done, total: told(label, done, total)
