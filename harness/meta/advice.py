"""Advice: may a metric stand in for people on a kind of task? *use*, *weak* or *ask people*, each with its reason in one sentence.

A pure function of MetaRows, so that a finished run can be advised on without its texts. The rule [ours; docs/explanation/statistics.md]:
*use* if the lower bound of held-out accuracy exceeds the highest upper bound of any sentinel in the same cell and at least 98 % of
the outputs have a score; *weak* if only its point estimate exceeds every sentinel's; else *ask people*, with the planner's N.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from harness.records import MetaRow

Verdict = Literal["use", "weak", "ask people", "no advice"]


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with one metric on one slice of one criterion.

    `metric` is a signature, `label` what the user wrote for it. `value`, `low`, `high` are of `statistic`: held-out accuracy, or
    raw accuracy for direct verdicts on pairs, which are never calibrated. `sentinel` (a name) is the one that decides.
    `needed_items`: items in all that would tell an advantage of `delta` over that sentinel; None where not asked for or unknown.
    """

    metric: str
    label: str
    criterion: str
    slice: str
    raters: str | None
    verdict: Verdict
    reason: str
    statistic: str | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    sentinel: str | None = None
    sentinel_value: float | None = None
    sentinel_low: float | None = None
    sentinel_high: float | None = None
    n_items: int = 0
    n_clusters: int = 0
    n_pairs: int = 0
    coverage: float | None = None
    delta: float | None = None
    needed_items: int | None = None


def advise(
    rows: Sequence[MetaRow],
    labels: Mapping[str, str],
    *,
    delta: float = 0.02,
    power: float = 0.8,
    alpha: float = 0.05,
    level: float = 0.95,
) -> list[Advice]:
    """One Advice per metric × criterion × human target × slice: criteria and slices in reading order, metrics as in `labels`.

    :param rows: of one meta-evaluation.
    :param labels: signature → what the user wrote; its order is the metrics' order.
    :param delta: the advantage over a sentinel that *ask people* counts items for; a choice, never the observed difference.
    :param level: that of the intervals in `rows`.
    """
    return []
