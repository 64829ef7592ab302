"""Texts of models and raters made safe to show: what cannot be seen is written out, and what is too long is cut with a word.

Markup stays as it is: a report holds plain text, and whoever draws it escapes it.
"""

import unicodedata
from typing import Any

import msgspec

from harness.report.contents import Report

LONGEST = 4_000  # characters of any other text in a report
LABEL = 200  # characters of a name
CELL = 600  # characters of a cell of a table
MANIFEST = 200_000
_LABELS = ("label", "system", "slice", "metric", "criterion", "item", "language", "name", "rating", "title", "columns")
_PICTURE = "data"  # base64 of a picture, which is checked when it is made
_LIMITS = {**dict.fromkeys(_LABELS, LABEL), "rows": CELL, "manifest": MANIFEST}  # by the field that holds the text


def cleaned(report: Report) -> Report:
    """The report with every text shown as `shown` shows it."""
    return msgspec.convert(_walk(msgspec.to_builtins(report), ""), Report)


def shown(text: str, most: int = LONGEST) -> str:
    """The text as it is, but for characters that no one can see or that reorder what follows.

    Control characters (all but newline and tab), line separators, marks of direction, other invisible characters, surrogates and
    what is not assigned become `\\u{202e}`; a text longer than `most` is cut, and says how much is missing.
    """
    cut = text[:most]
    safe = cut if cut.isascii() and cut.isprintable() else "".join(map(_visible, cut))
    return safe if len(text) <= most else f"{safe} … ({len(text) - most:,} more characters)"


def _visible(character: str) -> str:
    if character in "\n\t" or character.isprintable():
        return character
    if character == "\r":
        return ""
    kind = unicodedata.category(character)
    if (
        kind == "Zs" or character in "\u200c\u200d\u00ad"
    ):  # blanks of some width; joiners that scripts and emoji need; soft hyphen
        return character
    return f"\\u{{{ord(character):x}}}"


def _walk(value: Any, field: str) -> Any:
    if isinstance(value, str):
        return shown(value, _LIMITS.get(field, LONGEST))
    if isinstance(value, dict):
        return {key: one if key == _PICTURE else _walk(one, key) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_walk(one, field) for one in value]
    return value
