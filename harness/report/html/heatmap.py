"""A heat map as a table: every cell has its number and interval; colour says how far it is from guessing."""

from dataclasses import dataclass

from markupsafe import Markup

from harness.report.contents import HeatMap, Mark, TableColumn
from harness.report.html.tables import Table, Value, extent_cells, extent_columns, mark_cells, mark_columns, table
from harness.report.html.text import extent, finite, interval, label, share

STEPS = 9
_MIDDLE = STEPS // 2


@dataclass(frozen=True)
class HeatCell:
    """One cell: texts, the step of the colours, and whether its interval leaves out the value of guessing."""

    text: str
    interval: str
    step: int | None
    sure: bool
    value: str
    hint: str


@dataclass(frozen=True)
class HeatMapView:
    """What the template draws."""

    columns: tuple[Markup, ...]
    rows: tuple[tuple[str, tuple[HeatCell, ...]], ...]
    steps: tuple[tuple[int, str], ...]
    neutral: str | None
    numbers: Table


def heat_map(figure: HeatMap, identifier: str) -> HeatMapView:
    """The view of a heat map."""
    rows = tuple(
        (name, tuple(_cell(mark, figure) for mark in cells)) for name, cells in zip(figure.rows, figure.cells, strict=False)
    )
    neutral = finite(figure.neutral)
    return HeatMapView(
        columns=tuple(label(column) for column in figure.columns),
        rows=rows,
        steps=_legend(figure),
        neutral=None if neutral is None else share(neutral, 2),
        numbers=_numbers(figure, identifier),
    )


def step(value: float, low: float, high: float, neutral: float | None) -> int:
    """The colour of a value, 0 to 8: 4 is guessing; without a value of guessing, 4 is the lowest."""
    if neutral is None or not low < neutral < high:
        place = (value - low) / (high - low) if high > low else 0.0
        return _MIDDLE + _shade(max(place, 0.0))
    place = (value - neutral) / (high - neutral if value >= neutral else neutral - low)
    return _MIDDLE + _shade(place)


def _shade(place: float) -> int:
    """-4 to 4 for -1 to 1; 0 for what has no place between ends that are infinitely far apart."""
    return round(_MIDDLE * min(max(place, -1.0), 1.0)) if place == place else 0


def _cell(mark: Mark, figure: HeatMap) -> HeatCell:
    value = finite(mark.value)
    hint = "; ".join(filter(None, [extent(mark.n_items, mark.n_pairs), mark.note]))
    if value is None:
        return HeatCell("–", "", None, False, "", hint)
    low, high, neutral = finite(mark.low), finite(mark.high), finite(figure.neutral)
    sure = low is not None and high is not None and neutral is not None and not low <= neutral <= high
    colour = step(value, figure.low, figure.high, neutral)
    return HeatCell(share(value, 2), interval(low, high, 2), colour, sure, f"{value:.7g}", hint)


def _legend(figure: HeatMap) -> tuple[tuple[int, str], ...]:
    """Each colour with the value at its middle."""
    neutral = finite(figure.neutral)
    if neutral is None or not figure.low < neutral < figure.high:
        return tuple((_MIDDLE + i, share(figure.low + i * (figure.high - figure.low) / _MIDDLE, 2)) for i in range(_MIDDLE + 1))
    below = [neutral - (neutral - figure.low) * i / _MIDDLE for i in range(_MIDDLE, 0, -1)]
    above = [neutral + (figure.high - neutral) * i / _MIDDLE for i in range(_MIDDLE + 1)]
    return tuple((i, share(value, 2)) for i, value in enumerate(below + above))


def _numbers(figure: HeatMap, identifier: str) -> Table:
    columns = [TableColumn(name="row"), TableColumn(name="column"), *mark_columns("value"), *extent_columns()]
    rows: list[list[Value]] = [
        [name, column, *mark_cells(mark), *extent_cells([mark])]
        for name, cells in zip(figure.rows, figure.cells, strict=False)
        for column, mark in zip(figure.columns, cells, strict=False)
    ]
    return table(f"{identifier}-numbers", f"The numbers of: {figure.title}", columns, rows)
