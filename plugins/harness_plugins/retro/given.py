"""Neighbours that no retriever found: texts that are given for each chunk, as a table like any other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.errors import InputError
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.neighbour_files import TableInfo
from harness_plugins.retro.neighbours import NeighbourTable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Place = Literal["both", "query", "next"]  # what of a chunk's pair of texts stands in its neighbour: see `given_table`


@dataclass(frozen=True)
class GivenTexts:
    """Texts by number: `tokens` (N, 2m), and `mask`, which of them are tokens."""

    tokens: "NDArray[np.int32]"
    mask: "NDArray[np.bool_]"

    def with_continuation(self, numbers: "NDArray[np.int64]") -> "tuple[NDArray[np.int32], NDArray[np.bool_]]":
        """Tokens (…, 2m) of the texts, and which of them are tokens; 0 and none for -1."""
        import numpy as np

        places = np.asarray(numbers, np.int64)
        there = (places >= 0)[..., None]
        if not len(self.tokens):
            shape = (*places.shape, self.tokens.shape[1])
            return np.zeros(shape, np.int32), np.zeros(shape, np.bool_)
        mask = self.mask[places] & there
        return np.where(mask, self.tokens[places], 0).astype(np.int32), mask


def table_of_texts(
    corpus: Database, tokens: "NDArray[np.int32]", mask: "NDArray[np.bool_]", signature: str, scores: "NDArray[np.float64]"
) -> NeighbourTable:
    """A table whose neighbours are these texts: `tokens` and `mask` (chunks, k, 2m), `scores` (chunks, k). A text without a token
    is no neighbour."""
    import hashlib

    import numpy as np

    chunks, k, _ = tokens.shape
    there = mask.any(axis=2)
    numbers = np.where(there, np.arange(chunks * k).reshape(chunks, k), -1)
    digest = hashlib.sha256(np.ascontiguousarray(np.where(mask, tokens, -1)).tobytes()).hexdigest()
    info = TableInfo(corpus=corpus.digest, database=digest, retriever="given", signature=signature, k=k, chunks=chunks)
    return NeighbourTable(
        numbers,
        np.where(there, scores, np.nan),
        GivenTexts(tokens.reshape(-1, tokens.shape[2]), mask.reshape(-1, mask.shape[2])),
        info,
    )


@dataclass(frozen=True)
class Given:
    """A table of given texts, and how much of it there is: chunks that have a text of their own (`own`), of them those whose text
    is the chunk itself (`identical`) or longer than a chunk, and so cut (`cut`); `without`: chunks that have no neighbour."""

    table: NeighbourTable
    own: int
    identical: int
    cut: int

    @property
    def without(self) -> int:
        """Chunks for which no text is given."""
        return self.table.without


def given_table(corpus: Database, texts: Mapping[int, str], place: Place = "both", signature: str = "given") -> Given:
    """The table in which the one neighbour of a chunk is made of texts that stand for chunks: paraphrases, translations.

    `texts`: by the number of the corpus's chunk that each stands for. Like a retrieved neighbour a given one has two halves of m
    tokens: `both`: the chunk's text and, as its continuation, the next chunk's; `query`: the chunk's alone; `next`: the next
    chunk's alone, in the first half. With `both` and `next` a model reads what stands for the text that it is to predict: its
    gain measures copying and rewording by construction. A chunk of which a text is lacking has no neighbour, rather than half of
    one. Texts longer than a chunk are cut; blank ones count as lacking. Raises InputError for a number that is no chunk.
    """
    import numpy as np

    wrong = [number for number in texts if not 0 <= number < corpus.chunks]
    if wrong:
        raise InputError(f"{corpus.folder} has chunks 0 to {corpus.chunks - 1}; a text is given for {wrong[0]}")
    m = corpus.chunk
    numbers = [number for number, text in sorted(texts.items()) if text.strip()]
    encoded = corpus.tokenizer.encode([texts[number] for number in numbers])
    halves, lengths = np.zeros((corpus.chunks, m), np.int32), np.zeros(corpus.chunks, np.int64)
    for number, found in zip(numbers, encoded, strict=True):
        halves[number, : min(len(found), m)] = found[:m]
        lengths[number] = min(len(found), m)
    every = np.arange(corpus.chunks)
    following = following_chunks(corpus)
    later = np.where(following < 0, 0, lengths[following])
    first, second = {"both": (every, following), "query": (every, every * 0 - 1), "next": (following, every * 0 - 1)}[place]
    whole = {"both": (lengths > 0) & ((later > 0) | (following < 0)), "query": lengths > 0, "next": later > 0}[place]
    tokens = np.concatenate([np.where(half[:, None] < 0, 0, halves[half]) for half in (first, second)], axis=1)
    mask = np.concatenate(
        [np.arange(m) < np.where((half < 0) | ~whole, 0, lengths[half])[:, None] for half in (first, second)], axis=1
    )
    table = table_of_texts(corpus, tokens[:, None], mask[:, None], f"{signature}|place:{place}", np.zeros((corpus.chunks, 1)))
    own, own_lengths = corpus.tokens(np.array(numbers, np.int64))
    same = (own == halves[numbers]).all(axis=1) & (own_lengths == lengths[numbers]) if numbers else np.zeros(0, np.bool_)
    return Given(table, len(numbers), int(same.sum()), sum(len(found) > m for found in encoded))


def following_chunks(corpus: Database) -> "NDArray[np.int64]":
    """The chunk after each chunk in its document, -1 after the last (chunks,)."""
    import numpy as np

    documents = corpus.document_of(np.arange(corpus.chunks))
    follows = np.arange(1, corpus.chunks + 1)
    return np.where(np.append(documents[1:], -1) == documents, follows, -1) if corpus.chunks else follows[:0]


def chunk_numbers(corpus: Database, rows: Sequence[tuple[str, int]]) -> list[int]:
    """The numbers of chunks that are named by the id of their document and their place in it, from 0. InputError for one that
    is not there."""
    firsts: dict[str, tuple[int, int]] = {}
    for shard in corpus.shards:
        entries = corpus.entries[shard.first_document : shard.first_document + shard.info.documents]
        firsts |= {entry.id: (shard.first_chunk + entry.first, entry.chunks) for entry in entries}
    found = []
    for id, place in rows:
        first, chunks = firsts.get(id, (0, 0))
        if not 0 <= place < chunks:
            raise InputError(f"{corpus.folder} has no chunk {place} of a document {id!r}")
        found.append(first + place)
    return found
