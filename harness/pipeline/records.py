"""What comparing systems gives: one number a row, long format, with its interval and its n."""

from typing import Any, Literal

import msgspec


class Comparison(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A system's mean by a metric, or the difference of two systems' (`system` minus `against`) on the items that both answered.

    A system of several `runs` (seeds of its training) has on each item the mean of its runs; `lowest` and `highest` are the
    runs' own values. `slice`: `all`, or a dimension and its value. `p`: of a paired test, `p_adjusted` by Holm's rule over the
    differences of the slice. `better`: whether the difference is to the good of `system`.
    """

    metric: str
    component: str | None = None
    slice: str = "all"
    system: str
    against: str | None = None
    statistic: Literal["mean", "difference"]
    value: float | None
    low: float | None = None
    high: float | None = None
    runs: int = 1
    lowest: float | None = None
    highest: float | None = None
    n_items: int = 0
    n_clusters: int = 0
    missing: int = 0
    p: float | None = None
    p_adjusted: float | None = None
    better: bool | None = None
    seed: int | None = None
    note: str | None = None


def comparison_key(row: Comparison) -> tuple[Any, ...]:
    """The order of the table: metric, slice, means before differences, systems."""
    return (
        row.metric,
        row.component or "",
        row.slice != "all",
        row.slice,
        row.statistic != "mean",
        row.system,
        row.against or "",
    )
