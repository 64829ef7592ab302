"""What statistics of the probe give and how they are made: figures with intervals, and the words that they are computed from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np

from harness.errors import InputError
from harness_plugins.video.probe.table import Floats, Ints, WordTable

LEAST = 5  # words (or videos) from which there is an interval: fewer cannot be drawn again in enough ways
_CELLS = 4_000_000  # drawn values that are held at a time


@dataclass(frozen=True)
class Settings:
    """How intervals and tests are made. `by`: what is drawn again; `least`: occurrences that a word must have to count."""

    resamples: int = 2000
    permutations: int = 9999
    level: float = 0.95
    seed: int = 0
    by: Literal["words", "videos", "both"] = "words"
    least: int = 1

    def __post_init__(self) -> None:
        for name, lowest in (("resamples", 1), ("permutations", 1), ("seed", 0), ("least", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
                raise ValueError(f"{name} must be a whole number from {lowest} up, got {value!r}")
        if isinstance(self.level, bool) or not isinstance(self.level, int | float) or not 0 < self.level < 1:
            raise ValueError(f"level must be a number between 0 and 1, got {self.level!r}")
        if self.by not in ("words", "videos", "both"):
            raise ValueError(f"by must be 'words', 'videos' or 'both', got {self.by!r}")


DEFAULTS = Settings()


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A value with its interval, p where a test belongs to it, and what it was computed from.

    None: not defined, and `note` says why. `words`, `occurrences`, `clusters` (videos): those that have the value.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    words: int = 0
    occurrences: int = 0
    clusters: int = 0
    note: str | None = None


@dataclass(frozen=True)
class Sample:
    """The W words that count, those of enough occurrences with all of K values, and their M occurrences.

    `place` (W,): their numbers in the table; `values` (K, W): means over occurrences; `word` (M,): numbers of these W words;
    `cluster` (M,): numbers from 0 without gaps; `each` (K, M).
    """

    place: Ints
    values: Floats
    word: Ints
    cluster: Ints
    each: Floats
    x: Floats

    @property
    def videos(self) -> int:
        """How many videos the occurrences are in."""
        return int(self.cluster.max(initial=-1)) + 1

    def figure(
        self,
        value: float | None,
        *,
        low: float | None = None,
        high: float | None = None,
        p: float | None = None,
        note: str | None = None,
        words: Ints | None = None,
    ) -> Figure:
        """A figure with the numbers of this sample, or of some of its `words` (by number)."""
        used = np.ones(len(self.word), np.bool_) if words is None else np.isin(self.word, words)
        return Figure(
            value=value,
            low=low,
            high=high,
            p=p,
            note=note,
            words=len(self.place) if words is None else len(words),
            occurrences=int(used.sum()),
            clusters=len(np.unique(self.cluster[used])),
        )


def sample(table: WordTable, columns: Sequence[Floats], least: int = 1) -> Sample:
    """The words that count. ValueError where values do not fit the table, or one is infinite."""
    each = np.stack([np.asarray(column, np.float64) for column in columns])
    if each.shape[1:] != table.word.shape:
        raise ValueError(f"{each.shape[1]} values do not fit a table of {len(table.word)} occurrences")
    if np.isinf(each).any():
        raise ValueError("a value is infinite: a log-probability of a word that the model gave no chance at all?")
    there = np.isfinite(each).all(axis=0)
    often = np.bincount(table.word[there], minlength=len(table.words))
    there &= (often >= least)[table.word]
    place, word = np.unique(table.word[there], return_inverse=True)
    cluster = np.unique(table.cluster[there], return_inverse=True)[1]
    kept, counts = each[:, there], np.bincount(word, minlength=len(place))
    sums = [np.bincount(word, column, len(place)) for column in kept]
    values = np.stack(sums) / np.maximum(counts, 1)
    return Sample(place, _settled(values), word.astype(np.int64), cluster.astype(np.int64), kept, table.imageability[place])


def check_left(table: WordTable, values: Floats, settings: Settings, whose: str) -> None:
    """InputError where no word is left of which anything could be said."""
    if len(sample(table, [values], settings.least).place):
        return
    often = np.bincount(table.word[np.isfinite(values)], minlength=1)
    if not often.any():
        raise InputError(f"{whose}: none of the {len(values):,} probed occurrences has a value; no model read any of them whole")
    raise InputError(
        f"{whose}: no word is left: each has {int(often.max()):,} occurrences at most, and words of fewer than "
        f"{settings.least:,} do not count; lower `least` (statistics)"
    )


def drawn(found: Sample, settings: Settings) -> Iterator[tuple[Ints, Floats]]:
    """Words drawn again, in parts of B: which (B, W), and their values (K, B, W), nan for a word of which no occurrence is left.

    `words`: words with all that was seen of them; `videos`: videos, whose occurrences then make up the words' means; `both`:
    words and videos independently (the pigeonhole bootstrap, Owen 2007), which is wider than need be.
    """
    words = len(found.place)
    rng = np.random.default_rng([settings.seed, 13])
    videos = Videos(found) if settings.by != "words" else None
    step = max(1, _CELLS // max(words * len(found.values), len(found.word), 1))
    for start in range(0, settings.resamples, step):
        rows = min(step, settings.resamples - start)
        which = rng.integers(0, words, (rows, words)) if settings.by != "videos" else np.tile(np.arange(words), (rows, 1))
        if videos is None:
            yield which, found.values[:, which]
        else:
            means = videos.means(rng, rows)
            yield which, np.take_along_axis(means, np.broadcast_to(which, means.shape), axis=2)


class Videos:
    """Means of words when videos are drawn again. Holds sums by word and video."""

    def __init__(self, found: Sample) -> None:
        self.count = int(found.cluster.max(initial=-1)) + 1
        pairs, place = np.unique(found.word * self.count + found.cluster, return_inverse=True)
        self.words, self.cluster = len(found.place), pairs % max(self.count, 1)
        self.counts = np.bincount(place, minlength=len(pairs)).astype(np.float64)
        self.sums = np.stack([np.bincount(place, column, len(pairs)) for column in found.each])
        self.starts = np.searchsorted(pairs // max(self.count, 1), np.arange(self.words))

    def means(self, rng: np.random.Generator, rows: int) -> Floats:
        """(K, rows, W), nan where no video of a word was drawn."""
        weights = rng.multinomial(self.count, np.full(self.count, 1 / self.count), rows)[:, self.cluster].astype(np.float64)
        counts = np.add.reduceat(weights * self.counts, self.starts, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.stack([np.add.reduceat(weights * sums, self.starts, axis=1) / counts for sums in self.sums])


def with_interval(value: float, values: Floats, found: Sample, settings: Settings, p: float | None = None) -> Figure:
    """A value with its interval from drawn values (B,), or why there is none.

    Percentiles, moved outwards as few units ask for (Hesterberg 2015, section 4.5); the units are words, videos, or the fewer.
    Where videos are drawn, the draws are moved so that their mean is the value: words' means of fewer occurrences are noisier,
    which weakens every correlation.
    """
    from harness.leaderboard.intervals import expanded_tail

    words = len(found.place)
    units = {"words": words, "videos": found.videos, "both": min(words, found.videos)}[settings.by]
    known = values[np.isfinite(values)]
    if units < LEAST:
        what = "words" if settings.by == "words" or units == words else "videos"
        return found.figure(value, note=f"no interval and no test: {units} {what}, and {LEAST} are needed")
    if 2 * len(known) < len(values) or not len(known):
        return found.figure(value, p=p, note="no interval: not defined in most draws")
    if settings.by != "words":
        known = known - known.mean() + value
    tail = expanded_tail(settings.level, units)
    low, high = np.quantile(known, [tail, 1 - tail])
    return found.figure(value, low=float(low), high=float(high), p=p)


def _settled(values: Floats) -> Floats:
    """Values without the last digits, which depend on the order of a sum: equal means are to be ties."""
    largest = np.abs(values).max(initial=0.0)
    if not largest:
        return values
    unit = 2.0 ** (np.ceil(np.log2(largest)) - 44)
    return np.asarray(np.rint(values / unit) * unit)
