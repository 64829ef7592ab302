"""Holds every metric's scores against what people said: JudgmentSet and Scores in, MetaRows out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace as with_fields
from functools import partial
from typing import Any, NamedTuple

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
from harness.meta.pairs import Bools, Floats, Ints
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
from harness.stages.cores import Cores
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
            with Cores(len(table.item)) as cores:
                rows.extend(_rating_rows(table, criterion, cores))
            rows.extend(_left_out(table, criterion, metrics, criterion in preferred))
        else:
            rows.extend(preference_agreement_rows(table, criterion))
            rows.extend(preference_rows(table, criterion, scores, metrics))
    if progress is not None:
        progress("meta-evaluating", len(steps), len(steps))
    return sorted(rows, key=TABLES["meta"].key)


def _rating_rows(table: Table, criterion: str, cores: Cores) -> Iterator[MetaRow]:
    data, options = table.data, table.options
    ratings = ratings_on(data.judgments, criterion, table.position)
    yield from agreement_rows(table, criterion, ratings)
    for target in targets(ratings, options.raters, data.info.primary_rater):
        if data.info.constructed:  # nobody was asked: whoever reads the rows must see it in each
            target = with_fields(target, raters=CONSTRUCTION if options.raters != "each" else f"{CONSTRUCTION}:{target.raters}")
        found: list[Callable[[], list[MetaRow]]] = []
        for grouping in options.groupings:
            sliced = table.slices if grouping == options.groupings[0] else table.slices[:1]
            found += _grouping_rows(table, table.base(criterion, grouping, target.raters), target, sliced, cores)
        found += _system_level(table, criterion, target, cores)  # all is begun before anything is waited for
        for rows in found:
            yield from rows()
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


def _grouping_rows(
    table: Table, base: MetaRow, target: Target, sliced: Sequence[Slice], cores: Cores
) -> Iterator[Callable[[], list[MetaRow]]]:
    """What gives the rows of each slice, in one grouping: all of them are begun. Slices of the same outputs share a cell."""
    assert base.grouping is not None
    groups = {"item": table.item, "system": table.system, "none": np.zeros_like(table.item)}[base.grouping]
    values = _of_known_systems(table, target.values) if base.grouping == "system" else target.values
    rated = np.isfinite(values)
    known: dict[bytes, Callable[[], _Cell]] = {}
    fixed: Callable[[], _Cell] | None = None
    for part in sliced:
        chosen = part.outputs & rated
        mask = chosen.tobytes()
        start = replace(base, slice=part.label, note=None if part.label == "all" else "exploratory")
        if mask in known:
            yield partial(_taken_over, known[mask], start)
            continue
        work = partial(_cell, table, start, part.outputs, groups, values, fixed)
        known[mask] = cores.begin(work, int(chosen.sum()), fixed)
        if part.label == "all" and table.options.epsilon_scope == "global":
            fixed = known[mask]
        yield partial(_rows_of, known[mask])


class _Cell(NamedTuple):
    """The rows of a cell, and the epsilons that other slices take over; `rows` is one that says so where there is no pair."""

    rows: list[MetaRow]
    fixed: Mapping[Key, Judged]
    compared: bool = True


def _cell(table: Table, start: MetaRow, outputs: Bools, groups: Ints, values: Floats, fixed: Callable[[], _Cell] | None) -> _Cell:
    taken = None if fixed is None else fixed().fixed
    others = start.slice == "all" and table.options.epsilon_scope == "global"
    assert start.grouping is not None
    large = large_cell(table, outputs, groups, values, start.grouping)
    if large is not None:
        rows, judged = large_cell_rows(LargeTask(large, start, table.item), table.columns, table.options, taken)
        return _Cell(rows, judged if others else {})
    chosen = outputs & np.isfinite(values)
    cell = table.cell(outputs, groups, values)
    if cell is None:
        reason = "no data" if not chosen.any() else "no data: no two rated outputs can be compared"
        return _Cell([replace(start, statistic="accuracy", note=reason)], {}, compared=False)
    task = CellTask(cell, start, table.item, np.where(chosen, groups, -1), start.grouping == "item")
    rows, judged = cell_rows(task, table.columns, table.options, taken)
    return _Cell(rows, judged if others else {})


def _rows_of(found: Callable[[], _Cell]) -> list[MetaRow]:
    return found().rows


def _taken_over(found: Callable[[], _Cell], start: MetaRow) -> list[MetaRow]:
    """The rows of a slice that holds the same outputs as one before it."""
    cell = found()
    if not cell.compared:
        return [replace(row, slice=start.slice) for row in cell.rows]
    return [replace(row, slice=start.slice, note=same_as_another("outputs", start.note, row.note)) for row in cell.rows]


def _system_level(table: Table, criterion: str, target: Target, cores: Cores) -> Iterator[Callable[[], list[MetaRow]]]:
    """What gives the rows about systems of each slice that has them."""
    base = table.base(criterion, None, target.raters)
    values = _of_known_systems(table, target.values)
    rated = np.isfinite(values)
    for part in table.slices:
        if part.label != "all" and not part.label.startswith("systems="):
            continue
        here = part.outputs & rated
        if here.any():
            start = replace(base, slice=part.label, note=None if part.label == "all" else "exploratory")
            yield cores.begin(partial(_all_of, table, start, values, here), int(here.sum()))


def _all_of(table: Table, start: MetaRow, values: Floats, outputs: Bools) -> list[MetaRow]:
    return list(system_rows(table, start, values, outputs))


def _of_known_systems(table: Table, values: Floats) -> Floats:
    """The values, nan where nobody knows an output's system: such outputs share a name, but are no system."""
    return np.where(of_systems(table.data, table.data.info.unknown_systems), np.nan, values)
