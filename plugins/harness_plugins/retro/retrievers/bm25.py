"""BM25 over the chunks of a database, exact: no chunk with a higher score is ever passed over.

The score of a chunk d for a query q, summed over the query's terms t with their multiplicity (Robertson & Zaragoza 2009; the
variant of Lucene since 8, "lucene" in Kamphuis et al. 2020 and in bm25s):

    idf(t) tf(t, d) / (tf(t, d) + k1 (1 - b + b |d| / avg |d|)),   idf(t) = ln(1 + (N - df(t) + 1/2) / (df(t) + 1/2))

N, df and the average length are those of the whole database. Sums are in float64, in ascending order of term numbers.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.retrievers.base import Found, Queries
from harness_plugins.retro.retrievers.bm25_index import Index, open_index
from harness_plugins.retro.retrievers.bm25_terms import KINDS, Rows, token_rows, word_rows
from harness_plugins.retro.retrievers.parameters import finite, one_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness_plugins.retro.retrievers.bm25_blocks import Blocks


def open_bm25(database: Database, *, k1: float = 0.9, b: float = 0.4, terms: str = "tokens") -> "Bm25":
    """BM25 for that database, its index built or extended first. `terms`: "tokens", or "words" of the chunks' text.

    Raises ValueError for parameters outside their range, InputError for an index of another database.
    """
    kind, saturation, by_length = one_of("terms", terms, KINDS), finite("k1", k1, 0), finite("b", b, 0, 1)
    return Bm25(database, open_index(database, kind), saturation, by_length, kind)


class Bm25:
    """BM25 over a database; what it finds is the same for any number of threads (numba's: `NUMBA_NUM_THREADS`)."""

    def __init__(self, database: Database, index: Index, k1: float, b: float, terms: str) -> None:
        import numpy as np

        self.folders = (database.folder / "indexes" / f"bm25-{terms}",)
        self.signature = f"retriever:bm25|terms:{terms}|k1:{k1:g}|b:{b:g}|idf:lucene"
        self._database, self._index, self._kind = database, index, terms
        rows = index.rows
        lengths = np.diff(np.concatenate([[0], np.cumsum(rows.counts, dtype=np.int64)])[rows.starts]).astype(np.float64)
        df = np.bincount(rows.terms) if len(rows.terms) else np.zeros(1)
        self._idf = np.where(df > 0, np.log1p((rows.size - df + 0.5) / (df + 0.5)), 0.0)
        average = float(lengths.mean()) if lengths.any() else 1.0
        self._norms = k1 * (1 - b + b * lengths / average)
        starts = [np.searchsorted(one.documents, np.arange(one.info.documents)) + one.first_chunk for one in database.shards]
        self._document_starts = np.concatenate([*starts, np.array([database.chunks])]).astype(np.int64)

    @cached_property
    def _blocks(self) -> "Blocks":
        """What a search needs, and the scores of given chunks do not."""
        from harness_plugins.retro.retrievers.bm25_blocks import make_blocks

        return make_blocks(self._index.rows, self._norms, self._idf)

    def search(self, queries: Queries, k: int) -> Found:
        """k neighbours of each query, best first; ties go to the lower number; a chunk without a common term is none."""
        import numpy as np

        from harness_plugins.retro.retrievers.bm25_blocks import BLOCK, search_blocks

        if k < 1:
            raise ValueError(f"k must be 1 or more, got {k}")
        asked, own, blocks = self._asked(queries), self._own(queries), self._blocks
        numbers, scores = np.full((len(queries), k), -1, np.int64), np.full((len(queries), k), np.nan)
        room = np.uint16 if self._largest_bound(asked) < 2**16 else np.uint64
        _in_threads(
            lambda first, last: search_blocks(
                asked,
                own,
                self._index.rows,
                self._norms,
                self._idf,
                blocks,
                np.zeros(BLOCK, room),
                first,
                last,
                numbers,
                scores,
            ),
            len(queries),
        )
        return Found(numbers, scores)

    def scores(self, queries: Queries, numbers: "NDArray[np.int64]") -> "NDArray[np.float64]":
        """The scores (N, D) of given chunks (N, D), whose own document or not; 0 without a common term, nan for -1."""
        import numpy as np

        from harness_plugins.retro.retrievers.bm25_kernels import score_given

        if numbers.size and not -1 <= int(numbers.min()) <= int(numbers.max()) < self._database.chunks:
            raise IndexError(f"chunks are numbered 0 to {self._database.chunks - 1}")
        asked, rows = self._asked(queries), self._index.rows
        chosen, scores = np.ascontiguousarray(numbers, np.int64), np.full(numbers.shape, np.nan)
        _in_threads(
            lambda first, last: score_given(asked, chosen, rows, self._norms, self._idf, first, last, scores), len(queries)
        )
        return scores

    def _asked(self, queries: Queries) -> Rows:
        """The queries' terms; those that no chunk has are left out."""
        import numpy as np

        if self._kind == "words":
            return word_rows(queries.tokens, queries.lengths, self._database.tokenizer, self._index.words, learn=False)
        rows = token_rows(queries.tokens, queries.lengths)
        known = rows.terms < len(self._idf)
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(known)])[rows.starts]
        return Rows(starts, rows.terms[known], rows.counts[known])

    def _largest_bound(self, asked: Rows) -> int:
        """More units than any chunk's bound can have for one of the queries: what a posting adds is less than idf + 1 unit."""
        import numpy as np

        from harness_plugins.retro.retrievers.bm25_blocks import UNITS

        per_posting = asked.counts * np.ceil(self._idf[asked.terms] * UNITS + 1)
        sums = np.concatenate([np.zeros(1), np.cumsum(per_posting)])[asked.starts]
        return int(np.diff(sums).max(initial=0))

    def _own(self, queries: Queries) -> "NDArray[np.int64]":
        """The chunks of each query's own document, from and to (N, 2)."""
        import numpy as np

        if len(queries) and not -1 <= int(queries.own.min()) <= int(queries.own.max()) < self._database.documents:
            raise IndexError(f"documents are numbered 0 to {self._database.documents - 1}")
        own = np.stack([self._document_starts[queries.own], self._document_starts[queries.own + 1]], axis=1)
        return np.where(queries.own[:, None] < 0, 0, own)


def _in_threads(work: Callable[[int, int], Any], total: int) -> None:
    """Calls work(first, last) for parts of 0 … total - 1."""
    import numba
    import numpy as np

    threads = min(numba.get_num_threads(), max(total, 1))
    edges = np.linspace(0, total, threads + 1).astype(int).tolist()
    if threads == 1:
        work(0, total)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, edges[:-1], edges[1:]))
