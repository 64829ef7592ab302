"""Two models on every column: a table a pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.leaderboard.html import words
from harness.leaderboard.html.grid import cells_of
from harness.leaderboard.html.pairs import Difference, Pair
from harness.leaderboard.records import Board, Cell, Column
from harness.report.contents import TableColumn
from harness.report.html.tables import Table, Value, table


@dataclass(frozen=True)
class PairView:
    """Two models on every column; `first` and `second` are their places on the page."""

    first: int
    second: int
    names: tuple[str, str]
    table: Table


def pair_views(board: Board, models: Sequence[str], found: Mapping[Pair, Sequence[Difference]]) -> tuple[PairView, ...]:
    """A table for every pair; where a metric has no value of single items, the two models' cells without an interval."""
    return tuple(_pair(board, models, pair, rows) for pair, rows in found.items())


def _pair(board: Board, models: Sequence[str], pair: Pair, rows: Sequence[Difference]) -> PairView:
    names = (words.named(models[pair[0]]), words.named(models[pair[1]]))
    cells, by_column = cells_of(board), {row.column: row for row in rows}
    lines: list[list[Value]] = []
    for column in board.columns:
        row = by_column.get(column.key)
        first, second = (cells.get((models[place], column.key)) for place in pair)
        if row is not None:
            numbers = _tested(row, names, column, 1 - board.confidence)
        elif first is not None and second is not None and first.value is not None and second.value is not None:
            numbers = _untested(first, second)
        else:
            continue
        head = (words.named(column.task), words.named(column.metric), words.verdict(column.trust).words)
        lines.append([*head, *numbers])
    return PairView(*pair, names, table(f"pair-{pair[0]}-{pair[1]}-table", f"{names[0]} and {names[1]}", _columns(names), lines))


def _columns(names: tuple[str, str]) -> list[TableColumn]:
    both = "mean over the items that both did"
    test = "paired test: the two models' items change places; Holm over all pairs of models that are compared on the column"
    return [
        TableColumn(name="task"),
        TableColumn(name="metric"),
        TableColumn(name="metric and people"),
        TableColumn(name="better", sentence=True, help="which model the test shows to be better"),
        TableColumn(name=names[0], numeric=True, help=both),
        TableColumn(name=names[1], numeric=True, help=both),
        TableColumn(name="difference", numeric=True, help="the first less the second"),
        TableColumn(name="low", numeric=True, help="lower end of the interval of the difference"),
        TableColumn(name="high", numeric=True, help="upper end of the interval of the difference"),
        TableColumn(name="p", numeric=True, help=test),
        TableColumn(name="items", numeric=True, help="that both did"),
        TableColumn(name="first better", numeric=True, help="items on which the first is better"),
        TableColumn(name="second better", numeric=True, help="items on which the second is better"),
    ]


def _tested(row: Difference, names: tuple[str, str], column: Column, alpha: float) -> list[Value]:
    told = "not told apart"
    if row.value and row.p < alpha:
        told = f"{names[0] if (row.value > 0) == column.higher_is_better else names[1]} is better"
    told = f"{told} ({row.note})" if row.note else told
    better = [row.first_better, row.second_better] if row.items else [None, None]
    return [told, row.first, row.second, row.value, row.low, row.high, row.p, row.items or None, *better]


def _untested(first: Cell, second: Cell) -> list[Value]:
    """Two cells, and no test."""
    gap = None if first.value is None or second.value is None else first.value - second.value
    told = "not tested: no items, other items, or a value that does not count"
    return [told, first.value, second.value, gap, None, None, None, min(first.items, second.items), None, None]
