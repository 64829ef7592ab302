"""What a metric said about a batch of units: arrays while a stage runs, one line of a segment on disk."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from harness.protocols import Result
from harness.records import Status
from harness.score_table import ERROR, OK, STATUSES, Codes, Floats

_DETAIL = 500


@dataclass(frozen=True)
class Answers:
    """A metric's word on N units in C components: `values` (C, N), nan where missing; `status` (C, N), codes of STATUSES.

    `details`: text for people, by (component, unit). It can be pickled, so that it may come from another process.
    """

    values: Floats
    status: Codes
    details: Mapping[tuple[int, int], str] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.values.shape[1]

    @property
    def failed(self) -> int:
        """Units on which the metric failed, in any component."""
        return int((self.status == ERROR).any(axis=0).sum())


class SavedBatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Answers as one line of a segment: the units `first` to `first + units - 1` of the stage, values by component.

    `status` and `details` hold what is not "ok" or has a detail: (component, unit, word).
    """

    first: int
    units: int
    values: list[list[float | None]]
    status: list[tuple[int, int, Status]] = []
    details: list[tuple[int, int, str]] = []


def of_results(components: Sequence[str | None], results: Sequence[Result]) -> Answers:
    """The answers that checked Results make: a number that is not finite, or a missing one that is "ok", is an error."""
    values = np.full((len(components), len(results)), np.nan)
    status = np.full(values.shape, OK, dtype=np.int8)
    details: dict[tuple[int, int], str] = {}
    for unit, result in enumerate(results):
        code = STATUSES.index(result.status)
        for place, component in enumerate(components):
            value = result.value if place == 0 else result.components.get(component or "")
            own, detail = code, result.detail
            if value is not None and not math.isfinite(value):
                value, own, detail = None, ERROR, f"the metric returned {value}"
            elif value is None and own == OK:
                own, detail = ERROR, f"the metric gave no value for {component!r}"
            if value is not None:
                values[place, unit] = value
            status[place, unit] = own
            if detail is not None:
                details[place, unit] = storable(str(detail))
    return Answers(values, status, details)


def of_columns(values: Floats, status: Sequence[Status] | None, detail: Sequence[str | None] | None) -> Answers:
    """The answers that checked columns make. `values`: (C, N); it is taken over, not copied."""
    n = values.shape[1]
    codes = np.full(n, OK, dtype=np.int8)
    if status is not None:
        known = {name: code for code, name in enumerate(STATUSES)}
        codes = np.fromiter((known[name] for name in status), dtype=np.int8, count=n)
    kept = {unit: storable(str(text)) for unit, text in enumerate(detail or ()) if text is not None}
    details = {(place, unit): text for place in range(len(values)) for unit, text in kept.items()}
    both = np.repeat(codes[None, :], len(values), axis=0)
    for place, unit in zip(*np.nonzero(np.isinf(values) | (np.isnan(values) & (codes == OK))), strict=True):
        details[int(place), int(unit)] = f"the metric returned {values[place, unit]}"
        values[place, unit], both[place, unit] = np.nan, ERROR
    return Answers(values, both, details)


def joined(parts: Sequence[Answers]) -> Answers:
    """The answers of several batches as one."""
    details: dict[tuple[int, int], str] = {}
    first = 0
    for part in parts:
        details.update({(place, first + unit): text for (place, unit), text in part.details.items()})
        first += len(part)
    return Answers(
        np.concatenate([part.values for part in parts], axis=1),
        np.concatenate([part.status for part in parts], axis=1),
        details,
    )


def saved(answers: Answers, first: int) -> SavedBatch:
    """The answers as a line of a segment."""
    places, units = np.nonzero(answers.status != OK)
    words = zip(places.tolist(), units.tolist(), answers.status[places, units].tolist(), strict=True)
    return SavedBatch(
        first=first,
        units=len(answers),
        values=answers.values.tolist(),  # nan is written as null
        status=[(place, unit, STATUSES[code]) for place, unit, code in words],
        details=[(place, unit, text) for (place, unit), text in answers.details.items()],
    )


def restored(line: SavedBatch, n_components: int) -> Answers | None:
    """The answers of a line; None where it does not hold what such a batch would, so that its units are scored again."""
    if len(line.values) != n_components or any(len(column) != line.units for column in line.values):
        return None
    values = np.array(line.values, dtype=np.float64).reshape(n_components, line.units)
    status = np.full(values.shape, OK, dtype=np.int8)
    for place, unit, _ in (*line.status, *line.details):
        if not (0 <= place < n_components and 0 <= unit < line.units):
            return None
    for place, unit, name in line.status:
        status[place, unit] = STATUSES.index(name)
    if bool((np.isnan(values) & (status == OK)).any()) or bool(np.isinf(values).any()):
        return None
    return Answers(values, status, {(place, unit): text for place, unit, text in line.details})


def storable(text: str) -> str:
    """The text cut to a length that fits a table, with lone surrogates (which no file can hold) written out."""
    return text[:_DETAIL].encode("utf-8", "backslashreplace").decode("utf-8")
