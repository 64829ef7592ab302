"""A large cell on its way to rows: the row that all its rows start from, and how much data they rest on."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.meta.columns import Column
from harness.meta.notes import approximate, join
from harness.meta.pairs import Bools, Ints
from harness.meta.ungrouped_estimates import Reached, reached
from harness.meta.ungrouped_judging import LargeCell
from harness.records import MetaRow

FIRST_ORDER = "interval by the bootstrap's first-order term"


@dataclass(frozen=True)
class LargeTask:
    """A large cell with what its rows need: the row they start from, each output's item (both of the table)."""

    cell: LargeCell
    base: MetaRow
    item: Ints

    def counts(self, keep: Bools, folds: Bools | None = None) -> tuple[Reached, dict[str, Any]]:
        """How much data the pairs of kept outputs are, as such and as fields of a row."""
        cell = self.cell
        found = reached(cell.people, self.item, keep, folds)
        how = None if cell.tally.crossed else FIRST_ORDER
        note = join(self.base.note, approximate(found.items), how)
        pairs = int(cell.size(keep, folds).counts.sum())
        return found, {"n_items": found.items, "n_clusters": found.clusters, "n_pairs": pairs, "note": note}


def large_coverage(cell: LargeCell, column: Column) -> float | None:
    """Share of the cell's eligible outputs that have a score."""
    if column.values is None:
        return 1.0
    member = cell.people.member
    if column.eligible is not None:
        member = member[column.eligible[member]]
    return float(np.isfinite(column.values[member]).mean()) if len(member) else None
