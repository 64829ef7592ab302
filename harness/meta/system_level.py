"""MetaRows about whole systems: do metric means order systems as human means do, softly and hard?"""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from harness.meta.columns import Column
from harness.meta.correlation import soft_pairwise_accuracy, system_pairwise_accuracy
from harness.meta.notes import approximate, join
from harness.meta.pairs import Bools, Floats, Ints, distinct, sums_by
from harness.meta.resampling import Resampler, product
from harness.meta.sentinels import draws_of_many, random_scores
from harness.meta.system_interval import sure_interval
from harness.meta.table import Table
from harness.records import MetaRow

MANY_CLUSTERS, BLOCKS = 20_000, 5_000
_FLIPPED = 20_000_000  # items × draws of signs up to which soft pairwise accuracy flips signs


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
        row = replace(row, n_items=distinct(table.item[both]), n_clusters=distinct(table.cluster[both]), n_pairs=n_pairs)
        if not n_pairs:
            yield replace(row, statistic="system_pairwise_accuracy", note="no data: there is no pair of systems")
            continue
        chosen = np.flatnonzero(both)
        if both.tobytes() not in known:
            known[both.tobytes()] = in_blocks(table.resampler(chosen))
        if column.values is None and len(draws) < table.options.random_draws:
            row = replace(row, note=join(row.note, f"mean of {len(draws)} draws, as there are many outputs"))
        values = [draw[chosen] for draw in draws]
        yield _hard(table, row, human[chosen], values, chosen, known[both.tobytes()])
        yield _soft(table, row, human[chosen], values, chosen)


def in_blocks(resampler: Resampler) -> Resampler:
    """The resampler, of random blocks of clusters where there are very many: means over them vary alike.

    Blocks of clusters drawn at random are as independent as the clusters, and the variance of a mean over 5,000 of them is known
    to 2 % (Wolter, Introduction to Variance Estimation, 2007, ch. 2: random groups).
    """
    if resampler.n_clusters <= MANY_CLUSTERS:
        return resampler
    block = np.random.default_rng([resampler.seed, 6]).permutation(resampler.n_clusters) % BLOCKS
    blocks = np.where(resampler.cluster >= 0, block[resampler.cluster], -1)
    return Resampler(blocks, BLOCKS, resampler.resamples, resampler.level, resampler.seed)


def _draws(table: Table, column: Column) -> list[NDArray[Any]]:
    """The column's values; of the random sentinel those of every draw (fewer of many outputs). One number per output."""
    if column.values is not None:
        return [column.values]
    options = table.options
    number = draws_of_many(len(table.item), options.random_draws)
    return [scores.astype(np.int32) for scores in random_scores(len(table.item), number, options.seed)]


def _hard(
    table: Table, row: MetaRow, human: Floats, draws: Sequence[NDArray[Any]], chosen: Ints, resampler: Resampler
) -> MetaRow:
    _, system = np.unique(table.system[chosen], return_inverse=True)
    n_systems, n_clusters = int(system.max()) + 1, resampler.n_clusters
    cell = resampler.cluster[chosen] * n_systems + system

    def sums(values: NDArray[Any]) -> Floats:
        return sums_by(cell, values, n_clusters * n_systems).reshape(n_clusters, n_systems)

    count, people, machine = sums(np.ones(len(chosen))), sums(human), [sums(values) for values in draws]
    people_means, below = people.sum(axis=0) / count.sum(axis=0), count.sum(axis=0)
    machine_means = [part.sum(axis=0) / below for part in machine]
    value = float(np.mean([system_pairwise_accuracy(people_means, part) for part in machine_means]))
    blocks = f"clusters resampled in {BLOCKS:,} random blocks" if n_clusters < row.n_clusters else None
    row = replace(row, statistic="system_pairwise_accuracy", note=join(row.note, approximate(row.n_items), blocks))
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


def _soft(table: Table, row: MetaRow, human: Floats, draws: Sequence[NDArray[Any]], chosen: Ints) -> MetaRow:
    _, system = np.unique(table.system[chosen], return_inverse=True)
    _, item = np.unique(table.item[chosen], return_inverse=True)
    shape = (int(system.max()) + 1, int(item.max()) + 1)
    people = _mean_grid(system, item, shape, human)
    options = table.options
    row = replace(row, statistic="soft_pairwise_accuracy")
    if options.draws * shape[1] > _FLIPPED:
        values = [soft_pairwise_normal(people, _mean_grid(system, item, shape, draw)) for draw in draws]
        known = [value for value in values if value is not None]
        note = join(row.note, "p values by their normal limit, as there are many items")
        return replace(row, value=float(np.mean(known)) if known else None, note=note)
    grids = np.stack([_mean_grid(system, item, shape, values) for values in draws])
    return replace(row, value=soft_pairwise_accuracy(people, grids, options.draws, options.seed))


def soft_pairwise_normal(human: Floats, metric: Floats) -> float | None:
    """`soft_pairwise_accuracy` for many items: a sum of random signs is normal there, so that none need be drawn.

    `human`, `metric`: (systems, items), nan where missing. By Berry and Esseen's bound p is off by at most .56 Σ|d|³ / (Σd²)^1.5,
    below .01 at 10,000 items without one that outweighs the rest.
    """
    errors = []
    for a, b in combinations(range(len(human)), 2):
        differences = [grid[a] - grid[b] for grid in (human, metric)]
        both = np.isfinite(differences[0]) & np.isfinite(differences[1])
        if both.any():
            p = [_normal_p(difference[both]) for difference in differences]
            errors.append(abs(p[0] - p[1]))
    return 1 - float(np.mean(errors)) if errors else None


def _normal_p(differences: Floats) -> float:
    """One-sided p of the sum of differences under random signs."""
    spread = math.sqrt(float(np.square(differences).sum()))
    return 0.5 if spread == 0 else math.erfc(float(differences.sum()) / spread / math.sqrt(2)) / 2


def _mean_grid(system: Ints, item: Ints, shape: tuple[int, int], values: NDArray[Any]) -> Floats:
    """Mean over samples of each system and item, nan where there is none."""
    cell = system * shape[1] + item
    counts = np.bincount(cell, minlength=shape[0] * shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        return (sums_by(cell, values, len(counts)) / counts).reshape(shape)
