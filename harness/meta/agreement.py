"""Agreement of raters: Krippendorff's alpha, Fleiss' kappa, Randolph's kappa and Cohen's kappa."""

from typing import Literal

import numpy as np

from harness.meta.pairs import Floats

Level = Literal["nominal", "ordinal", "interval"]


def krippendorff_alpha(ratings: Floats, level: Level) -> float | None:
    """Krippendorff's alpha. `ratings`: (raters, units), nan where missing; None where undefined.

    Krippendorff, "Content Analysis", 2nd ed. 2004, §11.3; coincidences of values weigh 1/(m_u - 1).
    """
    values = np.unique(ratings[np.isfinite(ratings)])
    counts = (ratings[:, :, None] == values).sum(axis=0).astype(float)
    raters = counts.sum(axis=1)
    counts, raters = counts[raters > 1], raters[raters > 1]
    if not len(counts) or len(values) < 2:
        return None
    coincidence = np.einsum("uc,uk->ck", counts / (raters - 1)[:, None], counts)
    coincidence -= np.diag((counts / (raters - 1)[:, None]).sum(axis=0))
    totals = coincidence.sum(axis=0)
    distance = _distance(values, totals, level)
    expected = (np.outer(totals, totals) * distance).sum() / (totals.sum() - 1)
    return float(1 - (coincidence * distance).sum() / expected) if expected > 0 else None


def fleiss_kappa(ratings: Floats) -> float | None:
    """Fleiss' kappa (Psychological Bulletin 76, 1971) over units that all rated; shape (raters, units); None if undefined."""
    complete = _complete(ratings)
    observed = _observed_agreement(complete)
    if observed is None:
        return None
    _, counts = np.unique(complete, return_counts=True)
    expected = float(((counts / counts.sum()) ** 2).sum())
    return float((observed - expected) / (1 - expected)) if expected < 1 else None


def randolph_kappa(ratings: Floats, categories: int) -> float | None:
    """Randolph's free-marginal kappa over units that all rated; shape (raters, units), nan where missing; None if undefined.

    Chance agreement is 1/`categories`, the number of values that a rater could give, whether or not anybody gave them: raters who
    all give the one right value agree, where Fleiss' kappa is undefined. Randolph, "Free-Marginal Multirater Kappa", Joensuu
    University Learning and Instruction Symposium 2005; Warrens, Advances in Data Analysis and Classification 4, 2010.
    """
    observed = _observed_agreement(_complete(ratings))
    if categories < 2 or observed is None:
        return None
    return (observed - 1 / categories) / (1 - 1 / categories)


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


def _complete(ratings: Floats) -> Floats:
    """The units that all rated."""
    return ratings[:, np.isfinite(ratings).all(axis=0)]


def _observed_agreement(complete: Floats) -> float | None:
    """Share of pairs of raters that agree on a unit; (raters, units) without a gap; None without a pair or a unit."""
    raters, units = complete.shape
    if raters < 2 or units == 0:
        return None
    counts = (complete[:, :, None] == np.unique(complete)).sum(axis=0)
    return float(((counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))).mean())


def _distance(values: Floats, totals: Floats, level: Level) -> Floats:
    if level == "nominal":
        return (values[:, None] != values[None, :]).astype(float)
    if level == "interval":
        return (values[:, None] - values[None, :]) ** 2
    middle = np.cumsum(totals) - totals / 2
    return (middle[:, None] - middle[None, :]) ** 2
