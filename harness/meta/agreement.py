"""Agreement of raters: Krippendorff's alpha, Fleiss' kappa and Cohen's kappa."""

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
    complete = ratings[:, np.isfinite(ratings).all(axis=0)]
    raters, units = complete.shape
    if raters < 2 or units == 0:
        return None
    values = np.unique(complete)
    counts = (complete[:, :, None] == values).sum(axis=0)
    observed = ((counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))).mean()
    shares = counts.sum(axis=0) / counts.sum()
    expected = float((shares**2).sum())
    return float((observed - expected) / (1 - expected)) if expected < 1 else None


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


def _distance(values: Floats, totals: Floats, level: Level) -> Floats:
    if level == "nominal":
        return (values[:, None] != values[None, :]).astype(float)
    if level == "interval":
        return (values[:, None] - values[None, :]) ** 2
    middle = np.cumsum(totals) - totals / 2
    return (middle[:, None] - middle[None, :]) ** 2
