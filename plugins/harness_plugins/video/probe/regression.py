"""Ordinary least squares of words' values on imageability, frequency, length and word class, with robust intervals."""

import msgspec

from harness_plugins.video.probe.statistics import Settings
from harness_plugins.video.probe.table import Floats, WordTable

TERMS = ("imageability", "frequency", "length", "word_class")


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A coefficient: the change of the value with one unit (a Zipf unit, a character; a class against the `base` class), all other terms
    held; `standardised`: in standard deviations of value and term. Interval and p by Student's t of HC3 standard errors."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    standardised: float | None = None
    error: float | None = None
    p: float | None = None
    note: str | None = None


class Regression(msgspec.Struct, frozen=True, kw_only=True):
    """`terms` in order, the intercept left out; `notes`: terms and words that were left out, and why; `base`: class that the others
    are held against."""

    terms: tuple[Term, ...]
    words: int
    r_squared: float | None = None
    base: str | None = None
    notes: tuple[str, ...] = ()

    def term(self, name: str) -> Term:
        """The term of this name. KeyError where there is none."""
        return {one.name: one for one in self.terms}[name]


def regress(table: WordTable, values: Floats, settings: Settings = Settings(), terms: tuple[str, ...] = TERMS) -> Regression:
    """Words' values on `terms`. A term that is constant or follows from others is left out and named."""
    raise NotImplementedError
