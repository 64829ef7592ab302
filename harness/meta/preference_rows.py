"""MetaRows of metrics held against human preferences, or against answers that are better by construction."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from harness.meta.columns import MetricSummary
from harness.meta.compare import Key
from harness.meta.judging import Cell, Judged, estimate
from harness.meta.notes import same_as_another
from harness.meta.pairs import Bools
from harness.meta.preferences import JudgedPairs, majority, verdicts
from harness.meta.rows import CellTask, cell_rows
from harness.meta.slices import Slice
from harness.meta.table import Table
from harness.records import MetaRow, Score

GROUPING = "preference"


def preference_rows(table: Table, criterion: str, scores: Sequence[Score], metrics: Sequence[MetricSummary]) -> Iterator[MetaRow]:
    """All rows of one criterion of preferences: pooled over pairs, every slice, metrics and direct verdicts."""
    judged_pairs = majority(table.data.preferences, criterion, table.position)
    raters = "construction" if table.data.info.constructed else "majority"
    base = table.base(criterion, GROUPING, raters)
    if judged_pairs.unresolved:
        note = f"{judged_pairs.unresolved} pairs without a strict majority of raters are left out"
        yield replace(base, statistic="unresolved", value=float(judged_pairs.unresolved), note=note)
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
        rows, judged = cell_rows(CellTask(cell, start, table.item, None, True), table.columns, table.options, fixed)
        rows.extend(_tie_rows(table, start, cell, judged))
        rows.extend(_verdict_rows(start, cell, subset, scores, metrics, table))
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


def _tie_rows(table: Table, base: MetaRow, cell: Cell, judged: Mapping[Key, Judged]) -> Iterator[MetaRow]:
    """Accuracy where people prefer one side, and how often a metric ties, apart from each other (epsilon 0)."""
    untied = ~cell.human_tie
    for column in table.columns:
        if column.values is None:
            continue
        result = judged[column.key]
        values = column.values
        tie = (values[cell.pairs.left] == values[cell.pairs.right]) & result.valid
        row = replace(base, metric=column.signature, component=column.component, support="own", epsilon=0.0)
        for statistic, right, support in (
            ("accuracy_untied", result.right["accuracy_raw"], result.valid & untied),
            ("metric_tie_rate", tie.astype(np.int64), result.valid),
        ):
            found = estimate(cell, right, support)
            counts = {"n_items": found.n_groups, "n_clusters": found.n_clusters, "n_pairs": found.n_pairs}
            yield replace(row, statistic=statistic, value=found.value, low=found.low, high=found.high, **counts)


def _verdict_rows(
    base: MetaRow, cell: Cell, pairs: JudgedPairs, scores: Sequence[Score], metrics: Sequence[MetricSummary], table: Table
) -> Iterator[MetaRow]:
    """Direct verdicts of pair metrics: inconsistent orders wrong in one column, a tie in the other; never calibrated."""
    for metric in metrics:
        if metric.unit != "pair":
            continue
        sign = 1.0 if metric.higher_is_better else -1.0
        said = {
            (table.position[s.targets[0]], table.position[s.targets[1]]): sign * s.value
            for s in scores
            if s.metric == metric.signature and s.value is not None and len(s.targets) == 2
        }
        found = verdicts(pairs, said)
        agree = found.signs == pairs.signs
        whole = np.ones(len(pairs.left), dtype=bool)
        columns = {
            "accuracy_raw": agree,
            "accuracy_inconsistent_as_tie": agree | (found.inconsistent & (pairs.signs == 0)),
            "inconsistent_rate": found.inconsistent,
        }
        answered = np.isfinite(found.signs) | found.inconsistent
        for statistic, right in columns.items():
            item = estimate(cell, right.astype(np.int64), whole)
            row = replace(
                base, metric=metric.signature, statistic=statistic, support="missing-wrong", coverage=float(answered.mean())
            )
            counts = {"n_items": item.n_groups, "n_clusters": item.n_clusters, "n_pairs": item.n_pairs}
            yield replace(row, value=item.value, low=item.low, high=item.high, **counts)
