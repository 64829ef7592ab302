"""Whether a metric keeps what users of its numbers rely on; each check says what is wrong and what to do.

The checks: `protocol`, `determinism`, `order`, `batch-size`, `input`, `references`, `signature`, `parameters`, `pickle`,
`needs`, `range`, `direction`, `network`, `process`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import HarnessError, MissingExtra
from harness.protocols import MetricSpec
from harness.registry import Entry, PluginRef, Registry
from harness.testing.checks import (
    batch_size,
    determinism,
    direction,
    needs,
    network,
    order,
    pickled,
    process,
    protocol,
    references,
    signature,
    strange_input,
    untried,
    value_range,
)
from harness.testing.subject import TOLERANCE, Subject


@dataclass(frozen=True)
class MetricProblem:
    """What is wrong: which check found it, and a sentence that says what to do."""

    check: str
    message: str

    def __str__(self) -> str:
        return f"{self.check}: {self.message}"


Check = Callable[[Subject], Iterator[str]]


def check_metric(metric: str | MetricSpec, **options: Any) -> None:
    """Passes if `metric_problems` finds nothing; else raises AssertionError with every problem, one a line."""
    __tracebackhide__ = True
    found = metric_problems(metric, **options)
    if found:
        name = metric if isinstance(metric, str) else metric.name
        raise AssertionError(f"metric {name!r} has {len(found)} problem(s):\n" + "\n".join(f"- {problem}" for problem in found))


def metric_problems(
    metric: str | MetricSpec,
    *,
    params: Mapping[str, Any] | None = None,
    registry: Registry | None = None,
    alternatives: Mapping[str, Sequence[Any]] | None = None,
    without_effect: Sequence[str] = (),
    score_range: tuple[float, float] | None = None,
    tolerance: float = TOLERANCE,
    skip: Sequence[str] = (),
) -> list[MetricProblem]:
    """Everything that the checks find wrong with a metric, given by its spec or by the name of an installed plugin.

    `params`: what it is built with. `alternatives`: for parameters whose other values cannot be guessed, values to try;
    `without_effect`: parameters that change no score, and so stand in no signature. `score_range`: lowest and highest value.
    `tolerance`: how far the same score may differ. `skip`: checks to leave out, by name. Calls cost what the metric costs.
    """
    unknown = set(skip) - set(CHECKS)
    if unknown:
        raise ValueError(f"there is no check {sorted(unknown)[0]!r}; there are {', '.join(CHECKS)}")
    subject = _subject(metric, params, registry, alternatives, without_effect, score_range, tolerance)
    found: list[MetricProblem] = []
    for name, check in CHECKS.items():
        if name in skip:
            continue
        try:
            found += [MetricProblem(name, message) for message in check(subject)]
        except MissingExtra:
            raise  # nothing is wrong with the metric
        except HarnessError as error:
            found.append(MetricProblem(name, str(error)))
        if name == "protocol" and found:
            return found  # what breaks the protocol cannot be looked at further
    return found


def _subject(
    metric: str | MetricSpec,
    params: Mapping[str, Any] | None,
    registry: Registry | None,
    alternatives: Mapping[str, Sequence[Any]] | None,
    without_effect: Sequence[str],
    score_range: tuple[float, float] | None,
    tolerance: float,
) -> Subject:
    if isinstance(metric, MetricSpec):
        registry = Registry()
        registry.entries["metric"][metric.name] = Entry(metric, metric.name, "the metric given")
        name = metric.name
    else:
        from harness.plugins import load_plugins

        registry, name = registry or load_plugins(), metric
    spec = registry.find("metric", name).spec
    assert isinstance(spec, MetricSpec)  # discovery keeps other specs out
    ref = PluginRef(name, dict(params or {}))
    return Subject(registry, ref, spec, tolerance, score_range, dict(alternatives or {}), frozenset(without_effect))


CHECKS: dict[str, Check] = {
    "protocol": protocol,
    "determinism": determinism,
    "order": order,
    "batch-size": batch_size,
    "input": strange_input,
    "references": references,
    "signature": signature,
    "parameters": untried,
    "pickle": pickled,
    "needs": needs,
    "range": value_range,
    "direction": direction,
    "network": network,
    "process": process,
}
