"""Figures and labels as text that fits a column: numbers without a leading zero, labels broken only where they may be."""

import re

from rich.table import Table

from harness.meta.rater_names import split_names
from harness.records import MetaRow


def number(value: float | None, digits: int = 3) -> str:
    """`.605`, `-.012`, `1.000`; a dash where there is none."""
    if value is None:
        return "–"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        return text.lstrip("-").removeprefix("0") or "0"
    return text.replace("0.", ".", 1) if abs(float(text)) < 1 else text


def interval(row: MetaRow, digits: int = 3) -> str:
    """`[.571 .640]`; a dash where there is none."""
    return "[–]" if row.low is None or row.high is None else f"[{number(row.low, digits)} {number(row.high, digits)}]"


def small(row: MetaRow) -> str:
    """Value and interval in two decimals: a slice has few items, and more digits would be noise."""
    return f"{number(row.value, 2)} {interval(row, 2)}".replace("1.00", "1.0")


def agreement_in_words(row: MetaRow) -> str:
    """`raters agree: alpha (ordinal) .865 [.715 .984] on 11 items (2 raters)`, or why that is not known."""
    raters = len(split_names(row.raters or ""))
    if raters < 2:
        one = (row.raters or "(1 in all)" in (row.note or "")) and "one rater only"
        return f"raters agree: unknown, {one or (row.note or 'nothing was judged twice').removeprefix('no data: ')}"
    if row.value is None:
        return f"raters agree: unknown, {(row.note or 'alpha is undefined').removeprefix('no data: ')} ({raters} raters)"
    kind = row.statistic.rpartition("_")[2]
    name = "Fleiss' kappa" if kind == "kappa" else f"alpha ({kind})"
    return f"raters agree: {name} {number(row.value)} {interval(row)} on {row.n_items} items ({raters} raters)"


def broken(label: str, width: int) -> str:
    """The label in lines of at most `width`: broken after `,` `:` `=` `|` or a space, else after `-`, else where it must be."""
    lines = [""]
    for part in _pieces(label, ",:=| "):
        for piece in [part] if len(part.rstrip()) <= width else _pieces(part, "-"):
            while len(piece.rstrip()) > width:
                lines += [piece[:width]]
                piece = piece[width:]
            if len(lines[-1]) + len(piece.rstrip()) > width:
                lines.append(piece)
            else:
                lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines if line)


def _pieces(text: str, ends: str) -> list[str]:
    """The text cut after each of the characters `ends`."""
    end = re.escape(ends)
    return re.findall(f"[^{end}]*[{end}]|[^{end}]+$", text)


def longest(texts: list[str]) -> int:
    """Characters in the longest line of all texts."""
    return max((len(line) for text in texts for line in text.split("\n")), default=0)


def plain_table() -> Table:
    """A table without lines, its headings bold."""
    return Table(box=None, pad_edge=False, header_style="bold")
