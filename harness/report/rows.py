"""Rows of a table as text that can be read: figures and names are never cut in two, and columns that do not fit are left out."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rich.table import Table

from harness.report.layout import plain_table
from harness.report.texts import shown

GAP = 2  # columns between two columns of a table
LONG = 32  # a cell longer than this is wrapped
LEAST = 16  # columns that a wrapped cell needs to be read
# What tells a row of `meta` from another, and what it says; the other columns are in the export.
META = (
    "metric", "against", "component", "criterion", "raters", "slice", "grouping", "support", "statistic",
    "value", "low", "high", "n_items", "n_pairs", "p_adjusted", "note",
)  # fmt: skip
VERDICTS = (
    "value", "ranks", "status", "expectation", "targets", "reply", "criterion", "judge", "metric", "prompt", "sample", "detail",
    "tokens_in", "tokens_out", "price", "seconds",
)  # fmt: skip
SHOWN = {"meta": META, "verdicts": VERDICTS}  # of a table not named here, every column
FIRST_TO_GO = (
    "raters", "support", "note", "n_items", "component", "grouping", "criterion", "p_adjusted", "n_pairs", "against", "slice",
    "high", "low",
)  # fmt: skip


class Rows(NamedTuple):
    """A table to print, and the columns that hold something and are not in it."""

    table: Table
    left_out: tuple[str, ...]


def rows_table(name: str, rows: Sequence[Mapping[str, Any]], labels: Mapping[str, str], width: int) -> Rows:
    """The rows of table `name`, at most `width` columns wide where that can be. `labels`: signature → what the user wrote."""
    filled = [column for column in rows[0] if any(row[column] not in (None, "", [], {}) for row in rows)]
    columns = [column for column in SHOWN.get(name, filled) if column in filled]
    texts = {column: _texts(column, [row[column] for row in rows], labels, name == "meta") for column in columns}
    while len(columns) > 1 and _least(columns, texts) > width:
        columns.remove(_next_to_go(name, columns, texts))
    table = plain_table()
    wrapped = [column for column in columns if _wraps(texts[column])]
    fixed = sum(_longest(column, texts[column]) for column in columns if column not in wrapped)
    share = (width - fixed - GAP * (len(columns) - 1)) // max(1, len(wrapped))
    for column in columns:
        if column in wrapped:
            table.add_column(column, overflow="fold", max_width=max(LEAST, share))
        else:
            figures = all(isinstance(row[column], (int, float)) or row[column] is None for row in rows)
            table.add_column(column, no_wrap=True, justify="right" if figures else "left")
    for cells in zip(*(texts[column] for column in columns), strict=True):
        table.add_row(*cells)
    return Rows(table, tuple(column for column in filled if column not in columns))


def metric_label(signature: str, labels: Mapping[str, str]) -> str:
    """What the user wrote for the metric, else its name."""
    return labels.get(signature, signature.partition("|")[0])


def _next_to_go(name: str, columns: Sequence[str], texts: Mapping[str, Sequence[str]]) -> str:
    """A column of `meta` that says the same in every row, else the one that is missed least; the last one of another table."""
    if name != "meta":
        narrow = [column for column in columns[1:] if not _wraps(texts[column])]
        return (narrow or columns)[-1]
    order = [column for column in FIRST_TO_GO if column in columns]
    same = [column for column in order if len(set(texts[column])) == 1]
    return (same or order or columns)[0]


def _least(columns: Sequence[str], texts: Mapping[str, Sequence[str]]) -> int:
    needed = [LEAST if _wraps(texts[column]) else _longest(column, texts[column]) for column in columns]
    return sum(needed) + GAP * (len(columns) - 1)


def _wraps(cells: Sequence[str]) -> bool:
    return max(map(len, cells)) > LONG


def _longest(column: str, cells: Sequence[str]) -> int:
    return max(len(column), *map(len, cells))


def _texts(column: str, values: Sequence[Any], labels: Mapping[str, str], decimals: bool) -> list[str]:
    """A column's cells; floats that are all whole, as ratings are, have decimals only where `decimals` says so."""
    if column in ("metric", "against"):
        return ["" if value is None else metric_label(value, labels) for value in values]
    whole = not decimals and all(float(value).is_integer() for value in values if isinstance(value, float))
    return [_cell(value, 0 if whole else 3) for value in values]


def _cell(value: Any, digits: int) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return rounded(value, digits)
    text = value if isinstance(value, str) else json.dumps(_short(value), ensure_ascii=False)
    return shown(text.replace("\r\n", "\n"), len(text)).replace("\n", "⏎").replace("\t", " ")


def rounded(value: float, digits: int = 3) -> str:
    """`0.500`, `-0.012`; `1.2e-05` for what would be all zeros."""
    text = f"{value:.{digits}f}"
    return f"{value:.1e}" if value and digits and float(text) == 0 else text


def _short(value: Any) -> Any:
    """A list or mapping whose numbers have three decimals at most."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, Mapping):
        return {key: _short(one) for key, one in value.items()}
    return [_short(one) for one in value] if isinstance(value, (list, tuple)) else value
