"""How frequent words are, on the Zipf scale (van Heuven, Mandera, Keuleers & Brysbaert 2014)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Frequencies:
    """Occurrences by folded word out of `total` running words; `source`: where they were counted, in words."""

    counts: Mapping[str, int]
    total: int
    source: str

    def zipf(self, word: str) -> float:
        """log10((count + 1) / (millions of running words + millions of kinds of words)) + 3; a word never seen has one, too."""
        raise NotImplementedError


@dataclass(frozen=True)
class GivenFrequencies:
    """Zipf values, or any log frequencies, as a table gives them; nan for words that it lacks."""

    values: Mapping[str, float]
    source: str

    def zipf(self, word: str) -> float:
        raise NotImplementedError


def count_words(
    texts: Iterable[str], source: str, phrases: Iterable[str] = (), lemmas: Mapping[str, str] | None = None
) -> Frequencies:
    """Counts the words of texts as `words.find` finds them: the text that the models were trained on is the right one."""
    raise NotImplementedError


def read_frequencies(
    path: str | Path, word: str = "word", count: str | None = None, zipf: str | None = None
) -> Frequencies | GivenFrequencies:
    """A table's frequencies: of counts (column `count`), or of Zipf values (column `zipf`)."""
    raise NotImplementedError
