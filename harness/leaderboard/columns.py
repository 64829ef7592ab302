"""Columns by this harness's own metrics: plugins score the answers that were kept of tasks that generate.

A value an item comes out, so that a board has intervals and paired tests of such a column as of any other, and the metric's
signature, so that it can be held against meta-evaluations of that very metric.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from harness.errors import InputError
from harness.judgments import JudgmentSet
from harness.leaderboard.matching import kind_of, metric_names
from harness.leaderboard.records import Item, MetricInfo, Results, TaskInfo, TaskResult
from harness.records import Example, JudgmentInfo, Message, Output, TextPart
from harness.registry import PluginRef, Registry
from harness.score_table import STATUSES, ScoreTable
from harness.stages.score import BuiltMetric, Executor, build_metrics, score
from harness.store import Run

Progress = Callable[[str, int, int], None]
_GENERATES = "generate_until"
_UNKNOWN = "und"  # the language of a task that does not say its own
Values = dict[tuple[str, str], dict[str, list[float | None]]]  # (model, task) → metric → a value an item


@dataclass
class _Asked:
    """What metrics are asked about: each item of a task once, and what every model said of it, by the output's id."""

    examples: dict[str, Example] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    items: dict[tuple[str, str], list[tuple[str, ...]]] = field(default_factory=dict)  # (model, task) → outputs of each item


def score_columns(
    results: Results,
    registry: Registry,
    refs: Sequence[PluginRef],
    *,
    run: Run | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Results:
    """The results with a value an item and a column for each metric, of tasks whose answers are texts that were kept.

    Of several answers to an item the mean counts. An item on which a metric has no score has no value, and the column's value is
    the mean over the others; `notes` say how many those are and why. `run` keeps scores, so that the next time they are read.
    Raises PluginError for an unknown metric, InputError for one that scores no single answers.
    """
    if not refs:
        return results
    metrics = build_metrics(registry, refs)
    for metric in metrics:
        if metric.spec.unit != "output":
            unit = metric.spec.unit
            raise InputError(
                f"metric {metric.label!r} scores a {unit} of answers; a column needs a number an answer: leave it out"
            )
    asked = _gather(results)
    if not asked.outputs:
        return _with_note(results, "no answers were kept of a task that generates: there is nothing for other metrics to score")
    names = _names(metrics, results)
    info = JudgmentInfo(name="leaderboard", version="1")
    scores = score(
        JudgmentSet(info, tuple(asked.examples.values()), tuple(asked.outputs)),
        metrics,
        run=run,
        progress=progress,
        executor=executor,
    )
    values: Values = {}
    notes = list(results.notes)
    for metric in metrics:
        name = names[metric.signature]
        by_output = _by_output(scores, metric, name, notes)
        if _is_of_all(metric):
            notes.append(
                f"{name}: the mean over answers, each scored alone; {metric.label} of all answers together is another number"
            )
        for place, items in asked.items.items():
            values.setdefault(place, {})[name] = [_mean([by_output[id] for id in ids]) for ids in items]
    infos = {
        names[metric.signature]: MetricInfo(
            name=names[metric.signature], signature=metric.signature, higher_is_better=metric.spec.higher_is_better
        )
        for metric in metrics
    }
    return with_values(msgspec.structs.replace(results, notes=tuple(notes)), values, infos)


def with_values(results: Results, values: Values, infos: Mapping[str, MetricInfo]) -> Results:
    """The results with these values of each item, and their means as the values of the task."""
    return msgspec.structs.replace(
        results,
        results=tuple(_with_values(one, values.get((one.model, one.task), {}), infos) for one in results.results),
        read_items=_reader(results, values),
        metrics={**results.metrics, **infos},
    )


def per_answer(label: str) -> str:
    """The name of a metric's column where that name is used of a score of all answers together, or lm-eval has such a column."""
    return f"{label} per answer"


def generates(task: TaskInfo) -> bool:
    """Whether a task's answers are texts that the model wrote."""
    if task.output_type is not None:
        return task.output_type == _GENERATES
    return task.metric is not None and kind_of(task.metric, None) == "answer"


def _gather(results: Results) -> _Asked:
    asked = _Asked()
    for result in results.results:
        task = results.tasks[result.task]
        if not generates(task):
            continue
        ids = []
        for item in results.read_items(result.model, task.name):
            example = _example(task, item)
            known = asked.examples.setdefault(example.id, example)
            if known != example:  # another prompt, with other examples in it or in the model's own template
                example = msgspec.structs.replace(example, id=f"{example.id}@{result.model}")
                asked.examples[example.id] = example
            outputs = [
                Output(
                    id=f"{example.id}/{result.model}/{sample}",
                    example_id=example.id,
                    system=result.model,
                    sample=sample,
                    text=text,
                )
                for sample, text in enumerate(item.answers)
            ]
            asked.outputs += outputs
            ids.append(tuple(output.id for output in outputs))
        if ids:
            asked.items[result.model, task.name] = ids
    return asked


def _example(task: TaskInfo, item: Item) -> Example:
    said = () if item.prompt is None else (Message(role="user", parts=(TextPart(text=item.prompt),)),)
    source = item.meta.get("source")
    return Example(
        id=f"{task.name}/{item.key}",
        kind="instruction",
        language=task.language or _UNKNOWN,
        task=task.kind or task.name,
        form=task.form,
        messages=said,
        references=tuple(item.meta.get("targets", () if item.target is None else (item.target,))),
        source=source if isinstance(source, str) else None,
    )


def _names(metrics: Sequence[BuiltMetric], results: Results) -> dict[str, str]:
    """Signature → the column's name: what the user wrote, with a word behind it where it could be taken for another number."""
    taken = {name.partition(",")[0] for one in results.results for name in one.values} | set(results.metrics)
    return {
        metric.signature: per_answer(metric.label) if metric.label in taken or _is_of_all(metric) else metric.label
        for metric in metrics
    }


def _is_of_all(metric: BuiltMetric) -> bool:
    """Whether the metric's name is used of one score of all answers together (BLEU, chrF)."""
    family = metric.signature.partition("|")[0]
    return family in {one.signature.partition("|")[0] for one in metric_names().text.values() if one.note is not None}


def _by_output(scores: ScoreTable, metric: BuiltMetric, name: str, notes: list[str]) -> dict[str, float | None]:
    """Output id → the main component's value; what has none is told in the notes, with the reason."""
    block = scores.block(metric.signature, metric.components[0])
    assert block is not None  # a metric that was asked has a block
    found = {
        unit[0]: None if math.isnan(value) else value for unit, value in zip(block.targets, block.values.tolist(), strict=True)
    }
    lacking = Counter(
        STATUSES[code] for code, missing in zip(block.status.tolist(), block.missing.tolist(), strict=True) if missing
    )
    if lacking:
        why = ", ".join(f"{number} {status}" for status, number in sorted(lacking.items()))
        notes.append(f"{name}: no score on {sum(lacking.values())} of {len(block)} answers: {why}")
    return found


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return None if not known or len(known) < len(values) else math.fsum(known) / len(known)


def _with_values(result: TaskResult, found: dict[str, list[float | None]], infos: Mapping[str, MetricInfo]) -> TaskResult:
    if not found:
        return result
    means = {}
    for name, values in found.items():
        known = [value for value in values if value is not None]
        means[name] = math.fsum(known) / len(known) if known else None
    ways = {name: {"aggregation": "mean", "higher_is_better": infos[name].higher_is_better} for name in found}
    settings = {**result.settings, "metrics": {**result.settings.get("metrics", {}), **ways}}
    return msgspec.structs.replace(result, values={**result.values, **means}, settings=settings)


def _reader(results: Results, values: Values) -> Callable[[str, str], Iterator[Item]]:
    def read_items(model: str, task: str) -> Iterator[Item]:
        own = values.get((model, task))
        for place, item in enumerate(results.read_items(model, task)):
            if own is None:
                yield item
            else:
                said = {name: of_items[place] for name, of_items in own.items()}
                yield msgspec.structs.replace(item, values={**item.values, **said})

    return read_items


def _with_note(results: Results, note: str) -> Results:
    return msgspec.structs.replace(results, notes=(*results.notes, note))
