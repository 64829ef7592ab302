"""Where a metric begins and ends: what guessing gives and the best there can be, so that unlike scales can be averaged."""

import math
from collections.abc import Sequence

from harness.leaderboard.records import Item, TaskInfo

# By lm-eval's names. A metric that is not here and whose task says nothing has no scale, and does not count in the mean.
_CEILING = {
    **dict.fromkeys(("acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match", "em", "f1", "mcc"), 1.0),
    **dict.fromkeys(("chrf", "chrf++", "bleu"), 100.0),
}
_CHOICE = frozenset({"acc", "acc_norm", "acc_bytes", "acc_mutual_info"})
_FROM_ZERO = frozenset({"exact_match", "em", "mcc", "chrf", "chrf++", "bleu"})
_LOWEST = {
    **dict.fromkeys(_CEILING, 0.0),
    **dict.fromkeys(("word_perplexity", "byte_perplexity", "character_perplexity", "perplexity", "bits_per_byte"), 0.0),
    **dict.fromkeys(("brier_score", "ter"), 0.0),
    "mcc": -1.0,
}
_SLACK = 1e-9


def scale_of(task: TaskInfo, items: Sequence[Item]) -> tuple[float | None, float | None, str | None]:
    """Baseline, ceiling and a note where the baseline was worked out here, of the task's own metric."""
    metric = (task.metric or "").partition(",")[0]
    ceiling = task.ceiling if task.ceiling is not None else _CEILING.get(metric)
    if task.baseline is not None:
        return task.baseline, ceiling, None
    if task.output_type == "multiple_choice":
        if metric in _CHOICE and items and all(len(item.choices) > 1 for item in items):
            baseline = sum(1 / len(item.choices) for item in items) / len(items)
            return baseline, ceiling, f"baseline {baseline:.3g}: guessing among the choices"
        return (0.0 if metric == "mcc" else None), ceiling, None
    return (0.0 if metric in _FROM_ZERO or (metric == "f1" and task.output_type == "generate_until") else None), ceiling, None


def range_of(task: TaskInfo, metric: str) -> tuple[float, float]:
    """The lowest and the highest value that the metric can have, infinite where that is not known.

    The ceiling that a task states of its own metric is the best there can be; else the metric's name says it.
    """
    base = metric.partition(",")[0]
    low, high = _LOWEST.get(base, -math.inf), _CEILING.get(base, math.inf)
    if metric == task.metric and task.ceiling is not None:
        return (low, task.ceiling) if task.higher_is_better else (task.ceiling, high)
    return low, high


def why_outside(value: float, task: TaskInfo, metric: str) -> str | None:
    """What to say of a value that the metric cannot have; None of one that it can."""
    low, high = range_of(task, metric)
    slack = _SLACK * max(1.0, abs(value))
    if low - slack <= value <= high + slack:
        return None
    return f"{value:g} is outside the scale of {metric} ({_told(low, high)})"


def why_no_scale(task: TaskInfo, baseline: float | None, ceiling: float | None) -> str | None:
    """Why these ends of the task's own metric make no scale; None where they do, or where one is not known."""
    if baseline is None or ceiling is None or task.metric is None:
        return None
    low, high = range_of(task, task.metric)
    if not low <= baseline <= high:
        return f"its baseline {baseline:g} is outside the scale of {task.metric} ({_told(low, high)})"
    if (ceiling <= baseline) if task.higher_is_better else (ceiling >= baseline):
        return f"its baseline {baseline:g} is no worse than its ceiling {ceiling:g}"
    return None


def _told(low: float, high: float) -> str:
    if math.isinf(low):
        return f"at most {high:g}"
    return f"at least {low:g}" if math.isinf(high) else f"{low:g} to {high:g}"


def normalised(value: float | None, baseline: float | None, ceiling: float | None) -> float | None:
    """0 at the baseline, 1 at the ceiling, negative below; None where an end is not known."""
    if value is None or baseline is None or ceiling is None or baseline == ceiling:
        return None
    return (value - baseline) / (ceiling - baseline)
