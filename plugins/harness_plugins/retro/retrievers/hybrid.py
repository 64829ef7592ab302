"""Hybrid retrieval: the chunks that are nearest by direction, put in the order of BM25 (Doostmohammadi et al. 2023,
arXiv 2305.16243)."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import PluginError
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.retrievers.base import Found, Queries, Report, check_parameters, open_retriever
from harness_plugins.retro.retrievers.parameters import whole

if TYPE_CHECKING:
    from harness_plugins.retro.retrievers.bm25 import Bm25
    from harness_plugins.retro.retrievers.dense import Dense

_log = logging.getLogger("harness.retro")


def open_hybrid(
    database: Database,
    *,
    depth: int = 100,
    dense: Mapping[str, Any] | None = None,
    bm25: Mapping[str, Any] | None = None,
    report: Report | None = None,
) -> "Hybrid":
    """Hybrid retrieval for that database. `depth`: dense candidates of each query, those of its own document not counted;
    `dense`, `bm25`: the parameters of the two, whose indexes are built where they are not there yet; a depth of the whole
    database selects nothing, and nothing is encoded for it.

    Raises ValueError for parameters that cannot be, and what the two raise.
    """
    whole("depth", depth)
    for what, params in (("dense", dense), ("bm25", bm25)):
        if params is not None and not isinstance(params, Mapping):
            raise ValueError(f"{what} takes a mapping of parameters ({what}.KEY=VALUE), got {params!r}")
    if depth > database.chunks:
        _log.warning(
            "depth %d is more than the %d chunks that there are: hybrid retrieval is then BM25's", depth, database.chunks
        )
    second = open_retriever(database, "bm25", bm25, report)  # first: what it refuses is told before anything is encoded
    if depth >= database.chunks:
        check_parameters("dense", dense)
        return Hybrid(None, second, depth)
    return Hybrid(open_retriever(database, "dense", dense, report), second, depth)


class Hybrid:
    """Dense candidates ranked by BM25 with the whole database's statistics; equal scores go to the lower number.

    A candidate that shares no term with its query has score 0 and comes last, so that k of k candidates are dense retrieval's
    set. Where `depth` takes in the whole database there is nothing to select: the answer is BM25's, without those.
    """

    def __init__(self, dense: "Dense | Any | None", bm25: "Bm25 | Any", depth: int) -> None:
        """`dense`: None where `depth` takes in the whole database."""
        said = "depth:all" if dense is None else f"depth:{depth}|{_renamed(dense, 'dense')}"
        self.signature = f"retriever:hybrid|{said}|{_renamed(bm25, 'bm25')}"
        self.folders: tuple[Path, ...] = (*getattr(dense, "folders", ()), *getattr(bm25, "folders", ()))
        self._dense, self._bm25 = dense, bm25
        self._depth = depth

    @property
    def recall(self) -> dict[str, Any] | None:
        """What the dense part finds of the nearest chunks; None where it is exact or does not count."""
        return getattr(self._dense, "recall", None)

    def search(self, queries: Queries, k: int) -> Found:
        """k neighbours of each query, best first. Raises PluginError where k is more than `depth`."""
        import numpy as np

        from harness_plugins.retro.retrievers.exact import best

        if k < 1:
            raise ValueError(f"k must be 1 or more, got {k}")
        if self._dense is None:
            return self._bm25.search(queries, k)
        if k > self._depth:
            raise PluginError(
                f"retriever 'hybrid': {k} neighbours cannot be chosen among {self._depth} dense candidates; "
                f"give depth={k} or more"
            )
        near = self._dense.search(queries, self._depth).numbers
        scores = np.where(near < 0, np.nan, self._bm25.scores(queries, near))
        return Found(*best(near, scores, k))


def _renamed(retriever: Any, name: str) -> str:
    """The signature of a part, its keys told apart from those of the other part."""
    pairs = [pair.partition(":") for pair in retriever.signature.split("|")]
    return "|".join(f"{name}.{key}:{value}" for key, _, value in pairs if key != "retriever")
