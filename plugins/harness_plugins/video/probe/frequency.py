"""How frequent words are, on the Zipf scale (van Heuven, Mandera, Keuleers & Brysbaert 2014)."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InputError
from harness_plugins.judgments.table_rows import read_rows
from harness_plugins.video.probe.norm_rows import column_of, number_of
from harness_plugins.video.probe.words import fold, known_word, longest_phrases, matches

_MILLION = 1e6


@dataclass(frozen=True)
class Frequencies:
    """Occurrences by folded word out of `total` running words; `source`: where they were counted, in words."""

    counts: Mapping[str, int]
    total: int
    source: str

    def zipf(self, word: str) -> float:
        """log10((count + 1) / (millions of running words + millions of kinds of words)) + 3; a word never seen has one, too."""
        millions = (self.total + len(self.counts)) / _MILLION
        return math.log10((self.counts.get(word, 0) + 1) / millions) + 3 if millions else math.nan


@dataclass(frozen=True)
class GivenFrequencies:
    """Zipf values, or any log frequencies, as a table gives them; nan for words that it lacks."""

    values: Mapping[str, float]
    source: str

    def zipf(self, word: str) -> float:
        """The word's value, or nan."""
        return self.values.get(word, math.nan)


def count_words(
    texts: Iterable[str], source: str, words: Iterable[str] = (), lemmas: Mapping[str, str] | None = None
) -> Frequencies:
    """Counts the words of texts, as `words.find` finds them: the texts that the models were trained on are the right ones.

    `words`: those of the norms (folded), so that words of several parts and the forms of a lemma are counted as they are probed.
    """
    known = set(words)
    phrases, forms = longest_phrases(known), lemmas or {}

    def counted(form: str) -> str:
        return known_word(form, known, forms) or forms.get(form, form)

    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(word for *_, word in matches(text, phrases, counted) if word)
    return Frequencies(dict(counts), counts.total(), source)


def read_frequencies(
    path: str | Path, word: str = "word", count: str | None = None, zipf: str | None = None
) -> Frequencies | GivenFrequencies:
    """A table's frequencies: of counts (column `count`), or of Zipf values (column `zipf`); one of the two is asked for.

    Rows of one word written in several ways (case) are added up, of Zipf values refused where they differ. InputError naming
    the line of what is no number.
    """
    if (count is None) == (zipf is None):
        raise ValueError("give the name of one column: count (whole numbers of occurrences) or zipf (log frequencies)")
    rows = read_rows(path)
    words, column = column_of(rows, word, asked_by="word"), column_of(rows, count or zipf or "")
    values: dict[str, float] = {}
    for line, cells in rows.rows:
        value, bad = number_of(cells.get(column), rows.decimal_comma)
        key = fold(str(cells.get(words) or ""))
        if bad or (value is not None and count and (value < 0 or value != int(value))):
            raise InputError(f"{rows.place(line)}: {key!r}: {bad or f'{value:g} is no number of occurrences'}")
        if value is None or not key:
            continue
        if zipf and values.setdefault(key, value) != value:
            raise InputError(f"{rows.place(line)}: {key!r} has {value:g}, and {values[key]:g} before; keep one")
        if count:
            values[key] = values.get(key, 0.0) + value
    if zipf:
        return GivenFrequencies(values, str(path))
    counts = {key: int(value) for key, value in values.items()}
    return Frequencies(counts, sum(counts.values()), str(path))
