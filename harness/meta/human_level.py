"""How well one person agrees with the others, on the same scale as a metric: the human level, and metrics beside it."""

from collections.abc import Sequence
from dataclasses import replace as with_fields

import numpy as np
from msgspec.structs import replace

from harness.meta.judging import Cell, estimate, judge, judge_column
from harness.meta.notes import approximate, join
from harness.meta.pairs import Floats
from harness.meta.support import Estimate
from harness.meta.table import Table
from harness.meta.targets import Ratings, leave_one_out
from harness.records import MetaRow

MIN_ITEMS = 30


def human_level_rows(table: Table, base: MetaRow, ratings: Ratings) -> list[MetaRow]:
    """One rater (epsilon 0) against the mean of the others, averaged over raters, and every metric on the same outputs.

    Under 30 items the level is unknown: value None with the reason. It is not a ceiling: a metric may exceed it.
    """
    base = replace(base, raters="leave-one-out", support="own")
    cells = _cells(table, ratings)
    level_row = replace(base, metric=None, statistic="human_level", value=None)
    n_items = min((_items(cell) for _, cell in cells), default=0)
    if not cells and leave_one_out(ratings):
        return [replace(level_row, n_items=0, note="unknown: no item has two outputs that two raters rated")]
    if n_items < MIN_ITEMS:
        return [replace(level_row, n_items=n_items, note=f"unknown: {n_items} items with two raters, {MIN_ITEMS} are needed")]
    whole = [np.ones(len(cell.pairs), dtype=bool) for _, cell in cells]
    people = [
        estimate(cell, judge(cell, own).right["accuracy_raw"], support) for (own, cell), support in zip(cells, whole, strict=True)
    ]
    rows = [_averaged(level_row, cells[0][1], people, n_items)]
    for column in table.columns:
        judged = [judge_column(cell, column, table.options) for _, cell in cells]
        for statistic in ("accuracy_raw", "accuracy"):
            found = [
                estimate(cell, result.right[statistic], result.valid, result.scale)
                for (_, cell), result in zip(cells, judged, strict=True)
            ]
            row = replace(base, metric=column.signature, component=column.component, statistic=statistic, value=None)
            rows.append(_averaged(row, cells[0][1], found, n_items))
    return rows


def _cells(table: Table, ratings: Ratings) -> list[tuple[Floats, Cell]]:
    """(the rater's ratings, the cell of the others' mean) for each rater; all resample the clusters that any of them reaches."""
    every = table.slices[0].outputs  # all that metrics are judged on
    pieces = [(own, table.cell(every, table.item, others)) for _, own, others in leave_one_out(ratings)]
    cells = [(own, cell) for own, cell in pieces if cell is not None]
    if not cells:
        return []
    shared = table.resampler(np.concatenate([side for _, cell in cells for side in (cell.pairs.left, cell.pairs.right)]))
    return [(own, with_fields(cell, resampler=shared, supports={})) for own, cell in cells]


def _items(cell: Cell) -> int:
    return int((cell.pairs.sizes > 0).sum())


def _averaged(row: MetaRow, cell: Cell, found: Sequence[Estimate], n_items: int) -> MetaRow:
    """The mean over raters, with the interval of the mean: the raters' cells share their resamples.

    Its n is that of the rater with the fewest items.
    """
    values = [item.value for item in found if item.value is not None]
    if not values:
        return row
    resampled = [item.resampled for item in found if item.resampled is not None]
    low, high = cell.resampler.interval(np.mean(resampled, axis=0)) if len(resampled) == len(values) else (None, None)
    least = min((item for item in found if item.value is not None), key=lambda item: item.n_groups)
    return replace(
        row,
        value=float(np.mean(values)),
        low=low,
        high=high,
        n_items=least.n_groups,
        n_clusters=least.n_clusters,
        n_pairs=least.n_pairs,
        note=join(row.note, approximate(n_items)),
    )
