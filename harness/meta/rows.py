"""MetaRows of one cell: every statistic of every metric on the pairs of one slice, criterion and grouping."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace as with_fields
from typing import Any

import numpy as np
from msgspec.structs import replace

from harness.meta.ahead import weigh_ahead
from harness.meta.columns import Column
from harness.meta.compare import Difference, Key, compare, ranks
from harness.meta.correlation_rows import correlations
from harness.meta.judging import STATISTICS, Judged, eligible_pairs, estimate, judge_column, universe_of
from harness.meta.notes import join
from harness.meta.options import MetaOptions
from harness.meta.support import Estimate
from harness.meta.task import CellTask, counts, coverage
from harness.meta.ungrouped_compare import LargeDifference
from harness.records import MetaRow


def cell_rows(
    task: CellTask, columns: Sequence[Column], options: MetaOptions, fixed: Mapping[Key, Judged] | None = None
) -> tuple[list[MetaRow], dict[Key, Judged]]:
    """All rows of the cell, and each metric's verdicts (whose epsilons other slices may take over as `fixed`)."""
    known = fixed or {}
    judged = {column.key: judge_column(task.cell, column, options, known.get(column.key)) for column in columns}
    correlated = [found for column in columns for found in correlations(task, column, judged[column.key])]
    ahead = [sums for found in correlated for sums in found.to_weigh(task.cell.resampler)]
    weigh_ahead(task.cell, columns, judged, ahead)
    rows = list(_floor_rows(task))
    accuracies: dict[Key, Estimate] = {}
    order: dict[Key, float] = {}
    place: dict[Key, int] = {}
    for column in columns:
        for row, found in _accuracy_rows(_noted(task, column, judged[column.key], options), column, judged[column.key]):
            if row.statistic == "accuracy" and row.support == "own":
                accuracies[column.key], place[column.key] = found, len(rows)
            if row.statistic == "accuracy" and row.value is not None:
                order[column.key] = row.value  # where scores are missing, the bound that counts them wrong comes last
            rows.append(row)
    rows.extend(found.finished(task.cell.resampler) for found in correlated)
    differences = compare(task.cell, columns, judged, options, task.within_clusters, accuracies)
    rows.extend(difference_row(task.base, found, counts(task, found.pairs)) for found in differences)
    if task.within_clusters:
        for key, cluster in ranks(columns, order, differences, options.alpha).items():
            rows[place[key]] = replace(rows[place[key]], rank_cluster=cluster)
    return rows, judged


def _noted(task: CellTask, column: Column, judged: Judged, options: MetaOptions) -> CellTask:
    """The task with a note where the random sentinel was drawn less often than was asked for."""
    if column.values is not None or judged.scale >= options.random_draws:
        return task
    note = join(task.base.note, f"mean of {judged.scale} draws, as there are many outputs")
    return with_fields(task, base=replace(task.base, note=note))


def floor(tie_rate: Any) -> Any:
    """What a metric that ties a random share of pairs gets at best: max(t, (1 - t)/2), t being people's tie rate."""
    return np.maximum(tie_rate, (1 - tie_rate) / 2)


def _floor_rows(task: CellTask) -> Iterator[MetaRow]:
    ties = task.cell.ties
    found = counts(task, np.ones(len(task.cell.pairs), dtype=bool))
    yield replace(task.base, statistic="tie_floor", value=ties.value, low=ties.low, high=ties.high, **found)
    if ties.value is not None:
        low, high = (None, None) if ties.resampled is None else task.cell.resampler.interval(floor(ties.resampled))
        yield replace(task.base, statistic="floor", value=float(floor(ties.value)), low=low, high=high, **found)


def _accuracy_rows(task: CellTask, column: Column, result: Judged) -> Iterator[tuple[MetaRow, Estimate]]:
    """Rows with their estimates: on the metric's own support, and with missing scores counted wrong where there are any."""
    cell = task.cell
    base = replace(task.base, metric=column.signature, component=column.component, coverage=coverage(task, column))
    eligible = eligible_pairs(cell, column)
    for statistic in STATISTICS:
        support = result.support(statistic)
        few = result.choices if statistic == "accuracy_heldout" else None
        found = estimate(cell, result.right[statistic], support, result.scale, few)
        epsilon = {"accuracy_raw": 0.0, "accuracy": result.epsilon}.get(statistic)
        row = replace(base, statistic=statistic, support="own", epsilon=epsilon, **counts(task, support))
        yield replace(row, value=found.value, low=found.low, high=found.high), found
        if bool((eligible & ~result.valid).any()):
            universe = universe_of(cell, eligible, statistic)
            bound = estimate(cell, result.right[statistic] * support, universe, result.scale, few)
            row = replace(base, statistic=statistic, support="missing-wrong", epsilon=epsilon, **counts(task, universe))
            yield replace(row, value=bound.value, low=bound.low, high=bound.high), bound
        if statistic == "accuracy":
            yield from _above_floor(task, base, found, result)


def _above_floor(task: CellTask, base: MetaRow, found: Estimate, result: Judged) -> Iterator[tuple[MetaRow, Estimate]]:
    cell = task.cell
    ties = cell.ties if bool(result.valid.all()) else estimate(cell, cell.human_tie, result.valid)
    if found.value is None or ties.value is None:
        return
    level = float(floor(ties.value))
    row = replace(base, statistic="above_floor", support="own", epsilon=result.epsilon, **counts(task, result.valid))
    if level >= 1:
        yield replace(row, value=None, note="people tie every pair, so nothing can be above the floor"), found
        return
    low = high = None
    if found.resampled is not None and ties.resampled is not None:
        levels = floor(ties.resampled)
        if (
            found.resampled.min() == found.resampled.max()
        ):  # every resample is alike: the exact interval, on the scale above the floor
            low, high = (None if end is None else (end - level) / (1 - level) for end in (found.low, found.high))
        else:
            with np.errstate(invalid="ignore", divide="ignore"):
                low, high = cell.resampler.interval((found.resampled - levels) / (1 - levels))
    yield replace(row, value=(found.value - level) / (1 - level), low=low, high=high), found


def difference_row(base: MetaRow, difference: Difference | LargeDifference, counted: Mapping[str, Any]) -> MetaRow:
    """The row of a difference between two metrics; `counted`: the data it rests on, as fields of a row."""
    first, second = difference.first, difference.second
    return replace(
        base,
        metric=first.signature,
        component=first.component,
        against=second.signature,
        statistic="accuracy_difference",
        value=difference.value,
        low=difference.low,
        high=difference.high,
        support=difference.support,
        p=difference.p,
        p_adjusted=difference.p_adjusted,
        **counted,
    )
