"""MetaRows of Kendall's tau-b, Spearman's rho and Pearson's r in a cell too large for its pairs to be made."""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec.structs import replace

from harness.meta.columns import Column
from harness.meta.correlation_rows import MAX_WEIGHTED, moment_rows
from harness.meta.notes import join
from harness.meta.pairs import Bools, Floats
from harness.meta.support import mean_over_groups
from harness.meta.ungrouped import People
from harness.meta.ungrouped_estimates import by_cluster, normal_interval, of_groups, slopes
from harness.meta.ungrouped_judging import ByScores, LargeCell
from harness.meta.ungrouped_task import FIRST_ORDER, LargeTask, large_coverage
from harness.meta.ungrouped_totals import Total
from harness.records import MetaRow


def large_correlation_rows(task: LargeTask, column: Column, result: ByScores) -> Iterator[MetaRow]:
    """Three rows, as `correlation_rows` gives them."""
    cell, people = task.cell, task.cell.people
    _, counts = task.counts(result.keep)
    base = replace(task.base, metric=column.signature, component=column.component, support="own")
    base = replace(base, coverage=large_coverage(cell, column), **counts)
    assert column.values is not None
    yield _kendall(cell, base, result)
    group = np.where(result.keep, people.group, -1)
    human, values = cell.human[people.member], column.values[people.member]
    within = people.within_clusters and people.n_clusters * cell.options.resamples <= MAX_WEIGHTED
    for row in moment_rows(base, human, values, group, cell.tally.resampler, within):
        if cell.tally.crossed:
            yield row
        elif row.low is None and row.value is not None:
            yield replace(row, note=_in_place_of(row.note, "no interval: too many outputs to resample"))
        else:
            yield replace(row, note=_in_place_of(row.note, None))


def _kendall(cell: LargeCell, base: MetaRow, result: ByScores) -> MetaRow:
    _, surplus, untied = result.untied
    size, ties = cell.size(result.keep), cell.ties(result.keep)
    below = np.sqrt((size.counts - ties.counts) * untied.counts)
    defined = below > 0
    row = replace(base, statistic="kendall_b")
    undefined = int((~defined & (size.counts > 0)).sum())
    if undefined:
        row = replace(row, note=join(row.note, f"undefined in {undefined} groups where one side is constant"))
    if not defined.any():
        return row
    value = float((surplus.counts[defined] / below[defined]).mean())
    resampler = cell.tally.resampler
    resampled = [total.resampled for total in (surplus, size, ties, untied) if total.resampled is not None]
    if resampled:
        with np.errstate(invalid="ignore", divide="ignore"):
            tau = resampled[0] / np.sqrt((resampled[1] - resampled[2]) * resampled[3])
        low, high = resampler.interval(mean_over_groups(tau))
    else:
        influence = _influence(cell.people, value, defined, below, (surplus, size, ties, untied))
        low, high = normal_interval(value, influence, resampler)
    return replace(row, value=value, low=low, high=high)


def _influence(people: People, value: float, defined: Bools, below: Floats, totals: Sequence[Total]) -> Floats:
    """∂(group-averaged tau-b)/∂w_c, (C,): of surplus/√(untied by people · untied by the metric)."""
    surplus, size, ties, untied = totals
    inverse = np.where(defined, 1 / np.where(defined, below, 1), 0.0)
    tau = surplus.counts * inverse
    if people.within_clusters:
        return of_groups(people, np.where(defined, tau - value, 0.0) / defined.sum())
    group = people.group
    of_surplus, of_size, of_ties, of_untied = slopes(*totals)
    shares = (of_size - of_ties) / np.maximum(size.counts - ties.counts, 1)[group] + of_untied / np.maximum(untied.counts, 1)[
        group
    ]
    return by_cluster(people, of_surplus * inverse[group] - tau[group] / 2 * shares) / defined.sum()


def _in_place_of(note: str | None, other: str | None) -> str | None:
    """The note with other words than those on the interval's kind."""
    return join(*(other if part == FIRST_ORDER else part for part in (note or "").split("; ")))
