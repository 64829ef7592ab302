"""MetaRows of Kendall's tau-b, Spearman's rho and Pearson's r in one cell, averaged over groups."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from harness.meta import correlation
from harness.meta.columns import Column
from harness.meta.judging import Judged
from harness.meta.notes import join
from harness.meta.pairs import Floats, Ints, order_pairs
from harness.meta.resampling import Resampler, in_chunks, product
from harness.meta.support import mean_over_groups
from harness.meta.task import CellTask, counts, coverage
from harness.records import MetaRow

MAX_WEIGHTED = 400_000_000  # outputs × resamples up to which correlations that cross clusters get an interval
Interval = tuple[float | None, float | None]


@dataclass(frozen=True)
class Correlation:
    """A row whose interval, where `cluster` says in which cluster each group lies, is still to come."""

    row: MetaRow
    grouped: correlation.Grouped | None = None
    cluster: Ints | None = None

    def to_weigh(self, resampler: Resampler) -> tuple[Floats, ...]:
        """What the interval will have weighed, for `Resampler.weigh_ahead`."""
        if self.grouped is None or self.cluster is None:
            return ()
        return resampler.mean_sums(self.grouped.values, self.cluster, self.grouped.defined)

    def finished(self, resampler: Resampler) -> MetaRow:
        """The row with its interval."""
        if self.grouped is None or self.cluster is None:
            return self.row
        low, high = resampler.interval(resampler.mean(self.grouped.values, self.cluster, self.grouped.defined))
        return replace(self.row, low=low, high=high)


def correlations(task: CellTask, column: Column, result: Judged) -> Iterator[Correlation]:
    """Three; groups where people or the metric are constant are left out and counted in the note."""
    values = column.values
    if values is None or task.group is None:
        return
    base = replace(
        task.base,
        metric=column.signature,
        component=column.component,
        support="own",
        coverage=coverage(task, column),
        **counts(task, result.valid),
    )
    yield _kendall(task, base, values, result)
    group = _numbered(np.where(np.isfinite(values), task.group, -1))
    for statistic in ("spearman", "pearson"):
        row = replace(base, statistic=statistic)
        yield _moments(row, task.cell.human, values, group, task.cell.resampler, task.within_clusters)


def moment_rows(
    base: MetaRow, human: Floats, values: Floats, group: Ints, resampler: Resampler, within_clusters: bool
) -> Iterator[MetaRow]:
    """Spearman's rho and Pearson's r. `group`: per output, -1: in none; `within_clusters`: each group lies in one cluster."""
    group = _numbered(group)
    for statistic in ("spearman", "pearson"):
        row = replace(base, statistic=statistic)
        yield _moments(row, human, values, group, resampler, within_clusters).finished(resampler)


def _kendall(task: CellTask, base: MetaRow, values: Floats, result: Judged) -> Correlation:
    cell = task.cell
    support = cell.support(result.valid)
    ordered = order_pairs(support.pairs, cell.signs[result.valid], values, cell.gap_tolerance)
    grouped = correlation.kendall_b(support.pairs, ordered)
    row = _with_note(replace(base, statistic="kendall_b"), int((~grouped.defined & (support.pairs.sizes > 0)).sum()))
    if grouped.mean is None:
        return Correlation(row)
    row = replace(row, value=grouped.mean)
    if support.group_cluster is not None:
        return Correlation(row, grouped, support.group_cluster)
    metric_tie = ordered.gap == 0
    discordant = ~(ordered.human_tie | metric_tie | ordered.concordant)
    surplus = support.group_totals(ordered.concordant.astype(np.int64) - discordant)
    resampled = _tau(surplus, support.untied_totals, support.group_totals(~metric_tie))
    low, high = (None, None) if resampled is None else cell.resampler.interval(resampled)
    return Correlation(replace(row, low=low, high=high))


def _tau(surplus: Floats | None, human: Floats | None, metric: Floats | None) -> Floats | None:
    if surplus is None or human is None or metric is None:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        return mean_over_groups(surplus / np.sqrt(human * metric))


def _moments(
    row: MetaRow, human: Floats, values: Floats, group: Ints, resampler: Resampler, within_clusters: bool
) -> Correlation:
    function = correlation.spearman if row.statistic == "spearman" else correlation.pearson
    keep = np.flatnonzero(group >= 0)
    n_groups = int(group.max(initial=-1)) + 1
    human, metric, codes = human[keep], values[keep], group[keep]
    grouped = function(codes, n_groups, human, metric)
    row = _with_note(row, int((~grouped.defined).sum()))
    if grouped.mean is None:
        return Correlation(row)
    row = replace(row, value=grouped.mean)
    if within_clusters:
        cluster = np.zeros(n_groups, dtype=np.int64)
        cluster[codes] = resampler.cluster[keep]
        return Correlation(row, grouped, cluster)
    if len(keep) * resampler.resamples > MAX_WEIGHTED:
        low, high = None, None
    else:
        low, high = _weighted_interval(resampler, codes, resampler.cluster[keep], human, metric, row.statistic == "spearman")
    return Correlation(replace(row, low=low, high=high))


def _weighted_interval(resampler: Resampler, codes: Ints, cluster: Ints, human: Floats, metric: Floats, ranks: bool) -> Interval:
    members = [np.flatnonzero(codes == code) for code in np.unique(codes)]
    if ranks:

        def chunk(rows: slice) -> Floats:
            weights = resampler.some_weights(rows)
            parts = [correlation.resampled_spearman(weights, cluster[here], human[here], metric[here]) for here in members]
            return mean_over_groups(np.stack(parts, axis=1))

    else:
        size = resampler.n_clusters
        sums = np.concatenate([correlation.moments(cluster[m], human[m], metric[m], size) for m in members], axis=1)

        def chunk(rows: slice) -> Floats:
            found = product(resampler.some_weights(rows), sums)  # all groups at once: the weights are read once
            return mean_over_groups(correlation.ratio_of(found.reshape(len(found), len(members), 6)))

    return resampler.interval(in_chunks(chunk, resampler.resamples, resampler.n_clusters))


def _numbered(group: Ints) -> Ints:
    """Groups of at least two outputs, renumbered from 0; all others -1."""
    codes, inverse, sizes = np.unique(group, return_inverse=True, return_counts=True)
    usable = (codes >= 0) & (sizes > 1)
    place = np.where(usable, np.cumsum(usable) - 1, -1)
    return place[inverse]


def _with_note(row: MetaRow, undefined: int) -> MetaRow:
    if not undefined:
        return row
    said = f"undefined in {undefined} groups where one side is constant"
    return replace(row, note=join(row.note, said))
