"""Compiles the loops of a meta-evaluation into numba's cache: `python -P -m harness.meta.first_kernels`, beside other work.

They are called as a meta-evaluation calls them, on a made-up set, so that nobody has to write their types down.
"""

import numpy as np

from harness.meta.calibration import folds_of
from harness.meta.columns import Column
from harness.meta.judging import make_cell
from harness.meta.options import MetaOptions
from harness.meta.pairs import make_pairs
from harness.meta.resampling import Resampler
from harness.meta.rows import cell_rows
from harness.meta.task import CellTask
from harness.records import MetaRow

ITEMS, SYSTEMS, FOLDS, RESAMPLES = 10, 3, 5, 4


def main() -> None:
    """Meta-evaluates a metric and the random sentinel by item and by system."""
    random = np.random.default_rng(0)
    item, system = np.repeat(np.arange(ITEMS), SYSTEMS), np.tile(np.arange(SYSTEMS), ITEMS)
    ratings, scores = random.integers(0, 3, ITEMS * SYSTEMS), random.random(ITEMS * SYSTEMS)
    fold = folds_of([str(index) for index in range(ITEMS)], FOLDS)
    options = MetaOptions(resamples=RESAMPLES, draws=RESAMPLES, random_draws=2)
    columns = [Column("metric", None, scores, True), Column("random", None, None, False)]
    for grouping, groups in (("item", item), ("system", system)):
        resampler = Resampler(item, ITEMS, RESAMPLES, options.level, 0)
        cell = make_cell(make_pairs(groups, 10**6), ratings.astype(np.float64), fold[item], FOLDS, resampler, 0.0)
        base = MetaRow(judgments="made up", metric=None, criterion="quality", grouping=grouping, raters="one", statistic="",
                       value=None)  # fmt: skip
        cell_rows(CellTask(cell, base, item, groups, grouping == "item"), columns, options)


if __name__ == "__main__":
    main()
