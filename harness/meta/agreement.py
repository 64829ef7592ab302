"""Agreement of raters: Krippendorff's alpha, Fleiss' kappa, Randolph's kappa and Cohen's kappa."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from harness.meta.pairs import Bools, Floats, Ints

Level = Literal["nominal", "ordinal", "interval"]
Coefficient = Callable[[Ints], float | None]  # of some units, by their numbers: a unit may recur


def krippendorff_alpha(ratings: Floats, level: Level) -> float | None:
    """Krippendorff's alpha. `ratings`: (raters, units), nan where missing; None where undefined.

    Krippendorff, "Content Analysis", 2nd ed. 2004, §11.3; coincidences of values weigh 1/(m_u - 1).
    """
    return krippendorff_of(ratings, level)(_all_units(ratings))


def krippendorff_of(ratings: Floats, level: Level) -> Coefficient:
    """`krippendorff_alpha` of any of the units, values being counted once."""
    values = np.unique(ratings[np.isfinite(ratings)])
    counts = (ratings[:, :, None] == values).sum(axis=0).astype(float)
    raters = counts.sum(axis=1)
    weighed = counts / np.maximum(raters - 1, 1)[:, None]

    def coefficient(units: Ints) -> float | None:
        present = counts[units].any(axis=0)
        units = units[raters[units] > 1]
        if not len(units) or present.sum() < 2:
            return None
        left, right = (np.ascontiguousarray(some[units][:, present]) for some in (weighed, counts))
        coincidence = np.einsum("uc,uk->ck", left, right)
        coincidence -= np.diag(left.sum(axis=0))
        totals = coincidence.sum(axis=0)
        distance = _distance(values[present], totals, level)
        expected = (np.outer(totals, totals) * distance).sum() / (totals.sum() - 1)
        return float(1 - (coincidence * distance).sum() / expected) if expected > 0 else None

    return coefficient


def fleiss_kappa(ratings: Floats) -> float | None:
    """Fleiss' kappa (Psychological Bulletin 76, 1971) over units that all rated; shape (raters, units); None if undefined."""
    return fleiss_of(ratings)(_all_units(ratings))


def fleiss_of(ratings: Floats) -> Coefficient:
    """`fleiss_kappa` of any of the units."""
    complete, counts, agreement = _agreement(ratings)

    def coefficient(units: Ints) -> float | None:
        units = units[complete[units]]
        if agreement is None or not len(units):
            return None
        observed, total = float(agreement[units].mean()), counts[units].sum(axis=0)
        total = total[total > 0]
        expected = float(((total / total.sum()) ** 2).sum())
        return float((observed - expected) / (1 - expected)) if expected < 1 else None

    return coefficient


def randolph_kappa(ratings: Floats, categories: int) -> float | None:
    """Randolph's free-marginal kappa over units that all rated; shape (raters, units), nan where missing; None if undefined.

    Chance agreement is 1/`categories`, the number of values that a rater could give, whether or not anybody gave them: raters who
    all give the one right value agree, where Fleiss' kappa is undefined. Randolph, "Free-Marginal Multirater Kappa", Joensuu
    University Learning and Instruction Symposium 2005; Warrens, Advances in Data Analysis and Classification 4, 2010.
    """
    return randolph_of(ratings, categories)(_all_units(ratings))


def randolph_of(ratings: Floats, categories: int) -> Coefficient:
    """`randolph_kappa` of any of the units."""
    complete, _, agreement = _agreement(ratings)

    def coefficient(units: Ints) -> float | None:
        units = units[complete[units]]
        if categories < 2 or agreement is None or not len(units):
            return None
        return (float(agreement[units].mean()) - 1 / categories) / (1 - 1 / categories)

    return coefficient


def cohen_kappa(first: Floats, second: Floats) -> float | None:
    """Cohen's kappa (Educational and Psychological Measurement 20, 1960) of two raters; shape (units,), nan where missing.

    Units that only one of them rated are left out; None where undefined (no unit, or both gave one and the same value only).
    """
    both = np.isfinite(first) & np.isfinite(second)
    first, second = first[both], second[both]
    if not len(first):
        return None
    observed = float((first == second).mean())
    values = np.unique(np.concatenate([first, second]))
    expected = sum(float((first == value).mean() * (second == value).mean()) for value in values)
    return (observed - expected) / (1 - expected) if expected < 1 else None


def cohen_of(ratings: Floats) -> Coefficient:
    """`cohen_kappa` of any of the units; shape (2, units)."""
    return lambda units: cohen_kappa(ratings[0, units], ratings[1, units])


def _all_units(ratings: Floats) -> Ints:
    return np.arange(ratings.shape[1])


def _agreement(ratings: Floats) -> tuple[Bools, Ints, Floats | None]:
    """(which units all rated, how often each value was given there, the share of pairs of raters that agree: None for one)."""
    raters, units = ratings.shape
    complete: Bools = np.asarray(np.isfinite(ratings).all(axis=0))
    values = np.unique(ratings[:, complete])
    counts = np.zeros((units, len(values)), dtype=np.int64)
    counts[complete] = (ratings[:, complete, None] == values).sum(axis=0)
    if raters < 2:
        return complete, counts, None
    return complete, counts, (counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))


def _distance(values: Floats, totals: Floats, level: Level) -> Floats:
    if level == "nominal":
        return (values[:, None] != values[None, :]).astype(float)
    if level == "interval":
        return (values[:, None] - values[None, :]) ** 2
    middle = np.cumsum(totals) - totals / 2
    return (middle[:, None] - middle[None, :]) ** 2
