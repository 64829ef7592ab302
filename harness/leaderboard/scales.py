"""Where a metric begins and ends: what guessing gives and the best there can be, so that unlike scales can be averaged."""

from collections.abc import Sequence

from harness.leaderboard.records import Item, TaskInfo

# By lm-eval's names. A metric that is not here and whose task says nothing has no scale, and does not count in the mean.
_CEILING = {
    **dict.fromkeys(("acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match", "em", "f1", "mcc"), 1.0),
    **dict.fromkeys(("chrf", "chrf++", "bleu"), 100.0),
}
_CHOICE = frozenset({"acc", "acc_norm", "acc_bytes", "acc_mutual_info"})
_FROM_ZERO = frozenset({"exact_match", "em", "mcc", "chrf", "chrf++", "bleu"})


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


def normalised(value: float | None, baseline: float | None, ceiling: float | None) -> float | None:
    """0 at the baseline, 1 at the ceiling, negative below; None where an end is not known."""
    if value is None or baseline is None or ceiling is None or baseline == ceiling:
        return None
    return (value - baseline) / (ceiling - baseline)
