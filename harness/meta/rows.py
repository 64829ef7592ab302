"""MetaRows of one cell: every statistic of every metric on the pairs of one slice, criterion and grouping."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec.structs import replace

from harness.meta import correlation
from harness.meta.columns import Column
from harness.meta.compare import Key, compare, ranks
from harness.meta.judging import STATISTICS, Cell, Estimate, Judged, estimate, judge, judge_random
from harness.meta.options import MetaOptions
from harness.meta.pairs import Bools, Floats, Ints, order_pairs
from harness.meta.resampling import in_chunks
from harness.records import MetaRow

MAX_WEIGHTED = 400_000_000  # outputs × resamples up to which correlations that cross clusters get an interval


@dataclass(frozen=True)
class CellTask:
    """A cell with what its rows need: the row they start from, each output's item and correlation group (-1: in none)."""

    cell: Cell
    base: MetaRow
    item: Ints
    group: Ints | None
    within_clusters: bool


def cell_rows(
    task: CellTask, columns: Sequence[Column], options: MetaOptions, fixed: Mapping[Key, Judged] | None = None
) -> tuple[list[MetaRow], dict[Key, Judged]]:
    """All rows of the cell, and each metric's verdicts (whose epsilons other slices may take over as `fixed`)."""
    cell = task.cell
    judged: dict[Key, Judged] = {}
    for column in columns:
        if column.values is None:
            judged[column.key] = judge_random(cell, len(task.item), options.random_draws, options.seed)
        else:
            judged[column.key] = judge(cell, column.values, None if fixed is None else fixed.get(column.key))
    rows = list(_floor_rows(task))
    order: dict[Key, float] = {}
    accuracies: dict[Key, int] = {}
    for column in columns:
        result = judged[column.key]
        for row in _accuracy_rows(task, column, result):
            if row.statistic == "accuracy" and row.support == "own" and row.value is not None:
                accuracies[column.key] = len(rows)
                order.setdefault(column.key, row.value)
            if row.statistic == "accuracy" and row.support == "missing-wrong" and row.value is not None:
                order[column.key] = row.value
            rows.append(row)
        if task.group is not None and column.values is not None:
            rows.extend(_correlation_rows(task, column, result))
    differences = compare(cell, columns, judged, options, task.within_clusters)
    for difference in differences:
        rows.append(
            replace(
                task.base,
                metric=difference.first.signature,
                component=difference.first.component,
                against=difference.second.signature,
                statistic="accuracy_difference",
                value=difference.value,
                low=difference.low,
                high=difference.high,
                support="common",
                p=difference.p,
                p_adjusted=difference.p_adjusted,
                **_counts(task, difference.support, judged[difference.first.key].valid & judged[difference.second.key].valid),
            )
        )
    for key, cluster in ranks(columns, order, differences, options.alpha).items():
        if key in accuracies:
            rows[accuracies[key]] = replace(rows[accuracies[key]], rank_cluster=cluster)
    return rows, judged


def floor(tie_rate: Any) -> Any:
    """What a metric that ties a random share of pairs gets at best: max(t, (1 - t)/2), t being people's tie rate."""
    return np.maximum(tie_rate, (1 - tie_rate) / 2)


def _floor_rows(task: CellTask) -> Iterator[MetaRow]:
    whole = np.ones(len(task.cell.pairs), dtype=bool)
    ties = estimate(task.cell, task.cell.human_tie.astype(np.int64), whole)
    counts = _counts(task, ties, whole)
    yield replace(task.base, statistic="tie_floor", value=ties.value, low=ties.low, high=ties.high, **counts)
    if ties.value is not None:
        low, high = (None, None) if ties.resampled is None else task.cell.resampler.interval(floor(ties.resampled))
        yield replace(task.base, statistic="floor", value=float(floor(ties.value)), low=low, high=high, **counts)


def _accuracy_rows(task: CellTask, column: Column, result: Judged) -> Iterator[MetaRow]:
    cell = task.cell
    base = replace(task.base, metric=column.signature, component=column.component, coverage=_coverage(task, column))
    for statistic in STATISTICS:
        support = result.support(statistic)
        found = estimate(cell, result.right[statistic], support, result.scale)
        epsilon = {"accuracy_raw": 0.0, "accuracy": result.epsilon}.get(statistic)
        row = replace(base, statistic=statistic, support="own", epsilon=epsilon, **_counts(task, found, support))
        yield replace(row, value=found.value, low=found.low, high=found.high)
        eligible = _eligible_pairs(task, column)
        if not result.valid.all() and bool((eligible & ~result.valid).any()):
            universe = eligible & (_in_fold(cell) if statistic == "accuracy_heldout" else True)
            bound = estimate(cell, result.right[statistic] * result.support(statistic), universe, result.scale)
            row = replace(base, statistic=statistic, support="missing-wrong", epsilon=epsilon, **_counts(task, bound, universe))
            yield replace(row, value=bound.value, low=bound.low, high=bound.high)
        if statistic == "accuracy":
            yield from _above_floor(task, base, found, result)


def _above_floor(task: CellTask, base: MetaRow, found: Estimate, result: Judged) -> Iterator[MetaRow]:
    ties = estimate(task.cell, task.cell.human_tie.astype(np.int64) * result.valid, result.valid)
    if found.value is None or ties.value is None:
        return
    level = float(floor(ties.value))
    row = replace(base, statistic="above_floor", support="own", epsilon=result.epsilon, **_counts(task, found, result.valid))
    if level >= 1:
        yield replace(row, value=None, note="people tie every pair, so nothing can be above the floor")
        return
    low = high = None
    if found.resampled is not None and ties.resampled is not None:
        levels = floor(ties.resampled)
        with np.errstate(invalid="ignore", divide="ignore"):
            low, high = task.cell.resampler.interval((found.resampled - levels) / (1 - levels))
    yield replace(row, value=(found.value - level) / (1 - level), low=low, high=high)


def _correlation_rows(task: CellTask, column: Column, result: Judged) -> Iterator[MetaRow]:
    cell, values = task.cell, column.values
    assert values is not None and task.group is not None
    group = np.where(np.isfinite(values), task.group, -1)
    n_groups = int(task.group.max(initial=-1)) + 1
    whole = bool(result.valid.all())
    pairs = cell.pairs if whole else cell.pairs.where(result.valid)
    ordered = order_pairs(pairs, cell.signs[result.valid], values, cell.gap_tolerance)
    kept = group >= 0
    held = np.where(np.bincount(group[kept], minlength=n_groups) > 1)[0]
    place = np.full(n_groups, -1)
    place[held] = np.arange(len(held))
    group = np.where(kept, place[group], -1)
    found = {
        "kendall_b": correlation.kendall_b(pairs, ordered),
        "spearman": correlation.spearman(*_inside(group, len(held), cell.human, values)),
        "pearson": correlation.pearson(*_inside(group, len(held), cell.human, values)),
    }
    for statistic, grouped in found.items():
        undefined = (
            int((~grouped.defined).sum()) if statistic != "kendall_b" else int((~grouped.defined & (pairs.sizes > 0)).sum())
        )
        low, high = (
            (None, None) if grouped.mean is None else _correlation_interval(task, statistic, grouped, group, values, result)
        )
        row = replace(task.base, metric=column.signature, component=column.component, statistic=statistic, support="own")
        note = f"undefined in {undefined} groups where one side is constant" if undefined else row.note
        counts = _counts_of(task, result.valid)
        yield replace(row, value=grouped.mean, low=low, high=high, coverage=_coverage(task, column), **{**counts, "note": note})


def _inside(group: Ints, n_groups: int, human: Floats, values: Floats) -> tuple[Ints, int, Floats, Floats]:
    keep = group >= 0
    return group[keep], n_groups, human[keep], values[keep]


def _correlation_interval(
    task: CellTask, statistic: str, grouped: correlation.Grouped, group: Ints, values: Floats, result: Judged
) -> tuple[float | None, float | None]:
    cell = task.cell
    resampler = cell.resampler
    if task.within_clusters:
        first = np.full(len(grouped.values), -1)
        if statistic == "kendall_b":
            first[cell.pairs.group[result.valid]] = cell.pairs.left[result.valid]
        else:
            first[group[group >= 0]] = np.flatnonzero(group >= 0)
        defined = grouped.defined & (first >= 0)
        return resampler.interval(resampler.mean(grouped.values, resampler.cluster[first], defined))
    if statistic == "kendall_b":
        return _kendall_interval(task, values, result)
    if len(values) * resampler.resamples > MAX_WEIGHTED:
        return None, None
    ranks = statistic == "spearman"

    def chunk(rows: slice) -> Floats:
        parts = []
        for code in range(len(grouped.values)):
            here = np.flatnonzero(group == code)
            weights = resampler.weights[rows][:, resampler.cluster[here]].astype(np.float64)
            parts.append(correlation.weighted_correlation(weights, cell.human[here], values[here], ranks))
        with np.errstate(invalid="ignore"):
            stacked = np.stack(parts)
            defined = np.isfinite(stacked)
            return np.nansum(stacked, axis=0) / np.where(defined.any(axis=0), defined.sum(axis=0), np.nan)

    return resampler.interval(in_chunks(chunk, resampler.resamples, len(values)))


def _kendall_interval(task: CellTask, values: Floats, result: Judged) -> tuple[float | None, float | None]:
    cell = task.cell
    pairs = cell.pairs.where(result.valid)
    ordered = order_pairs(pairs, cell.signs[result.valid], values, cell.gap_tolerance)
    metric_tie = ordered.gap == 0
    discordant = ~(ordered.human_tie | metric_tie | ordered.concordant)
    flags = np.stack([ordered.concordant.astype(np.int64) - discordant, ~ordered.human_tie, ~metric_tie])
    sums = cell.resampler.group_sums(pairs, flags, np.flatnonzero(pairs.sizes))
    if sums is None:
        return None, None
    with np.errstate(invalid="ignore", divide="ignore"):
        tau = sums[0] / np.sqrt(sums[1] * sums[2])
        defined = np.isfinite(tau)
        mean = np.where(defined, tau, 0.0).sum(axis=1) / np.where(defined.any(axis=1), defined.sum(axis=1), np.nan)
    return cell.resampler.interval(mean)


def _in_fold(cell: Cell) -> Bools:
    return cell.fold_left == cell.fold_right


def _eligible_pairs(task: CellTask, column: Column) -> Bools:
    pairs = task.cell.pairs
    if column.eligible is None:
        return np.ones(len(pairs), dtype=bool)
    return column.eligible[pairs.left] & column.eligible[pairs.right]


def _coverage(task: CellTask, column: Column) -> float | None:
    """Share of the cell's eligible outputs that have a score."""
    if column.values is None:
        return 1.0
    reached = np.unique(np.concatenate([task.cell.pairs.left, task.cell.pairs.right]))
    if column.eligible is not None:
        reached = reached[column.eligible[reached]]
    return float(np.isfinite(column.values[reached]).mean()) if len(reached) else None


def _counts(task: CellTask, found: Estimate, support: Bools) -> dict[str, Any]:
    return {**_counts_of(task, support), "n_clusters": found.n_clusters, "n_pairs": found.n_pairs}


def _counts_of(task: CellTask, support: Bools) -> dict[str, Any]:
    pairs = task.cell.pairs
    reached = np.unique(np.concatenate([pairs.left[support], pairs.right[support]]))
    items = len(np.unique(task.item[reached]))
    counts: dict[str, Any] = {
        "n_items": items,
        "n_clusters": len(np.unique(task.cell.resampler.cluster[reached])),
        "n_pairs": int(support.sum()),
    }
    if 0 < items < 100 and task.base.note is None:
        counts["note"] = "approximate interval: under 100 items"
    return counts


Progress = Callable[[str, int, int], None]
