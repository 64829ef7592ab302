"""Holds every metric's scores against what people said: JudgmentSet and Scores in, MetaRows out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace as with_fields
from typing import Any

import numpy as np
from msgspec.structs import replace

from harness.errors import HarnessError, did_you_mean
from harness.judgments import JudgmentSet
from harness.meta.agreement_rows import agreement_rows, preference_agreement_rows
from harness.meta.columns import MetricSummary, of_systems
from harness.meta.compare import Key
from harness.meta.crosslingual import crosslingual_rows
from harness.meta.human_level import human_level_rows
from harness.meta.judging import Judged
from harness.meta.notes import same_as_another
from harness.meta.options import MetaOptions
from harness.meta.pairs import Floats
from harness.meta.preference_rows import preference_rows
from harness.meta.rows import cell_rows
from harness.meta.slices import Slice, check_dimensions
from harness.meta.system_level import system_rows
from harness.meta.table import Table
from harness.meta.targets import Target, ratings_on, targets
from harness.meta.task import CellTask
from harness.meta.ungrouped_cell import large_cell
from harness.meta.ungrouped_rows import LargeTask, large_cell_rows
from harness.records import MetaRow, Score
from harness.store import TABLES

__all__ = ["MetricSummary", "check_options", "metaevaluate", "summarise"]

Progress = Callable[[str, int, int], None]
CONSTRUCTION = "construction"


def summarise(metric: Any) -> MetricSummary:
    """The summary of a built metric (`harness.stages.score.BuiltMetric`)."""
    spec = metric.spec
    return MetricSummary(metric.signature, spec.name, spec.components, spec.higher_is_better, spec.needs, spec.unit)


def check_options(data: JudgmentSet, options: MetaOptions) -> None:
    """Raises HarnessError for what the set cannot give: an unknown criterion or slice dimension, nothing judged at all.

    Cheap, so that a command can refuse before it scores anything.
    """
    for criterion in options.criteria:
        if criterion not in data.criteria:
            raise HarnessError(f"{data.info.name} has no criterion {criterion!r}.{did_you_mean(criterion, data.criteria)}")
    if not data.judgments and not data.preferences:
        raise HarnessError(f"{data.info.name} holds no ratings and no preferences, so there is nothing to compare metrics with")
    check_dimensions(options.slices)


def metaevaluate(
    data: JudgmentSet,
    scores: Sequence[Score],
    metrics: Sequence[MetricSummary],
    options: MetaOptions | None = None,
    *,
    progress: Progress | None = None,
) -> list[MetaRow]:
    """Every statistic of every metric, criterion, slice and grouping, in the order of the table `meta`.

    Raises HarnessError for a criterion that the set does not have, and when there is neither a rating nor a preference.
    """
    options = options or MetaOptions()
    check_options(data, options)
    table = Table.of(data, scores, metrics, options)
    wanted = options.criteria or data.criteria
    rated = {judgment.criterion for judgment in data.judgments}
    preferred = {preference.criterion for preference in data.preferences}
    rows: list[MetaRow] = []
    steps = [(c, "ratings") for c in wanted if c in rated] + [(c, "preferences") for c in wanted if c in preferred]
    for done, (criterion, kind) in enumerate(steps):
        if progress is not None:
            progress("meta-evaluating", done, len(steps))
        if kind == "ratings":
            rows.extend(_rating_rows(table, criterion))
            rows.extend(_left_out(table, criterion, metrics, criterion in preferred))
        else:
            rows.extend(preference_agreement_rows(table, criterion))
            rows.extend(preference_rows(table, criterion, scores, metrics))
    if progress is not None:
        progress("meta-evaluating", len(steps), len(steps))
    return sorted(rows, key=TABLES["meta"].key)


def _rating_rows(table: Table, criterion: str) -> Iterator[MetaRow]:
    data, options = table.data, table.options
    ratings = ratings_on(data.judgments, criterion, table.position)
    yield from agreement_rows(table, criterion, ratings)
    for target in targets(ratings, options.raters, data.info.primary_rater):
        if data.info.constructed:  # nobody was asked: whoever reads the rows must see it in each
            target = with_fields(target, raters=CONSTRUCTION if options.raters != "each" else f"{CONSTRUCTION}:{target.raters}")
        for grouping in options.groupings:
            sliced = table.slices if grouping == options.groupings[0] else table.slices[:1]
            yield from _grouping_rows(table, criterion, target, grouping, sliced)
        yield from _system_level(table, criterion, target)
        if "language" in options.slices:
            base = table.base(criterion, "item", target.raters)
            yield from crosslingual_rows(table, base, target.values)
    yield from human_level_rows(table, table.base(criterion, "item", None), ratings)


def _left_out(table: Table, criterion: str, metrics: Sequence[MetricSummary], preferred: bool) -> Iterator[MetaRow]:
    """A row without a value for each metric that has no number per output, so that none goes missing without a word."""
    for metric in metrics:
        if metric.unit == "output" or (metric.unit == "pair" and preferred):
            continue
        note = f"no data: the metric scores a {metric.unit} of outputs, and ratings are of single ones"
        yield replace(table.base(criterion, None, None), metric=metric.signature, statistic="accuracy", note=note)


def _grouping_rows(table: Table, criterion: str, target: Target, grouping: str, sliced: Sequence[Slice]) -> Iterator[MetaRow]:
    groups = {"item": table.item, "system": table.system, "none": np.zeros_like(table.item)}[grouping]
    base = table.base(criterion, grouping, target.raters)
    fixed: Mapping[Key, Judged] | None = None
    known: dict[bytes, list[MetaRow]] = {}
    values = _of_known_systems(table, target.values) if grouping == "system" else target.values
    rated = np.isfinite(values)
    for part in sliced:
        mask = (part.outputs & rated).tobytes()
        note = None if part.label == "all" else "exploratory"
        if mask in known:
            yield from (replace(row, slice=part.label, note=same_as_another("outputs", note, row.note)) for row in known[mask])
            continue
        start = replace(base, slice=part.label, note=note)
        large = large_cell(table, part.outputs, groups, values, grouping)
        if large is not None:
            rows, judged = large_cell_rows(LargeTask(large, start, table.item), table.columns, table.options, fixed)
            if part.label == "all" and table.options.epsilon_scope == "global":
                fixed = judged
            known[mask] = rows
            yield from rows
            continue
        cell = table.cell(part.outputs, groups, values)
        if cell is None:
            reason = "no data" if not (part.outputs & rated).any() else "no data: no two rated outputs can be compared"
            yield replace(start, statistic="accuracy", note=reason)
            continue
        group = np.where(part.outputs & rated, groups, -1)
        task = CellTask(cell, start, table.item, group, grouping == "item")
        rows, judged = cell_rows(task, table.columns, table.options, fixed)
        if part.label == "all" and table.options.epsilon_scope == "global":
            fixed = judged
        known[mask] = rows
        yield from rows


def _system_level(table: Table, criterion: str, target: Target) -> Iterator[MetaRow]:
    base = table.base(criterion, None, target.raters)
    values = _of_known_systems(table, target.values)
    rated = np.isfinite(values)
    for part in table.slices:
        if part.label != "all" and not part.label.startswith("systems="):
            continue
        here = part.outputs & rated
        if here.any():
            note = None if part.label == "all" else "exploratory"
            yield from system_rows(table, replace(base, slice=part.label, note=note), values, here)


def _of_known_systems(table: Table, values: Floats) -> Floats:
    """The values, nan where nobody knows an output's system: such outputs share a name, but are no system."""
    return np.where(of_systems(table.data, table.data.info.unknown_systems), np.nan, values)
