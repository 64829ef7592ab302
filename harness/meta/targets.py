"""What people say of each output on a criterion, as one number per output: the human target, and who its raters are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.errors import HarnessError
from harness.meta.pairs import Floats
from harness.records import Judgment


@dataclass(frozen=True)
class Ratings:
    """Ratings on one criterion, shape (raters, outputs), nan where missing; turned so that higher is always better."""

    raters: tuple[str, ...]
    values: Floats


@dataclass(frozen=True)
class Target:
    """One number per output (nan where missing), and the word that MetaRows record for how it came about."""

    raters: str
    values: Floats


def ratings_on(judgments: Sequence[Judgment], criterion: str, position: Mapping[str, int]) -> Ratings:
    """The ratings of whole outputs on a criterion. `position`: output id → column. Labels and spans are no ratings."""
    wanted = [j for j in judgments if j.criterion == criterion and j.span is None and j.output_id in position]
    raters = tuple(sorted({judgment.rater for judgment in wanted}))
    row = {rater: index for index, rater in enumerate(raters)}
    values = np.full((len(raters), len(position)), np.nan)
    numbers = [j for j in wanted if j.value is not None and not isinstance(j.value, str)]
    rows = np.fromiter((row[j.rater] for j in numbers), dtype=np.int64, count=len(numbers))
    places = np.fromiter((position[j.output_id] for j in numbers), dtype=np.int64, count=len(numbers))
    values[rows, places] = np.fromiter(map(_upwards, numbers), dtype=np.float64, count=len(numbers))
    return Ratings(raters, values)


def targets(ratings: Ratings, mode: str, primary: str | None) -> list[Target]:
    """The human targets of a mode: one, or with `each` one a rater.

    `primary` without a declared primary rater is the only rater, or the mean of several (and is recorded as `mean`).
    """
    if mode == "each":
        rows = [Target(f"each:{rater}", row) for rater, row in zip(ratings.raters, ratings.values, strict=True)]
        return rows or [Target("each", np.full(ratings.values.shape[1], np.nan))]
    if mode == "primary":
        if primary in ratings.raters:
            return [Target(f"primary:{primary}", ratings.values[ratings.raters.index(primary)])]
        if len(ratings.raters) == 1:
            return [Target(f"primary:{ratings.raters[0]}", ratings.values[0])]
        mode = "mean"
    if mode not in _POOLS:
        raise HarnessError(f"raters must be primary, mean, median, majority or each, got {mode!r}")
    return [Target(mode, _pool(ratings.values, mode))]


def leave_one_out(ratings: Ratings) -> list[tuple[str, Floats, Floats]]:
    """(rater, the rater's values, the mean of the others) for each rater; nan outside the outputs that both sides rated."""
    pieces = []
    for index, rater in enumerate(ratings.raters):
        own = ratings.values[index]
        others = _pool(np.delete(ratings.values, index, axis=0), "mean")
        both = np.isfinite(own) & np.isfinite(others)
        if both.any():
            pieces.append((rater, np.where(both, own, np.nan), np.where(both, others, np.nan)))
    return pieces


def _upwards(judgment: Judgment) -> float:
    """The rating, turned where its scale's low end is the good one."""
    value, scale = judgment.value, judgment.scale
    assert isinstance(value, (int, float))
    return float(value) if scale is None or scale.direction != "down" else scale.low + scale.high - float(value)


def _pool(values: Floats, mode: str) -> Floats:
    """One number per column of `values`, shape (raters, outputs), of the ratings that are there."""
    result = np.full(values.shape[1], np.nan)
    present = np.isfinite(values)
    counts = present.sum(axis=0)
    for count in np.unique(counts[counts > 0]).tolist():
        columns = np.flatnonzero(counts == count)
        # As many ratings in each row, side by side: sums are then taken in the order in which those of one output alone are.
        rows = values[:, columns].T[present[:, columns].T].reshape(-1, count)
        result[columns] = _POOLS[mode](rows)
    return result


def _majority(rows: Floats) -> Floats:
    """The value that more than half of the raters gave, else missing. `rows`: (outputs, raters)."""
    ordered = np.sort(rows, axis=1)
    middle = ordered[:, rows.shape[1] // 2]  # whatever more than half gave stands there
    return np.where((rows == middle[:, None]).sum(axis=1) * 2 > rows.shape[1], middle, np.nan)


_POOLS: dict[str, Callable[[Floats], Floats]] = {
    "mean": lambda rows: rows.sum(axis=1) / rows.shape[1],
    "median": lambda rows: np.median(rows, axis=1),
    "majority": _majority,
}
