"""Which cells are too large for their pairs to be made, and how such a cell is cut from the table."""

import numpy as np

from harness.meta.pairs import Bools, Floats, Ints, count_pairs
from harness.meta.support import MAX_CROSSED
from harness.meta.table import Table
from harness.meta.ungrouped import people_of
from harness.meta.ungrouped_judging import LargeCell
from harness.meta.ungrouped_totals import Tally

MADE = 4_000_000  # pairs across items up to which they are made: about where that is slower, and takes a gigabyte


def large_cell(
    table: Table, outputs: Bools, groups: Ints, human: Floats, grouping: str, *, most: int | None = None
) -> LargeCell | None:
    """The cell of the outputs that people rated if it has too many pairs for `Table.cell`, else None. All arrays are per output.

    `most`: pairs up to which it has not too many; by default what `Table.cell` makes of that grouping.

    Up to `max_pairs` every epsilon is the exact one, and pairs of clusters are counted for intervals where they fit in memory;
    beyond, epsilons are within `ungrouped_judging.TOLERANCE` of the best accuracy, and no work grows with the number of pairs.
    """
    options = table.options
    chosen = np.flatnonzero(outputs & np.isfinite(human))
    pairs = count_pairs(groups[chosen])
    made = options.max_pairs if grouping == "item" else min(MADE, options.max_pairs)
    if pairs <= (made if most is None else most):
        return None
    people = people_of(chosen, groups, human, table.fold, options.folds, table.cluster, options.gap_tolerance)
    assert people is not None, "there are pairs"
    exact = pairs <= options.max_pairs
    crossed = exact and people.n_clusters**2 * people.n_groups <= MAX_CROSSED
    tally = Tally(people, table.resampler_of(people.cluster, people.n_clusters), crossed)
    return LargeCell(people, tally, human, len(human), exact, options)
