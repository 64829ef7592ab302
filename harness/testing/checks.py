"""The checks themselves: each takes a Subject and yields a sentence for everything that is wrong, with what to do."""

import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from harness.errors import PluginError
from harness.protocols import MetricSpec, Unit
from harness.records import Score
from harness.registry import PluginRef
from harness.stages.metrics import BuiltMetric, answer, answers_of_score, ask, build_metrics, prepare
from harness.testing.offline import offline
from harness.testing.parameters import varied
from harness.testing.probes import STRANGE, units_of, with_example, with_text
from harness.testing.subject import Subject

_SIGNATURE = re.compile(r"[^|:]+(\|[^|:]+:[^|]*)*\|(v|version):[^|:]+\Z")
_MISSING = {"no-reference": "reference", "no-source": "source", "no-peers": "peers"}
_SECONDS = 300  # of a fresh process: imports of large libraries


def protocol(subject: Subject) -> Iterator[str]:
    """It builds, names itself, and answers every unit; asked by columns it says what it says by units."""
    metric = subject.built()
    yield from signature_problems(metric)
    examples, units = units_of(subject.spec)
    prepare(metric, examples)
    yield from dict.fromkeys(str(score.detail) for score in ask(metric, units) if score.status == "error")
    if hasattr(metric.metric, "score_columns"):
        yield from _two_ways(metric, units, subject.tolerance)


def signature_problems(metric: BuiltMetric) -> Iterator[str]:
    """What is wrong with the form of its signature."""
    if not _SIGNATURE.match(metric.signature):
        yield f"its signature must be name|key:value|…|v:VERSION, got {metric.signature!r}"


def determinism(subject: Subject) -> Iterator[str]:
    """Asked again, and built again, it says the same."""
    examples, units = units_of(subject.spec)
    metric = subject.built()
    prepare(metric, examples)
    first, second = ask(metric, units), ask(metric, units)
    yield from _differ(subject, first, second, "asked a second time, the same object says {1} where it said {0}")
    yield from _differ(subject, first, subject.scores(units, examples), "built a second time, it says {1} where it said {0}")
    if subject.built().signature != metric.signature:
        yield "built a second time, it has another signature: only parameters and versions belong in it"


def order(subject: Subject) -> Iterator[str]:
    """The order of units changes nothing."""
    examples, units = units_of(subject.spec)
    forward = subject.scores(units, examples)
    backward = _by_target(subject.scores(units[::-1], examples))
    yield from _differ(
        subject,
        forward,
        [backward[score.targets, score.component] for score in forward],
        "the value for a unit depends on the other units of the call: {0} in order, {1} in reverse",
    )


def batch_size(subject: Subject) -> Iterator[str]:
    """A unit alone gets the score that it gets among others."""
    examples, units = units_of(subject.spec)
    metric = subject.built()
    prepare(metric, examples)
    together = ask(metric, units)
    alone = [score for unit in units for score in ask(metric, [unit])]
    message = "the value for a unit depends on the other units of the call: {0} among {2} units, {1} alone"
    yield from _differ(subject, together, alone, message.replace("{2}", str(len(units))))


def strange_input(subject: Subject) -> Iterator[str]:
    """Whatever the text, it is scored, or has a status that says why not."""
    examples, units = units_of(subject.spec)
    metric = subject.built()
    prepare(metric, examples)
    for what, text in STRANGE.items():
        for score in ask(metric, [with_text(units[0], text)]):
            if score.status == "error":
                yield f"it fails on {what}: {score.detail}; give a value, or a Result without one and with a status"
                break
        if "reference" in subject.spec.needs and text.strip():
            for score in ask(metric, [with_example(units[0], references=(text,))]):
                if score.status == "error":
                    yield f"it fails where the reference is {what}: {score.detail}"
                    break


def references(subject: Subject) -> Iterator[str]:
    """Of several references each one counts, in any order."""
    if "reference" not in subject.spec.needs or subject.spec.unit != "output":
        return
    _, units = units_of(subject.spec)
    first, second = "Huvudstaden heter Stockholm.", "Den största staden är Göteborg enligt några."

    def value(text: str, *given: str) -> float | None:
        return subject.scores([with_example(with_text(units[0], text), references=given)])[0].value

    both, turned = value(first, first, second), value(first, second, first)
    if not subject.same(both, turned):
        yield f"the order of the references changes the score: {both} and {turned}"
    for text, other in ((first, second), (second, first)):
        if subject.same(value(text, text, other), value(text, other)) and not subject.same(value(text, text), value(text, other)):
            yield f"of several references only one is read: an answer equal to another one scores {value(text, text, other)}"
            return


def signature(subject: Subject) -> Iterator[str]:
    """Every parameter that can change a score changes the signature."""
    own = subject.built().signature
    for name, values in varied(subject.spec, subject.ref.params, subject.alternatives).items():
        if name in subject.without_effect:
            continue
        for value in values:
            other = _built_with(subject, name, value)
            if other is not None and other.signature == own:
                yield (
                    f"{name}={value!r} leaves the signature as it is ({own}): put the parameter into it, or name it in "
                    "`without_effect` if no score can depend on it"
                )
                break


def untried(subject: Subject) -> Iterator[str]:
    """Of every parameter another value could be tried."""
    for name, values in varied(subject.spec, subject.ref.params, subject.alternatives).items():
        if name not in subject.without_effect and all(_built_with(subject, name, value) is None for value in values):
            yield f"no other value of {name!r} could be tried: give one in `alternatives={{{name!r}: [...]}}`"


def _built_with(subject: Subject, name: str, value: Any) -> BuiltMetric | None:
    """The metric with another value of a parameter; None where the metric does not take it, which may be a wrong guess."""
    try:
        (other,) = build_metrics(subject.registry, [PluginRef(subject.ref.name, {**subject.ref.params, name: value})])
    except PluginError:
        return None
    return other


def pickled(subject: Subject) -> Iterator[str]:
    """It can be sent to another process, and says the same there."""
    examples, units = units_of(subject.spec)
    metric = subject.built()
    prepare(metric, examples)
    before = ask(metric, units)
    try:
        copy = pickle.loads(pickle.dumps(metric.metric))
    except Exception as error:  # whatever a stranger's __reduce__ raises
        yield f"it cannot be pickled ({type(error).__name__}: {error}): open models and files on first use, not in build"
        return
    moved = BuiltMetric(metric.ref, metric.spec, copy, metric.code, metric.origin)
    yield from _differ(subject, before, ask(moved, units), "pickled and read back, it says {1} where it said {0}")


def needs(subject: Subject) -> Iterator[str]:
    """It reads what its spec says that it needs, and works without what the spec does not name."""
    examples, units = units_of(subject.spec)
    spec = subject.spec
    without: dict[str, dict[str, Any]] = {"reference": {"references": ()}, "source": {"source": None}}
    for need, fields in without.items():
        if need in spec.needs:
            continue
        for score in subject.scores([with_example(unit, **fields) for unit in units]):
            if score.status == "error" or _MISSING.get(score.status) == need:
                told = score.detail or score.status
                yield f"it fails on an example without a {need} ({told}): add {need!r} to the spec's `needs`"
                break
    if spec.unit == "corpus":
        return
    others: dict[str, dict[str, Any]] = {
        "reference": {"references": ("Något helt annat om segelbåtar.",)},
        "source": {"source": "Segelbåtar."},
    }
    for need, fields in others.items():
        if need not in spec.needs:
            continue
        before, after = subject.scores(units, examples), subject.scores([with_example(unit, **fields) for unit in units])
        if all(subject.same(one.value, other.value) for one, other in zip(before, after, strict=True)):
            yield f"the spec says that it needs a {need}, and no score changes with it: take it out of `needs`, or read it"


def value_range(subject: Subject) -> Iterator[str]:
    """Values lie in the range that the author states."""
    if subject.score_range is None:
        return
    low, high = subject.score_range
    examples, units = units_of(subject.spec)
    tried = [*units, *(with_text(units[0], text) for text in STRANGE.values())]
    metric = subject.built()
    prepare(metric, examples)
    for score in ask(metric, tried):
        if score.value is not None and not low - subject.tolerance <= score.value <= high + subject.tolerance:
            yield f"{score.value} lies outside {low:g} to {high:g} ({score.targets[0]}, component {score.component})"
            return


def direction(subject: Subject) -> Iterator[str]:
    """An answer that equals the reference is not worse than one that has nothing of it."""
    if "reference" not in subject.spec.needs or subject.spec.unit != "output":
        return
    _, units = units_of(subject.spec)
    reference = units[0].example.references[0]
    equal, other = (
        subject.scores([with_text(units[0], text)])[0].value for text in (reference, "Segelbåtar tycker om blåst på lördagar!")
    )
    if equal is None or other is None:
        return
    better = equal >= other if subject.spec.higher_is_better else equal <= other
    if not better:
        yield (
            f"the reference itself scores {equal:g} and a text that has nothing of it {other:g}, with "
            f"higher_is_better={subject.spec.higher_is_better}: is the direction right?"
        )


def network(subject: Subject) -> Iterator[str]:
    """Building and scoring reach no other machine."""
    examples, units = units_of(subject.spec)
    with offline() as tried:
        try:
            subject.scores(units[:1], examples)
        finally:
            if tried:
                hosts = ", ".join(dict.fromkeys(tried))
                yield f"it reaches out to {hosts}: a metric whose cost is not 'paid' works without network"


def process(subject: Subject) -> Iterator[str]:
    """A fresh interpreter with another seed of hashes says the same."""
    examples, units = units_of(subject.spec)
    try:
        what = pickle.dumps((subject.spec.build, dict(subject.ref.params), _told(subject.spec)))
        pickle.loads(what)
    except Exception:  # a class made in a function, or a closure: no other process can find it, and nothing is said of it
        return
    file = subject.registry.find("metric", subject.ref.name).file
    sent = pickle.dumps((None if file is None else str(file), what))
    code = "from harness.testing.fresh import main; main()"
    seed = {"PYTHONHASHSEED": "4711", "PYTHONPATH": ":".join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", code], input=sent, capture_output=True, env={**os.environ, **seed}, timeout=_SECONDS
    )
    if done.returncode == 4:
        return  # its module cannot be imported by name there: a test
    if done.returncode:
        yield f"in a fresh process it fails: {done.stderr.decode(errors='replace').strip().splitlines()[-1:]}"
        return
    here = [score.value for score in subject.scores(units, examples)]
    there = pickle.loads(done.stdout)
    for one, other in zip(here, there, strict=True):
        if not subject.same(one, other):
            yield (f"a fresh process says {other} where this one says {one}: does it depend on `hash`, or on the order of a set?")
            return


def _two_ways(metric: BuiltMetric, units: Sequence[Unit], tolerance: float) -> Iterator[str]:
    """`score` and `score_columns` are two ways to ask for the same numbers."""
    try:
        listed, columns = answers_of_score(metric, units), answer(metric, units)
    except PluginError:
        raise
    except Exception as error:  # whatever a stranger's code raises is a problem of the plugin
        yield f"score(units) fails where score_columns(units) does not: {type(error).__name__}: {error}"
        return
    if not np.allclose(listed.values, columns.values, rtol=tolerance, atol=tolerance, equal_nan=True):
        yield f"score and score_columns disagree: {listed.values.tolist()} and {columns.values.tolist()}"
    elif not np.array_equal(listed.status, columns.status):
        yield "score and score_columns disagree about a status"


def _told(spec: MetricSpec) -> dict[str, Any]:
    """What another process has to know of the spec."""
    return {"unit": spec.unit, "needs": spec.needs, "components": spec.components, "higher_is_better": spec.higher_is_better}


def _by_target(scores: Sequence[Score]) -> dict[tuple[tuple[str, ...], str | None], Score]:
    return {(score.targets, score.component): score for score in scores}


def _differ(subject: Subject, one: Sequence[Score], other: Sequence[Score], message: str) -> Iterator[str]:
    for left, right in zip(one, other, strict=True):
        if not subject.same(left.value, right.value):
            yield message.replace("{0}", str(left.value)).replace("{1}", str(right.value))
            return
