"""Pairs of words that are alike in frequency and length, one easy to picture and one not: what gain is left between them."""

import msgspec

from harness_plugins.video.probe.statistics import Figure, Settings
from harness_plugins.video.probe.table import Floats, WordTable


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """Standardised mean difference (high minus low) of a covariate, before matching and after."""

    covariate: str
    before: float | None
    after: float | None


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two matched words and their values."""

    high: str
    low: str
    high_value: float
    low_value: float


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """`difference`: high minus low at equal frequency and length (what is left of their differences taken out by regression within pairs);
    `unadjusted`: as the pairs stand; `high`, `low`: means of the matched words; `out_of`: words that could have been matched, on the
    smaller side. `difference.p`: signs of pairs flipped."""

    difference: Figure
    unadjusted: Figure
    high: Figure
    low: Figure
    pairs: tuple[Pair, ...] = ()
    out_of: int = 0
    balance: tuple[Balance, ...] = ()
    notes: tuple[str, ...] = ()


def matched(table: WordTable, values: Floats, settings: Settings = Settings(), *, caliper: float = 0.2) -> Matched:
    """Words of the upper half of imageability matched one to one with words of the lower, closest in all (optimal assignment), none
    further apart than `caliper` standard deviations in frequency or in length."""
    raise NotImplementedError


def trust(spearman: Figure, regression: "object", matched: Matched, alpha: float = 0.05) -> str:
    """Which of the analyses to trust, and what they say together, as a sentence for the report."""
    raise NotImplementedError
