"""The scales of a table's ratings: given and checked, or the range of the ratings, with a word on values far off."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from harness.errors import InputError, did_you_mean
from harness.records import Scale
from harness_plugins.judgments.table_contents import Cell, Contents
from harness_plugins.judgments.table_rows import Rows

Bounds = Sequence[float]
Direction = Literal["up", "down"]
_FAR = 3  # times the range of all other ratings
_MOST = 0.8  # the share of the ratings that must lie together, and the fewest that say where
_FEWEST = 4


def find_scales(
    table: Rows,
    contents: Contents,
    scale: Bounds | Mapping[str, Bounds] | None,
    direction: Direction | Mapping[str, Direction],
) -> tuple[dict[str, Scale | None], list[str]]:
    """Each criterion's scale, and a note where it is only the range of its ratings; raises InputError for a rating off it."""
    values: dict[str, list[Cell]] = {}
    for key, cell in contents.ratings.items():
        values.setdefault(key.criterion, []).append(cell)
    for mapping, name in ((scale, "scale"), (direction, "direction")):
        if isinstance(mapping, Mapping):
            check_known(table, "criterion", name, mapping, values)
    scales: dict[str, Scale | None] = {}
    notes = []
    for criterion, cells in values.items():
        way = direction.get(criterion, "up") if isinstance(direction, Mapping) else direction
        if way not in ("up", "down"):
            raise ValueError(f"direction is up or down, got {way!r}")
        bounds = scale.get(criterion) if isinstance(scale, Mapping) else scale
        present = [cell.value for cell in cells if cell.value is not None]
        if bounds is not None:
            low, high = _bounds(bounds)
            _check_on_scale(table, criterion, cells, low, high)
        elif present and min(present) < max(present):
            low, high = min(present), max(present)
            notes.append(
                f"the scale of {criterion!r} was not given; the range of its ratings, {low:g} to {high:g}, stands in for it"
            )
            notes += _outlier_notes(table, criterion, cells)
        else:
            scales[criterion] = None
            continue
        scales[criterion] = Scale(low=low, high=high, direction=way)
    return scales, notes


def check_known(table: Rows, noun: str, key: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raises InputError for the first name that is not known; `key` is the parameter that gives it."""
    for name in names:
        if name not in set(known):
            raise InputError(f"{table.label}: there is no {noun} {name!r} ({key}).{did_you_mean(name, known)}")


def _bounds(bounds: Bounds) -> tuple[float, float]:
    try:
        low, high = (float(bound) for bound in bounds)
    except (TypeError, ValueError) as error:
        raise ValueError(f"scale is [low, high], got {bounds!r}") from error
    if not low < high:
        raise ValueError(f"scale is [low, high] with low below high (direction=down turns it), got {bounds!r}")
    return low, high


def _check_on_scale(table: Rows, criterion: str, cells: Iterable[Cell], low: float, high: float) -> None:
    for value, number in cells:
        if value is not None and not low <= value <= high:
            raise InputError(
                f"{table.place(number)}: the rating {value:g} on {criterion!r} is off the scale {low:g} to {high:g}; "
                "correct it, change the scale, or leave the cell empty if missing"
            )


def _outlier_notes(table: Rows, criterion: str, cells: Sequence[Cell]) -> list[str]:
    """One note, if a few ratings lie so far from all others that they look like slips or codes for a missing one."""
    values = sorted(cell.value for cell in cells if cell.value is not None)
    low, high = _bulk(values)
    far = [cell for cell in cells if cell.value is not None and not low <= cell.value <= high]
    if not far:
        return []
    first = far[0]
    more = f" (and {len(far) - 1} more such)" if len(far) > 1 else ""
    return [
        f"{table.place(first.number)}: the rating {first.value:g} on {criterion!r} lies far from the others, {low:g} to {high:g}"
        f"{more}; correct it or leave the cell empty if missing, and give scale=[{low:g}, {high:g}]"
    ]


def _bulk(ordered: Sequence[float]) -> tuple[float, float]:
    """The least and the greatest of the ratings without those that a wide gap parts from most of them."""
    top = _below_gap(ordered)
    bottom = _below_gap([-value for value in reversed(ordered[:top])])
    kept = ordered[top - bottom : top]
    return kept[0], kept[-1]


def _below_gap(ordered: Sequence[float]) -> int:
    """How many of the ascending values lie below the first gap that is wide against their range; all, if none is."""
    for count in range(max(_FEWEST, math.ceil(_MOST * len(ordered))), len(ordered)):
        spread = ordered[count - 1] - ordered[0]
        if spread > 0 and ordered[count] - ordered[count - 1] > _FAR * spread:
            return count
    return len(ordered)
