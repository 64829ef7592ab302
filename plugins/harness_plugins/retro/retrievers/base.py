"""What a retriever is, how one is named, and how it is opened for a database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, Protocol

from harness.errors import HarnessError, PluginError, did_you_mean
from harness_plugins.retro.by_name import by_name
from harness_plugins.retro.database.reading import Database

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Report = Callable[[str, int, int], None]
BUILT_IN = {
    "bm25": "harness_plugins.retro.retrievers.bm25:open_bm25",
    "dense": "harness_plugins.retro.retrievers.dense:open_dense",
    "hybrid": "harness_plugins.retro.retrievers.hybrid:open_hybrid",
}


@dataclass(frozen=True)
class Queries:
    """Chunks that neighbours are sought for: `tokens` (N, m) of the database's tokenizer, `lengths` (N,), and `own` (N,), the
    number of the database's document that each comes from, of which no chunk is served (-1: from none of them)."""

    tokens: "NDArray[np.int32]"
    lengths: "NDArray[np.int32]"
    own: "NDArray[np.int64]"

    def __len__(self) -> int:
        return len(self.tokens)

    def part(self, start: int, end: int) -> "Queries":
        """The queries from `start` to `end`."""
        return Queries(self.tokens[start:end], self.lengths[start:end], self.own[start:end])


@dataclass(frozen=True)
class Found:
    """Neighbours: `numbers` (N, k) of chunks, best first, -1 where there is none; `scores` (N, k), higher is nearer, nan where
    there is none. A chunk that shares nothing with its query (BM25 score 0) is none."""

    numbers: "NDArray[np.int64]"
    scores: "NDArray[np.float64]"


class Retriever(Protocol):
    """Finds neighbours in one database. `signature`: ordered `key:value` pairs joined by `|`; with the database's digest it
    decides what is found."""

    signature: str

    def search(self, queries: Queries, k: int) -> Found:
        """k neighbours of each query; ties go to the lower number. What is found for a query does not depend on the others."""
        ...


def open_retriever(
    database: Database, name: str, params: Mapping[str, Any] | None = None, report: Report | None = None
) -> Retriever:
    """The retriever of that name (`bm25`, `dense`, `hybrid`, or `package.module:name`, installed or in the current folder, called
    with the database and the parameters), with its index built where it is not there yet or does not cover all shards. `report`
    goes to a retriever that takes such a parameter: it tells (what, done, in all) while it builds.

    Raises PluginError for a name or parameters that cannot be used: one that it does not take is named, with
    those that it does.
    """
    make = _made_by(name)
    given = params or {}
    try:
        takes = _parameters(make)
        _check_names(name, given, takes)
        told = {"report": report} if report is not None and takes is not None and "report" in takes else {}
        made = make(database, **told, **given)
    except (HarnessError, OSError):
        raise
    except Exception as error:  # as in `_made_by`; of ours TypeError and ValueError, for parameters
        kind = "" if name in BUILT_IN else f"{type(error).__name__}: "
        raise PluginError(f"retriever {name!r}: {kind}{error}") from error
    if name in BUILT_IN:
        return made
    from harness_plugins.retro.retrievers.checked import Checked

    return Checked(made, database, name)


def check_parameters(name: str, params: Mapping[str, Any] | None) -> None:
    """Raises PluginError for a retriever that cannot be had, or a parameter that it does not take; opens and builds nothing."""
    _check_names(name, params or {}, _parameters(_made_by(name)))


def _made_by(name: str) -> Callable[..., Retriever]:
    """What makes the retriever of that name; PluginError where there is none."""
    target = BUILT_IN.get(name, name)
    if ":" not in target:
        raise PluginError(
            f"retriever {name!r} is none of {', '.join(BUILT_IN)}, nor `package.module:name`.{did_you_mean(name, BUILT_IN)}"
        )
    make: Callable[..., Retriever] = by_name(target, f"retriever {name!r}")
    if not callable(make):
        raise PluginError(
            f"retriever {name!r} is a {type(make).__name__}, and what makes a retriever is called with the database"
        )
    return make


def _parameters(make: Callable[..., Retriever]) -> dict[str, Parameter] | None:
    """What is called with the database takes besides it; None for what does not say."""
    try:
        listed = list(signature(make).parameters.values())
    except (TypeError, ValueError):  # written in C, for one
        return None
    if listed and listed[0].kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD):
        listed = listed[1:]
    return {parameter.name: parameter for parameter in listed}


def _check_names(name: str, given: Mapping[str, Any], takes: Mapping[str, Parameter] | None) -> None:
    """Raises PluginError for a parameter that the retriever does not take. `report` is not for users to give."""
    if takes is None or any(parameter.kind is Parameter.VAR_KEYWORD for parameter in takes.values()):
        return
    named = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    known = [key for key, parameter in takes.items() if parameter.kind in named and key != "report"]
    for key in given:
        if key not in known:
            raise PluginError(f"retriever {name!r} has no parameter {str(key)!r}.{did_you_mean(str(key), known)}")
