"""MetaRows of metrics held against human preferences, or against answers that are better by construction."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from harness.meta.columns import Column, MetricSummary
from harness.meta.compare import Key
from harness.meta.judging import Judged, estimate
from harness.meta.notes import same_as_another
from harness.meta.pairs import Bools, Ints, order_pairs
from harness.meta.preferences import JudgedPairs, majority, verdicts
from harness.meta.rows import cell_rows
from harness.meta.slices import Slice
from harness.meta.table import Table
from harness.meta.task import CellTask, counts, coverage
from harness.records import MetaRow, Score
from harness.score_table import ScoreTable

GROUPING = "preference"


def preference_rows(table: Table, criterion: str, scores: Sequence[Score], metrics: Sequence[MetricSummary]) -> Iterator[MetaRow]:
    """All rows of one criterion of preferences: pooled over pairs, every slice, metrics and direct verdicts."""
    judged_pairs = majority(table.data.preferences, criterion, table.position)
    raters = "construction" if table.data.info.constructed else "majority"
    base = table.base(criterion, GROUPING, raters)
    if judged_pairs.unresolved:
        yield _unresolved_row(table, base, judged_pairs)
    fixed: Mapping[Key, Judged] | None = None
    known: dict[bytes, list[MetaRow]] = {}
    for part in table.slices:
        chosen = _inside(judged_pairs, part)
        start = replace(base, slice=part.label, note=_note(table, part))
        if not chosen.any():
            yield replace(start, statistic="accuracy", note="no data")
            continue
        if chosen.tobytes() in known:
            again = known[chosen.tobytes()]
            yield from (replace(row, slice=part.label, note=same_as_another("pairs", start.note, row.note)) for row in again)
            continue
        subset = JudgedPairs(judged_pairs.left[chosen], judged_pairs.right[chosen], judged_pairs.signs[chosen], 0, 0)
        cell = table.cell_of(subset.pairs(), np.full(len(table.item), np.nan), subset.signs)
        task = CellTask(cell, start, table.item, None, True)
        rows, judged = cell_rows(task, table.columns, table.options, fixed)
        rows.extend(_tie_rows(task, table.columns, judged))
        rows.extend(_verdict_rows(task, subset, scores, metrics, table.position))
        if part.label == "all" and table.options.epsilon_scope == "global":
            fixed = judged
        known[chosen.tobytes()] = rows
        yield from rows


def _inside(pairs: JudgedPairs, part: Slice) -> Bools:
    return part.outputs[pairs.left] & part.outputs[pairs.right]


def _note(table: Table, part: Slice) -> str | None:
    if table.data.info.constructed:
        return "better by construction, not by human judgment"
    return None if part.label == "all" else "exploratory"


def _unresolved_row(table: Table, base: MetaRow, pairs: JudgedPairs) -> MetaRow:
    """How many of the pairs that someone answered have no strict majority."""
    answered = [p for p in table.data.preferences if p.criterion == base.criterion and p.winner is not None]
    outputs = [table.position[preference.output_a] for preference in answered]
    return replace(
        base,
        statistic="unresolved",
        value=float(pairs.unresolved),
        n_items=len(np.unique(table.item[outputs])),
        n_clusters=len(np.unique(table.cluster[outputs])),
        n_pairs=len(pairs.left) + pairs.unresolved,
        note=f"{pairs.unresolved} pairs without a strict majority of raters are left out",
    )


def _tie_rows(task: CellTask, columns: Sequence[Column], judged: Mapping[Key, Judged]) -> Iterator[MetaRow]:
    """Accuracy where people prefer one side, and how often a metric ties, apart from each other (epsilon 0)."""
    cell = task.cell
    for column in columns:
        values, valid = column.values, judged[column.key].valid
        if values is None:
            continue
        tie = np.zeros(len(valid), dtype=bool)
        tie[valid] = order_pairs(cell.pairs.where(valid), cell.signs[valid], values, cell.gap_tolerance).gap == 0
        row = replace(
            task.base, metric=column.signature, component=column.component, epsilon=0.0, coverage=coverage(task, column)
        )
        yield _row(
            task, replace(row, statistic="accuracy_untied"), judged[column.key].right["accuracy_raw"], valid & ~cell.human_tie
        )
        yield _row(task, replace(row, statistic="metric_tie_rate"), tie, valid)


def _verdict_rows(
    task: CellTask, pairs: JudgedPairs, scores: Sequence[Score], metrics: Sequence[MetricSummary], position: Mapping[str, int]
) -> Iterator[MetaRow]:
    """Direct verdicts of pair metrics: inconsistent orders wrong in one column, a tie in the other; never calibrated.

    Where verdicts are missing, a second row of each counts them as wrong (or as not inconsistent).
    """
    for metric in metrics:
        if metric.unit != "pair":
            continue
        found = verdicts(pairs, _verdict_values(metric, scores, position))
        agree = found.signs == pairs.signs
        answered = np.isfinite(found.signs) | found.inconsistent
        columns = {
            "accuracy_raw": agree,
            "accuracy_inconsistent_as_tie": agree | (found.inconsistent & (pairs.signs == 0)),
            "inconsistent_rate": found.inconsistent,
        }
        row = replace(task.base, metric=metric.signature, coverage=float(answered.mean()))
        for statistic, right in columns.items():
            yield _row(task, replace(row, statistic=statistic), right, answered)
            if not answered.all():
                yield _row(task, replace(row, statistic=statistic), right, np.ones(len(right), dtype=bool), "missing-wrong")


def _verdict_values(metric: MetricSummary, scores: Sequence[Score], position: Mapping[str, int]) -> dict[tuple[int, int], float]:
    """(first shown, second shown) → the metric's main component, positive where the first is better, nan where it is missing."""
    main = metric.components[0] if metric.components else None
    sign = 1.0 if metric.higher_is_better else -1.0
    block = ScoreTable.of(scores).block(metric.signature, main)
    return {
        (position[score.targets[0]], position[score.targets[1]]): math.nan if score.value is None else sign * score.value
        for score in (block.scores() if block is not None else ())
        if len(score.targets) == 2
    }


def _row(task: CellTask, row: MetaRow, right: Bools | Ints, keep: Bools, support: str = "own") -> MetaRow:
    """The row with the share of right pairs among those that `keep` marks, its interval, and how many they are."""
    found = estimate(task.cell, right.astype(np.int64), keep)
    return replace(row, support=support, value=found.value, low=found.low, high=found.high, **counts(task, keep))
