"""The probed words and their occurrences as columns: what every statistic of the probe takes, beside one value per occurrence."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.errors import InputError
from harness_plugins.video.probe.frequency import Frequencies, GivenFrequencies
from harness_plugins.video.probe.norms import Norms
from harness_plugins.video.probe.words import Occurrence

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class WordTable:
    """W words and N occurrences of them in videos.

    Of words: `words`, `imageability` (W,), `frequency` (W,) log10 or nan, `length` (W,) characters, `classes` (W) or None. Of
    occurrences: `word` (N,) and `cluster` (N,), numbers from 0. Statistics take `values` (N,), nan where one is missing.
    """

    words: tuple[str, ...]
    imageability: Floats
    frequency: Floats
    length: Floats
    classes: tuple[str | None, ...]
    word: Ints
    cluster: Ints

    def only(self, words: Bools, values: Floats) -> Floats:
        """`values` (N,) of the occurrences of some words (W,), nan for the others."""
        return np.where(words[self.word], values, np.nan)


def word_table(
    occurrences: Sequence[Occurrence],
    norms: Norms,
    frequencies: Frequencies | GivenFrequencies | None = None,
    classes: Mapping[str, str] | None = None,
) -> WordTable:
    """Columns of occurrences, which stay in their order; words in alphabetical order.

    `classes` (folded word → class, e.g. a Universal POS tag) go before those of the norms; `frequencies` before the norms' own,
    of which log10 is taken. InputError where there is no occurrence: no figure can be given then.
    """
    if not occurrences:
        raise InputError(
            f"0 of the {len(norms.values)} words of {norms.name} stand in the texts: there is nothing to probe. Are the table "
            "and the texts of one language, and are words written alike?"
        )
    words = tuple(sorted({one.word for one in occurrences}))
    place = {word: number for number, word in enumerate(words)}
    clusters = {name: number for number, name in enumerate(sorted({one.cluster for one in occurrences}))}
    tags = {**norms.classes, **(classes or {})}
    return WordTable(
        words=words,
        imageability=np.array([norms.values[word] for word in words]),
        frequency=np.array([_frequency(word, norms, frequencies) for word in words]),
        length=np.array([float(len(word)) for word in words]),
        classes=tuple(tags.get(word) for word in words),
        word=np.array([place[one.word] for one in occurrences], np.int64),
        cluster=np.array([clusters[one.cluster] for one in occurrences], np.int64),
    )


def _frequency(word: str, norms: Norms, frequencies: Frequencies | GivenFrequencies | None) -> float:
    if frequencies is not None:
        return frequencies.zipf(word)
    given = norms.frequencies.get(word, 0.0)
    return math.log10(given) if given > 0 else math.nan
