"""The probed words and their occurrences as columns: what every statistic of the probe takes, beside one value per occurrence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness_plugins.video.probe.frequency import Frequencies, GivenFrequencies
from harness_plugins.video.probe.norms import Norms
from harness_plugins.video.probe.words import Occurrence

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class WordTable:
    """W words and N occurrences of them in C clusters (videos).

    Of words: `words`, `imageability` (W,), `frequency` (W,) Zipf or nan, `length` (W,) characters, `classes` (W) or None. Of
    occurrences: `word` (N,) and `cluster` (N,), numbers from 0. Statistics take `values` (N,), nan where one is missing.
    """

    words: tuple[str, ...]
    imageability: Floats
    frequency: Floats
    length: Floats
    classes: tuple[str | None, ...]
    word: Ints
    cluster: Ints


def word_table(
    occurrences: Sequence[Occurrence],
    norms: Norms,
    frequencies: Frequencies | GivenFrequencies | None = None,
    classes: Mapping[str, str] | None = None,
) -> WordTable:
    """Columns of occurrences, which stay in their order. `classes` (folded word → class, e.g. a Universal POS tag) go before those of
    the norms; `frequencies` before the norms' own, of which the logarithm is taken."""
    raise NotImplementedError
