"""What the probe says: means, correlations, bins and word classes, each with its numbers and interval.

The word (type) is the unit: a value of a word is the mean over its occurrences, and a mean is one over words. Intervals are
percentile bootstraps that draw words, videos, or both again (`Settings.by`).
"""

from collections import Counter
from collections.abc import Callable

import msgspec
import numpy as np

from harness_plugins.video.probe.figures import DEFAULTS, Figure, Sample, Settings, drawn, sample, with_interval
from harness_plugins.video.probe.permutation import sign_p, spearman_p
from harness_plugins.video.probe.regression import alike
from harness_plugins.video.probe.table import Bools, Floats, Ints, WordTable

__all__ = [
    "DEFAULTS",
    "Bin",
    "ClassRow",
    "Figure",
    "Settings",
    "WordRow",
    "bins",
    "by_class",
    "by_word",
    "mean",
    "mean_difference",
    "spearman",
    "spearman_difference",
]
FEWEST = 3  # words of a correlation


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Words whose imageability is from `low` to `high` (values that occur): their mean value, frequency and length.

    `alike`: their mean as if the words of all bins were alike in frequency, length and class (`regression.alike`).
    """

    low: float
    high: float
    mean: Figure
    alike: Figure | None = None
    frequency: float | None = None
    length: float | None = None


class ClassRow(msgspec.Struct, frozen=True, kw_only=True):
    """Words of one class (None: of unknown class)."""

    word_class: str | None
    mean: Figure
    spearman: Figure


class WordRow(msgspec.Struct, frozen=True, kw_only=True):
    """One word: its mean value over occurrences."""

    word: str
    value: float
    imageability: float
    frequency: float | None
    length: int
    word_class: str | None
    occurrences: int
    clusters: int


def mean(table: WordTable, values: Floats, settings: Settings = DEFAULTS, *, test: bool = False) -> Figure:
    """The mean over words. Of gains: what seeing helps; of log-probability shown minus removed: reliance; of 0 and 1: accuracy.

    `test`: p against 0, signs of words flipped.
    """
    found = sample(table, [values], settings.least)
    if not len(found.place):
        return Figure(value=None, note="no word has a value")
    p = sign_p(found.values[0], settings.permutations, settings.seed) if test else None
    return _figure(found, float(found.values[0].mean()), lambda _, drawn_values: _nanmean(drawn_values[0]), settings, p)


def mean_difference(table: WordTable, values: Floats, others: Floats, settings: Settings = DEFAULTS) -> Figure:
    """The mean over words of `values` minus `others`, over occurrences that have both; p: signs of words flipped."""
    return mean(table, values - others, settings, test=True)


def spearman(table: WordTable, values: Floats, settings: Settings = DEFAULTS) -> Figure:
    """Spearman's rho of words' values with imageability; p: two-sided permutation test over words."""
    found = sample(table, [values], settings.least)
    if why := _undefined(found):
        return found.figure(None, note=why)
    x, y = found.x, found.values[0]
    p = spearman_p(x, y, settings.permutations, settings.seed)
    rho = float(_rhos(x[None], y[None])[0])
    return _figure(found, rho, lambda which, values: _rhos(x[which], values[0]), settings, p)


def spearman_difference(table: WordTable, values: Floats, others: Floats, settings: Settings = DEFAULTS) -> Figure:
    """rho of `values` minus rho of `others` (another model size, say), over words that have both, in the same draws."""
    found = sample(table, [values, others], settings.least)
    if why := _undefined(found):
        return found.figure(None, note=why)
    x = found.x

    def difference(which: Ints, values: Floats) -> Floats:
        return _rhos(x[which], values[0]) - _rhos(x[which], values[1])

    every = np.arange(len(x))[None]
    return _figure(found, float(difference(every, found.values[:, None])[0]), difference, settings)


def bins(
    table: WordTable,
    values: Floats,
    settings: Settings = DEFAULTS,
    *,
    count: int = 5,
    edges: tuple[float, ...] | None = None,
) -> tuple[Bin, ...]:
    """Words by imageability: `count` bins of about equal numbers of words, or between `edges` (a value on an edge is in the bin
    below it). Equal values are never parted, and no bin is empty: there may be fewer bins than were asked for."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"count must be a whole number from 1 up, got {count!r}")
    found = sample(table, [values], settings.least)
    if not len(found.place):
        return ()
    x = found.x
    inner = np.arange(1, count) / count
    cuts = np.unique(np.quantile(x, inner, method="inverted_cdf") if edges is None else np.array(edges, np.float64))
    number = np.searchsorted(cuts, table.imageability, side="left")
    even = alike(table, values, number, settings)
    made = []
    for place in np.unique(number[found.place]):
        mine = number == place
        counted = found.place[mine[found.place]]
        inside = table.imageability[counted]
        made.append(
            Bin(
                low=float(inside.min()),
                high=float(inside.max()),
                mean=mean(table, table.only(mine, values), settings),
                alike=even.get(int(place)),
                frequency=_known_mean(table.frequency[counted]),
                length=_known_mean(table.length[counted]),
            )
        )
    return tuple(made)


def by_class(table: WordTable, values: Floats, settings: Settings = DEFAULTS) -> tuple[ClassRow, ...]:
    """Each word class apart, the one of most words first."""
    found = sample(table, [values], settings.least)
    counts = Counter(table.classes[place] for place in found.place)
    rows = []
    for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0] or "")):
        mine: Bools = np.array([one == name for one in table.classes], np.bool_)
        own = table.only(mine, values)
        rows.append(ClassRow(word_class=name, mean=mean(table, own, settings), spearman=spearman(table, own, settings)))
    return tuple(rows)


def by_word(table: WordTable, values: Floats, settings: Settings = DEFAULTS) -> tuple[WordRow, ...]:
    """Every word that counts, the largest value first (equal ones by word)."""
    found = sample(table, [values], settings.least)
    often = np.bincount(found.word, minlength=len(found.place))
    pairs = np.unique(np.stack([found.word, found.cluster]), axis=1)[0]
    videos = np.bincount(pairs, minlength=len(found.place))
    rows = [
        WordRow(
            word=table.words[place],
            value=float(found.values[0, number]),
            imageability=float(table.imageability[place]),
            frequency=_known_mean(table.frequency[place : place + 1]),
            length=int(table.length[place]),
            word_class=table.classes[place],
            occurrences=int(often[number]),
            clusters=int(videos[number]),
        )
        for number, place in enumerate(found.place)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.value, row.word)))


def _figure(
    found: Sample, value: float, of: Callable[[Ints, Floats], Floats], settings: Settings, p: float | None = None
) -> Figure:
    """A value with the interval of `of`(words drawn (B, W), their values (K, B, W)) → (B,)."""
    values = np.concatenate([of(which, drawn_values) for which, drawn_values in drawn(found, settings)])
    return with_interval(value, values, found, settings, p)


def _undefined(found: Sample) -> str | None:
    """Why there is no correlation; None where there is one."""
    count = len(found.place)
    if count < FEWEST:
        return f"n = {count}: a correlation needs {FEWEST} words"
    if found.x.min() == found.x.max():
        return f"constant: all {count} words have the imageability {found.x[0]:g}"
    if (found.values.min(axis=1) == found.values.max(axis=1)).any():
        return f"constant: all {count} words have the same value"
    return None


def _rhos(x: Floats, y: Floats) -> Floats:
    """Spearman's rho of each row of x and y (B, W), over columns where y is a number; nan where a side is constant there."""
    there = np.isfinite(y)
    one, other = (np.where(there, row_ranks(np.where(there, side, np.inf)), 0.0) for side in (x, y))
    counts = there.sum(axis=1)
    middle = np.where(there, (counts[:, None] + 1) / 2, 0.0)
    one, other = one - middle, other - middle
    with np.errstate(invalid="ignore", divide="ignore"):
        both = np.sqrt((one * one).sum(axis=1) * (other * other).sum(axis=1))
        return np.asarray(np.where(both > 0, (one * other).sum(axis=1) / both, np.nan))


def row_ranks(values: Floats) -> Floats:
    """Ranks from 1 within each row (B, W), ties sharing their mean rank."""
    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    place = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    new = np.ones(values.shape, np.bool_)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    last = np.ones(values.shape, np.bool_)
    last[:, :-1] = new[:, 1:]
    first = np.maximum.accumulate(np.where(new, place, 0), axis=1)
    end = np.minimum.accumulate(np.where(last, place, values.shape[1])[:, ::-1], axis=1)[:, ::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + end) / 2 + 1, axis=1)
    return ranks


def _nanmean(values: Floats) -> Floats:
    there = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(there, values, 0.0).sum(axis=-1) / there.sum(axis=-1))


def _known_mean(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None
