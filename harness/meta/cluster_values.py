"""One value per cluster: a metric's accuracy, or the difference of two; what plans and their checks rest on."""

from collections.abc import Mapping

import numpy as np

from harness.meta.columns import Column
from harness.meta.compare import Key
from harness.meta.judging import Cell, Judged, eligible_pairs
from harness.meta.pairs import Bools, Floats, Ints, sums_by

Columns = tuple[Column, Column | None]  # the difference of two metrics, or one metric's accuracy


def cluster_values(cell: Cell, judged: Mapping[Key, Judged], columns: Columns, statistic: str) -> Floats:
    """One value per cluster that a pair reaches, whose mean is the accuracy (or the difference) averaged over groups.

    Clusters with several groups weigh by their number: the value is the cluster's part in the mean over groups, linearised.
    """
    sums, sizes = cluster_sums(cell, judged, columns, statistic)
    sums, sizes = sums[sizes > 0], sizes[sizes > 0]
    if not len(sums):
        return sums
    mean = sums.sum() / sizes.sum()
    return np.asarray(mean + (sums - sizes * mean) / sizes.mean())


def cluster_sums(cell: Cell, judged: Mapping[Key, Judged], columns: Columns, statistic: str) -> tuple[Floats, Floats]:
    """Per cluster of the cell: the sum over its groups of the first's accuracy minus the second's, and its number of groups."""
    keep = pairs_of(cell, judged, columns, statistic)
    pairs = cell.pairs.where(keep)
    held = pairs.sizes > 0
    difference = np.zeros(int(held.sum()))
    for column, sign in zip(columns, (1, -1), strict=True):
        if column is None:
            continue
        result = judged[column.key]
        right = result.right[statistic][keep] / result.scale
        difference += sign * sums_by(pairs.group, right, pairs.n_groups)[held] / pairs.sizes[held]
    cluster: Ints = np.zeros(pairs.n_groups, dtype=np.int64)
    cluster[pairs.group] = cell.resampler.cluster[pairs.left]
    size = cell.resampler.n_clusters
    return sums_by(cluster[held], difference, size), sums_by(cluster[held], np.ones(len(difference)), size)


def pairs_of(cell: Cell, judged: Mapping[Key, Judged], columns: Columns, statistic: str) -> Bools:
    """The pairs that every one of the columns scored (and, held out, tested), shape (P,)."""
    keep = np.ones(len(cell.pairs), dtype=bool)
    for column in columns:
        if column is not None:
            keep &= judged[column.key].support(statistic) & eligible_pairs(cell, column)
    return keep
