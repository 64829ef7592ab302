"""Tables of norms: how well people can picture a word, by word. Glasgow, MRC, Lancaster, or one's own, for any language.

| preset | column | scale | source |
|---|---|---|---|
| `glasgow` | Imageability | 1–7 | Scott, Keitel, Becirspahic, Yao & Sereno 2019, CC BY 4.0; `harness data get glasgow-norms` |
| `mrc` | IMAG | 100–700 | Coltheart 1981, Wilson 1988: the file mrc2.dct |
| `lancaster` | Visual.mean | 0–5 | Lynott, Connell, Brysbaert, Brand & Carney 2020, CC BY 4.0: its CSV; strength of seeing, not imageability |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.protocols import DataFiles

GLASGOW = "glasgow-norms"


@dataclass(frozen=True)
class Norms:
    """Values by folded word (`words.fold`), the larger the easier to picture.

    `classes`, `frequencies`, `lemmas` (form → word): of those words of which the table says so; `scale`: lowest and highest value
    that there can be; `lines`: where a word's value stands; `notes`: what was left out, in words, with counts.
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
    twice: str = "refuse",
) -> Norms:
    """Norms by preset (`glasgow`; `mrc`, `lancaster` with `path`), or a table (CSV, TSV, JSONL, Parquet): `source` is its path.

    `word`, `value`, `word_class`, `frequency`: names of its columns (defaults `word`, `value` or `imageability`, in any case);
    `language`: keeps the rows whose column `language` says so, where there is such a column; `lemmas`: a table with columns
    `form` and `lemma`; `twice`: what becomes of a word that stands there with two values, `refuse` or `omit`.

    Raises InputError naming file, line, word and value for values that are no numbers or outside the scale, for a column that
    is not there, and for a table without a usable word.
    """
    raise NotImplementedError


def data_files() -> dict[str, DataFiles]:
    """What `harness data get` fetches."""
    raise NotImplementedError
