"""Which documents of a database are a corpus's own: none of their chunks may be a neighbour of the corpus's."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.retrievers.base import Found

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class OwnDocuments:
    """For each chunk of a corpus its own documents in a database: the same one in the same database; in another one those of
    the same id or of the same text."""

    def __init__(self, corpus: Database, database: Database) -> None:
        self.corpus = corpus
        self.database = database
        self.same = corpus.digest == database.digest
        self.matches: list[tuple[int, ...]] = [] if self.same else _matches(corpus, database)

    def first(self, start: int, end: int) -> "NDArray[np.int64]":
        """An own document of each of the chunks, -1 where there is none: what a query says."""
        import numpy as np

        documents = self.corpus.document_of(np.arange(start, end))
        if self.same:
            return documents
        return np.array([next(iter(self.matches[number]), -1) for number in documents], np.int64)

    def others(self, start: int, end: int) -> "OtherOwn":
        """The chunks' own documents beyond the first."""
        import numpy as np

        if self.same:
            return OtherOwn({}, self.database)
        documents = self.corpus.document_of(np.arange(start, end)).tolist()
        more = {row: self.matches[number][1:] for row, number in enumerate(documents) if len(self.matches[number]) > 1}
        return OtherOwn(more, self.database)

    def kinds(self) -> tuple[int, int]:
        """Documents of the corpus that another database has by their text, and by their id alone; 0 and 0 in the same one."""
        if self.same:
            return 0, 0
        texts = {entry.sha256 for entry in self.database.entries}
        by_text = [entry.sha256 in texts for entry in self.corpus.entries]
        by_id = sum(bool(found) and not text for found, text in zip(self.matches, by_text, strict=True))
        return sum(by_text), by_id

    def nothing_else(self) -> bool:
        """Whether the database holds nothing but one document, with chunks, that is the own one of all chunks."""
        filled = [number for number, entry in enumerate(self.database.entries) if entry.chunks]
        if len(filled) != 1:
            return not filled
        mine = [number for number, entry in enumerate(self.corpus.entries) if entry.chunks]
        return mine == filled if self.same else all(filled[0] in self.matches[number] for number in mine)


@dataclass(frozen=True)
class OtherOwn:
    """Own documents that a query cannot name, by row of the queries."""

    documents: dict[int, tuple[int, ...]]
    database: Database

    def rows_of(self, numbers: "NDArray[np.int64]") -> list[int]:
        """The rows whose neighbours (N, k) are of those documents."""
        import numpy as np

        return [row for row, own in self.documents.items() if np.isin(self.database.document_of(numbers[row]), own).any()]

    def chunks(self, row: int) -> int:
        """How many chunks those documents of a row have."""
        return sum(self.database.entries[number].chunks for number in self.documents[row])

    @property
    def most(self) -> int:
        """The most chunks that those documents of a row have."""
        return max(map(self.chunks, self.documents), default=0)

    def removed(self, found: Found, k: int) -> Found:
        """The k best of what was found, `most` deeper, without those documents."""
        numbers, scores = found.numbers[:, :k].copy(), found.scores[:, :k].copy()
        for row in self.rows_of(found.numbers):
            kept = self.without(row, found.numbers[row])
            numbers[row], scores[row] = found.numbers[row][kept][:k], found.scores[row][kept][:k]
        return Found(numbers, scores)

    def without(self, row: int, numbers: "NDArray[np.int64]") -> "NDArray[np.bool_]":
        """Which of a row's neighbours are not of those documents."""
        import numpy as np

        return ~np.isin(self.database.document_of(numbers), self.documents[row])


def _matches(corpus: Database, database: Database) -> list[tuple[int, ...]]:
    """The numbers, in order, of the database's documents that each document of the corpus is."""
    texts: dict[str, list[int]] = {}
    ids: dict[str, int] = {}
    for number, entry in enumerate(database.entries):
        texts.setdefault(entry.sha256, []).append(number)
        ids[entry.id] = number
    return [
        tuple(sorted({*texts.get(entry.sha256, ()), *([ids[entry.id]] if entry.id in ids else [])})) for entry in corpus.entries
    ]
