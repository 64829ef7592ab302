"""How much of what varies over items is the raters' doing: variance components of values that several raters give rise to."""

from dataclasses import dataclass

import numpy as np

from harness.meta.pairs import Bools, Floats, Ints
from harness.meta.targets import Ratings

MIN_ITEMS = 30  # with two raters; under it, how much raters matter is unknown


@dataclass(frozen=True)
class Components:
    """Variance between clusters (`item`) and between raters within a cluster (`rater`), from `n_clusters` clusters.

    The mean over k raters of a cluster's value has the variance item + rater / k over clusters.
    """

    item: float
    rater: float
    n_clusters: int


def components(values: Floats) -> Components | None:
    """One-way analysis of variance (Searle, Casella, McCulloch, Variance Components, 1992, §3.6, unequal numbers of raters).

    `values`: (raters, clusters), nan where a rater has none; clusters with one rater are left out. None under two clusters.
    A negative component is 0.
    """
    present = np.isfinite(values)
    twice = present.sum(axis=0) > 1
    if twice.sum() < 2:
        return None
    kept, has = values[:, twice], present[:, twice]
    counts = has.sum(axis=0)
    filled = np.where(has, kept, 0.0)
    means = filled.sum(axis=0) / counts
    total = counts.sum()
    n_clusters = len(counts)
    within = float((np.where(has, kept - means, 0.0) ** 2).sum() / (total - n_clusters))
    between = float((counts * (means - filled.sum() / total) ** 2).sum() / (n_clusters - 1))
    each = float((total - (counts**2).sum() / total) / (n_clusters - 1))
    return Components(max(0.0, (between - within) / each), within, n_clusters)


def rated_twice(ratings: Ratings, outputs: Bools, item: Ints) -> int:
    """Items on which two raters each rated two outputs or more, so that both order a pair. `outputs`, `item`: per output."""
    raters_of: dict[int, int] = {}
    for row in ratings.values:
        rated = np.bincount(item[np.isfinite(row) & outputs], minlength=1)
        for index in np.flatnonzero(rated > 1):
            raters_of[int(index)] = raters_of.get(int(index), 0) + 1
    return sum(count > 1 for count in raters_of.values())
