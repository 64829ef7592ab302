"""Two models on the same items: the difference with its interval, and the paired test that makes the board's clusters."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.leaderboard.comparisons import Swapped, adjusted, swaps_for
from harness.leaderboard.diff import difference_interval
from harness.leaderboard.html.answers import RESAMPLES, TaskAnswers
from harness.leaderboard.intervals import expanded_tail
from harness.leaderboard.measured import Measured
from harness.leaderboard.records import Board, Column
from harness.leaderboard.sharing import shared
from harness.leaderboard.swapping import every_two

MOST_ROWS = 2_000  # lines of all pairs together
MOST_ITEMS = 20_000_000  # items of all lines together: what is worth a minute's work

Pair = tuple[int, int]


@dataclass(frozen=True)
class Difference:
    """One column of two models on the items that both did: `value` is the first minus the second, `p` by Holm over all pairs of
    models that the board compares on the column. `note`: what to know of the test."""

    column: str
    first: float
    second: float
    value: float
    low: float | None
    high: float | None
    p: float
    items: int
    first_better: int
    second_better: int
    note: str = ""


def pairs_shown(board: Board, models: int) -> list[Pair]:
    """Pairs of the models that stand first, as many as a page and its reader can bear."""
    sizes = {column.key: 0 for column in board.columns}
    for cell in board.cells:
        sizes[cell.column] = max(sizes.get(cell.column, 0), cell.items)
    most, items = models, sum(sizes.values())
    while most > 2 and most * (most - 1) // 2 * max(len(sizes) * MOST_ITEMS // MOST_ROWS, items) > MOST_ITEMS:
        most -= 1
    return list(combinations(range(most), 2))


def differences(board: Board, answers: TaskAnswers, pairs: Sequence[Pair]) -> dict[Pair, list[Difference]]:
    """Each pair on each column of a task where the board compares the two.

    One family for Holm a column: all pairs of models that the board compares there, whether the page has a table of them or not.
    """
    found: dict[Pair, list[Difference]] = {pair: [] for pair in pairs}
    count = len(answers.models)
    swaps = swaps_for(max(1, count * (count - 1) // 2), board.resamples or RESAMPLES, 1 - board.confidence)
    for column in answers.columns:
        places = ((place, answers.measured.get((column.key, model))) for place, model in enumerate(answers.models))
        compared = every_two({place: one for place, one in places if one is not None}, answers.task, swaps, board.seed)
        for one in adjusted([(pair, pair, one) for pair, one in compared.items()]):
            if one.first in found:
                found[one.first].append(_difference(board, answers, column, one.first, compared[one.first], one.p_adjusted))
    return found


def _difference(board: Board, answers: TaskAnswers, column: Column, pair: Pair, swapped: Swapped, p: float) -> Difference:
    names = [answers.models[place] for place in pair]
    first, second = (answers.measured[column.key, name] for name in names)
    one, other = (answers.values.get((column.key, name), {}) for name in names)
    sign = 1 if column.higher_is_better else -1
    gaps = [sign * (value - other[key]) for key, value in one.items() if key in other]
    low, high = _interval(board, answers, first, second)
    values = _on_shared(first, second)
    return Difference(
        column=column.key,
        first=values[0],
        second=values[1],
        value=swapped.difference,
        low=low,
        high=high,
        p=p,
        items=swapped.items,
        first_better=sum(gap > 0 for gap in gaps),
        second_better=sum(gap < 0 for gap in gaps),
        note="" if swapped.items else "unpaired, from the reported standard errors",
    )


def _on_shared(first: Measured, second: Measured) -> tuple[float, float]:
    """Both values on the items that both did; the reported ones where no items were kept."""
    if first.measure is None or second.measure is None:
        return float(first.value or 0.0), float(second.value or 0.0)
    one, other = shared(first.measure, second.measure)
    return one.total, other.total


def _interval(board: Board, answers: TaskAnswers, first: Measured, second: Measured) -> tuple[float | None, float | None]:
    """Models that did the same items were drawn together already: the draws' differences are at hand."""
    if first.measure is None or second.measure is None:
        return None, None
    one, other = first.interval.resampled, second.interval.resampled
    if one is None or other is None or first.measure.keys != second.measure.keys:
        return difference_interval(first.measure, second.measure, answers.task, answers.draws, board.confidence)
    gaps = one - other
    gaps = gaps[np.isfinite(gaps)]
    if len(gaps) * 2 < len(one) or np.ptp(gaps) <= 1e-12:
        return None, None
    tail = expanded_tail(board.confidence, first.interval.clusters)
    low, high = np.quantile(gaps, [tail, 1 - tail])
    return float(low), float(high)
