"""Accuracy as dots with intervals: the first panel large, with its figures; one small panel for every other slice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup, escape

from harness.report.contents import DotPanel, DotPlot, DotRow, Mark, Ranks, TableColumn
from harness.report.html import dots
from harness.report.html.scales import Scale, around, scale
from harness.report.html.tables import Table, Value, extent_cells, extent_columns, mark_cells, mark_columns, table
from harness.report.html.text import extent, finite, label, share, slice_name

_LONG = 36  # characters of a label that need a wider panel


@dataclass(frozen=True)
class Row:
    """One line of a panel: the metric, its drawing and its figures."""

    label: Markup
    beats_sentinels: bool
    drawing: Markup
    figures: Markup


@dataclass(frozen=True)
class Group:
    """Rows that belong together: a rank cluster (`rank`), metrics without a rank, or the sentinels."""

    rank: int | None
    sentinels: bool
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Panel:
    """One slice."""

    name: str
    extent: str
    axis: Markup
    groups: tuple[Group, ...]
    lines: int
    long_labels: bool
    note: str | None


@dataclass(frozen=True)
class Slices:
    """The small panels of one dimension, such as `form`."""

    dimension: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class DotPlotView:
    """What the template draws: the legend, the large panel, the small ones, the numbers."""

    looks: dict[str, str]
    shapes: dict[str, Markup]
    main: Panel | None
    slices: tuple[Slices, ...]
    numbers: Table
    has_floor: bool
    has_human: bool
    has_stars: bool


def dot_plot(figure: DotPlot, identifier: str) -> DotPlotView:
    """The view of a dot plot."""
    axis, looks = scale(figure.low, figure.high), dots.styles(figure.statistics)
    panels = [
        _panel(panel, looks, axis if i else _close(panel, axis), f"_{identifier}-{i}", tight=i > 0)
        for i, panel in enumerate(figure.panels)
    ]
    rest = list(zip(figure.panels, panels, strict=True))[1:]
    grouped = groupby(rest, key=lambda pair: pair[0].slice.partition("=")[0])
    return DotPlotView(
        looks=looks,
        shapes={name: dots.symbol(key) for name, key in looks.items()},
        main=panels[0] if panels else None,
        slices=tuple(Slices(dimension, tuple(panel for _, panel in pairs)) for dimension, pairs in grouped),
        numbers=_numbers(figure, identifier),
        has_floor=any(panel.floor and finite(panel.floor.value) is not None for panel in figure.panels),
        has_human=any(panel.human_level and finite(panel.human_level.value) is not None for panel in figure.panels),
        has_stars=any(row.beats_sentinels for panel in figure.panels for row in panel.rows),
    )


def ranks(figure: Ranks, identifier: str) -> DotPlotView:
    """The view of rank clusters: one panel, a group a cluster."""
    rows = [row for cluster in figure.clusters for row in cluster.members]
    names = list(dict.fromkeys(name for row in rows for name in row.marks))
    looks = dots.styles(names[:1] if "calibrated" not in names else ["calibrated"])
    marks = [row.marks[name] for row in rows for name in looks if name in row.marks]
    axis, guides = around([end for mark in marks for end in (mark.value, mark.low, mark.high)]), f"_{identifier}-0"
    groups = tuple(
        Group(c.rank, False, tuple(_row(row, looks, axis, guides, tight=False) for row in c.members))
        for c in figure.clusters
        if c.members
    )
    panel = Panel("", _largest(marks), dots.axis(axis, guides, None, None), groups, len(looks), False, None)
    return DotPlotView(
        looks=looks,
        shapes={name: dots.symbol(key) for name, key in looks.items()},
        main=panel if rows else None,
        slices=(),
        numbers=_rank_numbers(figure, list(looks), identifier),
        has_floor=False,
        has_human=False,
        has_stars=any(row.beats_sentinels for row in rows),
    )


def _close(panel: DotPanel, axis: Scale) -> Scale:
    """The axis of the large panel: what it shows with a margin, no wider than that of the small ones."""
    marks = [mark for row in panel.rows for mark in row.marks.values()] + [m for m in (panel.floor, panel.human_level) if m]
    own = around([end for mark in marks for end in (mark.value, mark.low, mark.high)])
    return scale(max(own.low, axis.low), min(own.high, axis.high)) if own.low < axis.high and own.high > axis.low else axis


def _panel(panel: DotPanel, looks: Mapping[str, str], axis: Scale, guides: str, *, tight: bool) -> Panel:
    groups = []
    for (sentinels, rank), rows in groupby(panel.rows, key=lambda row: (row.sentinel, None if row.sentinel else row.rank)):
        groups.append(Group(rank, sentinels, tuple(_row(row, looks, axis, guides, tight=tight) for row in rows)))
    return Panel(
        name=slice_name(panel.slice),
        extent=extent(panel.n_items, panel.n_pairs),
        axis=dots.axis(axis, guides, panel.floor, panel.human_level, most=4 if tight else 6),
        groups=tuple(groups),
        lines=len(looks),
        long_labels=any(len(row.label) > _LONG for row in panel.rows),
        note=panel.note,
    )


def _row(row: DotRow, looks: Mapping[str, str], axis: Scale, guides: str, *, tight: bool) -> Row:
    figures = _main_figure(row, looks) if tight else dots.figures(row.marks, looks)
    return Row(label(row.label), row.beats_sentinels, dots.row(row.marks, looks, axis, guides, tight=tight), figures)


def _main_figure(row: DotRow, looks: Mapping[str, str]) -> Markup:
    """In a small panel: the calibrated value, else the first."""
    name = "calibrated" if "calibrated" in looks else next(iter(looks), "")
    mark = row.marks.get(name)
    return escape(share(mark.value if mark else None, 2))


def _largest(marks: Sequence[Mark]) -> str:
    return extent(max((m.n_items for m in marks), default=0), max((m.n_pairs for m in marks), default=0))


def _numbers(figure: DotPlot, identifier: str) -> Table:
    columns = [
        TableColumn(name="slice"),
        TableColumn(name="metric"),
        TableColumn(name="kind", help="metric, sentinel (knows nothing of quality), floor or human level"),
        TableColumn(name="rank", numeric=True, help="rank cluster: metrics of one rank cannot be told apart"),
        TableColumn(name="beats sentinels"),
        *(column for name in figure.statistics for column in mark_columns(name)),
        *extent_columns(),
    ]
    return table(
        f"{identifier}-numbers",
        f"The numbers of: {figure.title}",
        columns,
        [row for panel in figure.panels for row in _panel_numbers(panel, figure)],
    )


def _panel_numbers(panel: DotPanel, figure: DotPlot) -> list[list[Value]]:
    rows: list[list[Value]] = []
    for row in panel.rows:
        kind = "sentinel" if row.sentinel else "metric"
        marks = [row.marks.get(name) for name in figure.statistics]
        values = [value for mark in marks for value in mark_cells(mark)]
        rows.append([panel.slice, row.label, kind, row.rank, row.beats_sentinels, *values, *extent_cells(marks)])
    for name, mark in (("floor", panel.floor), ("human level", panel.human_level)):
        if mark is not None:
            # The floor and the human level stand beside the calibrated accuracy, or the first statistic where there is none.
            chosen = "calibrated" if "calibrated" in figure.statistics else next(iter(figure.statistics), "")
            values = [value for each in figure.statistics for value in mark_cells(mark if each == chosen else None)]
            rows.append([panel.slice, name, name, None, None, *values, *extent_cells([mark])])
    return rows


def _rank_numbers(figure: Ranks, names: list[str], identifier: str) -> Table:
    columns = [
        TableColumn(name="rank", numeric=True),
        TableColumn(name="metric"),
        TableColumn(name="beats sentinels"),
        *(column for name in names for column in mark_columns(name)),
        *extent_columns(),
    ]
    rows: list[list[Value]] = []
    for cluster in figure.clusters:
        for row in cluster.members:
            marks = [row.marks.get(name) for name in names]
            values = [value for mark in marks for value in mark_cells(mark)]
            rows.append([cluster.rank, row.label, row.beats_sentinels, *values, *extent_cells(marks)])
    return table(f"{identifier}-numbers", f"The numbers of: {figure.title}", columns, rows)
