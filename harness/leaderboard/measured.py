"""One model on one column: its value, its interval and what the items say about both."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

from harness.leaderboard.intervals import Draws, Interval, find_interval
from harness.leaderboard.measures import Measure, find_measure
from harness.leaderboard.records import Item, TaskInfo, TaskResult
from harness.leaderboard.scales import why_outside


@dataclass(frozen=True)
class Measured:
    """`measure`: None where no items were kept, or they do not give the reported value. `error`: the reported standard error.
    `unfit`: why the value is not held against other models' and does not count in a mean; None where it may be."""

    value: float | None
    interval: Interval
    items: int
    measure: Measure | None
    error: float | None = None
    note: str | None = None
    unfit: str | None = None


def measure_cell(result: TaskResult, metric: str, items: Sequence[Item], task: str, draws: Draws, confidence: float) -> Measured:
    """The cell of a metric from the items, else from what was reported of it. A reported value that is none stays missing."""
    reported, error = result.values.get(metric), result.errors.get(metric)
    if reported is None and metric in result.values:
        why = "the reported value is no finite number"
        return Measured(None, Interval(None, None, "none", 0), 0, None, note=why)
    way = result.settings.get("metrics", {}).get(metric, {})
    measure = find_measure(items, metric, way.get("aggregation"), reported) if items else None
    if measure is not None:
        interval = find_interval(measure, task, draws, confidence)
        lacking = len(items) - len(measure.keys)
        unfit = f"{lacking} of {len(items)} items have no value" if lacking else None
        value = measure.total if reported is None else reported
        return Measured(value, interval, len(measure.keys), measure, error, unfit=unfit)
    if reported is None:
        return Measured(None, Interval(None, None, "none", 0), 0, None)
    why = "the items kept do not give the reported value" if items else "no items were kept or could be read"
    if error:
        half = NormalDist().inv_cdf((1 + confidence) / 2) * error
        interval = Interval(reported - half, reported + half, "standard error", result.items)
        return Measured(reported, interval, result.items, None, error, f"{why}: interval from the reported standard error")
    return Measured(reported, Interval(None, None, "none", 0), result.items, None, error, f"{why}: no interval")


def on_scale(found: Measured, task: TaskInfo, metric: str) -> Measured:
    """The same; unfit where the metric cannot have the value."""
    outside = None if found.value is None else why_outside(found.value, task, metric)
    return found if outside is None else replace(found, unfit="; ".join(part for part in (found.unfit, outside) if part))
