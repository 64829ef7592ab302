"""What a retriever found, held to what a retriever promises: nothing else reaches a table or a model."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError, PluginError
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.retrievers.base import BUILT_IN, Found, Queries, Retriever

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Checked:
    """A retriever whose searches are held to its promises, and whose errors are told as its own."""

    def __init__(self, retriever: Retriever, database: Database, name: str) -> None:
        """Raises PluginError for what is no retriever."""
        signature = getattr(retriever, "signature", None)
        if not isinstance(signature, str) or not signature or not callable(getattr(retriever, "search", None)):
            raise PluginError(
                f"retriever {name!r} gave a {type(retriever).__name__}, which has no `signature` (text) or no "
                "`search(queries, k)`: a retriever has both"
            )
        self.inner = retriever
        self.database = database
        self.name = name
        self.signature: str = signature

    def search(self, queries: Queries, k: int) -> Found:
        """As of a Retriever. Raises PluginError where the retriever fails or breaks its word."""
        return checked_search(self.inner, queries, k, self.database, self.name)


def checked_search(retriever: Retriever, queries: Queries, k: int, database: Database, name: str, first: int = 0) -> Found:
    """What the retriever finds. Raises PluginError that names it, the query (numbered from `first`) and the broken rule."""
    inner = retriever.inner if isinstance(retriever, Checked) else retriever
    try:
        found = inner.search(queries, k)
    except HarnessError:
        raise
    except Exception as error:  # isolation: a stranger's retriever may raise whatever it likes; it is told by name
        if name in BUILT_IN:  # a fault of ours shows its place
            raise
        where = f"queries {first} to {first + len(queries) - 1}"
        raise PluginError(f"retriever {name!r} failed at {where}: {type(error).__name__}: {error}") from error
    for row, reason in _faults(found, queries, k, database):
        where = "" if row is None else f", query {first + row}"
        raise PluginError(f"retriever {name!r}{where}: {reason}")
    return found


def _faults(found: Any, queries: Queries, k: int, database: Database) -> "Iterator[tuple[int | None, str]]":
    """Broken rules, each with the row of the query, None where it is no single one's."""
    import numpy as np

    if not isinstance(found, Found):
        yield None, f"`search` returns Found(numbers, scores), got {type(found).__name__}"
        return
    numbers, scores = np.asarray(found.numbers), np.asarray(found.scores)
    if numbers.shape != (len(queries), k) or scores.shape != numbers.shape:
        shapes = f"numbers {numbers.shape} and scores {scores.shape}"
        yield None, f"{len(queries)} queries have {k} neighbours each, ({len(queries)}, {k}) numbers and scores; got {shapes}"
        return
    if numbers.dtype.kind not in "iu" or scores.dtype.kind != "f":
        yield None, f"numbers are whole and scores are not, got {numbers.dtype} and {scores.dtype}"
        return
    yield from broken_rows(numbers, scores, queries.own, database)


def broken_rows(
    numbers: "NDArray[np.int64]", scores: "NDArray[np.float64]", own: "NDArray[np.int64]", database: Database
) -> Iterator[tuple[int, str]]:
    """The first row, with the reason, that breaks each rule on neighbours (N, k) of queries whose documents are `own` (N,)."""
    import numpy as np

    wild = (numbers < -1) | (numbers >= database.chunks)
    if wild.any():
        yield _row(wild), f"neighbours are chunks from 0 to {database.chunks - 1}, or -1; got {int(numbers[wild][0])}"
        return
    there = numbers >= 0
    documents = database.document_of(numbers.ravel()).reshape(numbers.shape)
    ordered = np.sort(numbers, axis=1)
    with np.errstate(invalid="ignore"):
        rules = (
            (there[:, 1:] & ~there[:, :-1], "behind a -1 there is only -1"),
            (there & np.isnan(scores), "a neighbour has a score, got nan"),
            (~there & ~np.isnan(scores), "where there is no neighbour there is no score: nan"),
            (scores[:, 1:] > scores[:, :-1], "neighbours come best first: scores do not rise"),
            ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0), "a chunk is a neighbour once, not twice"),
            (there & (documents == own[:, None]), "no neighbour is a chunk of the query's own document"),
        )
    yield from ((_row(broken), said) for broken, said in rules if broken.any())


def _row(broken: "NDArray[np.bool_]") -> int:
    return int(broken.any(axis=1).argmax())
