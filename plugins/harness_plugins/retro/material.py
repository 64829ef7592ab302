"""What a retrieval-augmented model learns from: documents as a corpus of chunks, and the neighbours of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import InputError
from harness.records import Example
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.database.writing import extend, text_digest, text_of

if TYPE_CHECKING:
    from harness_plugins.retro.neighbours import NeighbourTable

_SHARE = 0.5  # of a database's chunks: a training on at least so many reads them from there


@dataclass(frozen=True)
class Corpus:
    """Documents cut into chunks: a database, and the numbers in it of the documents by split of their examples."""

    database: Database
    documents: dict[str | None, list[int]]

    def of(self, splits: Sequence[str | None]) -> list[int]:
        """The documents of these splits, in the corpus's order."""
        return sorted(number for split in splits for number in self.documents.get(split, ()))


def corpus_of(examples: Sequence[Example], database: Database, folder: Path) -> Corpus:
    """The examples' documents as the database holds them, where it holds all of them and little else; otherwise a corpus of
    their own in `folder`, made with the database's tokenizer. InputError for an id that has two texts."""
    texts = [(example.id, text_of(example), example.language) for example in examples]
    corpus = database if _holds(database, texts) else _own(database, texts, folder)
    found: dict[str | None, list[int]] = {}
    for example in examples:
        found.setdefault(example.split, []).append(corpus.number_of[example.id])
    return Corpus(corpus, {split: sorted(set(numbers)) for split, numbers in found.items()})


def neighbours_of(corpus: Database, database: Database, retriever: str, params: Mapping[str, Any], k: int) -> "NeighbourTable":
    """The k neighbours in the database of every chunk of the corpus: read where they were kept, else sought and kept."""
    from harness_plugins.retro.neighbours import neighbour_table

    return neighbour_table(corpus, database, retriever, params, k)


def check_readable(rows: Sequence[Any], table: "NeighbourTable", chunk: int) -> None:
    """InputError where no row reads a neighbour: a chunk's are read by the tokens from its last one on, and the last token of a
    row reads nothing."""
    for row in rows:
        if (table.numbers[row.first : row.first + (row.length - 1) // chunk] >= 0).any():
            return
    raise InputError(
        f"none of the {len(rows):,} sequences reads a neighbour: they are shorter than a chunk ({chunk} tokens) and one token "
        "more, or no neighbour was found; give longer documents or another database, or set neighbours: 0 to train without"
    )


def _holds(database: Database, texts: Sequence[tuple[str, str, str]]) -> bool:
    known, entries, chunks = database.number_of, database.entries, 0
    for id, text, _ in texts:
        number = known.get(id)
        if number is None or entries[number].sha256 != text_digest(text):
            return False
        chunks += entries[number].chunks
    return chunks >= _SHARE * database.chunks


def _own(database: Database, texts: Sequence[tuple[str, str, str]], folder: Path) -> Database:
    extend(folder, texts, database.tokenizer, chunk=database.chunk)
    return Database(folder)
