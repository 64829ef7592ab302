"""What people say of each output on a criterion, as one number per output: the human target, and who its raters are."""

from collections.abc import Mapping, Sequence
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
    for judgment in wanted:
        if judgment.value is None or isinstance(judgment.value, str):
            continue
        value = float(judgment.value)
        if judgment.scale is not None and judgment.scale.direction == "down":
            value = judgment.scale.low + judgment.scale.high - value
        values[row[judgment.rater], position[judgment.output_id]] = value
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


def _pool(values: Floats, mode: str) -> Floats:
    result = np.full(values.shape[1], np.nan)
    for column in range(values.shape[1]):
        present = values[np.isfinite(values[:, column]), column]
        if len(present):
            result[column] = _POOLS[mode](present)
    return result


def _majority(present: Floats) -> float:
    """The value that more than half of the raters gave, else missing."""
    values, counts = np.unique(present, return_counts=True)
    return float(values[counts.argmax()]) if counts.max() * 2 > len(present) else float("nan")


_POOLS = {
    "mean": lambda present: float(present.sum() / len(present)),
    "median": lambda present: float(np.median(present)),
    "majority": _majority,
}
