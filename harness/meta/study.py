"""What is asked of the planner, and what it answers."""

from typing import Literal

import msgspec

STATISTICS = {"raw": "accuracy_raw", "calibrated": "accuracy", "held-out": "accuracy_heldout"}
RATERS = (1, 2, 3, 5)  # raters per item that a plan shows
ASSUMES = "as many systems on each item, items and systems of the same kinds, and raters who rate alike"


class RaterPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Clusters that are needed where each item has `raters` raters, each one's word counted on its own and averaged."""

    raters: int
    needed_clusters: int


class StudyPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How much data a question needs, in clusters (what is resampled together) and items; `low` and `high` at the ends of the
    spread's 95 % interval. Everything is None, with a `note`, where the ratings cannot tell.

    `first`, `second`: signatures; `alpha` is the family's smallest after Holm; `spread` is the standard deviation of the
    per-cluster difference (or accuracy); `rater_share`: of its variance, what averaging over ever more raters would remove.
    """

    goal: Literal["difference", "width"]
    criterion: str
    slice: str
    raters: str | None
    statistic: str
    first: str
    second: str | None = None
    target: float  # the difference, or the width
    alpha: float | None = None
    power: float | None = None
    family: int = 1
    level: float = 0.95
    spread: float | None = None
    spread_low: float | None = None
    spread_high: float | None = None
    items: int = 0
    clusters: int = 0
    systems: float | None = None  # median outputs per item
    needed_clusters: int | None = None
    needed_low: int | None = None
    needed_high: int | None = None
    needed_items: int | None = None
    more_items: int | None = None
    simulated: bool = False
    rater_share: float | None = None
    with_raters: tuple[RaterPlan, ...] = ()
    rater_note: str | None = None
    note: str | None = None
    assumes: str = ASSUMES


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: a difference `delta` with a `power`, or a `width`; of the slice `part`; `family` comparisons (None: those
    asked for)."""

    delta: float = 0.02
    width: float | None = None
    power: float = 0.8
    statistic: str = "calibrated"
    part: str = "all"
    family: int | None = None
