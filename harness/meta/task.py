"""A cell on its way to rows: the row that all its rows start from, how much data they rest on, and how much is covered."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.meta.columns import Column
from harness.meta.judging import Cell
from harness.meta.notes import approximate, join
from harness.meta.pairs import Bools, Ints
from harness.meta.support import Support
from harness.records import MetaRow


@dataclass(frozen=True)
class CellTask:
    """A cell with what its rows need: the row they start from, each output's item and correlation group (-1: in none)."""

    cell: Cell
    base: MetaRow
    item: Ints
    group: Ints | None
    within_clusters: bool


def coverage(task: CellTask, column: Column) -> float | None:
    """Share of the cell's eligible outputs that have a score."""
    if column.values is None:
        return 1.0
    reached = task.cell.support(np.ones(len(task.cell.pairs), dtype=bool)).reached
    if column.eligible is not None:
        reached = reached[column.eligible[reached]]
    return float(np.isfinite(column.values[reached]).mean()) if len(reached) else None


def counts(task: CellTask, keep: Bools) -> dict[str, Any]:
    """n_items, n_clusters, n_pairs of the pairs that `keep` marks, and a note where intervals are approximate."""
    support: Support = task.cell.support(keep)
    items = support.distinct(task.item)
    note = join(task.base.note, approximate(items))
    return {"n_items": items, "n_clusters": support.n_clusters, "n_pairs": len(support.pairs), "note": note}
