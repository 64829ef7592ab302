"""Tables that a reader can sort, filter and copy: what is shown, and the full number behind it for sorting and copying."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from harness.report.contents import DataTable, Mark, TableColumn
from harness.report.html.text import count, figure, finite, visible

Value = float | int | str | bool | None

_PHRASE, _SENTENCE = 28, 60  # characters from which a cell is given the width of a phrase or a sentence
_FILTER_FROM = 8  # shorter tables are read at a glance


@dataclass(frozen=True)
class Table:
    """A table ready for the template; `body` holds its rows."""

    id: str
    caption: str
    columns: tuple[TableColumn, ...]
    body: Markup
    n_rows: int

    @property
    def texts(self) -> str:
        """Classes that say which columns hold texts: `t1 t3`."""
        return " ".join(f"t{i}" for i, column in enumerate(self.columns, 1) if not column.numeric)

    @property
    def sentences(self) -> bool:
        """Whether a column holds sentences: on a narrow screen each row is then a card."""
        return any(column.sentence for column in self.columns)

    @property
    def filtered(self) -> bool:
        """Whether a filter box is worth its place."""
        return self.n_rows >= _FILTER_FROM

    @property
    def explained(self) -> bool:
        """Whether any column has a line of help."""
        return any(column.help for column in self.columns)


def table(identifier: str, caption: str, columns: Sequence[TableColumn], rows: Sequence[Sequence[Value]]) -> Table:
    """The table; the first column of texts names the row."""
    head = next((i for i, column in enumerate(columns) if not column.numeric), -1)
    # HTML lets rows and cells go without end tags: a long table is a fifth smaller.
    names = [column.name if any(c.sentence for c in columns) else "" for column in columns]
    rows_of_cells = (
        Markup("").join(
            cell(value, heading=i == head, name=names[i], sentence=columns[i].sentence, digits=columns[i].digits)
            for i, value in enumerate(row)
        )
        for row in rows
    )
    body = Markup("").join(Markup("<tr>") + cells for cells in rows_of_cells)
    return Table(id=identifier, caption=caption, columns=tuple(columns), body=body, n_rows=len(rows))


def from_contents(figure_: DataTable, identifier: str) -> Table:
    """The table of a report's figure."""
    return table(f"{identifier}-table", figure_.title, figure_.columns, figure_.rows)


def cell(value: Value, *, heading: bool = False, name: str = "", sentence: bool = False, digits: int | None = None) -> Markup:
    """A number, with five figures behind it where fewer are shown; a text; or a dash where there is no data.

    `name`: that of the column, where a row can stand as a card. `digits`: decimals of a float; None: about three figures.
    """
    said = Markup(' data-name="{}"').format(visible(name)) if name else Markup("")
    if isinstance(value, bool):
        value = "yes" if value else ""
    if isinstance(value, float):
        value = finite(value)
    if value is None:
        return Markup("<td class=x{}>–").format(said)
    if isinstance(value, str):
        text = escape(visible(value))
        if heading:
            return Markup("<th scope=row{}>{}").format(said, text)
        return Markup("<td{}{}>{}").format(" class=told" if sentence else _width(value), said, text)
    # A year or a seed has four digits: only longer whole numbers are grouped.
    shown = figure(value, digits) if isinstance(value, float) else count(value) if abs(value) >= 10_000 else str(value)
    exact = f"{value:.5g}" if isinstance(value, float) else str(value)
    return Markup(f"<td{said}>{shown}" if float(exact) == _read(shown) else f"<td data-v={exact}{said}>{shown}")


def _width(text: str) -> str:
    return "" if len(text) < _PHRASE else " class=p" if len(text) < _SENTENCE else " class=s"


def _read(shown: str) -> float:
    """The number that a reader, and the script of the page, takes from a cell."""
    return float(shown.replace("−", "-").replace(",", ""))


def mark_columns(name: str) -> list[TableColumn]:
    """The columns of a value with its interval."""
    return [
        TableColumn(name=name, numeric=True),
        TableColumn(name=f"{name}, low", numeric=True, help=f"lower end of the interval of {name}"),
        TableColumn(name=f"{name}, high", numeric=True, help=f"upper end of the interval of {name}"),
    ]


def mark_cells(mark: Mark | None) -> list[Value]:
    """The cells for `mark_columns`."""
    return [None, None, None] if mark is None else [mark.value, mark.low, mark.high]


def extent_columns() -> list[TableColumn]:
    """Items, pairs and the note of a mark."""
    return [TableColumn(name="items", numeric=True), TableColumn(name="pairs", numeric=True), TableColumn(name="note")]


def extent_cells(marks: Sequence[Mark | None]) -> list[Value]:
    """The cells for `extent_columns`: the largest numbers and every note of these marks."""
    known = [mark for mark in marks if mark is not None]
    notes = dict.fromkeys(mark.note for mark in known if mark.note)
    return [max((m.n_items for m in known), default=0), max((m.n_pairs for m in known), default=0), "; ".join(notes) or None]
