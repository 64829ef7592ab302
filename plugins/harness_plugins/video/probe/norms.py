"""Tables of norms: how well people can picture a word, by word. Glasgow, MRC, Lancaster, or one's own, for any language.

| preset | column | scale | source |
|---|---|---|---|
| `glasgow` | Imageability | 1–7 | Scott et al. 2019, CC BY 4.0; `harness data get glasgow-norms` |
| `mrc` | IMAG | 100–700 | Coltheart 1981, Wilson 1988: the file mrc2.dct |
| `lancaster` | Visual.mean | 0–5 | Lynott et al. 2020, CC BY 4.0: its CSV; how strongly a thing is seen, not imageability |
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from harness.data import find_data
from harness.errors import InputError
from harness.protocols import DataFiles
from harness_plugins.video.probe.norm_rows import NormRow, lemma_table, mrc_rows, table_language, table_rows
from harness_plugins.video.probe.words import fold

GLASGOW = "glasgow-norms"
PRESETS = ("glasgow", GLASGOW, "mrc", "lancaster")
_COMMIT = "f87b8d08aead13a106d8e0c351f6714315203a3d"
_GLASGOW_FILE = "data/glasgow_norms.csv"
_NAMED = 8  # bad rows that a message names
Twice = Literal["refuse", "omit"]


@dataclass(frozen=True)
class Norms:
    """Values by folded word (`words.fold`), the larger the easier to picture.

    `classes`, `frequencies`, `lemmas` (form → word): of those words of which the table says so; `scale`: lowest and highest
    value that there can be; `lines`: where a word's value stands; `notes`: what was left out, in words, with counts.
    """

    name: str
    column: str
    values: Mapping[str, float]
    scale: tuple[float, float] | None = None
    language: str | None = None
    classes: Mapping[str, str] = field(default_factory=dict)
    frequencies: Mapping[str, float] = field(default_factory=dict)
    lemmas: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_norms(
    source: str | Path = "glasgow",
    *,
    path: str | Path | None = None,
    word: str | None = None,
    value: str | None = None,
    scale: tuple[float, float] | None = None,
    language: str | None = None,
    word_class: str | None = None,
    frequency: str | None = None,
    lemmas: str | Path | None = None,
    twice: Twice | None = None,
) -> Norms:
    """Norms by preset (`glasgow`; `mrc`, `lancaster` with `path`), or a table (CSV, TSV, JSONL, Parquet): `source` is its path.

    `word`, `value`, `word_class`, `frequency`: names of its columns, in any case (by default `word`, `value` or `imageability`,
    and `word_class`, `frequency` where it has them); `language`: keeps the rows whose column `language` says so, where there is
    one; `lemmas`: a table with columns `form` and `lemma`; `twice`: what becomes of a word with two values: `refuse` (of the
    presets' files: `omit`). A word with a sense behind it, "bank (money)", is left out: a text does not say which is meant.

    Raises InputError naming file, line, word and value for values that are no numbers or outside the scale, for a column that
    is not there, and for a table without a usable word.
    """
    if twice not in (None, "refuse", "omit"):
        raise ValueError(f"twice must be 'refuse' or 'omit', got {twice!r}")
    _check_scale(scale)
    name = str(source)
    preset: tuple[str, tuple[float, float] | None, str | None, Twice]
    if name in ("glasgow", GLASGOW):
        file = Path(path).expanduser() if path is not None else find_data(glasgow_files(), GLASGOW) / _GLASGOW_FILE
        rows, column = table_rows(file, word or "Word", value or "Imageability", word_class, frequency, language=None)
        usual = (1.0, 7.0) if column == "Imageability" else None  # other columns have other scales
        preset = ("Glasgow norms", scale or usual, language or "en", twice or "omit")
    elif name == "mrc":
        file = _needed(path, "mrc", "mrc2.dct, the dictionary file of the MRC Psycholinguistic Database, version 2")
        rows, column = mrc_rows(file), "IMAG"
        preset = ("MRC norms", scale or (100.0, 700.0), language or "en", twice or "omit")
    elif name == "lancaster":
        file = _needed(path, "lancaster", "the CSV of the Lancaster Sensorimotor Norms (osf.io/7emr6)")
        rows, column = table_rows(file, word or "Word", value or "Visual.mean", word_class, frequency, language=None)
        usual = (0.0, 5.0) if column.endswith(".mean") else None
        preset = ("Lancaster norms", scale or usual, language or "en", twice or "omit")
    else:
        if path is not None:
            raise ValueError(f"path goes with the presets glasgow, mrc and lancaster; {name!r} is a file itself")
        file = Path(source).expanduser()
        columns = (word or "word", value or ("value", "imageability"))
        rows, column = table_rows(file, *columns, word_class, frequency, language=language, optional=True)
        preset = (file.name, scale, language or table_language(file), twice or "refuse")
    called, limits, spoken, choice = preset
    found = _norms(str(file), rows, limits, choice)
    norms = replace(found, name=called, column=column, scale=limits, language=spoken)
    return norms if lemmas is None else replace(norms, lemmas=lemma_table(Path(lemmas).expanduser()))


def data_files() -> dict[str, DataFiles]:
    """What `harness data get` fetches."""
    return {GLASGOW: glasgow_files()}


def glasgow_files() -> DataFiles:
    """The Glasgow norms, at a pinned commit of a repository that holds a copy."""
    return DataFiles(
        folder=GLASGOW,
        base_url=f"https://raw.githubusercontent.com/bodowinter/size_sound_symbolism/{_COMMIT}",
        files={_GLASGOW_FILE: "1f04f1b521e36927a7f77760d813f5d6ac5b6a432dfc6f8b996ab4ba308d01ba"},
        licence="CC-BY-4.0",
        source="https://doi.org/10.3758/s13428-018-1099-3 (copy: https://github.com/bodowinter/size_sound_symbolism)",
    )


def _norms(file: str, rows: list[NormRow], scale: tuple[float, float] | None, twice: str) -> Norms:
    """The rows as norms, each word once. InputError naming what cannot be used."""
    _refuse_bad(file, rows, scale)
    empty = sum(row.word == "" or row.value is None for row in rows)
    senses = [row for row in rows if row.word and row.sense]
    lined: dict[str, list[NormRow]] = {}
    for row in rows:
        if row.word and row.value is not None and not row.sense:
            lined.setdefault(fold(row.word), []).append(row)
    unlike = {word: same for word, same in lined.items() if len({row.value for row in same}) > 1}
    if unlike and twice == "refuse":
        word, same = next(iter(unlike.items()))
        stand = " and ".join(f"{row.value:g} in line {row.line}" for row in same[:4])
        more = f"; so have {len(unlike) - 1} other words" if len(unlike) > 1 else ""
        raise InputError(f"{file}: {word!r} has several values, {stand}{more}; keep one, or leave such words out (twice: omit)")
    kept = {word: same for word, same in lined.items() if word not in unlike}
    again = sum(len(same) > 1 for same in kept.values())
    unclear = [word for word, same in kept.items() if len({row.word_class for row in same}) > 1]
    if not kept:
        raise InputError(f"{file}: 0 of its {len(rows)} rows give a word and its value; is it the right column?")
    notes = [
        (empty, f"{empty} rows without a word or a value were left out"),
        (senses, f"{len(senses)} words with a sense, such as {senses[0].word!r}, were left out" if senses else ""),
        (unlike, f"{len(unlike)} words with several values were left out: {', '.join(map(repr, list(unlike)[:5]))}"),
        (again, f"{again} words stand in several rows with the same value and count once"),
        (unclear, f"{len(unclear)} words have several word classes and count as of none"),
    ]
    first = {word: same[0] for word, same in kept.items()}
    return Norms(
        name=file,
        column="",
        values={word: float(row.value) for word, row in first.items() if row.value is not None},
        classes={word: row.word_class for word, row in first.items() if row.word_class and word not in set(unclear)},
        frequencies={word: row.frequency for word, row in first.items() if row.frequency},
        lines={word: row.line for word, row in first.items()},
        notes=tuple(text for count, text in notes if count),
    )


def _refuse_bad(file: str, rows: list[NormRow], scale: tuple[float, float] | None) -> None:
    low, high = scale or (-math.inf, math.inf)
    bad = [f"line {row.line}: {row.word!r:.60}: {row.bad}" for row in rows if row.bad]
    bad += [
        f"line {row.line}: {row.word!r:.60}: {row.value:g} is not on the scale {low:g}–{high:g}"
        for row in rows
        if not row.bad and row.value is not None and not low <= row.value <= high
    ]
    if bad:
        more = f"; and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
        raise InputError(
            f"{file}: {len(bad)} of {len(rows)} rows cannot be used: {'; '.join(bad[:_NAMED])}{more}. Mend or delete them"
        )


def _check_scale(scale: tuple[float, float] | None) -> None:
    if scale is None:
        return
    listed = isinstance(scale, list | tuple)
    numbers = listed and all(isinstance(end, int | float) and not isinstance(end, bool) for end in scale)
    if not listed or len(scale) != 2 or not numbers or not scale[0] < scale[1]:
        raise ValueError(f"scale must be two numbers, the lowest and the highest value, got {scale!r}")


def _needed(path: str | Path | None, preset: str, what: str) -> Path:
    if path is None:
        raise ValueError(f"{preset} needs path: {what}; its files have no address from which they could be fetched")
    return Path(path).expanduser()
