"""Scores outputs with metrics: batch by batch, safe on disk after each, and what is finished is never scored again."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.judgments import JudgmentSet
from harness.protocols import Unit
from harness.records import Score, digest
from harness.segments import Segments
from harness.stages.metrics import BuiltMetric, ask, build_metrics, prepare, targets, unscored
from harness.stages.units import make_units, why_unscorable
from harness.store import TABLES, Run, stage_id

__all__ = ["BuiltMetric", "Pending", "build_metrics", "pending", "score"]

Progress = Callable[[str, int, int], None]
Saved = Mapping[str | None, Mapping[tuple[str, ...], Score]]


def score(
    data: JudgmentSet, metrics: Sequence[BuiltMetric], *, run: Run | None = None, progress: Progress | None = None
) -> list[Score]:
    """Every metric's word on every unit of the set, sorted by signature, component and targets.

    A unit that a metric cannot score has a Score with `value` None and a status that says why. With a `run`, each batch is on
    disk before the next begins, and what an earlier session finished is read, not scored again; the run's counts then tell
    `units_scored`, `units_reused`, `units_skipped` and `units_failed`. Writing the table `scores` is left to the caller.
    `progress` is called with the metric's label, the units done and the units to do in all.

    Raises PluginError where a metric breaks its protocol. An exception on one unit is that unit's status "error".
    """
    inputs = [digest(data.examples), digest(data.outputs)]
    scores: list[Score] = []
    for metric in metrics:
        scores += _score_metric(data, metric, inputs, run, progress)
    return sorted(scores, key=TABLES["scores"].key)


class Pending(NamedTuple):
    """How many units a metric has on a set, how many of them a run folder already holds, and how many cannot be scored."""

    units: int
    saved: int
    skipped: int


def pending(data: JudgmentSet, metric: BuiltMetric, folder: Path | None) -> Pending:
    """What `score` would find to do, in that run folder if one is named, which is not touched and need not exist."""
    units, missing = _split(data, metric)
    stage = _stage_id(metric, units, [digest(data.examples), digest(data.outputs)])
    held = Segments.peek(folder / "segments" / stage, Score) if folder is not None else ()
    saved = _by_component(held, metric, units)
    size = metric.spec.batch_size
    batches = [units[start : start + size] for start in range(0, len(units), size)]
    reused = sum(len(batch) for batch in batches if _reused(saved, metric, batch) is not None)
    return Pending(len(units), reused, len(missing) // len(metric.components))


def _score_metric(
    data: JudgmentSet, metric: BuiltMetric, inputs: Sequence[str], run: Run | None, progress: Progress | None
) -> Iterator[Score]:
    units, missing = _split(data, metric)
    count = run.count if run is not None else _uncounted
    count("units_skipped", len(missing) // len(metric.components))
    yield from missing
    segments = run.segments(_stage_id(metric, units, inputs)) if run is not None else None
    saved = _saved(segments, metric, units)
    prepared, done, left = False, 0, iter(units)
    while batch := list(islice(left, metric.spec.batch_size)):
        # A batch of which a kill left a part is scored again whole: last digits that depend on the batch are then the same again.
        scores = _reused(saved, metric, batch)
        count("units_scored", 0 if scores else len(batch))
        count("units_reused", len(batch) if scores else 0)
        if scores is None:
            if not prepared:
                prepare(metric, data.examples)
                prepared = True
            scores = ask(metric, batch)
            if segments is not None:
                segments.append(scores)
        count("units_failed", len({score.targets for score in scores if score.status == "error"}))
        yield from scores
        done += len(batch)
        if progress is not None:
            progress(metric.label, done, len(units))


def _split(data: JudgmentSet, metric: BuiltMetric) -> tuple[list[Unit], list[Score]]:
    """The units to ask the metric about, and the missing scores of those that it is not asked about."""
    units: list[Unit] = []
    missing: list[Score] = []
    examples = {example.id: example for example in data.examples}
    for unit in make_units(data, metric.spec):
        reason = why_unscorable(unit, data.info, metric.spec, examples)
        if reason is None:
            units.append(unit)
        else:
            missing += unscored(metric, unit, *reason)
    return units, missing


def _stage_id(metric: BuiltMetric, units: Sequence[Unit], inputs: Sequence[str]) -> str:
    asked = hashlib.sha256(msgspec.json.encode([targets(unit) for unit in units])).hexdigest()
    section = {"metric": metric.ref.name, "params": dict(metric.ref.params), "signature": metric.signature}
    return stage_id([*inputs, asked], section, f"{metric.spec.version} {metric.code}".rstrip())


def _saved(segments: Segments | None, metric: BuiltMetric, units: Sequence[Unit]) -> Saved:
    return _by_component(segments.read(Score) if segments is not None else (), metric, units)


def _by_component(scores: Iterable[Score], metric: BuiltMetric, units: Sequence[Unit]) -> Saved:
    """What earlier sessions saved, by component and targets; of a unit saved twice, the later one."""
    found: dict[str | None, dict[tuple[str, ...], Score]] = {component: {} for component in metric.components}
    own = {key: key for key in map(targets, units)}
    for score in scores:
        key = own.get(score.targets)
        if key is not None and score.component in found:
            # one tuple of ids and one signature for all lines: this halves the memory of a large stage
            found[score.component][key] = msgspec.structs.replace(score, targets=key, metric=metric.signature)
    return found


def _reused(saved: Saved, metric: BuiltMetric, batch: Sequence[Unit]) -> list[Score] | None:
    """The saved scores of the batch, or None unless it was saved whole."""
    found = [saved[component].get(targets(unit)) for unit in batch for component in metric.components]
    whole = [score for score in found if score is not None]
    return whole if len(whole) == len(found) else None


def _uncounted(name: str, number: int = 1) -> None:
    """Without a run there is no manifest to count for."""
