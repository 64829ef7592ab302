"""Scores as columns: one float64 array a metric and component, with the units they are about held once.

A million outputs scored by four components are four arrays and one list of ids, where as many Scores would take gigabytes. The
table is still a sequence of Scores, made as they are asked for.
"""

import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any, get_args, overload

import numpy as np
from numpy.typing import NDArray

from harness.records import Score, Status

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

STATUSES: tuple[Status, ...] = get_args(Status)
OK = STATUSES.index("ok")
ERROR = STATUSES.index("error")


class Targets(Sequence[tuple[str, ...]]):
    """Units by the ids of their outputs. `ends`, shape (N,): where each unit's ids stop; None: one id each."""

    __slots__ = ("ends", "ids")

    def __init__(self, ids: Sequence[str], ends: Ints | None = None) -> None:
        self.ids = ids
        self.ends = ends

    @classmethod
    def of(cls, units: Sequence[tuple[str, ...]]) -> "Targets":
        """The targets of units that are at hand as tuples."""
        lengths = np.fromiter(map(len, units), dtype=np.int64, count=len(units))
        return cls(list(chain.from_iterable(units)), None if bool((lengths == 1).all()) else np.cumsum(lengths))

    def __len__(self) -> int:
        return len(self.ids) if self.ends is None else len(self.ends)

    @overload
    def __getitem__(self, index: int) -> tuple[str, ...]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[str, ...]]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        if self.ends is None:
            return (self.ids[place],)
        return tuple(self.ids[(int(self.ends[place - 1]) if place else 0) : int(self.ends[place])])

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        if self.ends is None:
            return zip(self.ids)
        return (self[place] for place in range(len(self)))

    def positions(self, position: Mapping[str, int]) -> Ints:
        """The index of each unit that is one known output; -1 for others. Shape (N,)."""
        if self.ends is None:
            return np.fromiter((position.get(id, -1) for id in self.ids), dtype=np.int64, count=len(self.ids))
        found = (position.get(unit[0], -1) if len(unit) == 1 else -1 for unit in self)
        return np.fromiter(found, dtype=np.int64, count=len(self))

    def order(self) -> Ints | None:
        """The indices that sort the units; None where they are sorted already."""
        keys: Sequence[Any] = self.ids if self.ends is None else self
        if all(map(operator.le, keys, _after_first(keys))):
            return None
        return np.array(sorted(range(len(self)), key=list(keys).__getitem__), dtype=np.int64)

    def take(self, order: Ints) -> "Targets":
        """These units, in this order."""
        if self.ends is None:
            return Targets([self.ids[place] for place in order.tolist()])
        return Targets.of([self[place] for place in order.tolist()])

    def same(self, other: "Targets") -> bool:
        """Whether both name the same units in the same order."""
        if self is other:
            return True
        if len(self) != len(other) or (self.ends is None) != (other.ends is None):
            return False
        return (self.ends is None or np.array_equal(self.ends, other.ends)) and list(self.ids) == list(other.ids)  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Block:
    """One component of one metric over its units: `values` nan where missing, `status` codes of STATUSES, sparse `details`."""

    metric: str
    component: str | None
    targets: Targets
    values: Floats
    status: Codes
    details: Mapping[int, str]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def missing(self) -> Bools:
        """Units without a value, shape (N,)."""
        return np.isnan(self.values)

    def score(self, place: int) -> Score:
        """The Score of one unit."""
        value = float(self.values[place])
        return Score(
            targets=self.targets[place],
            metric=self.metric,
            component=self.component,
            value=None if value != value else value,
            status=STATUSES[self.status[place]],
            detail=self.details.get(place),
        )

    def scores(self) -> Iterator[Score]:
        """The Scores of all units, in order."""
        for place, (unit, value, code) in enumerate(zip(self.targets, self.values.tolist(), self.status.tolist(), strict=True)):
            yield Score(
                targets=unit,
                metric=self.metric,
                component=self.component,
                value=None if value != value else value,
                status=STATUSES[code],
                detail=self.details.get(place),
            )


class ScoreTable(Sequence[Score]):
    """Scores in the order of the table `scores` (signature, component, targets), as arrays and as a sequence of Scores."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        """`blocks`: one a metric and component, each with its units sorted by their targets."""
        self.blocks = tuple(sorted(blocks, key=lambda block: (block.metric, block.component or "")))
        self._ends = np.cumsum([len(block) for block in self.blocks], dtype=np.int64)
        self._by_name = {(block.metric, block.component): block for block in self.blocks}

    @classmethod
    def of(cls, scores: Iterable[Score]) -> "ScoreTable":
        """The table of these Scores, whatever their order; a table is returned as it is."""
        if isinstance(scores, ScoreTable):
            return scores
        found: dict[tuple[str, str | None], list[Score]] = {}
        for score in scores:
            found.setdefault((score.metric, score.component), []).append(score)
        known: list[Targets] = []
        return cls(_block(metric, component, listed, known) for (metric, component), listed in found.items())

    def __len__(self) -> int:
        return int(self._ends[-1]) if self.blocks else 0

    @overload
    def __getitem__(self, index: int) -> Score: ...
    @overload
    def __getitem__(self, index: slice) -> list[Score]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        number = int(np.searchsorted(self._ends, place, side="right"))
        return self.blocks[number].score(place - int(self._ends[number]) + len(self.blocks[number]))

    def __iter__(self) -> Iterator[Score]:
        return chain.from_iterable(block.scores() for block in self.blocks)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ScoreTable({len(self)} scores of {len({block.metric for block in self.blocks})} metrics)"

    def block(self, metric: str, component: str | None) -> Block | None:
        """The scores of a metric's component; None where there are none."""
        return self._by_name.get((metric, component))

    def metrics(self) -> Iterator[tuple[str, list[Block]]]:
        """Each signature with its blocks, in order."""
        return ((metric, list(blocks)) for metric, blocks in groupby(self.blocks, key=lambda block: block.metric))

    @property
    def failed(self) -> int:
        """Units on which a metric failed."""
        return sum(int(marked(blocks, lambda block: block.status == ERROR).sum()) for _, blocks in self.metrics())

    def first_error(self) -> str | None:
        """The detail of the first score whose metric failed."""
        for block in self.blocks:
            failed = block.status == ERROR
            if failed.any():
                return block.details.get(int(failed.argmax()))
        return None


def reasons(blocks: Sequence[Block]) -> Counter[str]:
    """Why units of one metric have no score: how many units for each status, of the first component that is missing."""
    counts: Counter[str] = Counter()
    seen = np.zeros(0, dtype=bool)
    for block in _aligned(blocks):
        seen = seen if len(seen) else np.zeros(len(block), dtype=bool)
        codes = block.status[block.missing & ~seen]
        seen = seen | block.missing
        values, first, numbers = np.unique(codes, return_index=True, return_counts=True)
        for place in np.argsort(first).tolist():
            counts[STATUSES[values[place]]] += int(numbers[place])
    return counts


def units_of(blocks: Sequence[Block]) -> Targets:
    """The units of one metric."""
    return _aligned(blocks)[0].targets


def marked(blocks: Sequence[Block], mark: Any) -> Bools:
    """The units of one metric that `mark(block)` marks in any component, shape (N,)."""
    return np.logical_or.reduce([mark(block) for block in _aligned(blocks)])


def _aligned(blocks: Sequence[Block]) -> Sequence[Block]:
    """The blocks of one metric over the same units. A unit that a component lacks (in scores made by hand) is not missing."""
    if all(block.targets.same(blocks[0].targets) for block in blocks[1:]):
        return blocks
    units = Targets.of(sorted({unit for block in blocks for unit in block.targets}))
    place = {unit: index for index, unit in enumerate(units)}
    aligned = []
    for block in blocks:
        values, status = np.zeros(len(units)), np.full(len(units), OK, dtype=np.int8)
        own = np.array([place[unit] for unit in block.targets], dtype=np.int64)
        values[own], status[own] = block.values, block.status
        details = {int(own[index]): text for index, text in block.details.items()}
        aligned.append(Block(block.metric, block.component, units, values, status, details))
    return aligned


def _block(metric: str, component: str | None, scores: list[Score], known: list[Targets]) -> Block:
    scores = sorted(scores, key=lambda score: score.targets)
    targets = Targets.of([score.targets for score in scores])
    for other in known:
        if other.same(targets):
            targets = other
            break
    else:
        known.append(targets)
    values = np.array([np.nan if score.value is None else score.value for score in scores], dtype=np.float64)
    status = np.array([STATUSES.index(score.status) for score in scores], dtype=np.int8)
    details = {place: score.detail for place, score in enumerate(scores) if score.detail is not None}
    return Block(metric, component, targets, values, status, details)


def _after_first(keys: Sequence[Any]) -> Iterator[Any]:
    following = iter(keys)
    next(following, None)
    return following
