"""What the rows of a table say, checked cell by cell: items with their fields, outputs, ratings."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Real
from typing import Any, NamedTuple

from harness.errors import InputError
from harness_plugins.judgments.table_columns import FORMS, Layout, written
from harness_plugins.judgments.table_rows import Rows

ONE_RATER = "rater"  # the rater's name in a table that names none
ONE_CRITERION = "rating"  # likewise the criterion's
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(nan|inf(inity)?)", re.IGNORECASE)
_ITEM_ROLES = ("source", "instruction", "language", "task", "form", "cluster", "parallel_id")


class Cell(NamedTuple):
    """A value and the line (or row) that first gave it."""

    value: Any
    number: int


class RatingKey(NamedTuple):
    """What one rating is about, and whose it is."""

    item: str
    system: str
    sample: int
    rater: str
    criterion: str


@dataclass
class Contents:
    """By item, in the order of the rows: its fields, its outputs by (system, sample); and all ratings."""

    fields: dict[str, dict[str, Cell]] = field(default_factory=dict)
    outputs: dict[str, dict[tuple[str, int], Cell]] = field(default_factory=dict)
    ratings: dict[RatingKey, Cell] = field(default_factory=dict)


def collect(rows: Rows, layout: Layout) -> Contents:
    """The contents of all rows; raises InputError naming the line, the column and what to do for the first cell that is wrong."""
    contents = Contents()
    for number, cells in rows.rows:
        item = identifier(rows, number, cells, layout.columns["item"])
        system = identifier(rows, number, cells, layout.columns["system"])
        sample = _sample(rows, number, cells, layout.columns.get("sample"))
        fields = contents.fields.setdefault(item, {})
        for role, value in item_fields(rows, number, cells, layout):
            put(rows, fields, role, Cell(value, number), f"item {item!r} has two different {role} values")
        outputs = contents.outputs.setdefault(item, {})
        text = output_of(rows, number, cells, layout.columns["output"])
        what = f"system {system!r} has two different outputs on item {item!r}; number them in a column `sample`, or keep one"
        put(rows, outputs, (system, sample), Cell(text, number), what)
        for key, value in _ratings(rows, number, cells, layout, item, system, sample):
            if key in contents.ratings:
                first = contents.ratings[key].number
                how = f"; if several people rated it, name the rater's column: {written(rows, rater='COLUMN')}"
                hint = "" if "rater" in layout.columns else how
                raise InputError(
                    f"{rows.place(number)}: the rating of item {item!r}, system {system!r}, sample {sample} by {key.rater!r} on "
                    f"{key.criterion!r} is already in {rows.unit} {first}; keep one{hint}"
                )
            contents.ratings[key] = Cell(value, number)
    return contents


def item_fields(rows: Rows, number: int, cells: Mapping[str, Any], layout: Layout) -> Iterator[tuple[str, Any]]:
    """What this row says of its item, as far as it says something."""
    for role in _ITEM_ROLES:
        if role in layout.constants:
            yield role, layout.constants[role]
        elif role in layout.columns:
            value = text_of(rows, number, cells, layout.columns[role])
            if not value.strip():
                continue
            if role == "form" and value not in FORMS:
                raise InputError(f"{rows.place(number)}, column {layout.columns[role]!r}: form is short or long, got {value!r}")
            yield role, value
    references = tuple(text for column in layout.references for text in texts_of(rows, number, cells, column) if text.strip())
    if references:
        yield "reference", references


def put(rows: Rows, known: dict[Any, Cell], key: Any, cell: Cell, what: str) -> None:
    """Keeps the cell under the key; raises InputError naming both lines if another value is already there."""
    first = known.setdefault(key, cell)
    if first.value != cell.value:
        raise InputError(
            f"{rows.place(cell.number)}: {what}: {short(cell.value)}, but {short(first.value)} in {rows.unit} {first.number}"
        )


def _ratings(
    rows: Rows, number: int, cells: Mapping[str, Any], layout: Layout, item: str, system: str, sample: int
) -> Iterator[tuple[RatingKey, float | None]]:
    for column, rater, criterion in layout.ratings:
        if rater is None:
            rater = identifier(rows, number, cells, layout.columns["rater"]) if "rater" in layout.columns else ONE_RATER
        if criterion is None:
            named = "criterion" in layout.columns
            criterion = identifier(rows, number, cells, layout.columns["criterion"]) if named else ONE_CRITERION
        yield RatingKey(item, system, sample, rater, criterion), _number(rows, number, cells, column)


def identifier(rows: Rows, number: int, cells: Mapping[str, Any], column: str) -> str:
    """The cell as a name, which no row may leave empty."""
    value = cells.get(column)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a frame makes whole numbers floats as soon as one cell of their column is empty
    text = _scalar(rows, number, column, value).strip()
    if not text:
        raise InputError(f"{rows.place(number)}, column {column!r}: the cell is empty; each row names its {column}")
    return text


def text_of(rows: Rows, number: int, cells: Mapping[str, Any], column: str) -> str:
    """The cell as text; empty where there is none."""
    return _scalar(rows, number, column, cells.get(column))


def output_of(rows: Rows, number: int, cells: Mapping[str, Any], column: str) -> str | None:
    """The cell as the text of an output: None where the row has none, which an empty text is not."""
    return None if cells.get(column) is None else text_of(rows, number, cells, column)


def missing_note(missing: int) -> str:
    """What is said of outputs that have no text."""
    return f"{missing} {'output is' if missing == 1 else 'outputs are'} missing (null), and no metric can score what is not there"


def texts_of(rows: Rows, number: int, cells: Mapping[str, Any], column: str) -> list[str]:
    value = cells.get(column)
    return [_scalar(rows, number, column, each) for each in (value if isinstance(value, list | tuple) else [value])]


def _scalar(rows: Rows, number: int, column: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping | list | tuple):
        raise InputError(f"{rows.place(number)}, column {column!r}: expected a text, got {short(value)}")
    return value if isinstance(value, str) else str(value)


def _sample(rows: Rows, number: int, cells: Mapping[str, Any], column: str | None) -> int:
    value = None if column is None else _number(rows, number, cells, column)
    if value is None:
        return 0
    if value < 0 or not value.is_integer():
        raise InputError(f"{rows.place(number)}, column {column!r}: a sample is a whole number from 0, got {value:g}")
    return int(value)


def _number(rows: Rows, number: int, cells: Mapping[str, Any], column: str) -> float | None:
    """The cell's number, or None where it is empty."""
    value = cells.get(column)
    where = f"{rows.place(number)}, column {column!r}"
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    number_like = value
    if isinstance(value, str):
        text = value.strip()
        number_like = text.replace(",", ".") if rows.decimal_comma and text.count(",") == 1 else text
        if not _NUMBER.fullmatch(number_like) and not _NOT_FINITE.fullmatch(number_like):
            comma = _NUMBER.fullmatch(text.replace(",", "."))
            hint = " Decimal commas are read in semicolon-separated files only." if comma else ""
            raise InputError(
                f"{where}: {value!r} is not a number; map labels to numbers and leave the cell empty if missing.{hint}"
            )
    elif isinstance(value, bool) or not isinstance(value, Real | Decimal):
        raise InputError(f"{where}: a rating is a number, got {short(value)}; leave the cell empty if missing")
    try:
        result = float(number_like)
    except OverflowError:  # a whole number of more than 308 digits
        result = math.inf
    if not math.isfinite(result):
        raise InputError(f"{where}: {short(value)} is no rating; leave the cell empty if missing")
    return result


def short(value: Any) -> str:
    """The value as a message shows it."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
