"""Neighbours of every chunk of a corpus, sought once and kept: a table that is computed in blocks and goes on after a stop."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from harness.errors import InputError, PluginError
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.neighbour_files import Parts, TableInfo, read_table, served, table_path
from harness_plugins.retro.own import OwnDocuments
from harness_plugins.retro.retrievers.base import Found, Queries, Retriever, open_retriever

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK = 8192  # chunks whose neighbours are sought, and kept, at once: a stop loses one block at most
LABEL = "neighbours"


class Texts(Protocol):
    """What neighbours' numbers are numbers of: a database, or texts that stand in for its chunks."""

    def with_continuation(self, numbers: "NDArray[np.int64]") -> "tuple[NDArray[np.int32], NDArray[np.bool_]]":
        """Tokens (…, 2m) of each neighbour with its continuation, and which of them are tokens; none for -1."""
        ...


@dataclass(frozen=True)
class NeighbourTable:
    """Neighbours of a corpus: `numbers` (chunks, k), best first, -1 where there is none, and `scores` (chunks, k), nan there.

    `database`: what the numbers are numbers of. `info`: what the table was made of; `path`: where it is kept, None if nowhere.
    """

    numbers: "NDArray[np.int64]"
    scores: "NDArray[np.float64]"
    database: Texts
    info: TableInfo
    path: Path | None = None

    @property
    def k(self) -> int:
        """Neighbours of each chunk, at most."""
        return self.numbers.shape[1]

    @property
    def without(self) -> int:
        """Chunks for which no neighbour was found."""
        return int((self.numbers[:, 0] < 0).sum()) if self.k else len(self.numbers)

    def first(self, k: int) -> "NeighbourTable":
        """The table of the k best. Raises InputError where it holds fewer."""
        if k > self.k:
            raise InputError(f"a table of {self.k} neighbours a chunk has no {k}; compute one with `harness retro neighbours`")
        return replace(self, numbers=self.numbers[:, :k], scores=self.scores[:, :k])


def neighbour_table(
    corpus: Database,
    database: Database,
    name: str,
    params: Mapping[str, Any] | None,
    k: int,
    report: Callable[..., None] | None = None,
) -> NeighbourTable:
    """The k neighbours in `database` of every chunk of `corpus`, by the retriever of that name: read where they are kept
    (a table of more neighbours serves too), else computed, from where an earlier run stopped, and kept.

    A chunk of the corpus's own document is never a neighbour: in the same database that is the document itself, in another one
    the documents of the same id or the same text. Two processes that ask for one table take turns. `report`: as in
    `harness.cli.progress`. Raises InputError for a corpus and a database of different tokens, a k below 1 and a damaged table,
    PluginError for a retriever that cannot be used or that breaks its word.
    """
    check(corpus, database, k)
    retriever = open_retriever(database, name, params)
    info = TableInfo(
        corpus=corpus.digest,
        database=database.digest,
        retriever=name,
        signature=retriever.signature,
        k=k,
        chunks=corpus.chunks,
    )
    folder = corpus.folder / "neighbours"
    kept = served(folder, info)
    if kept is None:
        kept = _computed(folder, info, corpus, database, retriever, report)
    elif report is not None:
        report(LABEL, corpus.chunks, corpus.chunks, reused=corpus.chunks)
    return open_table(kept, corpus, database, retriever.signature).first(k)


def open_table(path: Path, corpus: Database, database: Database, signature: str | None = None) -> NeighbourTable:
    """The table in that file. Raises InputError for one that is damaged, or stale: made of another state of the corpus or the
    database, or (where a `signature` is given) by another retriever."""
    info, numbers, scores = read_table(path)
    stale = [
        what
        for what, then, now in (
            ("corpus", info.corpus, corpus.digest),
            ("database", info.database, database.digest),
            ("retriever", info.signature, signature or info.signature),
        )
        if then != now
    ]
    if stale:
        raise InputError(
            f"{path} is stale: since it was made the {' and the '.join(stale)} changed; remove it, and compute the neighbours "
            "anew with `harness retro neighbours`"
        )
    if len(numbers) != corpus.chunks or (numbers.size and int(numbers.max()) >= database.chunks):
        raise InputError(f"{path} does not fit the {corpus.chunks} chunks of {corpus.folder}; remove it, and compute it anew")
    return NeighbourTable(numbers, scores, database, info, path)


def check(corpus: Database, database: Database, k: int) -> None:
    """Raises InputError where a corpus's neighbours cannot be sought in the database."""
    if corpus.info.tokenizer.digest != database.info.tokenizer.digest:
        raise InputError(
            f"{corpus.folder} is of the tokenizer {corpus.info.tokenizer.name!r}, and the database {database.folder} of "
            f"{database.info.tokenizer.name!r}, which is another one; build one of them with the other's"
        )
    if corpus.chunk != database.chunk:
        raise InputError(
            f"{corpus.folder} has chunks of {corpus.chunk} tokens, and the database {database.folder} of {database.chunk}; "
            "build one of them with the other's `chunk`"
        )
    if k < 1:
        raise InputError(f"a table of neighbours has at least one a chunk, got k = {k}")


def _computed(
    folder: Path,
    info: TableInfo,
    corpus: Database,
    database: Database,
    retriever: Retriever,
    report: Callable[..., None] | None,
) -> Path:
    """The table's path, with all of it there."""
    folder.mkdir(parents=True, exist_ok=True)
    path = table_path(folder, info)
    with Parts(path, info) as parts:
        if path.is_file():  # another process has made it while this one waited
            return path
        own = OwnDocuments(corpus, database)
        reused = 0
        for start in range(0, corpus.chunks, BLOCK):
            end = min(start + BLOCK, corpus.chunks)
            if parts.has(start, end):
                reused += end - start
            else:
                parts.keep(start, _sought(corpus, database, retriever, own, start, end, info.k))
            if report is not None:
                report(LABEL, end, corpus.chunks, reused=reused)
        parts.join(corpus.chunks)
    return path


def _sought(corpus: Database, database: Database, retriever: Retriever, own: OwnDocuments, start: int, end: int, k: int) -> Found:
    import numpy as np

    tokens, lengths = corpus.tokens(np.arange(start, end))
    queries = Queries(tokens, lengths, own.first(start, end))
    more = own.others(start, end)
    found = retriever.search(queries, k + more.chunks)
    _check_found(found, queries, k + more.chunks, database, retriever.signature)
    return more.removed(found, k)


def _check_found(found: Found, queries: Queries, k: int, database: Database, signature: str) -> None:
    """Raises PluginError for a retriever that did not do what a Retriever does."""
    import numpy as np

    numbers, scores = np.asarray(found.numbers), np.asarray(found.scores)
    if numbers.shape != (len(queries), k) or scores.shape != numbers.shape:
        raise PluginError(f"retriever {signature}: {len(queries)} queries have {k} neighbours each, got {numbers.shape}")
    if numbers.size and (int(numbers.min()) < -1 or int(numbers.max()) >= database.chunks):
        raise PluginError(f"retriever {signature}: neighbours are chunks from 0 to {database.chunks - 1}, or -1")
    there = numbers >= 0
    if (there[:, 1:] & ~there[:, :-1]).any() or np.isnan(scores[there]).any() or not np.isnan(scores[~there]).all():
        raise PluginError(f"retriever {signature}: every neighbour has a score, and behind a -1 there is only -1, without score")
    if (scores[:, 1:] > scores[:, :-1]).any():
        raise PluginError(f"retriever {signature}: neighbours come best first")
    documents = database.document_of(numbers.ravel()).reshape(numbers.shape)
    if (there & (documents == queries.own[:, None])).any():
        raise PluginError(f"retriever {signature} found a chunk of its query's own document")
