"""MetaRows of a cell too large for its pairs to be made: the same statistics, from outputs alone."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from harness.meta.columns import Column
from harness.meta.compare import Key
from harness.meta.judging import STATISTICS, Judged
from harness.meta.notes import join
from harness.meta.options import MetaOptions
from harness.meta.rows import difference_row, floor
from harness.meta.ungrouped_compare import compare_large, rank_large
from harness.meta.ungrouped_correlation_rows import large_correlation_rows
from harness.meta.ungrouped_estimates import (
    Estimated,
    bent,
    normal_interval,
    share,
)
from harness.meta.ungrouped_judging import ByScores, Verdicts, eligible_outputs, judge_large
from harness.meta.ungrouped_task import LargeTask, large_coverage
from harness.records import MetaRow

_BEND = 1 / 3  # of the floor


def large_cell_rows(
    task: LargeTask, columns: Sequence[Column], options: MetaOptions, fixed: Mapping[Key, Judged] | None = None
) -> tuple[list[MetaRow], dict[Key, Judged]]:
    """All rows of the cell, and the epsilons that other slices may take over as `fixed`."""
    known = fixed or {}
    rows = list(_floor_rows(task))
    judged: dict[Key, Verdicts] = {}
    own: dict[Key, Estimated] = {}
    order: dict[Key, float] = {}
    place: dict[Key, int] = {}
    for column in columns:
        verdicts = judged[column.key] = judge_large(task.cell, column, known.get(column.key))
        for row, found in _accuracy_rows(task, column, verdicts):
            if row.statistic == "accuracy":
                if row.support == "own":
                    own[column.key], place[column.key] = found, len(rows)
                if row.value is not None:
                    order[column.key] = row.value  # where scores are missing, the bound that counts them wrong comes last
            rows.append(row)
        if isinstance(verdicts, ByScores) and not verdicts.random:
            rows.extend(large_correlation_rows(task, column, verdicts))
    differences = compare_large(task.cell, columns, judged, own)
    rows.extend(difference_row(task.base, found, task.counts(found.keep)[1]) for found in differences)
    if task.cell.people.within_clusters:
        for key, cluster in rank_large(columns, order, differences, options.alpha).items():
            rows[place[key]] = replace(rows[place[key]], rank_cluster=cluster)
    taken = {key: verdicts.fixed() for key, verdicts in judged.items()}
    return rows, {key: one for key, one in taken.items() if one is not None}


def _floor_rows(task: LargeTask) -> Iterator[MetaRow]:
    cell = task.cell
    data, counts = task.counts(cell.people.everyone)
    ties = share(cell, cell.ties(cell.people.everyone), cell.size(cell.people.everyone), data)
    yield replace(task.base, statistic="tie_floor", value=ties.value, low=ties.low, high=ties.high, **counts)
    if ties.value is not None:
        low, high = bent(ties, floor, _BEND, cell.tally.resampler)
        yield replace(task.base, statistic="floor", value=float(floor(ties.value)), low=low, high=high, **counts)


def _accuracy_rows(task: LargeTask, column: Column, result: Verdicts) -> Iterator[tuple[MetaRow, Estimated]]:
    """Rows with their estimates: on the metric's own support, and with missing scores counted wrong where there are any."""
    cell = task.cell
    base = replace(task.base, metric=column.signature, component=column.component, coverage=large_coverage(cell, column))
    eligible = eligible_outputs(cell, column)
    everywhere = np.ones(cell.people.folds, dtype=bool)
    missing = cell.size(eligible).counts.sum() > cell.size(result.keep & eligible).counts.sum()
    for statistic in STATISTICS:
        folds = result.tested if statistic == "accuracy_heldout" else None
        data, counts = task.counts(result.keep, folds)
        counts["note"] = join(counts["note"], result.notes.get(statistic))
        right = result.right(statistic, result.keep)
        found = share(cell, right, cell.size(result.keep, folds), data, result.scale)
        epsilon = {"accuracy_raw": 0.0, "accuracy": result.epsilon}.get(statistic)
        row = replace(base, statistic=statistic, support="own", epsilon=epsilon, **counts)
        yield replace(row, value=found.value, low=found.low, high=found.high), found
        if missing:
            universe = everywhere if statistic == "accuracy_heldout" else None
            data, counts = task.counts(eligible, universe)
            bound = share(cell, right, cell.size(eligible, universe), data, result.scale)
            row = replace(base, statistic=statistic, support="missing-wrong", epsilon=epsilon, **counts)
            yield replace(row, value=bound.value, low=bound.low, high=bound.high), bound
        if statistic == "accuracy":
            yield from _above_floor(task, base, found, result)


def _above_floor(task: LargeTask, base: MetaRow, found: Estimated, result: Verdicts) -> Iterator[tuple[MetaRow, Estimated]]:
    cell = task.cell
    data, counts = task.counts(result.keep)
    ties = share(cell, cell.ties(result.keep), cell.size(result.keep), data)
    if found.value is None or ties.value is None:
        return
    level = float(floor(ties.value))
    row = replace(base, statistic="above_floor", support="own", epsilon=result.epsilon, **counts)
    if level >= 1:
        yield replace(row, value=None, note="people tie every pair, so nothing can be above the floor"), found
        return
    value = (found.value - level) / (1 - level)
    low = high = None
    if found.resampled is not None and ties.resampled is not None and found.resampled.min() != found.resampled.max():
        levels = floor(ties.resampled)
        with np.errstate(invalid="ignore", divide="ignore"):
            low, high = cell.tally.resampler.interval((found.resampled - levels) / (1 - levels))
    elif found.influence is not None and ties.influence is not None and found.influence.any():
        moved = ties.influence * (1.0 if ties.value >= _BEND else -0.5)
        influence = found.influence / (1 - level) - moved * (1 - found.value) / (1 - level) ** 2
        low, high = normal_interval(value, influence, cell.tally.resampler)
    else:  # every resample is alike: the exact interval, on the scale above the floor
        low, high = (None if end is None else (end - level) / (1 - level) for end in (found.low, found.high))
    yield replace(row, value=value, low=low, high=high), found
