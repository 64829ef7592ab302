"""How far the raters of a criterion agree: all of them, and each with each, with intervals."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from harness.meta.agreement import Level, cohen_kappa, fleiss_kappa, krippendorff_alpha
from harness.meta.pairs import Floats
from harness.meta.preferences import ballots
from harness.records import Judgment, Output, Preference

_MOST_VALUES = 1000  # alpha takes memory with the square of the distinct ratings
_MOST_RATERS = 12  # of which every two are held against each other
_MOST_CELLS = 20_000_000  # raters × units that are held in memory: many people who each judged a little have no table
_DRAWS = 300
_MOST_WORK = 1e9  # draws × units × values²: above it an interval would take minutes
_LEVEL = 0.95
_FEWEST = 5  # items; resampling fewer says nothing


def rating_agreement(judgments: Sequence[Judgment], outputs: Sequence[Output], *, interval: bool = True) -> dict[str, Any] | None:
    """Agreement on one criterion (no spans); None where no two raters gave numbers, or no two gave labels.

    Numbers are ordinal, labels nominal. Intervals resample items; without `interval` there are none.
    """
    given = [judgment for judgment in judgments if judgment.value is not None]
    level: Level = "ordinal"
    if given and all(isinstance(judgment.value, str) for judgment in given):
        level = "nominal"
    else:
        given = [judgment for judgment in given if not isinstance(judgment.value, str)]
    raters = {rater: row for row, rater in enumerate(sorted({judgment.rater for judgment in given}))}
    if len(raters) < 2:
        return None
    if len(raters) * len({judgment.output_id for judgment in given}) > _MOST_CELLS:
        return None
    codes: Mapping[Any, float] = {value: float(code) for code, value in enumerate(sorted({str(j.value) for j in given}))}
    columns = {output: column for column, output in enumerate(dict.fromkeys(judgment.output_id for judgment in given))}
    ratings = np.full((len(raters), len(columns)), np.nan)
    for judgment in given:
        value = codes[judgment.value] if level == "nominal" else judgment.value
        ratings[raters[judgment.rater], columns[judgment.output_id]] = value
    item = {output.id: output.example_id for output in outputs}
    found = _agreement(ratings, tuple(raters), [item[output] for output in columns], level, interval)
    return {**found, "outputs": found.pop("units")}


def preference_agreement(preferences: Sequence[Preference], criterion: str, outputs: Sequence[Output]) -> dict[str, Any] | None:
    """Agreement of those who compared pairs on one criterion (a, b or tie); None with fewer than two raters."""
    if len({p.rater for p in preferences}) * len({(p.output_a, p.output_b) for p in preferences}) > _MOST_CELLS:
        return None
    found = ballots(preferences, criterion, {output.id: index for index, output in enumerate(outputs)})
    if len(found.raters) < 2:
        return None
    items = [outputs[index].example_id for index in found.left.tolist()]
    agreement = _agreement(found.values, found.raters, items, "nominal")
    return {**agreement, "pairs_of_outputs": agreement.pop("units")}


def _agreement(
    ratings: Floats, raters: Sequence[str], items: Sequence[str], level: Level, interval: bool = True
) -> dict[str, Any]:
    """`ratings`: (raters, units), nan where missing; `items`: what each unit is resampled with."""
    double = np.isfinite(ratings).sum(axis=0) > 1
    shared, clusters = ratings[:, double], np.array(items, dtype=object)[double]
    distinct = len(np.unique(ratings[np.isfinite(ratings)]))

    def alpha(values: Floats) -> float | None:
        return krippendorff_alpha(values, level) if distinct <= _MOST_VALUES else None

    low, high = _interval(alpha, shared, clusters, distinct) if interval else (None, None)
    complete = int(np.isfinite(ratings).all(axis=0).sum())
    found: dict[str, Any] = {
        f"krippendorff_alpha_{level}": alpha(shared) if shared.size else None,
        "low": low,
        "high": high,
        "level": level,
        "raters": len(raters),
        "units": int(double.sum()),
        "items": len(set(clusters)),
        "distinct_ratings": distinct,
        "fleiss_kappa": fleiss_kappa(ratings) if complete else None,
        "complete": complete,
        "equal": _equal(shared),
    }
    found["pairs"] = _pairs(ratings, raters, level) if len(raters) <= _MOST_RATERS and distinct <= _MOST_VALUES else []
    return found


def _pairs(ratings: Floats, raters: Sequence[str], level: Level) -> list[dict[str, Any]]:
    """Every two raters that judged something both."""
    found = []
    for one, other in combinations(range(len(raters)), 2):
        both = np.isfinite(ratings[one]) & np.isfinite(ratings[other])
        if both.any():
            two = ratings[[one, other]][:, both]
            found.append(
                {
                    "raters": [raters[one], raters[other]],
                    "n": int(both.sum()),
                    "equal": float((two[0] == two[1]).mean()),
                    "alpha": krippendorff_alpha(two, level),
                    "cohen_kappa": cohen_kappa(two[0], two[1]),
                    "difference": float((two[1] - two[0]).mean()) if level != "nominal" else None,
                }
            )
    return found


def _equal(shared: Floats) -> float | None:
    """Of two raters of a unit, how often they say the same; averaged over units."""
    shares = []
    for column in shared.T:
        said = column[np.isfinite(column)]
        counts = np.unique(said, return_counts=True)[1]
        shares.append(float((counts * (counts - 1)).sum() / (len(said) * (len(said) - 1))))
    return sum(shares) / len(shares) if shares else None


def _interval(
    function: Callable[[Floats], float | None], shared: Floats, clusters: Any, distinct: int
) -> tuple[float | None, float | None]:
    """Percentile interval over resampled items; None where there are too few, or too much to compute."""
    names = list(dict.fromkeys(clusters))
    if len(names) < _FEWEST or _DRAWS * shared.shape[1] * distinct**2 > _MOST_WORK or distinct > _MOST_VALUES:
        return None, None
    members = [np.flatnonzero(clusters == name) for name in names]
    rng = np.random.default_rng([0, 6])
    drawn = (
        function(shared[:, np.concatenate([members[n] for n in rng.integers(0, len(names), len(names))])]) for _ in range(_DRAWS)
    )
    defined = [value for value in drawn if value is not None]
    if len(defined) * 2 < _DRAWS:
        return None, None
    low, high = np.quantile(defined, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return float(low), float(high)
