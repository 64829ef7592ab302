"""Means of the systems: a row a system, a column by people and one by each metric, each column with its own axis."""

from dataclasses import dataclass

from markupsafe import Markup

from harness.report.contents import Mark, SystemMeans, SystemRow, TableColumn
from harness.report.html import dots
from harness.report.html.scales import Scale, around
from harness.report.html.tables import Table, Value, extent_cells, extent_columns, mark_cells, mark_columns, table
from harness.report.html.text import bounds, finite, label
from harness.report.html.text import figure as number


@dataclass(frozen=True)
class MeanCell:
    """One mean: the drawing, the texts, the place of the system and whether it differs from the place that people give."""

    drawing: Markup
    text: str
    interval: str
    rank: int | None
    differs: bool
    value: str


@dataclass(frozen=True)
class SystemMeansView:
    """What the template draws."""

    columns: tuple[Markup, ...]
    rows: tuple[tuple[str, tuple[MeanCell, ...]], ...]
    numbers: Table


def system_means(figure: SystemMeans, identifier: str) -> SystemMeansView:
    """The view of system means."""
    axes = [_axis(figure, i) for i in range(len(figure.columns))]
    rows = tuple((row.system, tuple(_cell(row, i, axis) for i, axis in enumerate(axes))) for row in figure.rows)
    return SystemMeansView(tuple(label(column) for column in figure.columns), rows, _numbers(figure, identifier))


def _axis(figure: SystemMeans, column: int) -> Scale:
    marks = [row.marks[column] for row in figure.rows if column < len(row.marks)]
    return around([end for mark in marks for end in (mark.value, mark.low, mark.high)], 0.06)


def _cell(row: SystemRow, column: int, axis: Scale) -> MeanCell:
    mark = row.marks[column] if column < len(row.marks) else Mark(value=None)
    value = finite(mark.value)
    rank = row.ranks[column] if column < len(row.ranks) else None
    if value is None:
        return MeanCell(Markup(""), "no data", mark.note or "", None, False, "")
    drawing = dots.single(mark, axis, *(("k1", "#_m1") if column else ("human-mark", "#_m3")))
    people = row.ranks[0] if row.ranks else None
    differs = bool(column) and rank is not None and people is not None and rank != people
    return MeanCell(drawing, number(value), bounds(mark), rank, differs, f"{value:.7g}")


def _numbers(figure: SystemMeans, identifier: str) -> Table:
    columns = [
        TableColumn(name="system"),
        TableColumn(name="by"),
        *mark_columns("mean"),
        TableColumn(name="place", numeric=True, help="place of the system in that column, 1 is best"),
        *extent_columns(),
    ]
    rows: list[list[Value]] = []
    for row in figure.rows:
        for i, column in enumerate(figure.columns):
            mark = row.marks[i] if i < len(row.marks) else None
            rank = row.ranks[i] if i < len(row.ranks) else None
            rows.append([row.system, column, *mark_cells(mark), rank, *extent_cells([mark])])
    return table(f"{identifier}-numbers", f"The numbers of: {figure.title}", columns, rows)
