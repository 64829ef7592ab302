"""Rows of norm tables as they stand in files: CSV and the like, and the fixed columns of the MRC dictionary."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.whole_files import read_file
from harness_plugins.judgments.table_rows import BEYOND, Rows, read_rows
from harness_plugins.video.probe.words import fold

_SENSE = re.compile(r"\S.*?\s*\([^()]+\)\s*\Z", re.DOTALL)
# Wilson 1988, the MRC dictionary's WTYPE, as Universal POS tags; P is a past participle, O any other
_MRC_CLASSES = {
    "N": "NOUN", "J": "ADJ", "V": "VERB", "P": "VERB", "A": "ADV", "R": "ADP", "C": "CCONJ", "U": "PRON", "I": "INTJ", "O": "X",
}  # fmt: skip
_MRC_IMAG, _MRC_CLASS, _MRC_WORD = slice(31, 34), 44, 51


@dataclass(frozen=True)
class NormRow:
    """A row. `value`: None where the cell is empty; `bad`: why the row cannot be used."""

    line: int
    word: str
    value: float | None
    word_class: str | None = None
    frequency: float | None = None
    bad: str = ""

    @property
    def sense(self) -> bool:
        """Whether this is one sense of a word, as in "bank (money)"."""
        return _SENSE.match(self.word) is not None


def table_rows(
    file: Path,
    word: str,
    value: str | tuple[str, ...],
    word_class: str | None,
    frequency: str | None,
    *,
    language: str | None,
    optional: bool = False,
) -> tuple[list[NormRow], str]:
    """The rows of a table and the name of the column of values, the first of `value` that there is.

    `optional`: columns `word_class` and `frequency` are read under those names where nothing else is asked for; `language`
    keeps the rows of that language.
    """
    rows = read_rows(file, uneven=True)
    words = column_of(rows, word, asked_by="word")
    values = column_of(rows, *((value,) if isinstance(value, str) else value), asked_by="value")
    classes = _maybe(rows, word_class, "word_class" if optional else None)
    frequencies = _maybe(rows, frequency, "frequency" if optional else None)
    read = []
    for line, cells in _of_language(rows, language) if optional else rows.rows:
        number, bad = number_of(cells.get(values), rows.decimal_comma)
        often, bad_often = number_of(cells.get(frequencies), rows.decimal_comma) if frequencies else (None, "")
        if often is not None and often < 0:
            bad_often = f"{often:g} is no frequency"
        kind = str(cells.get(classes) or "").strip() or None if classes else None
        if BEYOND in cells:
            every = [str(cells.get(values)), *cells[BEYOND]]
            bad = f"{','.join(every)!r:.60}: more cells than the header has columns (a decimal comma?)"
        spelled = cells.get(words)
        read.append(
            NormRow(line, " ".join(str("" if spelled is None else spelled).split()), number, kind, often, bad or bad_often)
        )
    return read, values


def mrc_rows(file: Path) -> list[NormRow]:
    """The words of mrc2.dct that have a value of imageability (columns 32 to 34, 0 where there is none)."""
    try:
        lines = read_file(file).decode("latin-1").splitlines()
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}; check the path") from error
    read = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        word, bar, _ = line[_MRC_WORD:].partition("|")
        if not bar or not line[_MRC_IMAG].strip().isdecimal():
            raise InputError(
                f"{file}, line {number}: not a line of the MRC dictionary (mrc2.dct), of fixed columns: {line!r:.60}"
            )
        if imageability := int(line[_MRC_IMAG]):
            read.append(NormRow(number, word.strip(), float(imageability), _MRC_CLASSES.get(line[_MRC_CLASS])))
    return read


def lemma_table(file: Path) -> Mapping[str, str]:
    """Folded form → folded lemma, from a table with columns `form` and `lemma`. A form with two lemmas is refused."""
    rows = read_rows(file)
    form, lemma = column_of(rows, "form"), column_of(rows, "lemma")
    found: dict[str, tuple[str, int]] = {}
    for line, cells in rows.rows:
        one, other = (fold(str(cells.get(name) or "")) for name in (form, lemma))
        if not one or not other:
            raise InputError(f"{rows.place(line)}: a form and its lemma are needed, got {one!r} and {other!r}")
        if found.setdefault(one, (other, line))[0] != other:
            raise InputError(
                f"{rows.place(line)}: {one!r} has the lemma {other!r}, and {found[one][0]!r} in line {found[one][1]}; keep one"
            )
    return {one: other for one, (other, _) in found.items()}


def column_of(rows: Rows, *names: str, asked_by: str | None = None) -> str:
    """The table's column of one of these names, as it is spelled there. InputError saying which there are, and by which parameter
    (`asked_by`) another one can be named."""
    there = {column.casefold(): column for column in rows.columns}
    for name in names:
        if name in rows.columns:
            return name
        if name.casefold() in there:
            return there[name.casefold()]
    looked = " or ".join(repr(name) for name in names)
    other = f"; say which of them to read ({asked_by})" if asked_by is not None else ""
    raise InputError(f"{rows.label}: there is no column {looked}; its columns are {', '.join(map(repr, rows.columns))}{other}")


def _maybe(rows: Rows, name: str | None, usual: str | None) -> str | None:
    """A column that was asked for, or the usual one if there is one."""
    if name is not None:
        return column_of(rows, name)
    return next((column for column in rows.columns if usual is not None and column.casefold() == usual), None)


def table_language(file: Path) -> str | None:
    """The one language that a table says its words are of, None where it says none or several."""
    rows = read_rows(file, uneven=True)
    column = next((name for name in rows.columns if name.casefold() == "language"), None)
    held = {str(cells.get(column) or "") for _, cells in rows.rows} if column is not None else set()
    return (held.pop() or None) if len(held) == 1 else None


def _of_language(rows: Rows, language: str | None) -> list[tuple[int, Mapping[str, Any]]]:
    """The rows of a language, where the table has a column of it. InputError where it holds several and none is asked for."""
    column = next((name for name in rows.columns if name.casefold() == "language"), None)
    if column is None:
        return list(rows.rows)
    held = sorted({str(cells.get(column) or "") for _, cells in rows.rows})
    if language is None:
        if len(held) > 1:
            raise InputError(f"{rows.label}: it holds words of {', '.join(map(repr, held))}; say which to take (language)")
        return list(rows.rows)
    wanted = language.casefold().split("-")[0]
    kept = [(line, cells) for line, cells in rows.rows if str(cells.get(column) or "").casefold().split("-")[0] == wanted]
    if not kept:
        raise InputError(f"{rows.label}: no row is of the language {language!r}; it holds {', '.join(map(repr, held))}")
    return kept


def number_of(cell: object, decimal_comma: bool) -> tuple[float | None, str]:
    """A cell as a finite number; (None, "") for an empty one, and (None, why) for what is none."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None, ""
    if isinstance(cell, bool):
        return None, f"{cell!r} is no number"
    text = str(cell).strip()
    try:
        number = float(text.replace(",", ".") if decimal_comma else text)
    except ValueError:
        return None, f"{text!r:.60} is no number"
    if "_" in text or not math.isfinite(number):
        return None, f"{text!r:.60} is no finite number"
    return number, ""
