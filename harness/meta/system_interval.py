"""An interval for system-level pairwise accuracy: the share of pairs of systems that are surely ordered right, or surely wrong.

A percentile bootstrap does not cover here: two systems that are close are put in a random order by every resample, so resampled
accuracies lie below the observed one, which for the same reason lies below the true one (docs/decisions/0020).
"""

from collections.abc import Sequence

import numpy as np

from harness.meta.pairs import Floats

_CELLS = 8_000_000  # resampled differences that are held at a time


def sure_interval(
    people: Floats, machines: Sequence[Floats], resampled_people: Floats, resampled_machines: Sequence[Floats], level: float
) -> tuple[float | None, float | None]:
    """(low, high): pairs surely ordered alike, and one minus those surely not, as shares of all pairs, averaged over metrics.

    A difference of two systems is sure if it is further from 0, in its own standard errors, than the `level` quantile of the
    largest such error among all differences of people's and of the metric's means (max-t bootstrap): with that probability every
    sure order is right. A metric whose resamples all tie a pair surely ties it. `people`, each of `machines`: means, shape (S,);
    resampled: shape (B, S).
    """
    ends = []
    known = _Differences(people, resampled_people)
    for machine, resampled in zip(machines, resampled_machines, strict=True):
        scored = _Differences(machine, resampled)
        bound = float(np.quantile(np.maximum(known.largest, scored.largest), level))
        counted = known.defined & scored.defined & ~known.tied
        if not counted.any():
            return None, None
        human, metric = known.sure(bound), scored.sure(bound)
        right = counted & (human * metric > 0)
        wrong = counted & ((human * metric < 0) | scored.tied)
        ends.append((float(right.sum() / counted.sum()), float(1 - wrong.sum() / counted.sum())))
    low, high = np.mean(ends, axis=0)
    return float(low), float(high)


class _Differences:
    """All differences of two systems' means: observed, their standard errors, and each resample's largest error in those."""

    def __init__(self, means: Floats, resampled: Floats) -> None:
        left, right = np.triu_indices(len(means), 1)
        self.observed = means[left] - means[right]
        self.defined = np.isfinite(self.observed)
        self.errors = np.zeros(len(left))
        self.largest = np.zeros(len(resampled))
        size = np.abs(means[left]) + np.abs(means[right])
        step = max(1, _CELLS // max(1, len(resampled)))
        for start in range(0, len(left), step):
            part = slice(start, start + step)
            away = np.abs(resampled[:, left[part]] - resampled[:, right[part]] - self.observed[part])
            away[~np.isfinite(away)] = 0.0  # a system without an output in this resample
            errors = np.sqrt((away * away).mean(axis=0))
            errors[errors <= 1e-12 * size[part]] = 0.0  # rounding alone
            self.errors[part] = errors
            t = np.divide(away, errors, out=np.zeros_like(away), where=errors > 0)
            np.maximum(self.largest, t.max(axis=1), out=self.largest)
        self.observed = np.where(np.abs(self.observed) <= 1e-12 * size, 0.0, self.observed)
        self.tied = self.defined & (self.errors == 0) & (self.observed == 0)

    def sure(self, bound: float) -> Floats:
        """The sign of each difference that is further from 0 than `bound` errors, else 0; shape (P,)."""
        with np.errstate(invalid="ignore"):
            return np.where(np.abs(self.observed) > bound * self.errors, np.sign(self.observed), 0.0)
