"""Compares systems by every metric: means with intervals, paired differences with tests, over all items and by slices.

A system of several runs (seeds) is compared by its runs' mean on each item: intervals and tests are over items (by cluster), the
runs being held fixed; how far the runs lie apart stands beside it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from msgspec.structs import replace

from harness.experiment_records import CompareOptions
from harness.judgments import JudgmentSet
from harness.meta.columns import MetricSummary
from harness.meta.pairs import Bools, Floats, Ints, sums_by
from harness.meta.resampling import Resampler
from harness.meta.significance import draws_needed, holm, sign_flip
from harness.pipeline.records import Comparison, comparison_key
from harness.records import Example
from harness.score_table import ScoreTable

FEW = 100  # clusters under which an interval by bootstrap is approximate
_TOO_FEW = 10  # clusters under which there is no interval and no test
_MOST_VALUES = 12  # of a dimension that is sliced by
_APPROXIMATE = f"approximate: fewer than {FEW} clusters"
_NO_INTERVAL = f"fewer than {_TOO_FEW} clusters: no interval, no test"
_ONLY_WHOLE = "the metric scores all outputs together: no interval, no test"


@dataclass(frozen=True)
class Compared:
    """Items × runs of each system by one metric. `values`: system → shape (items, runs), nan where there is no score."""

    metric: MetricSummary
    component: str | None
    values: Mapping[str, Floats]


def compare_systems(
    data: JudgmentSet,
    scores: ScoreTable,
    metrics: Sequence[MetricSummary],
    groups: Mapping[str, Sequence[str]],
    options: CompareOptions,
) -> list[Comparison]:
    """Rows in table order. `groups`: system → the names of its runs, as outputs carry them, in the order of the config."""
    items = data.examples
    cluster = np.unique([example.cluster for example in items], return_inverse=True)[1].astype(np.int64)
    columns = [column for metric in metrics for column in _columns(data, scores, metric, groups)]
    rows: list[Comparison] = list(_of_whole_systems(data, scores, metrics, groups))
    for label, chosen in _slices(items):
        known = np.unique(cluster[chosen], return_inverse=True)
        resampler = Resampler(known[1].astype(np.int64), len(known[0]), options.resamples, options.level, options.seed)
        part = [
            Compared(column.metric, column.component, {name: values[chosen] for name, values in column.values.items()})
            for column in columns
        ]
        rows += _in_slice(part, label, resampler, groups, options)
    return sorted(rows, key=comparison_key)


def pairs_of(groups: Sequence[str], baseline: str | None) -> list[tuple[str, str]]:
    """Which systems are compared: each with the baseline, or every pair, the later one with the earlier."""
    if baseline is None:
        return [(second, first) for first, second in combinations(groups, 2)]
    return [(name, baseline) for name in groups if name != baseline]


def _columns(
    data: JudgmentSet, scores: ScoreTable, metric: MetricSummary, groups: Mapping[str, Sequence[str]]
) -> Iterator[Compared]:
    """The metric's main component, one value an item and run: the mean over a run's samples."""
    if metric.unit != "output":
        return
    component = metric.components[0] if metric.components else None
    block = scores.block(metric.signature, component)
    if block is None:
        return
    place = {example.id: index for index, example in enumerate(data.examples)}
    run = {name: (group, index) for group, names in groups.items() for index, name in enumerate(names)}
    position = {output.id: index for index, output in enumerate(data.outputs)}
    sums = {group: np.zeros((len(place), len(names))) for group, names in groups.items()}
    counts = {group: np.zeros((len(place), len(names))) for group, names in groups.items()}
    for index, value in zip(block.targets.positions(position).tolist(), block.values.tolist(), strict=True):
        if index < 0 or data.outputs[index].system not in run:
            continue
        output = data.outputs[index]
        group, column = run[output.system]
        sums[group][place[output.example_id], column] += value  # nan stays nan: a sample without a score leaves none
        counts[group][place[output.example_id], column] += 1
    with np.errstate(invalid="ignore", divide="ignore"):
        yield Compared(metric, component, {group: sums[group] / counts[group] for group in groups})


def _of_whole_systems(
    data: JudgmentSet, scores: ScoreTable, metrics: Sequence[MetricSummary], groups: Mapping[str, Sequence[str]]
) -> Iterator[Comparison]:
    """Means of metrics that score a system as a whole: one number a run."""
    system = {output.id: output.system for output in data.outputs}
    for metric in metrics:
        if metric.unit != "corpus":
            continue
        component = metric.components[0] if metric.components else None
        block = scores.block(metric.signature, component)
        if block is None:
            continue
        said = {system[unit[0]]: value for unit, value in zip(block.targets, block.values.tolist(), strict=True)}
        for group, names in groups.items():
            values = np.array([said.get(name, np.nan) for name in names])
            yield Comparison(
                metric=metric.signature,
                component=component,
                system=group,
                statistic="mean",
                n_items=len(data.examples),
                note=_ONLY_WHOLE,
                **_spread(values),
            )


def _in_slice(
    columns: Sequence[Compared],
    label: str,
    resampler: Resampler,
    groups: Mapping[str, Sequence[str]],
    options: CompareOptions,
) -> Iterator[Comparison]:
    few = resampler.n_clusters < _TOO_FEW
    note = _NO_INTERVAL if few else _APPROXIMATE if resampler.n_clusters < FEW else None
    differences: list[tuple[Comparison, Floats]] = []
    for column in columns:
        base = Comparison(
            metric=column.metric.signature,
            component=column.component,
            slice=label,
            system="",
            statistic="mean",
            value=None,
            seed=options.seed,
            note=note,
        )
        means = {name: _item_means(values) for name, values in column.values.items()}
        for name, values in means.items():
            yield _mean(replace(base, system=name), values, column.values[name], resampler)
        sign = 1.0 if column.metric.higher_is_better else -1.0
        for first, second in pairs_of(tuple(groups), options.baseline):
            row = replace(base, system=first, against=second, statistic="difference")
            differences.append(
                _difference(row, means[first] - means[second], sign, column.values[first], means[second], resampler)
            )
    yield from _tested(differences, options)


def _item_means(values: Floats) -> Floats:
    """The mean over the runs of each item, shape (items,); nan where a run has no value."""
    return values.mean(axis=1) if values.shape[1] else np.full(len(values), np.nan)


def _mean(row: Comparison, values: Floats, by_run: Floats, resampler: Resampler) -> Comparison:
    defined = np.isfinite(values)
    if not defined.any():
        return replace(row, runs=by_run.shape[1], missing=len(values), note="no data")
    low, high = _interval(values, defined, resampler)
    spread = _spread(by_run[defined].mean(axis=0))
    return replace(
        row,
        **{**spread, "value": float(values[defined].mean())},
        low=low,
        high=high,
        n_items=int(defined.sum()),
        n_clusters=len(np.unique(resampler.cluster[defined])),
        missing=int((~defined).sum()),
    )


def _difference(
    row: Comparison, values: Floats, sign: float, by_run: Floats, against: Floats, resampler: Resampler
) -> tuple[Comparison, Floats]:
    """The row without its test, and the summed difference of each cluster."""
    defined = np.isfinite(values)
    if not defined.any():
        return replace(row, runs=by_run.shape[1], missing=len(values), note="no data"), np.zeros(resampler.n_clusters)
    low, high = _interval(values, defined, resampler)
    value = float(values[defined].mean())
    spread = _spread((by_run[defined] - against[defined, None]).mean(axis=0))
    done = replace(
        row,
        **{**spread, "value": value},
        low=low,
        high=high,
        n_items=int(defined.sum()),
        n_clusters=len(np.unique(resampler.cluster[defined])),
        missing=int((~defined).sum()),
        better=None if value == 0 else sign * value > 0,
    )
    return done, sums_by(resampler.cluster[defined], values[defined], resampler.n_clusters)


def _tested(differences: Sequence[tuple[Comparison, Floats]], options: CompareOptions) -> Iterator[Comparison]:
    """The rows with p values, adjusted over all of them: a slice is one family."""
    known = [(row, sums) for row, sums in differences if row.value is not None and row.n_clusters >= _TOO_FEW]
    if known:
        draws = draws_needed(len(known), options.alpha, options.draws)
        found = sign_flip(np.stack([sums for _, sums in known], axis=1), draws, options.seed).tolist()
        for (row, _), p, adjusted in zip(known, found, holm(found), strict=True):
            yield replace(row, p=p, p_adjusted=adjusted)
    yield from (row for row, _ in differences if row.value is None or row.n_clusters < _TOO_FEW)


def _interval(values: Floats, defined: Bools, resampler: Resampler) -> tuple[float | None, float | None]:
    if len(np.unique(resampler.cluster[defined])) < _TOO_FEW:
        return None, None
    return resampler.interval(resampler.mean(np.where(defined, values, 0.0), resampler.cluster, defined))


def _spread(values: Floats) -> dict[str, Any]:
    """The mean of the runs, how many they are and how far they lie apart, as fields."""
    known = values[np.isfinite(values)]
    if not len(known):
        return {"value": None, "runs": len(values)}
    several = len(values) > 1
    return {
        "value": float(known.mean()),
        "runs": len(values),
        "lowest": float(known.min()) if several else None,
        "highest": float(known.max()) if several else None,
    }


def _slices(items: Sequence[Example]) -> Iterator[tuple[str, Ints]]:
    """All items, and the values of each dimension that tells some apart from others."""
    yield "all", np.arange(len(items))
    for dimension in ("split", "form", "language", "task"):
        values = [getattr(example, dimension) for example in items]
        counts = Counter(value for value in values if value is not None)
        if 1 < len(counts) <= _MOST_VALUES:
            for value in sorted(counts):
                yield f"{dimension}={value}", np.flatnonzero([one == value for one in values])
