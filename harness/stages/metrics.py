"""Built metrics, asked politely: what a metric answers is checked against its protocol and becomes Answers."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from harness.errors import HarnessError, PluginError
from harness.plugin_code import plugin_code_digest
from harness.protocols import Columns, Metric, MetricSpec, Result, Unit
from harness.records import Example, Score
from harness.registry import PluginRef, Registry
from harness.score_table import STATUSES
from harness.stages.answers import Answers, joined, of_columns, of_results

_STATUSES = frozenset(STATUSES)


@dataclass(frozen=True)
class BuiltMetric:
    """A metric ready to score, with what it was built from; `code` is the digest of a plugin that is a plain file, else empty.

    `origin` is the distribution or the path of the plain file that offers it; None where it was given as an object, and so cannot
    be built again in another process.
    """

    ref: PluginRef
    spec: MetricSpec
    metric: Metric
    code: str = ""
    origin: str | None = None

    @property
    def signature(self) -> str:
        """What the metric's scores carry: same signature, same scores."""
        return self.metric.signature

    @property
    def label(self) -> str:
        """The metric as the user wrote it: `rouge-l:stemmer=swedish`."""
        return str(self.ref)

    @property
    def components(self) -> tuple[str | None, ...]:
        """The components of its scores, the main one first; None alone for a metric without components."""
        return self.spec.components or (None,)


def build_metrics(registry: Registry, refs: Iterable[PluginRef]) -> list[BuiltMetric]:
    """The metrics, built. Raises PluginError for an unknown or broken one, and for two that share a signature, naming both."""
    built: list[BuiltMetric] = []
    labels: dict[str, str] = {}
    for ref in refs:
        metric = _build(registry, ref)
        if metric.signature in labels:
            first = labels[metric.signature]
            raise PluginError(f"metrics {first!r} and {metric.label!r} share the signature {metric.signature!r}: leave one out")
        labels[metric.signature] = metric.label
        built.append(metric)
    return built


def prepare(metric: BuiltMetric, examples: Sequence[Example]) -> None:
    """Lets the metric see every example, if it wants to; raises PluginError if it fails on them."""
    method = getattr(metric.metric, "prepare", None)
    if method is None:
        return
    try:
        method(examples)
    except HarnessError:
        raise
    except (
        Exception,
        SystemExit,
    ) as error:  # whatever a stranger's code raises: without it no unit can be scored, so it stops here by name
        raise PluginError(f"metric {metric.label!r}: prepare(examples) failed: {type(error).__name__}: {error}") from error


def answer(metric: BuiltMetric, batch: Sequence[Unit]) -> Answers:
    """What the metric says of a batch, in the units' order.

    If the metric raises, it is asked unit by unit, and a unit on which it raises again has status "error" and the exception as
    its detail. Raises PluginError where an answer breaks the protocol.
    """
    try:
        return _answers(metric, batch)
    except PluginError:
        raise
    except (Exception, SystemExit):  # whatever a stranger's code raises: the unit that is to blame is found and recorded
        return joined([_answer_alone(metric, unit) for unit in batch])


def ask(metric: BuiltMetric, batch: Sequence[Unit]) -> list[Score]:
    """The Scores of a batch in the units' order, one a component; see `answer`."""
    found = answer(metric, batch)
    return [
        Score(
            targets=targets(unit),
            metric=metric.signature,
            component=component,
            value=None if math.isnan(found.values[part, place]) else float(found.values[part, place]),
            status=STATUSES[found.status[part, place]],
            detail=found.details.get((part, place)),
        )
        for place, unit in enumerate(batch)
        for part, component in enumerate(metric.components)
    ]


def targets(unit: Unit) -> tuple[str, ...]:
    """The ids of the unit's outputs, which name it."""
    return tuple(output.id for output in unit.outputs)


def _signature(metric: object) -> object:
    """The metric's signature, or what went wrong in asking for it, which is then shown as no text."""
    try:
        return getattr(metric, "signature", None)
    except Exception as error:  # a stranger's property may raise anything
        return error


def _build(registry: Registry, ref: PluginRef) -> BuiltMetric:
    entry = registry.find("metric", ref.name)
    metric = registry.build("metric", ref)
    signature = _signature(metric)
    if not isinstance(signature, str) or not signature.strip() or not signature.isprintable():
        raise PluginError(
            f"metric {str(ref)!r} of plugin {entry.plugin!r} (from {entry.distribution}): its signature must be a text such as "
            f"'name|option:value|v:1', got {signature!r:.80}"
        )
    assert isinstance(entry.spec, MetricSpec)  # discovery keeps other specs out
    # The author of a plain file would have to raise a version at each change, so its content is its version.
    code = "" if entry.file is None else plugin_code_digest(entry.file)
    return BuiltMetric(ref, entry.spec, metric, code, entry.distribution)


def _answers(metric: BuiltMetric, units: Sequence[Unit]) -> Answers:
    columns = getattr(metric.metric, "score_columns", None)
    if columns is not None:
        return _of_columns(metric, columns(units), len(units))
    return of_results(metric.components, _results(metric, units))


def _answer_alone(metric: BuiltMetric, unit: Unit) -> Answers:
    try:
        return _answers(metric, [unit])
    except PluginError:
        raise
    except (Exception, SystemExit) as error:  # as in answer: the unit's score is missing, and says why
        return of_results(metric.components, [Result(None, "error", detail=f"{type(error).__name__}: {error}")])


def _of_columns(metric: BuiltMetric, columns: Any, n: int) -> Answers:
    """The columns as Answers, once they are seen to keep the protocol."""
    if not isinstance(columns, Columns):
        raise PluginError(f"metric {metric.label!r}: score_columns(units) must return Columns, got {columns!r:.80}")
    if set(columns.values) != set(metric.components):
        given, wanted = (", ".join(map(repr, names)) or "none" for names in (columns.values, metric.components))
        raise PluginError(f"metric {metric.label!r}: columns have the components {given}; its spec declares {wanted}")
    values = np.empty((len(metric.components), n))
    for row, component in zip(values, metric.components, strict=True):
        column = columns.values[component]
        if not isinstance(column, np.ndarray) or column.dtype != np.float64 or column.shape != (n,):
            raise PluginError(
                f"metric {metric.label!r}: column {component!r} must be a float64 array of shape ({n},), got {column!r:.80}"
            )
        row[:] = column
    for name, listed in (("status", columns.status), ("detail", columns.detail)):
        if listed is not None and len(listed) != n:
            raise PluginError(f"metric {metric.label!r}: columns of {n} units have {len(listed)} entries in {name}")
    unknown = set(columns.status or ()) - _STATUSES
    if unknown:
        known = ", ".join(sorted(_STATUSES))
        raise PluginError(f"metric {metric.label!r}: columns have the unknown status {sorted(unknown)[0]!r}; known: {known}")
    return of_columns(values, columns.status, columns.detail)


def _results(metric: BuiltMetric, units: Sequence[Unit]) -> list[Result]:
    answers: Any = metric.metric.score(units)
    if not isinstance(answers, Iterable):
        raise PluginError(f"metric {metric.label!r}: score(units) must return a list, got {answers!r:.80}")
    listed = list(answers)
    if len(listed) != len(units):
        raise PluginError(f"metric {metric.label!r}: score(units) got {len(units)} units and returned {len(listed)} results")
    return [_checked(metric, answer) for answer in listed]


def _checked(metric: BuiltMetric, answer: Any) -> Result:
    """The answer as a Result that keeps the protocol: `value` is the main component, and all components are there if it is."""
    result = answer if isinstance(answer, Result) else Result(_number(metric, answer, "each result must be a number or a Result"))
    declared, given = metric.spec.components, result.components
    for name in given:
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise PluginError(f"metric {metric.label!r}: a result has the component {name!r}; its spec declares {known}")
    if result.status not in _STATUSES:
        known = ", ".join(sorted(_STATUSES))
        raise PluginError(f"metric {metric.label!r}: a result has the unknown status {result.status!r}; known: {known}")
    value = given.get(declared[0]) if declared and result.value is None else result.value
    if value is None and result.status == "ok":
        raise PluginError(f"metric {metric.label!r}: a result without a value needs a status that says why, not 'ok'")
    if value is not None:
        for name in declared[1:]:
            if name not in given:
                raise PluginError(f"metric {metric.label!r}: a result lacks the component {name!r}, which its spec declares")
    components = {
        name: None if part is None else _number(metric, part, f"component {name!r} must be a number")
        for name, part in given.items()
    }
    main = None if value is None else _number(metric, value, "a result's value must be a number")
    return Result(main, result.status, components, result.detail)


def _number(metric: BuiltMetric, value: Any, rule: str) -> float:
    if not isinstance(value, Real):
        raise PluginError(f"metric {metric.label!r}: {rule}, got {value!r:.80}")
    return float(value)
