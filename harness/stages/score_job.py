"""Scoring as a job for an executor: how another process builds the metric again, and how a worker answers."""

import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from harness.executors.plugin_files import PluginFile
from harness.executors.protocols import Executor, Job
from harness.executors.same_code import check_same
from harness.protocols import Unit
from harness.records import Example
from harness.registry import PluginRef
from harness.stages.answers import Answers
from harness.stages.elsewhere import file_to_send, identity, packages_of, plugins_there
from harness.stages.metrics import BuiltMetric, answer, build_metrics, prepare

Units = Sequence[Unit]


class Scoring:
    """Has metrics asked by an executor (`harness.executors`)."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def answers(self, metric: BuiltMetric, examples: Sequence[Example], batches: Iterable[Units]) -> Iterator[Answers]:
        """The answers to each batch, in the order of the batches."""
        return self._executor.map(scoring_job(metric, examples), batches)


def scoring_job(metric: BuiltMetric, examples: Sequence[Example]) -> Job[Units, Answers]:
    """The job of scoring batches of units with the metric, which sees all `examples` before the first batch."""
    return Job(
        label=metric.label,
        here=partial(MetricWorker, metric, examples),
        recipe=None if metric.origin is None else _recipe(metric, examples),
        first_of=_first_of,
        cost=metric.spec.cost,
        packages=packages_of(metric.spec.build, type(metric.metric)),
    )


class MetricWorker:
    """A metric that has seen the examples and answers batches."""

    def __init__(self, metric: BuiltMetric, examples: Sequence[Example]) -> None:
        self._metric = metric
        prepare(metric, examples)

    def work(self, batch: Units) -> Answers:
        """The metric's answers on the units."""
        return answer(self._metric, batch)


@dataclass(frozen=True)
class MetricRecipe:
    """How a worker builds the metric; `made_by` is what it must then be. `examples` are empty for a metric that needs none."""

    ref: PluginRef
    file: PluginFile | None
    made_by: dict[str, str]
    examples: tuple[Example, ...]

    def open(self) -> MetricWorker:
        """The metric, built and prepared; PluginError if it is not the same metric."""
        with plugins_there(self.file) as registry:
            [metric] = build_metrics(registry, [self.ref])
        check_same(f"metric {metric.label!r}", self.made_by, _identity(metric), platform.node())
        return MetricWorker(metric, self.examples)


def _recipe(metric: BuiltMetric, examples: Sequence[Example]) -> MetricRecipe:
    """The recipe; the examples go along only to a metric that wants to see them."""
    seen = tuple(examples) if hasattr(metric.metric, "prepare") else ()
    return MetricRecipe(metric.ref, file_to_send(metric.origin, metric.code), _identity(metric), seen)


def _identity(metric: BuiltMetric) -> dict[str, str]:
    return identity("metric", metric.spec.version, metric.code, metric.signature)


def _first_of(batch: Units) -> str:
    return f"output {batch[0].outputs[0].id!r}"
