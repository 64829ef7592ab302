"""Plans of a study from the ratings that there are: items for a difference between two metrics, or for an interval's width."""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from msgspec.structs import replace

from harness.errors import HarnessError, did_you_mean
from harness.judgments import JudgmentSet
from harness.meta.cluster_values import Columns, cluster_sums, cluster_values, pairs_of
from harness.meta.columns import Column, MetricSummary
from harness.meta.compare import Key
from harness.meta.judging import Cell, Judged, judge_column
from harness.meta.options import MetaOptions
from harness.meta.pairs import Bools, Floats
from harness.meta.planner import (
    SIMULATED,
    Spread,
    check_plan,
    clusters_by_simulation,
    clusters_for_difference,
    clusters_for_width,
    spread,
)
from harness.meta.preferences import majority
from harness.meta.rater_variance import MIN_ITEMS, Components, components, rated_twice
from harness.meta.slices import Slice
from harness.meta.study import RATERS, STATISTICS, Question, RaterPlan, StudyPlan
from harness.meta.table import Table
from harness.meta.targets import Target, ratings_on, targets
from harness.records import Score

_ROUNDING = 1e-9  # a spread under it is that of equal values


def plan_study(
    data: JudgmentSet,
    scores: Sequence[Score],
    metrics: Sequence[MetricSummary],
    options: MetaOptions,
    question: Question,
    *,
    first: Sequence[str] = (),
    against: Sequence[str] = (),
) -> list[StudyPlan]:
    """A plan per criterion, human target and pair of metrics (or metric, for a width), on the pairs within items.

    :param first: signatures of the metrics asked about; all by default.
    :param against: signatures or names of metrics or sentinels to compare each of them with; each other by default.

    Raises HarnessError for what the set or the run does not have, and where there is nothing to compare.
    """
    _check(question, options)
    _check_criteria(data, options)
    table = Table.of(data, scores, metrics, options)
    part = _part(table, question.part)
    columns = [column for column in table.columns if column.ranked]
    chosen = [column for column in columns if not column.sentinel and (not first or column.signature in first)]
    pairs = _pairs(columns, chosen, against, question)
    wanted = options.criteria or data.criteria
    rated = {judgment.criterion for judgment in data.judgments}
    preferred = {preference.criterion for preference in data.preferences}
    found: list[StudyPlan] = []
    for criterion in wanted:
        if criterion in rated:
            ratings = ratings_on(data.judgments, criterion, table.position)
            for target in targets(ratings, options.raters, data.info.primary_rater):
                cells = [table.cell(one.outputs, table.item, target.values) for one in (part, table.slices[0])]
                found.extend(_plans(table, criterion, target, part, cells, pairs, question))
        if criterion in preferred:
            cells = [_preference_cell(table, criterion, one) for one in (part, table.slices[0])]
            found.extend(_plans(table, criterion, None, part, cells, pairs, question))
    return found


def _check(question: Question, options: MetaOptions) -> None:
    check_plan(question.delta, options.alpha, question.power)
    if question.statistic not in STATISTICS:
        raise HarnessError(f"no statistic {question.statistic!r}.{did_you_mean(question.statistic, STATISTICS)}")
    if question.width is not None:
        clusters_for_width(0.0, question.width)
    if question.family is not None and question.family < 1:
        raise HarnessError(f"a family has at least one comparison, got {question.family}")


def _check_criteria(data: JudgmentSet, options: MetaOptions) -> None:
    for name in options.criteria:
        if name not in data.criteria:
            raise HarnessError(f"{data.info.name} has no criterion {name!r}.{did_you_mean(name, data.criteria)}")


def _part(table: Table, label: str) -> Slice:
    for part in table.slices:
        if part.label == label:
            return part
    raise HarnessError(f"no slice {label!r}.{did_you_mean(label, [part.label for part in table.slices])}")


def _pairs(columns: Sequence[Column], chosen: Sequence[Column], against: Sequence[str], question: Question) -> list[Columns]:
    if not chosen:
        raise HarnessError("no metric here scores single outputs, so there is nothing to plan for")
    if question.width is not None:
        return [(column, None) for column in chosen]
    others = []
    for name in against:
        same = [column for column in columns if name in (column.signature, column.signature.partition("|")[0])]
        if not same:
            known = [column.signature.partition("|")[0] for column in columns]
            raise HarnessError(f"no metric or sentinel {name!r} here.{did_you_mean(name, known)}")
        others += same
    if others:
        return [(column, other) for column in chosen for other in others if column.key != other.key]
    if len(chosen) < 2:
        raise HarnessError("a difference needs two metrics: name another, or a sentinel to compare with (--against random)")
    return list(combinations(chosen, 2))


def _preference_cell(table: Table, criterion: str, part: Slice) -> Cell | None:
    judged = majority(table.data.preferences, criterion, table.position)
    inside = part.outputs[judged.left] & part.outputs[judged.right]
    if not inside.any():
        return None
    pairs = judged.pairs().where(inside)
    return table.cell_of(pairs, np.full(len(table.item), np.nan), judged.signs[inside])


def _plans(
    table: Table,
    criterion: str,
    target: Target | None,
    part: Slice,
    cells: Sequence[Cell | None],
    pairs: Sequence[Columns],
    question: Question,
) -> Iterator[StudyPlan]:
    """The plans of one criterion and target. `cells`: of the slice, and of everything."""
    options, width = table.options, question.width
    cell, whole = cells
    family = question.family or len(pairs)
    judged: dict[Key, Judged] = {}
    statistic = STATISTICS[question.statistic]
    if cell is not None and whole is not None:
        columns = {column.key: column for pair in pairs for column in pair if column is not None}
        everywhere = options.epsilon_scope == "global"
        fixed = {key: judge_column(whole, column, options) if everywhere else None for key, column in columns.items()}
        judged = {key: judge_column(cell, column, options, fixed[key]) for key, column in columns.items()}
    for first, second in pairs:
        plan = StudyPlan(
            goal="difference" if width is None else "width",
            criterion=criterion,
            slice=part.label,
            raters=target.raters if target is not None else "construction" if table.data.info.constructed else "majority",
            statistic=statistic,
            first=first.signature,
            second=None if second is None else second.signature,
            target=question.delta if width is None else width,
            alpha=options.alpha / family if width is None else None,
            power=question.power if width is None else None,
            family=family if width is None else 1,
            level=options.level,
        )
        if cell is None:
            yield replace(plan, note="no data: nobody rated two answers to one item here")
            continue
        values = cluster_values(cell, judged, (first, second), statistic)
        plan = replace(plan, clusters=len(values), **_counts(table, cell, pairs_of(cell, judged, (first, second), statistic)))
        plan = _sized(plan, values, options.seed)
        yield _with_raters(table, plan, target, part, (first, second), judged, statistic)


def _counts(table: Table, cell: Cell, keep: Bools) -> dict[str, Any]:
    """Items that the pairs reach, and the median number of outputs on one."""
    items, outputs = np.unique(table.item[cell.support(keep).reached], return_counts=True)
    return {"items": len(items), "systems": float(np.median(outputs)) if len(items) else None}


def _sized(plan: StudyPlan, values: Floats, seed: int) -> StudyPlan:
    """The plan with its N, from one value per cluster."""
    found = spread(values)
    if found is None:
        return replace(plan, note="unknown: one cluster does not tell how much the values vary")
    if found.value < _ROUNDING:
        return replace(plan, note="unknown: the values do not vary between clusters")
    needed = _clusters(plan, found.value)
    simulated = plan.goal == "difference" and needed <= SIMULATED
    if simulated:
        assert plan.alpha is not None
        assert plan.power is not None
        scale = needed
        needed = clusters_by_simulation(values, plan.target, plan.alpha, plan.power, seed, needed)
        ends = [None if end is None else round(_clusters(plan, end) * needed / scale) for end in (found.low, found.high)]
    else:
        ends = [None if end is None else _clusters(plan, end) for end in (found.low, found.high)]
    items = math.ceil(needed * plan.items / plan.clusters)
    return replace(
        plan,
        spread=found.value,
        spread_low=found.low,
        spread_high=found.high,
        needed_clusters=needed,
        needed_low=ends[0],
        needed_high=ends[1],
        needed_items=items,
        more_items=max(0, items - plan.items),
        simulated=simulated,
        note=_few(found),
    )


def _few(found: Spread) -> str | None:
    return f"approximate: the spread rests on {found.n_clusters} clusters" if found.n_clusters < 30 else None


def _clusters(plan: StudyPlan, deviation: float) -> int:
    if plan.goal == "width":
        return clusters_for_width(deviation, plan.target, plan.level)
    assert plan.alpha is not None  # a difference has both
    assert plan.power is not None
    return clusters_for_difference(deviation, plan.target, plan.alpha, plan.power)


def _with_raters(
    table: Table,
    plan: StudyPlan,
    target: Target | None,
    part: Slice,
    columns: Columns,
    judged: dict[Key, Judged],
    statistic: str,
) -> StudyPlan:
    """The plan with what more raters per item would do, or why that is unknown."""
    if target is None and table.data.info.constructed:
        return replace(plan, rater_note="nothing: the better answers are better by construction, and nobody was asked")
    if target is None:
        return replace(plan, rater_note="unknown: preferences are of a majority, which is not taken apart")
    ratings = ratings_on(table.data.judgments, plan.criterion, table.position)
    twice = rated_twice(ratings, part.outputs, table.item)
    if twice < MIN_ITEMS:
        return replace(plan, rater_note=f"unknown: {twice} items with two raters, {MIN_ITEMS} are needed")
    by_rater = []
    for row in ratings.values:
        cell = table.cell(part.outputs, table.item, row)
        if cell is None:
            continue
        own = {c.key: judge_column(cell, c, table.options, judged[c.key]) for c in columns if c is not None}
        sums, sizes = cluster_sums(cell, own, columns, statistic)
        means = np.divide(sums, sizes, out=np.full(len(sums), np.nan), where=sizes > 0)
        spread_out = np.full(len(table.cluster_names), np.nan)
        reached = cell.resampler.cluster >= 0
        spread_out[table.cluster[reached]] = means[cell.resampler.cluster[reached]]
        by_rater.append(spread_out)
    found: Components | None = components(np.stack(by_rater)) if len(by_rater) > 1 else None
    if found is None:
        return replace(plan, rater_note="unknown: no two raters judge the same pairs")
    total = found.item + found.rater
    if total == 0:
        return replace(plan, rater_note="unknown: the values do not vary")
    rows = [
        RaterPlan(raters=count, needed_clusters=_clusters(plan, math.sqrt(found.item + found.rater / count))) for count in RATERS
    ]
    return replace(plan, rater_share=found.rater / total, with_raters=tuple(rows))
