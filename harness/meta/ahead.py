"""Everything that a cell's rows will have resampled, weighed in one pass over the resamples.

Of many clusters no resample is held, and to draw them again for each of a hundred statistics takes longer than all else.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.meta.columns import Column
from harness.meta.compare import Key, families
from harness.meta.judging import STATISTICS, Cell, Judged, eligible_pairs, universe_of
from harness.meta.pairs import Bools, Floats


def weigh_ahead(cell: Cell, columns: Sequence[Column], judged: Mapping[Key, Judged], others: Sequence[Floats]) -> None:
    """Has the cell's resampler weigh what estimates of the columns and of their differences rest on, and `others`.

    What is not foreseen here is weighed when it is asked for: this changes the time that rows take, and no number.
    """
    sums = list(others)
    sums += [one for column in columns for one in _anew(cell, column, judged[column.key])]
    for right, keep in (*_alone(cell, columns, judged), *_together(cell, columns, judged)):
        support = cell.support(keep)
        sums += support.to_weigh(right if support.pairs is cell.pairs else right[keep])
    cell.resampler.weigh_ahead(sums)


def _alone(cell: Cell, columns: Sequence[Column], judged: Mapping[Key, Judged]) -> Iterator[tuple[NDArray, Bools]]:
    """(what is right, the pairs that count) of each column: the metric's own pairs, and all where some are missing."""
    yield cell.human_tie, np.ones(len(cell.pairs), dtype=bool)
    for column in columns:
        result, eligible = judged[column.key], eligible_pairs(cell, column)
        for statistic in STATISTICS:
            right, support = result.right[statistic], result.support(statistic)
            yield right, support
            if bool((eligible & ~result.valid).any()):
                yield right * support, universe_of(cell, eligible, statistic)
        if not bool(result.valid.all()):
            yield cell.human_tie, result.valid


def _anew(cell: Cell, column: Column, result: Judged) -> Iterator[Floats]:
    """What resamples need that choose the folds' epsilons anew."""
    if result.choices is not None:
        eligible = eligible_pairs(cell, column)
        yield from result.choices.to_weigh(cell.support(result.tested))
        if bool((eligible & ~result.valid).any()):
            yield from result.choices.to_weigh(cell.support(universe_of(cell, eligible, "accuracy_heldout")))


def _together(cell: Cell, columns: Sequence[Column], judged: Mapping[Key, Judged]) -> Iterator[tuple[NDArray, Bools]]:
    """The same of the pairs that two columns share, and of those that both are about, where they are fewer or more."""
    for one, two in (pair for family in families(columns) for pair in family):
        results = judged[one.key], judged[two.key]
        common = results[0].valid & results[1].valid
        about = eligible_pairs(cell, one) & eligible_pairs(cell, two)
        missing = bool((about & ~common).any())
        for result in results:
            if not np.array_equal(common, result.valid):
                yield result.right["accuracy"], common
            if missing:
                yield result.right["accuracy"], about
