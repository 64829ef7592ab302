"""MetaRows about whole systems: do metric means order systems as human means do, softly and hard?"""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec.structs import replace

from harness.meta.columns import Column
from harness.meta.correlation import soft_pairwise_accuracy, system_pairwise_accuracy
from harness.meta.notes import approximate, join
from harness.meta.pairs import Bools, Floats, Ints, sums_by
from harness.meta.resampling import Resampler, product
from harness.meta.sentinels import random_scores
from harness.meta.system_interval import sure_interval
from harness.meta.table import Table
from harness.records import MetaRow


def system_rows(table: Table, base: MetaRow, human: Floats, outputs: Bools) -> Iterator[MetaRow]:
    """System-level pairwise accuracy (with interval) and soft pairwise accuracy of every metric.

    Means are over the outputs that have both a rating and a score. Soft pairwise accuracy has no interval: its p values are
    themselves functions of the sample size. Both are averaged over the draws of the random sentinel.
    """
    known: dict[bytes, Resampler] = {}  # most metrics score the same outputs
    for column in table.columns:
        draws = _draws(table, column)
        both = outputs & np.isfinite(human) & np.isfinite(draws[0])
        systems = np.unique(table.system[both])
        n_pairs = len(systems) * (len(systems) - 1) // 2
        row = replace(base, metric=column.signature, component=column.component, support="own")
        row = replace(
            row, n_items=len(np.unique(table.item[both])), n_clusters=len(np.unique(table.cluster[both])), n_pairs=n_pairs
        )
        if not n_pairs:
            yield replace(row, statistic="system_pairwise_accuracy", note="no data: there is no pair of systems")
            continue
        chosen = np.flatnonzero(both)
        resampler = known.setdefault(both.tobytes(), table.resampler(chosen))
        yield _hard(table, row, human[chosen], [values[chosen] for values in draws], chosen, resampler)
        yield _soft(table, row, human[chosen], [values[chosen] for values in draws], chosen)


def _draws(table: Table, column: Column) -> list[Floats]:
    """The column's values; of the random sentinel those of every draw. One number per output."""
    if column.values is not None:
        return [column.values]
    options = table.options
    return [scores.astype(float) for scores in random_scores(len(table.item), options.random_draws, options.seed)]


def _hard(table: Table, row: MetaRow, human: Floats, draws: Sequence[Floats], chosen: Ints, resampler: Resampler) -> MetaRow:
    _, system = np.unique(table.system[chosen], return_inverse=True)
    n_systems, n_clusters = int(system.max()) + 1, resampler.n_clusters
    cell = resampler.cluster[chosen] * n_systems + system

    def sums(values: Floats) -> Floats:
        return sums_by(cell, values, n_clusters * n_systems).reshape(n_clusters, n_systems)

    count, people, machine = sums(np.ones(len(chosen))), sums(human), [sums(values) for values in draws]
    people_means, below = people.sum(axis=0) / count.sum(axis=0), count.sum(axis=0)
    machine_means = [part.sum(axis=0) / below for part in machine]
    value = float(np.mean([system_pairwise_accuracy(people_means, part) for part in machine_means]))
    row = replace(row, statistic="system_pairwise_accuracy", note=join(row.note, approximate(row.n_items)))
    if not np.isfinite(value):
        return replace(row, note="no data: people's means tie every pair of systems")
    weights = resampler.some_weights(slice(None))
    with np.errstate(invalid="ignore", divide="ignore"):
        below = product(weights, count)
        drawn = product(weights, people) / below
        drawn_machine = [product(weights, part) / below for part in machine]
        if table.options.system_interval == "percentile":
            low, high = resampler.interval(np.mean([system_pairwise_accuracy(drawn, part) for part in drawn_machine], axis=0))
        elif n_clusters < 2:
            low, high = None, None
        else:
            low, high = sure_interval(people_means, machine_means, drawn, drawn_machine, resampler.level)
    return replace(row, value=value, low=low, high=high)


def _soft(table: Table, row: MetaRow, human: Floats, draws: Sequence[Floats], chosen: Ints) -> MetaRow:
    _, system = np.unique(table.system[chosen], return_inverse=True)
    _, item = np.unique(table.item[chosen], return_inverse=True)
    shape = (int(system.max()) + 1, int(item.max()) + 1)
    people = _mean_grid(system, item, shape, human)
    options = table.options
    grids = np.stack([_mean_grid(system, item, shape, values) for values in draws])
    value = soft_pairwise_accuracy(people, grids, options.draws, options.seed)
    return replace(row, statistic="soft_pairwise_accuracy", value=value)


def _mean_grid(system: Ints, item: Ints, shape: tuple[int, int], values: Floats) -> Floats:
    """Mean over samples of each system and item, nan where there is none."""
    cell = system * shape[1] + item
    counts = np.bincount(cell, minlength=shape[0] * shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        return (sums_by(cell, values, len(counts)) / counts).reshape(shape)
