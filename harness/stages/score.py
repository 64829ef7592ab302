"""Scores outputs with metrics: batch by batch, safe on disk after each, and what is finished is never scored again."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from harness.errors import HarnessError
from harness.integrity import is_intact
from harness.judgments import JudgmentSet
from harness.protocols import Unit
from harness.records import Example, digest
from harness.score_files import read_scores
from harness.score_table import ERROR, OK, STATUSES, Block, ScoreTable, Targets, marked
from harness.segments import Segments
from harness.stages.answers import Answers, SavedBatch, restored, saved, storable
from harness.stages.metrics import BuiltMetric, answer, build_metrics, prepare
from harness.stages.units import Work, check_units, make_work
from harness.store import Run, stage_id, table_path
from harness.verdicts import CallPlan, Planned

__all__ = ["BuiltMetric", "Executor", "Pending", "build_metrics", "pending", "score"]

Progress = Callable[[str, int, int], None]
_FORMAT = 2  # of the segments: a line a batch; version 1 had a line a score


class Executor(Protocol):
    """Has metrics asked, here or elsewhere."""

    def answers(self, metric: BuiltMetric, examples: Sequence[Example], batches: Iterable[Sequence[Unit]]) -> Iterator[Answers]:
        """The answers to each batch, in the order of the batches, however many are under way at a time.

        `batches` is lazy: what is taken is held in memory. `examples` are for the metric's `prepare`, which is to be called once
        wherever it is asked, before the first batch. What `prepare` and `answer` (`harness.stages.metrics`) raise is raised here.
        """
        ...


class InThisProcess:
    """The executor that asks one batch after the other, here."""

    def answers(self, metric: BuiltMetric, examples: Sequence[Example], batches: Iterable[Sequence[Unit]]) -> Iterator[Answers]:
        """The answers to each batch, in order."""
        for number, batch in enumerate(batches):
            if not number:
                prepare(metric, examples)
            yield answer(metric, batch)


def score(
    data: JudgmentSet,
    metrics: Sequence[BuiltMetric],
    *,
    run: Run | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    reparse: bool = False,
) -> ScoreTable:
    """Every metric's word on every unit of the set, sorted by signature, component and targets.

    A unit that a metric cannot score has a Score with `value` None and a status that says why. With a `run`, each batch is on
    disk before the next is waited for, and what an earlier session finished is read, not scored again; the run's counts then tell
    `units_scored`, `units_reused`, `units_skipped` and `units_failed`. Writing the table `scores` is left to the caller, unless
    the run holds it already: a finished one in which nothing has changed is taken over.
    `progress` is called with the metric's label, the units done and the units to do in all, the first time before any is asked.
    `executor` asks the metrics; by default this process does. With `reparse` the paid metrics score everything again; that they
    then ask nobody is up to the caller (`harness.chat.policy.only_stored`).

    Raises InputError, before anything is scored, for a metric that has no units in the set, and PluginError where a metric breaks
    its protocol. An exception on one unit is that unit's status "error".
    """
    for metric in metrics:  # before the first is asked, which may cost something
        check_units(data, metric.spec)
    inputs = _inputs(data)
    works: dict[tuple[str, tuple[str, ...]], Work] = {}
    blocks: list[Block] = []
    earlier = _Earlier(run)
    for metric in metrics:
        key = (metric.spec.unit, metric.spec.needs)
        if key not in works:
            works[key] = make_work(data, metric.spec)
        stage = _stage_id(metric, works[key], inputs)
        again = reparse and metric.spec.cost == "paid"
        held = None if again else earlier.blocks(metric, works[key], stage)
        if held is not None:
            _tell_reused(metric, works[key], held, run, progress)
            blocks += held
            continue
        found = _score_metric(data, metric, works[key], stage, run, progress, executor or InThisProcess(), again)
        blocks += _blocks(metric, works[key], found)
    if earlier.keep(blocks):
        return earlier.table
    return ScoreTable(_sharing_targets(blocks))


class _Earlier:
    """The table of scores that the last session finished, read once a metric has need of it."""

    def __init__(self, run: Run | None) -> None:
        self._run = run
        self._read: ScoreTable | None = None

    @property
    def table(self) -> ScoreTable:
        if self._read is None:
            assert self._run is not None  # only a run has an earlier session
            intact = is_intact(table_path(self._run.folder, "scores"), self._run.earlier)
            self._read = read_scores(table_path(self._run.folder, "scores")) if intact else ScoreTable(())
        return self._read

    def blocks(self, metric: BuiltMetric, work: Work, stage: str) -> list[Block] | None:
        """The metric's scores if they were computed in this stage; None where they are not there whole."""
        if self._run is None:
            return None
        self._run.stages[metric.signature] = stage
        if not self._run.had_scores(metric.signature, stage):
            return None
        targets = work.targets if work.order is None else work.targets.take(work.order)
        found = [self.table.block(metric.signature, component) for component in metric.components]
        whole = [block for block in found if block is not None and block.targets.same(targets)]
        if metric.spec.cost == "paid" and any((block.status == ERROR).any() for block in whole):
            return None
        return whole if len(whole) == len(found) else None

    def keep(self, blocks: Sequence[Block]) -> bool:
        """Takes the table over if it holds these blocks and no others."""
        if self._run is None or self._read is None or {*map(id, blocks)} != {*map(id, self._read.blocks)}:
            return False
        return self._run.keep_table("scores")


class Pending(NamedTuple):
    """How many units a metric has on a set, how many of them a run folder already holds, and how many cannot be scored."""

    units: int
    saved: int
    skipped: int


def pending(data: JudgmentSet, metric: BuiltMetric, folder: Path | None) -> Pending:
    """What `score` would find to do, in that run folder if one is named, which is not touched and need not exist."""
    work = make_work(data, metric.spec)
    stage = _stage_id(metric, work, _inputs(data))
    held = Segments.peek(folder / "segments" / stage, SavedBatch) if folder is not None else ()
    reused = sum(map(len, _by_batch(held, metric, work).values()))
    return Pending(len(work.units), reused, len(work.missing))


def calls(data: JudgmentSet, metric: BuiltMetric) -> Sequence[CallPlan]:
    """What scoring with the metric would ask of models, a plan a judge; empty for a metric that asks none."""
    if not isinstance(metric.metric, Planned):
        return ()
    return metric.metric.plan(make_work(data, metric.spec).units)


def _score_metric(
    data: JudgmentSet,
    metric: BuiltMetric,
    work: Work,
    stage: str,
    run: Run | None,
    progress: Progress | None,
    executor: Executor,
    again: bool,
) -> Answers:
    """The answers to all units of the metric: those to ask about from the run or the metric, the others missing."""
    count = run.count if run is not None else _uncounted
    count("units_skipped", len(work.missing))
    segments = run.segments(stage) if run is not None else None
    held = {} if again else _by_batch(segments.read(SavedBatch) if segments is not None else (), metric, work)
    size, units = metric.spec.batch_size, work.units
    if progress is not None and units:
        progress(metric.label, 0, len(units))
    starts = range(0, len(units), size)
    todo = (units[start : start + size] for start in starts if start not in held)
    answers = executor.answers(metric, data.examples, todo) if len(held) < len(starts) else iter(())
    everything = _nothing_yet(metric, work)
    for start in starts:
        reused = held.get(start)
        found = _next(answers, metric, min(size, len(units) - start)) if reused is None else reused
        if reused is None and segments is not None:
            segments.append([saved(found, start)])
        count("units_scored", len(found) if reused is None else 0)
        count("units_reused", 0 if reused is None else len(found))
        count("units_failed", found.failed)
        _fill(everything, work, start, found)
        if progress is not None:
            progress(metric.label, start + len(found), len(units))
    return everything


def _tell_reused(metric: BuiltMetric, work: Work, blocks: Sequence[Block], run: Run | None, progress: Progress | None) -> None:
    count = run.count if run is not None else _uncounted
    count("units_skipped", len(work.missing))
    count("units_scored", 0)
    count("units_reused", len(work.units))
    count("units_failed", int(marked(blocks, lambda block: block.status == ERROR).sum()))
    if progress is not None:
        progress(metric.label, len(work.units), len(work.units))


def _next(answers: Iterator[Answers], metric: BuiltMetric, units: int) -> Answers:
    found = next(answers, None)
    if found is None or len(found) != units:
        got = "nothing" if found is None else f"answers to {len(found)} units"
        raise HarnessError(f"metric {metric.label!r}: the executor gave {got} for a batch of {units}")
    return found


def _nothing_yet(metric: BuiltMetric, work: Work) -> Answers:
    """Answers to all units: those that the metric is not asked about have their reasons, the others nothing yet."""
    values = np.full((len(metric.components), len(work.targets)), np.nan)
    status = np.full(values.shape, OK, dtype=np.int8)
    details = {}
    for place, (reason, detail) in work.missing.items():
        status[:, place] = STATUSES.index(reason)
        details.update({(part, place): storable(detail) for part in range(len(values))})
    return Answers(values, status, details)


def _fill(everything: Answers, work: Work, start: int, found: Answers) -> None:
    places = work.places[start : start + len(found)]
    everything.values[:, places] = found.values
    everything.status[:, places] = found.status
    assert isinstance(everything.details, dict)
    everything.details.update({(part, int(places[unit])): text for (part, unit), text in found.details.items()})


def _blocks(metric: BuiltMetric, work: Work, answers: Answers) -> Iterator[Block]:
    """A block a component, its units sorted by their targets."""
    order = work.order
    targets = work.targets if order is None else work.targets.take(order)
    new = None if order is None else np.argsort(order)
    for part, component in enumerate(metric.components):
        values, status = answers.values[part], answers.status[part]
        details = {unit: text for (own, unit), text in answers.details.items() if own == part}
        if order is not None and new is not None:
            values, status = values[order], status[order]
            details = {int(new[unit]): text for unit, text in details.items()}
        yield Block(metric.signature, component, targets, values, status, details)


def _sharing_targets(blocks: Sequence[Block]) -> Iterator[Block]:
    """The blocks, those over the same units with one list of them."""
    known: list[Targets] = []
    for block in blocks:
        same = next((targets for targets in known if targets.same(block.targets)), None)
        if same is None:
            known.append(block.targets)
        yield block if same is None else Block(block.metric, block.component, same, block.values, block.status, block.details)


def _inputs(data: JudgmentSet) -> list[str]:
    """Digests of all that a score may depend on: which systems are the reference decides what is asked, and what is missing."""
    return [digest(data.examples), digest(data.outputs), *sorted(data.info.reference_systems)]


def _stage_id(metric: BuiltMetric, work: Work, inputs: Sequence[str]) -> str:
    section = {"metric": metric.ref.name, "params": dict(metric.ref.params), "signature": metric.signature, "format": _FORMAT}
    return stage_id([*inputs, work.asked], section, f"{metric.spec.version} {metric.code}".rstrip())


def _by_batch(lines: Iterable[SavedBatch], metric: BuiltMetric, work: Work) -> Mapping[int, Answers]:
    """What earlier sessions saved of whole batches, by the batch's first unit; of a batch saved twice, the later one.

    A batch of another size is scored again: last digits that depend on the batch are then the same again. So is a batch on which
    a paid metric failed: no server, or no money left; what it has received it need not ask for again.
    """
    found: dict[int, Answers] = {}
    size = metric.spec.batch_size
    for line in lines:
        whole = line.first % size == 0 and line.units == min(size, len(work.units) - line.first)
        answers = restored(line, len(metric.components)) if whole else None
        if answers is None:
            continue
        if metric.spec.cost == "paid" and answers.failed:
            found.pop(line.first, None)
        else:
            found[line.first] = answers
    return found


def _uncounted(name: str, number: int = 1) -> None:
    """Without a run there is no manifest to count for."""
