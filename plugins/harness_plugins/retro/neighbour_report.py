"""What a table of neighbours holds: how many were found, how many are copies, and which documents count as a corpus's own."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.neighbours import BLOCK, NeighbourTable
from harness_plugins.retro.own import OwnDocuments

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEARLY = 0.9  # of a chunk's tokens that occur in a neighbour which is nearly the same


@dataclass(frozen=True)
class Described:
    """Counts. `chunks`: queries; `without`: of them those without any neighbour; `alone`: of these those whose own documents are
    all there is in the database; `found`: neighbours.

    `identical`: neighbours that are the query's chunk, token by token; `nearly`: those that have at least nine tenths of its
    tokens, the identical ones among them; `copied`: those whose continuation is, or begins with, the chunk that follows the
    query: the text that a model is to predict while it reads them. `same_text`, `same_id`: the corpus's documents that another
    database has, by their text, and by their id alone under another text.
    """

    chunks: int
    without: int
    alone: int
    found: int
    identical: int
    nearly: int
    copied: int
    same_text: int
    same_id: int

    def warnings(self) -> list[str]:
        """What a reader of results on these neighbours has to know, a sentence each."""
        said = []
        if self.alone:
            some = f"{self.alone:,} of {self.chunks:,} chunks"
            said.append(f"{some} have no neighbour since the database holds nothing but their own documents")
        if self.copied:
            some = _share(self.copied, self.found)
            said.append(f"{some} go on with the very chunk that follows the query: what is gained from them is copying")
        if self.identical:
            said.append(f"{_share(self.identical, self.found)} are their query itself, in a document of another id")
        if self.same_id:
            some = f"{self.same_id:,} documents of the corpus"
            said.append(f"{some} have the id of a document of another text in the database, which is not searched for them")
        return said


def describe(corpus: Database, database: Database, table: NeighbourTable) -> Described:
    """The counts of a table of neighbours of the corpus in the database."""
    import numpy as np

    own = OwnDocuments(corpus, database)
    counts = np.zeros(3, np.int64)
    for start in range(0, corpus.chunks, BLOCK):
        counts += _copies(corpus, database, table.numbers[start : start + BLOCK], start)
    same_text, same_id = own.kinds()
    missing = np.flatnonzero((table.numbers < 0).all(axis=1))
    return Described(
        chunks=corpus.chunks,
        without=len(missing),
        alone=len(missing) if own.nothing_else() else 0,
        found=int((table.numbers >= 0).sum()),
        identical=int(counts[0]),
        nearly=int(counts[1]),
        copied=int(counts[2]),
        same_text=same_text,
        same_id=same_id,
    )


def _share(some: int, found: int) -> str:
    return f"{some:,} of {found:,} neighbours ({some / found:.1%})"


def _copies(corpus: Database, database: Database, numbers: "NDArray[np.int64]", start: int) -> "NDArray[np.int64]":
    """Neighbours of the chunks from `start` on that are identical, nearly identical, and followed by the same chunk (3,)."""
    import numpy as np

    from harness_plugins.retro.analyses.overlap import occurs

    count, k = numbers.shape
    m = corpus.chunk
    rows = np.arange(start, start + count)
    tokens, lengths = corpus.tokens(rows)
    following = _following(corpus, rows)
    nexts, next_lengths = corpus.tokens(following)
    found, mask = database.with_continuation(numbers)
    identical = nearly = copied = 0
    for place in range(k):
        there = numbers[:, place] >= 0
        theirs, may = found[:, place], mask[:, place]
        same = (theirs[:, :m] == tokens).all(axis=1) & (may[:, :m].sum(axis=1) == lengths) & there
        real = np.arange(m) < lengths[:, None]
        share = (occurs(tokens, theirs[:, :m], may[:, :m]) & real).sum(axis=1) / np.maximum(lengths, 1)
        of_next = np.arange(m) < next_lengths[:, None]
        goes_on = ((theirs[:, m:] == nexts) & may[:, m:] | ~of_next).all(axis=1) & (next_lengths > 0) & there
        identical += int(same.sum())
        nearly += int((there & (share >= NEARLY)).sum())
        copied += int(goes_on.sum())
    return np.array([identical, nearly, copied])


def _following(corpus: Database, rows: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """The chunk after each in its document, -1 after the last."""
    import numpy as np

    later = np.where(rows + 1 < corpus.chunks, rows + 1, -1)
    return np.where(corpus.document_of(later) == corpus.document_of(rows), later, -1)
