"""Neighbours of every chunk of a corpus, sought once and kept: a table that is computed in blocks and goes on after a stop."""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

from harness.errors import InputError
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.neighbour_files import CHANGED, Parts, TableInfo, earlier, read_table, served, table_path
from harness_plugins.retro.own import OwnDocuments
from harness_plugins.retro.retrievers.base import Found, Queries, Retriever, open_retriever
from harness_plugins.retro.retrievers.checked import broken_rows, checked_search

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK = 8192  # chunks whose neighbours are sought, and kept, at once: a stop loses one block at most
LABEL = "neighbours"
_log = logging.getLogger("harness.retro")


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
    *,
    must_keep: bool = False,
) -> NeighbourTable:
    """The k neighbours in `database` of every chunk of `corpus`, by the retriever of that name: read where they are kept
    (a table of more neighbours serves too), else computed, from where an earlier run stopped, and kept.

    A chunk of the corpus's own document is never a neighbour: in the same database that is the document itself, in another one
    the documents of the same id or the same text. Two processes that ask for one table take turns. `report`: as in
    `harness.cli.progress`. Where nothing can be written beside the corpus they are sought for this time alone, with `path` None,
    or with `must_keep` not at all. Raises InputError for that, for a corpus and a database of different tokens, a k below 1 and a
    damaged table, PluginError for a retriever that cannot be used or that breaks its word.
    """
    check(corpus, database, k)
    folder = corpus.folder / "neighbours"
    if not any(folder.glob("*.parquet")):
        _may_write(folder, must_keep)  # found before anything is computed
    retriever = open_retriever(database, name, params, report)
    info = TableInfo(
        corpus=corpus.digest,
        database=database.digest,
        retriever=name,
        signature=retriever.signature,
        k=k,
        chunks=corpus.chunks,
    )
    kept = served(folder, info)
    if kept is None:
        for path, then in earlier(folder, info):
            _log.warning("%s", _stale(path, then, info))
        if not _may_write(folder, must_keep):
            _log.warning("%s cannot be written to: neighbours are sought for this time alone", folder)
            with TemporaryDirectory(prefix="harness-neighbours-") as held:
                made = _computed(Path(held), info, corpus, database, retriever, report)
                return replace(open_table(made, corpus, database, retriever.signature).first(k), path=None)
        kept = _computed(folder, info, corpus, database, retriever, report)
    elif report is not None:
        report(LABEL, corpus.chunks, corpus.chunks, reused=corpus.chunks)
    return open_table(kept, corpus, database, retriever.signature).first(k)


def _may_write(folder: Path, must_keep: bool) -> bool:
    """Whether tables can be kept in the folder, which is made if it can be. Raises InputError where they cannot but must be."""
    why = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror or str(error)
    if why is None and not os.access(folder, os.W_OK):
        why = "Permission denied"
    if why is not None and must_keep:
        raise InputError(
            f"{folder} cannot be written to ({why}), and neighbours are kept beside their corpus: copy {folder.parent} to where "
            "you may write, and name the copy"
        )
    return why is None


def open_table(path: Path, corpus: Database, database: Database, signature: str | None = None) -> NeighbourTable:
    """The table in that file. Raises InputError for one that is damaged, was edited, or is stale: made of another state of the
    corpus or the database, or (where a `signature` is given) by another retriever."""
    info, numbers, scores, whole = read_table(path)
    for what, then, now in (
        ("corpus", info.corpus, corpus.digest),
        ("database", info.database, database.digest),
        ("retriever", info.signature, signature or info.signature),
    ):
        if then != now:
            raise InputError(
                f"{path} is stale: it was made of the {what} {_short(then)}, which now is {_short(now)}; remove the file, and "
                "compute the neighbours anew with `harness retro neighbours`"
            )
    if len(numbers) != corpus.chunks:
        raise InputError(f"{path} is of {len(numbers)} chunks, {corpus.folder} has {corpus.chunks}; remove it: it is made anew")
    _check_rows(path, numbers, scores, corpus, database)  # which names the chunk
    if whole is False:
        raise InputError(f"{path}: {CHANGED}")
    return NeighbourTable(numbers, scores, database, info, path)


def _check_rows(
    path: Path, numbers: "NDArray[np.int64]", scores: "NDArray[np.float64]", corpus: Database, database: Database
) -> None:
    """Raises InputError for a table that holds what no retriever may find."""
    own = OwnDocuments(corpus, database)
    for start in range(0, len(numbers), BLOCK):
        end = min(start + BLOCK, len(numbers))
        some = numbers[start:end]
        for row, reason in broken_rows(some, scores[start:end], own.first(start, end), database):
            raise InputError(f"{path}, chunk {start + row}: {reason}; remove the file, and compute the neighbours anew")
        for row in own.others(start, end).rows_of(some):
            raise InputError(f"{path}, chunk {start + row}: a neighbour is of the chunk's own document; remove the file")


def _stale(path: Path, then: TableInfo, now: TableInfo) -> str:
    """What is told of a table of another state of the corpus: it is left alone, and not used."""
    return (
        f"{path} is stale: it was made of the corpus {_short(then.corpus)} of {then.chunks:,} chunks, which now is "
        f"{_short(now.corpus)} of {now.chunks:,}; it is not used, and the neighbours are sought anew. Remove the file if that "
        "state is gone"
    )


def _short(digest: str) -> str:
    """A digest as it is shown: its beginning; a signature whole."""
    return digest if "|" in digest or ":" in digest else digest[:12]


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
                parts.keep(start, _sought(corpus, database, retriever, info.retriever, own, start, end, info.k))
            if report is not None:
                report(LABEL, end, corpus.chunks, reused=reused)
        parts.join(range(0, corpus.chunks, BLOCK))
    return path


def _sought(
    corpus: Database, database: Database, retriever: Retriever, name: str, own: OwnDocuments, start: int, end: int, k: int
) -> Found:
    """What is found for the chunks from `start` to `end`."""
    import numpy as np

    tokens, lengths = corpus.tokens(np.arange(start, end))
    queries = Queries(tokens, lengths, own.first(start, end))
    found = checked_search(retriever, queries, k, database, name, start)
    more = own.others(start, end)
    numbers, scores = found.numbers.copy(), found.scores.copy()
    for row in more.rows_of(numbers):  # few: those are sought again, as deep as it takes
        deeper = checked_search(retriever, queries.part(row, row + 1), k + more.chunks(row), database, name, start + row)
        kept = more.without(row, deeper.numbers[0])
        numbers[row], scores[row] = deeper.numbers[0][kept][:k], deeper.scores[0][kept][:k]
    return Found(numbers, scores)
