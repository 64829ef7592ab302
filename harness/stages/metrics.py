"""Built metrics, asked politely: what a metric answers is checked against its protocol and becomes Answers."""

import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import chdir, contextmanager, redirect_stdout
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from harness.errors import ConnectionProblem, HarnessError, PluginError, StoreProblem
from harness.plugin_code import plugin_code_digest
from harness.protocols import Columns, Metric, MetricSpec, Result, Unit
from harness.records import Example, Score
from harness.registry import PluginRef, Registry
from harness.score_table import STATUSES
from harness.stages.answers import Answers, joined, of_columns, of_results

_WITH_VALUE = frozenset({"ok", "empty"})  # any other status says why there is no value
_STATUSES = frozenset(STATUSES)
_ENDS = (PluginError, ConnectionProblem, StoreProblem)  # no unit is to blame, and none would fare better


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
        with _as_guest():
            method(examples)
    except (HarnessError, KeyboardInterrupt):
        raise
    except BaseException as error:  # whatever a stranger's code raises: without it no unit can be scored, so it stops by name
        raise PluginError(f"metric {metric.label!r}: prepare(examples) failed: {type(error).__name__}: {error}") from error


def answer(metric: BuiltMetric, batch: Sequence[Unit]) -> Answers:
    """What the metric says of a batch, in the units' order.

    If the metric raises, it is asked unit by unit, and a unit on which it raises again has status "error" and the exception as
    its detail. Raises PluginError where an answer breaks the protocol, and ConnectionProblem or StoreProblem where a language
    model cannot be asked at all.
    """
    try:
        return _answers(metric, batch)
    except (*_ENDS, KeyboardInterrupt):
        raise
    except BaseException:  # whatever a stranger's code raises: the unit that is to blame is found and recorded
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
    with _as_guest():
        if columns is not None:
            return _of_columns(metric, columns(units), len(units))
        return answers_of_score(metric, units)


@contextmanager
def _as_guest() -> Iterator[None]:
    """A stranger's code prints to stderr, for stdout holds results only, and leaves us in the folder that we were in."""
    with chdir("."), redirect_stdout(sys.stderr):
        yield


def answers_of_score(metric: BuiltMetric, units: Sequence[Unit]) -> Answers:
    """What `score(units)` says, even of a metric that has `score_columns`; raises whatever the metric raises, and PluginError."""
    return of_results(metric.components, _results(metric, units))


def _answer_alone(metric: BuiltMetric, unit: Unit) -> Answers:
    try:
        return _answers(metric, [unit])
    except (*_ENDS, KeyboardInterrupt):
        raise
    except BaseException as error:  # as in answer: the unit's score is missing, and says why
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
        row[:] = np.ma.filled(column, np.nan)  # what is masked is missing
    status, detail = (
        _listed(metric, name, listed, n) for name, listed in (("status", columns.status), ("detail", columns.detail))
    )
    for word in dict.fromkeys(status or ()):
        _check_status(metric, word, "columns have")
    for place, word in enumerate(status or ()):
        if word not in _WITH_VALUE and not np.isnan(values[:, place]).all():
            raise PluginError(f"metric {metric.label!r}: unit {place} of its columns has a value and the status {word!r}")
    return of_columns(values, status, detail)


def _listed(metric: BuiltMetric, name: str, listed: Any, n: int) -> list[Any] | None:
    """One entry a unit, as a list, whatever sequence or array the metric gave; None where it gave none."""
    if listed is None:
        return None
    if isinstance(listed, str) or not hasattr(listed, "__len__") or len(listed) != n:
        raise PluginError(f"metric {metric.label!r}: columns of {n} units need {n} entries in {name}, got {listed!r:.80}")
    return listed.tolist() if isinstance(listed, np.ndarray) else list(listed)


def _check_status(metric: BuiltMetric, word: Any, whose: str) -> None:
    if not isinstance(word, str) or word not in _STATUSES:
        known = ", ".join(sorted(_STATUSES))
        raise PluginError(f"metric {metric.label!r}: {whose} the unknown status {word!r}; known: {known}")


def _results(metric: BuiltMetric, units: Sequence[Unit]) -> list[Result]:
    answers: Any = metric.metric.score(units)
    if not isinstance(answers, Iterable) or isinstance(answers, (str, bytes, Mapping, Set)):
        raise PluginError(f"metric {metric.label!r}: score(units) must return a list, got {answers!r:.80}")
    listed = list(answers)
    if len(listed) != len(units):
        raise PluginError(f"metric {metric.label!r}: score(units) got {len(units)} units and returned {len(listed)} results")
    return [_checked(metric, answer) for answer in listed]


def _checked(metric: BuiltMetric, answer: Any) -> Result:
    """The answer as a Result that keeps the protocol: `value` is the main component, and all components are there if it is."""
    plain = type(answer) is Result and type(answer.value) is float and answer.status == "ok" and not answer.components
    if plain and len(metric.spec.components) < 2:  # one number, as nearly always: there is nothing else to look at
        return answer
    result = answer if isinstance(answer, Result) else Result(_number(metric, answer, "each result must be a number or a Result"))
    declared, given = metric.spec.components, result.components
    for name in given:
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise PluginError(f"metric {metric.label!r}: a result has the component {name!r}; its spec declares {known}")
    _check_status(metric, result.status, "a result has")
    value = given.get(declared[0]) if declared and result.value is None else result.value
    if value is None and result.status == "ok":
        raise PluginError(f"metric {metric.label!r}: a result without a value needs a status that says why, not 'ok'")
    if value is not None and result.status not in _WITH_VALUE:
        raise PluginError(f"metric {metric.label!r}: a result has the value {value!r:.20} and the status {result.status!r}")
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
