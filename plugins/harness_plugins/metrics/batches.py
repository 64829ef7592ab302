"""What metrics that compare answers with references share: a batch of units as arrays, and columns as results."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness import Result, Unit
from harness.protocols import Columns
from harness.records import Status
from harness.text.streams import Ints, distinct, offsets

Floats = NDArray[np.float64]
MANY = 50_000  # characters of answers, of which about 1 MB of arrays is made


class Batch(NamedTuple):
    """Units with one output each: their texts, once where many recur, and by place there which answer meets which references.

    answers: (N,), of a unit without text or without references any place; references, starts: those of unit n are
    `references[starts[n] : starts[n + 1]]`, none where the unit lacks something; missing: what each lacks, in words, or None.
    """

    texts: list[str]
    answers: Ints
    references: Ints
    starts: Ints
    missing: list[tuple[Status, str] | None] | None

    @classmethod
    def of(cls, units: Sequence[Unit]) -> "Batch":
        """The batch of these units."""
        answers = [unit.outputs[0].text for unit in units]
        references = [unit.example.references for unit in units]
        missing = None
        if None in answers or not all(references):
            missing = [_missing(*pair) for pair in zip(answers, references, strict=True)]
            references = [() if lack else given for lack, given in zip(missing, references, strict=True)]
        texts = [*(answers if missing is None else [answer or "" for answer in answers]), *chain.from_iterable(references)]
        places = np.arange(len(texts))
        if len(texts) > len(set(texts)) * 1.1:  # else finding them costs more than it saves
            texts, places = distinct(texts)
        return cls(texts, places[: len(units)], places[len(units) :], offsets(list(map(len, references))), missing)

    @property
    def left(self) -> Ints:
        """The answer of each pair of answer and reference: (P,), beside `references`."""
        return np.repeat(self.answers, np.diff(self.starts))

    def best(self, values: Floats) -> Ints:
        """Of each unit's references the first with the largest of values, (P,), as a place among the pairs; -1 without one."""
        counts = np.diff(self.starts)
        if len(values) == len(counts) and counts.all():
            return np.arange(len(counts))
        best = np.where(counts > 0, self.starts[:-1], -1)
        for number in range(1, int(counts.max(initial=0))):
            having = np.flatnonzero(counts > number)
            better = having[values[self.starts[having] + number] > values[best[having]]]
            best[better] = self.starts[better] + number
        return best

    def any(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether a flag, (P,), is set for any reference of each unit: (N,)."""
        return np.diff(offsets(flags)[self.starts]) > 0

    def columns(self, values: dict[str | None, Floats], nothing: Sequence[tuple[NDArray[np.bool_], str]]) -> Columns:
        """The columns, with nan where something is missing, and 0 marked "empty" where one of `nothing` holds: (N,) and why."""
        whole = np.full(len(self.answers), True) if self.missing is None else np.array([not lack for lack in self.missing], bool)
        marks = [(where & whole, why) for where, why in nothing]
        if whole.all() and not any(where.any() for where, _ in marks):
            return Columns(values)
        status: list[Status] = ["ok"] * len(whole)
        detail: list[str | None] = [None] * len(whole)
        for where, why in reversed(marks):  # the first that holds is the reason
            for unit in np.flatnonzero(where).tolist():
                status[unit], detail[unit] = "empty", why
        for unit in np.flatnonzero(~whole).tolist():
            lack = self.missing[unit] if self.missing is not None else None
            if lack:
                status[unit], detail[unit] = lack
        zero = np.logical_or.reduce([where for where, _ in marks]) if marks else ~whole
        filled = {name: np.where(whole, np.where(zero, 0.0, column), np.nan) for name, column in values.items()}
        return Columns(filled, status, detail)


def in_chunks(units: Sequence[Unit], score: Callable[[Sequence[Unit]], Columns], many: int = 1) -> Columns:
    """The columns of all units, of which so many are scored at a time as leave their texts in the processor's cache.

    `many` times as many fit there if `score` needs that much less for a character.
    """
    some = units[:: len(units) // 256 + 1]
    characters = sum([len(unit.outputs[0].text or "") for unit in some])
    size = min(max(many * MANY * len(some) // max(characters, 1), 16), 1024 * many)
    if size >= len(units):
        return score(units)
    parts = [score(units[begin : begin + size]) for begin in range(0, len(units), size)]
    values = {name: np.concatenate([part.values[name] for part in parts]) for name in parts[0].values}
    if all(part.status is None for part in parts):
        return Columns(values)
    lengths = [min(size, len(units) - begin) for begin in range(0, len(units), size)]
    status: list[Status] = []
    detail: list[str | None] = []
    for part, length in zip(parts, lengths, strict=True):
        status += part.status or ["ok"] * length
        detail += part.detail or [None] * length
    return Columns(values, status, detail)


def results(columns: Columns, components: Sequence[str]) -> list[Result]:
    """The columns as a result a unit; `components` as the metric's spec has them."""
    names: Sequence[str | None] = components or (None,)
    lists = [[None if value != value else value for value in columns.values[name].tolist()] for name in names]
    units = range(len(lists[0]))
    status, detail = columns.status or ["ok" for _ in units], columns.detail or [None for _ in units]
    made = []
    for row, state, why in zip(zip(*lists, strict=True), status, detail, strict=True):
        made.append(Result(row[0], state, dict(zip(components, row, strict=False)), why))
    return made


def _missing(answer: str | None, references: Sequence[str]) -> tuple[Status, str] | None:
    if answer is None:
        return "empty", "no text"
    return None if references else ("no-reference", "no reference")
