"""Two runs of a leaderboard held against each other: every model and column that both have, with paired tests."""

from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist
from typing import Any, Literal

import msgspec
import numpy as np

from harness.errors import InputError, did_you_mean
from harness.leaderboard.board import higher_is_better
from harness.leaderboard.comparisons import Swapped, adjusted, swap, swaps_for, unpaired
from harness.leaderboard.intervals import LEAST, Draws, codes_of, expanded_tail, resampled_values
from harness.leaderboard.measured import Measured, measure_cell
from harness.leaderboard.measures import Measure
from harness.leaderboard.records import Results, TaskInfo, TaskResult
from harness.leaderboard.sharing import apart, shared

Pair = tuple[str, str]
_Key = tuple[str, str, str]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One model and column: `after` minus `before` on the items that both did, with its interval. `verdict`: `better` and `worse`
    where p after Holm lies below 1 − confidence, else `unclear`; `alone` where one run lacks it."""

    model: str
    other: str
    column: str
    verdict: Literal["better", "worse", "unclear", "alone"]
    before: float | None = None
    after: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_adjusted: float | None = None
    items: int = 0
    note: str | None = None


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """Rows in the order of models and columns, what differs in how tasks were done, and how many comparisons Holm counts.
    `notes`: what was left out of either run, and what its items have shown."""

    rows: tuple[Difference, ...]
    warnings: tuple[str, ...]
    family: int
    confidence: float
    seed: int
    swaps: int
    notes: tuple[str, ...] = ()

    def why_nothing(self) -> str | None:
        """Why there is no comparison; None where there is one."""
        reasons = dict.fromkeys(f"{row.column}: {row.note}" for row in self.rows if row.note)
        return None if self.family else f"nothing could be compared ({'; '.join(reasons) or 'no model did a task of both runs'})"


def compare_runs(
    before: Results,
    after: Results,
    *,
    pairs: Mapping[str, str] | None = None,
    metrics: Sequence[str] = (),
    seed: int = 0,
    resamples: int = 2000,
    confidence: float = 0.95,
) -> Diff:
    """`after` against `before`. `pairs`: a model of `before` to the one of `after` it is compared with; without, those of one
    name, or the only one of each. `metrics`: columns beside the tasks' own. InputError where nothing can be compared.
    """
    chosen = _pairs(before, after, pairs or {})
    keys = [(first, second, task, metric) for first, second in chosen for task, metric in _columns(before, after, metrics)]
    swaps = swaps_for(max(1, len(keys)), resamples, 1 - confidence)
    draws = Draws(resamples, seed)
    compared: list[tuple[_Key, Swapped]] = []
    rows: dict[_Key, Difference] = {}
    warnings: list[str] = []
    for first, second, task, metric in keys:
        key = (first, second, f"{task.name}/{metric}")
        sides = [_side(results, model, task, metric, draws, confidence) for results, model in ((before, first), (after, second))]
        found, bounds, note = _compared(sides[1][1], sides[0][1], task.name, draws, swaps, seed, confidence)
        was, now = sides[0][1].value, sides[1][1].value
        rows[key] = Difference(model=first, other=second, column=key[2], verdict="alone", before=was, after=now, note=note)
        if found is not None:
            compared.append((key, found))
            rows[key] = msgspec.structs.replace(
                rows[key], verdict="unclear", difference=found.difference, low=bounds[0], high=bounds[1], items=found.items
            )
        warnings += _unlike(task.name, first, sides[0][0], sides[1][0])
    better = {f"{task.name}/{metric}": higher_is_better(after, task, metric) for _, _, task, metric in keys}
    for one in adjusted([(key, key, found) for key, found in compared]):
        row = rows[one.first]
        verdict: Any = "unclear"
        if one.p_adjusted < 1 - confidence and one.difference:
            verdict = "better" if (one.difference > 0) == better[row.column] else "worse"
        rows[one.first] = msgspec.structs.replace(row, verdict=verdict, p=one.p, p_adjusted=one.p_adjusted)
    return Diff(
        rows=tuple(rows.values()),
        warnings=tuple(dict.fromkeys(warnings)),
        family=len(compared),
        confidence=confidence,
        seed=seed,
        swaps=swaps,
        notes=tuple(dict.fromkeys([*before.all_notes(), *after.all_notes()])),
    )


def _pairs(before: Results, after: Results, wanted: Mapping[str, str]) -> list[Pair]:
    for name, results in [*((name, before) for name in wanted), *((name, after) for name in wanted.values())]:
        if name not in results.models:
            raise InputError(f"the run holds no model {name!r}.{did_you_mean(name, results.models)}")
    if wanted:
        return list(wanted.items())
    shared = [(name, name) for name in before.models if name in after.models]
    if not shared and len(before.models) == len(after.models) == 1:
        return [(next(iter(before.models)), next(iter(after.models)))]
    if not shared:
        raise InputError(
            f"the runs share no model: the first has {', '.join(before.models)}, the second {', '.join(after.models)}; "
            "say which belong together with --pair OLD=NEW"
        )
    return shared


def _columns(before: Results, after: Results, metrics: Sequence[str]) -> list[tuple[TaskInfo, str]]:
    columns = []
    for name, task in after.tasks.items():
        if name not in before.tasks:
            continue
        held = dict.fromkeys(
            metric for results in (before, after) for one in results.results if one.task == name for metric in one.values
        )
        wanted = [metric for metric in held if metric in metrics or metric.partition(",")[0] in metrics]
        columns += [(task, metric) for metric in dict.fromkeys([*([task.metric] if task.metric else []), *wanted])]
    if not columns:
        raise InputError("the runs share no task: there is nothing to compare")
    return columns


def _side(
    results: Results, model: str, task: TaskInfo, metric: str, draws: Draws, confidence: float
) -> tuple[TaskResult | None, Measured]:
    result = next((one for one in results.results if (one.model, one.task) == (model, task.name)), None)
    empty = TaskResult(model=model, task=task.name, values={}, items=0)
    items = list(results.read_items(model, task.name)) if result is not None else []
    return result, measure_cell(result or empty, metric, items, task.name, draws, confidence)


def _compared(
    new: Measured, old: Measured, task: str, draws: Draws, swaps: int, seed: int, confidence: float
) -> tuple[Swapped | None, tuple[float | None, float | None], str | None]:
    if new.value is None or old.value is None:
        return None, (None, None), f"the {'second' if new.value is None else 'first'} run has no value"
    if new.measure is not None and old.measure is not None and new.measure.kind == old.measure.kind:
        found = swap(new.measure, old.measure, task, swaps, seed)
        if found is None:
            return None, (None, None), "the runs share fewer than two items, or groups of items that belong together"
        lone = apart(new.measure, old.measure)
        note = f"{lone} items are in one run only and do not count" if lone else None
        return found, difference_interval(new.measure, old.measure, task, draws, confidence), note
    if new.error and old.error:
        found = unpaired((new.value, new.error), (old.value, old.error), swaps, seed)
        half = NormalDist().inv_cdf((1 + confidence) / 2) * float(np.hypot(new.error, old.error))
        bounds = found.difference - half, found.difference + half
        return found, bounds, "no items in one of the runs: unpaired, from the reported standard errors"
    return None, (None, None), "no items in one of the runs and no standard errors: no test"


def difference_interval(
    first: Measure, second: Measure, task: str, draws: Draws, confidence: float
) -> tuple[float | None, float | None]:
    """The interval of first minus second on the items that both did: both are drawn together."""
    first, second = shared(first, second)
    codes, count = codes_of(first.clusters)
    if count < LEAST:
        return None, None
    resampler = draws.of(task, codes, count)
    values = resampled_values(first, codes, count, resampler) - resampled_values(second, codes, count, resampler)
    values = values[np.isfinite(values)]
    if len(values) * 2 < draws.resamples or np.ptp(values) <= 1e-12:
        return None, None
    tail = expanded_tail(confidence, count)
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


_READ: tuple[tuple[str, Callable[[TaskResult], Any]], ...] = (
    ("the number of examples in the prompt", lambda result: result.shots),
    ("its version", lambda result: result.settings.get("version")),
    ("its items (task hash)", lambda result: result.settings.get("hash")),
)


def _unlike(task: str, model: str, old: TaskResult | None, new: TaskResult | None) -> list[str]:
    found = []
    for what, read in _READ:
        if old is not None and new is not None:
            was, now = read(old), read(new)
            if was is not None and now is not None and was != now:
                found.append(f"{task}: the runs differ in {what} ({str(was)[:12]}, {str(now)[:12]}) for {model}")
    return found
