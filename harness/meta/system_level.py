"""MetaRows about whole systems: do metric means order systems as human means do, softly and hard?"""

from collections.abc import Iterator

import numpy as np
from msgspec.structs import replace

from harness.meta.columns import Column
from harness.meta.correlation import soft_pairwise_accuracy, system_pairwise_accuracy
from harness.meta.notes import approximate, join
from harness.meta.pairs import Bools, Floats, Ints, sums_by
from harness.meta.resampling import Resampler, product
from harness.meta.table import Table
from harness.records import MetaRow


def system_rows(table: Table, base: MetaRow, human: Floats, outputs: Bools) -> Iterator[MetaRow]:
    """System-level pairwise accuracy (with interval) and soft pairwise accuracy of every metric.

    Means are over the outputs that have both a rating and a score. Soft pairwise accuracy has no interval: its p values are
    themselves functions of the sample size.
    """
    for column in table.columns:
        if column.values is None:
            continue
        both = outputs & np.isfinite(human) & np.isfinite(column.values)
        if column.eligible is not None:
            both &= column.eligible
        systems = np.unique(table.system[both])
        n_pairs = len(systems) * (len(systems) - 1) // 2
        row = replace(base, metric=column.signature, component=column.component, support="own")
        row = replace(
            row, n_items=len(np.unique(table.item[both])), n_clusters=len(np.unique(table.cluster[both])), n_pairs=n_pairs
        )
        if not n_pairs:
            yield replace(row, statistic="system_pairwise_accuracy", note="no data: there is no pair of systems")
            continue
        yield _hard(table, row, column, human, both)
        yield _soft(table, row, column, human, both)


def _hard(table: Table, row: MetaRow, column: Column, human: Floats, both: Bools) -> MetaRow:
    assert column.values is not None
    chosen = np.flatnonzero(both)
    _, system = np.unique(table.system[chosen], return_inverse=True)
    _, cluster = np.unique(table.cluster[chosen], return_inverse=True)
    n_systems, n_clusters = int(system.max()) + 1, int(cluster.max()) + 1
    resampler = Resampler(cluster, n_clusters, table.options.resamples, table.options.level, table.options.seed)
    cell = cluster * n_systems + system

    def sums(values: Floats) -> Floats:
        return sums_by(cell, values, n_clusters * n_systems).reshape(n_clusters, n_systems)

    parts = [sums(values) for values in (np.ones(len(chosen)), human[chosen], column.values[chosen])]
    count, people, machine = (part.sum(axis=0) for part in parts)
    value = float(system_pairwise_accuracy(people / count, machine / count))
    row = replace(row, statistic="system_pairwise_accuracy", note=join(row.note, approximate(row.n_items)))
    if not np.isfinite(value):
        return replace(row, note="no data: people's means tie every pair of systems")
    weights = resampler.weights.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        count, people, machine = (product(weights, part) for part in parts)
        low, high = resampler.interval(system_pairwise_accuracy(people / count, machine / count))
    return replace(row, value=value, low=low, high=high)


def _soft(table: Table, row: MetaRow, column: Column, human: Floats, both: Bools) -> MetaRow:
    assert column.values is not None
    chosen = np.flatnonzero(both)
    _, system = np.unique(table.system[chosen], return_inverse=True)
    _, item = np.unique(table.item[chosen], return_inverse=True)
    shape = (int(system.max()) + 1, int(item.max()) + 1)
    grids = [_mean_grid(system, item, shape, values[chosen]) for values in (human, column.values)]
    value = soft_pairwise_accuracy(grids[0], grids[1], table.options.draws, table.options.seed)
    return replace(row, statistic="soft_pairwise_accuracy", value=value)


def _mean_grid(system: Ints, item: Ints, shape: tuple[int, int], values: Floats) -> Floats:
    """Mean over samples of each system and item, nan where there is none."""
    cell = system * shape[1] + item
    counts = np.bincount(cell, minlength=shape[0] * shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        return (sums_by(cell, values, len(counts)) / counts).reshape(shape)
