"""What the probe says: means, correlations, bins and word classes, each with its numbers and interval.

The word (type) is the unit: a value of a word is the mean over its occurrences, and a mean is one over words. Intervals are
percentile bootstraps that draw words, videos, or both again (`Settings.by`).
"""

from dataclasses import dataclass
from typing import Literal

import msgspec

from harness_plugins.video.probe.table import Floats, WordTable


@dataclass(frozen=True)
class Settings:
    """How intervals and tests are made. `least`: occurrences that a word must have to count."""

    resamples: int = 2000
    permutations: int = 9999
    level: float = 0.95
    seed: int = 0
    by: Literal["words", "videos", "both"] = "words"
    least: int = 1


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A value with its interval, p where a test belongs to it, and what it was computed from. None: not defined; `note` says why."""

    value: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    words: int = 0
    occurrences: int = 0
    clusters: int = 0
    note: str | None = None


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Words whose imageability is from `low` to `high` (values that occur): their mean value, and how frequent and long they are."""

    low: float
    high: float
    mean: Figure
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


def mean(table: WordTable, values: Floats, settings: Settings = Settings()) -> Figure:
    """The mean over words. Of gains: what seeing helps; of log-probability shown minus removed: reliance; of 0 and 1: accuracy."""
    raise NotImplementedError


def spearman(table: WordTable, values: Floats, settings: Settings = Settings()) -> Figure:
    """Spearman's rho of words' values with imageability; p: two-sided permutation test over words."""
    raise NotImplementedError


def mean_difference(table: WordTable, values: Floats, others: Floats, settings: Settings = Settings()) -> Figure:
    """The mean over words of `values` minus that of `others`, over occurrences that have both."""
    raise NotImplementedError


def spearman_difference(table: WordTable, values: Floats, others: Floats, settings: Settings = Settings()) -> Figure:
    """rho of `values` minus rho of `others` (another model size, say), over words that have both, in the same draws."""
    raise NotImplementedError


def bins(
    table: WordTable, values: Floats, settings: Settings = Settings(), *, count: int = 5, edges: tuple[float, ...] | None = None
) -> tuple[Bin, ...]:
    """Words by imageability: `count` bins of about equal numbers of words, or between `edges`. Equal values are never parted, and no
    bin is empty."""
    raise NotImplementedError


def by_class(table: WordTable, values: Floats, settings: Settings = Settings()) -> tuple[ClassRow, ...]:
    """Each word class apart, the largest first."""
    raise NotImplementedError


def by_word(table: WordTable, values: Floats, settings: Settings = Settings()) -> tuple[WordRow, ...]:
    """Every word that counts, the largest value first (equal ones by word)."""
    raise NotImplementedError
