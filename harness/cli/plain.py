"""Text of data made safe for a terminal: nothing in it can move the cursor, change colours or turn the line around."""

import unicodedata
from collections.abc import Sequence

_KEPT = "\u200c\u200d\ufe0f"  # joiners that ordinary words and emoji need


def plain(text: str) -> str:
    """The text on one line, control, format, surrogate and separator characters written as \\x1b, \\u202e and the like."""
    return text if text.isprintable() else "".join(map(_safe, text))


def columns(rows: Sequence[tuple[str, ...]], right: frozenset[int] = frozenset()) -> list[str]:
    """Rows as lines with their columns under each other; the columns named in `right` end flush."""
    if not rows:
        return []
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_padded(cell, widths[n], n in right) for n, cell in enumerate(row)).rstrip() for row in rows]


def width(text: str) -> int:
    """How many cells of a terminal the text takes: wide characters take two, combining ones none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _padded(cell: str, cells: int, flush_right: bool) -> str:
    blank = " " * (cells - width(cell))
    return blank + cell if flush_right else cell + blank


def _safe(character: str) -> str:
    if character.isprintable() or character in _KEPT:
        return character
    return character.encode("unicode_escape").decode("ascii")
