"""Where the words of a table of norms stand in texts: whole words alone, each with its span.

What a word is `model.words` says, as for trainings, which mask whole words. So "star" does not stand in "starfish",
"star-shaped" or "star's". Words are compared in NFC with case folded; nothing else is taken off, hence "får" and "för" are two
words, and an inflected form is found by a table of lemmas alone.
"""

import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby, pairwise

from harness_plugins.video.model.words import APOSTROPHES, HYPHENS, UNSEEN, word_pattern


@dataclass(frozen=True)
class Token:
    """A word of a text: its span in characters of the text as it is, and how it is compared."""

    start: int
    end: int
    folded: str


@dataclass(frozen=True)
class Occurrence:
    """A word of the norms in a text.

    `word`: as the norms have it, folded; `text`: as it is spelled there, which is what a model is to predict; `start`, `end`:
    characters of the text; `repeated`: whether the same word stands elsewhere in the same text, too (a model can then read it
    off); `cluster`: what is resampled together (the video).
    """

    example: str
    cluster: str
    word: str
    text: str
    start: int
    end: int
    repeated: bool = False


@dataclass(frozen=True)
class Found:
    """Occurrences in the order of the texts, how often each word of the norms was found, and those that never were."""

    occurrences: tuple[Occurrence, ...]
    counts: Mapping[str, int]
    absent: tuple[str, ...]


def find(
    texts: Iterable[tuple[str, str, str]],
    words: Collection[str],
    lemmas: Mapping[str, str] | None = None,
    most: int | None = None,
) -> Found:
    """The words (folded) in texts, given as (example's id, cluster, text).

    Words of several parts, with blanks between ("ice cream"), are found where only white space is between the parts, and before
    the words in them. `lemmas`: folded form → lemma, asked where a form is no word of the norms itself. `most`: occurrences of
    one word that are kept, spread evenly over those that there are; `counts` counts all.
    """
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
        raise ValueError(f"most must be a whole number from 1 up, or None for all, got {most!r}")
    known, phrases, forms = set(words), longest_phrases(words), lemmas or {}
    found: list[Occurrence] = []
    for example, cluster, text in texts:
        spans = [span for span in matches(text, phrases, lambda word: known_word(word, known, forms)) if span[2] is not None]
        often = Counter(word for *_, word in spans)
        for start, end, word in spans:
            assert word is not None
            found.append(Occurrence(example, cluster, word, text[start:end], start, end, often[word] > 1))
    counts = Counter(one.word for one in found)
    kept = found if most is None else _thinned(found, counts, most)
    return Found(tuple(kept), dict(counts), tuple(sorted(known - counts.keys())))


def matches(
    text: str, phrases: Mapping[str, Collection[tuple[str, ...]]], of: Callable[[str], str | None]
) -> Iterator[tuple[int, int, str | None]]:
    """(start, end, word) of each phrase and word of a text, from left to right, the longest phrase first; `of` says which word a
    token counts as."""
    every, place = list(tokens(text)), 0
    while place < len(every):
        first = every[place]
        for parts in phrases.get(first.folded, ()):
            last = place + len(parts) - 1
            if last < len(every) and _reads(text, every[place : last + 1], parts):
                yield first.start, every[last].end, " ".join(parts)
                place = last
                break
        else:
            yield first.start, first.end, of(first.folded)
        place += 1


def tokens(text: str) -> Iterator[Token]:
    """The words of a text in order."""
    for match in word_pattern().finditer(text):
        yield Token(match.start(), match.end(), fold(match.group()))


def fold(word: str) -> str:
    """A word as words are compared: NFC, case folded, one kind of apostrophe and hyphen, one blank for any white space."""
    if word.isascii():
        return " ".join(word.lower().split())  # all that the rest would do, ten times as fast
    spelled = unicodedata.normalize("NFC", unicodedata.normalize("NFC", word).casefold())
    return " ".join(spelled.translate(_folds()).split())


def known_word(folded: str, words: Collection[str], lemmas: Mapping[str, str]) -> str | None:
    """The word of the norms that a folded form counts as: itself, or its lemma; None for neither."""
    if folded in words:
        return folded
    lemma = lemmas.get(folded)
    return lemma if lemma in words else None


def longest_phrases(words: Iterable[str]) -> dict[str, list[tuple[str, ...]]]:
    """The words of several parts by their first part, the longest first."""
    several = sorted({tuple(word.split()) for word in words if " " in word}, key=lambda parts: (parts[0], -len(parts), parts))
    return {first: list(group) for first, group in groupby(several, key=lambda parts: parts[0])}


def _reads(text: str, found: Sequence[Token], parts: tuple[str, ...]) -> bool:
    """Whether these words are the parts, with nothing but white space between."""
    if tuple(token.folded for token in found) != parts:
        return False
    return all(text[one.end : other.start].isspace() for one, other in pairwise(found))


def _thinned(found: Sequence[Occurrence], counts: Mapping[str, int], most: int) -> list[Occurrence]:
    """At most so many occurrences of each word, evenly spread over all, in order."""
    kept, seen = [], Counter[str]()
    for one in found:
        place, total = seen[one.word], counts[one.word]
        seen[one.word] += 1
        if total <= most or (place * most) // total != ((place + 1) * most) // total:
            kept.append(one)
    return kept


@cache
def _folds() -> dict[int, str | None]:
    return str.maketrans(dict.fromkeys(APOSTROPHES, "'") | dict.fromkeys(HYPHENS, "-") | dict.fromkeys(UNSEEN))
