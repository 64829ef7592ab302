"""The rows of a case by the way of cells that are too large for their pairs to be made; every cell takes it, however small."""

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from harness.judgments import JudgmentSet
from harness.meta.columns import MetricSummary
from harness.meta.options import MetaOptions
from harness.meta.table import Table
from harness.meta.targets import ratings_on, targets
from harness.meta.ungrouped_cell import large_cell
from harness.meta.ungrouped_rows import LargeTask, large_cell_rows
from harness.records import MetaRow, Score


def large_rows(
    data: JudgmentSet, scores: Sequence[Score], metrics: Sequence[MetricSummary], options: MetaOptions
) -> list[MetaRow]:
    """Every statistic of pairs, of every criterion, grouping and slice that has pairs."""
    table = Table.of(data, scores, metrics, options)
    found: list[MetaRow] = []
    for criterion in options.criteria or data.criteria:
        ratings = ratings_on(data.judgments, criterion, table.position)
        for target in targets(ratings, options.raters, data.info.primary_rater):
            for grouping in options.groupings:
                groups = {"item": table.item, "system": table.system, "none": np.zeros_like(table.item)}[grouping]
                fixed = None
                for part in table.slices:
                    cell = large_cell(table, part.outputs, groups, target.values, grouping, most=0)
                    if cell is None:
                        continue
                    base = replace(table.base(criterion, grouping, target.raters), slice=part.label)
                    rows, judged = large_cell_rows(LargeTask(cell, base, table.item), table.columns, options, fixed)
                    if part.label == "all" and options.epsilon_scope == "global":
                        fixed = judged
                    found += rows
    return found
