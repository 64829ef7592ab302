"""Built metrics, asked politely: what a metric answers is checked against its protocol and becomes Scores."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, get_args

from harness.errors import HarnessError, PluginError
from harness.protocols import Metric, MetricSpec, Result, Unit
from harness.records import Example, Score, Status
from harness.registry import PluginRef, Registry

_STATUSES = frozenset(get_args(Status))
_DETAIL = 500


@dataclass(frozen=True)
class BuiltMetric:
    """A metric ready to score, with what it was built from; `code` is the sha256 of a plugin that is a plain file, else empty."""

    ref: PluginRef
    spec: MetricSpec
    metric: Metric
    code: str = ""

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
    except Exception as error:  # whatever a stranger's code raises: without it no unit can be scored, so it stops here by name
        raise PluginError(f"metric {metric.label!r}: prepare(examples) failed: {type(error).__name__}: {error}") from error


def ask(metric: BuiltMetric, batch: Sequence[Unit]) -> list[Score]:
    """The Scores of a batch in the units' order, one a component.

    If the metric raises, it is asked unit by unit, and a unit on which it raises again has status "error" and the exception as
    its detail. Raises PluginError where an answer breaks the protocol.
    """
    try:
        results = _results(metric, batch)
    except PluginError:
        raise
    except Exception:  # whatever a stranger's code raises: the unit that is to blame is found and recorded
        results = [_result_alone(metric, unit) for unit in batch]
    return [score for unit, result in zip(batch, results, strict=True) for score in _scores(metric, unit, result)]


def unscored(metric: BuiltMetric, unit: Unit, status: Status, detail: str) -> list[Score]:
    """The Scores, all missing, of a unit that the metric is not asked about."""
    return _scores(metric, unit, Result(None, status, detail=detail))


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
    code = "" if entry.file is None else hashlib.sha256(entry.file.read_bytes()).hexdigest()
    return BuiltMetric(ref, entry.spec, metric, code)


def _results(metric: BuiltMetric, units: Sequence[Unit]) -> list[Result]:
    answers: Any = metric.metric.score(units)
    if not isinstance(answers, Iterable):
        raise PluginError(f"metric {metric.label!r}: score(units) must return a list, got {answers!r:.80}")
    listed = list(answers)
    if len(listed) != len(units):
        raise PluginError(f"metric {metric.label!r}: score(units) got {len(units)} units and returned {len(listed)} results")
    return [_checked(metric, answer) for answer in listed]


def _result_alone(metric: BuiltMetric, unit: Unit) -> Result:
    try:
        return _results(metric, [unit])[0]
    except PluginError:
        raise
    except Exception as error:  # as in ask: the unit's score is missing, and says why
        return Result(None, "error", detail=f"{type(error).__name__}: {error}")


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


def _scores(metric: BuiltMetric, unit: Unit, result: Result) -> list[Score]:
    main, *others = metric.components
    values = [(main, result.value)] + [(name, result.components.get(name or "")) for name in others]
    return [_score(metric, unit, name, value, result) for name, value in values]


def _score(metric: BuiltMetric, unit: Unit, component: str | None, value: float | None, result: Result) -> Score:
    status, detail = result.status, result.detail
    if value is not None and not math.isfinite(value):
        value, status, detail = None, "error", f"the metric returned {value}"
    elif value is None and status == "ok":
        status, detail = "error", f"the metric gave no value for {component!r}"
    return Score(
        targets=targets(unit),
        metric=metric.signature,
        component=component,
        value=value,
        status=status,
        detail=None if detail is None else _storable(str(detail)),
    )


def _storable(text: str) -> str:
    """The text cut to a length that fits a table, with lone surrogates (which no file can hold) written out."""
    return text[:_DETAIL].encode("utf-8", "backslashreplace").decode("utf-8")
