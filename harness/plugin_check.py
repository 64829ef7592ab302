"""Whether a plugin works: it builds with its defaults, and a metric keeps what `harness/protocols.py` asks of it."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Literal

import numpy as np

from harness.errors import MissingExtra, PluginError
from harness.protocols import MetricSpec, Unit
from harness.records import Example, JudgmentInfo, Output
from harness.registry import Entry, PluginRef, Registry, check_parameters
from harness.stages.metrics import BuiltMetric, answer, answers_of_score, ask, build_metrics, prepare

TOLERANCE = 1e-5  # a batch of other sizes may change the last bits of a model's float32
_SIGNATURE = re.compile(r"[^|:]+(\|[^|:]+:[^|]*)*\|(v|version):[^|:]+\Z")
# instruction, reference, and the answers of three systems, the last one silent
_ITEMS = (
    (
        "Vad heter Sveriges huvudstad?",
        "Huvudstaden heter Stockholm.",
        ("Huvudstaden heter Stockholm.", "Stockholm är en stad.", ""),
    ),
    ("Skriv talet sju.", "Sju.", ("Sjuttio.", "Sju.", "")),
    ("Vad är motsatsen till varmt?", "Motsatsen till varmt är kallt.", ("Kallt, förstås!", "Motsatsen är varmt.", "")),
)


@dataclass(frozen=True)
class Check:
    """What came of checking one plugin: `skipped` ones could not be tried here, and `detail` says why."""

    kind: str
    name: str
    distribution: str
    status: Literal["ok", "skipped", "failed"]
    detail: str = ""


def check_plugin(registry: Registry, kind: str, entry: Entry) -> Check:
    """Builds the plugin with its default parameters, and probes it if it is a metric that costs nothing to call."""
    spec = entry.spec

    def outcome(status: Literal["ok", "skipped", "failed"], detail: str) -> Check:
        return Check(kind, spec.name, entry.distribution, status, detail)

    try:
        check_parameters(kind, spec, {})
    except PluginError as error:
        return outcome("skipped", f"not built: {error}")
    try:
        problems = list(_probe(registry, kind, spec))
    except MissingExtra as error:
        return outcome("skipped", f"not built: {error}")
    except PluginError as error:
        return outcome("failed" if spec.argument is None else "skipped", f"not built: {error}")
    except Exception as error:  # isolation: whatever a stranger's plugin raises is what this check is there to report
        return outcome("failed", f"{type(error).__name__}: {error}")
    if problems:
        return outcome("failed", "; ".join(problems))
    if isinstance(spec, MetricSpec) and spec.cost != "cpu":
        return outcome("ok", f"builds; not called, for it costs {spec.cost}")
    return outcome("ok", "scores three units alike in any order" if isinstance(spec, MetricSpec) else "builds")


def missing_packages(entry: Entry) -> list[str]:
    """Names of the packages of the plugin's extra that are not installed; PluginError if its distribution has no such extra."""
    if entry.spec.extra is None or entry.file is not None:
        return []
    offered = {_canonical(name) for name in metadata.metadata(entry.distribution).get_all("Provides-Extra") or []}
    if _canonical(entry.spec.extra) not in offered:
        raise PluginError(f"{entry.spec.name!r} names the extra {entry.spec.extra!r}, which {entry.distribution} does not have")
    return sorted({name for name in _required(entry.distribution, entry.spec.extra) if not _installed(name)})


def _probe(registry: Registry, kind: str, spec: Any) -> Iterator[str]:
    if kind != "metric":
        built = registry.build(kind, PluginRef(spec.name))
        if hasattr(built, "info") and not isinstance(built.info, JudgmentInfo):
            yield f"its info is a {type(built.info).__name__}, not a JudgmentInfo"
        return
    (metric,) = build_metrics(registry, [PluginRef(spec.name)])
    if not _SIGNATURE.match(metric.signature):
        yield f"its signature must be name|key:value|…|v:VERSION, got {metric.signature!r}"
    if spec.cost == "cpu":
        yield from _probe_scores(metric)


def _probe_scores(metric: BuiltMetric) -> Iterator[str]:
    examples, units = _units(metric.spec.unit)
    prepare(metric, examples)
    forward = ask(metric, units)
    failed = dict.fromkeys(str(score.detail) for score in forward if score.status == "error")
    yield from failed
    if failed:
        return
    if hasattr(metric.metric, "score_columns"):
        yield from _two_ways(metric, units)
    backward = {(score.targets, score.component): score.value for score in ask(metric, units[::-1])}
    alone = {(score.targets, score.component): score.value for unit in units for score in ask(metric, [unit])}
    for score in forward:
        key = (score.targets, score.component)
        if not (_same(score.value, backward[key]) and _same(score.value, alone[key])):
            yield (
                f"the value for a unit depends on the other units of the call: {score.value} in order, {backward[key]} in "
                f"reverse, {alone[key]} alone"
            )
            return


def _two_ways(metric: BuiltMetric, units: list[Unit]) -> Iterator[str]:
    """`score` and `score_columns` are two ways to ask for the same numbers."""
    try:
        listed, columns = answers_of_score(metric, units), answer(metric, units)
    except PluginError:
        raise
    except Exception as error:  # whatever a stranger's code raises is a problem of the plugin
        yield f"score(units) fails where score_columns(units) does not: {type(error).__name__}: {error}"
        return
    if not np.allclose(listed.values, columns.values, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
        yield f"score and score_columns disagree: {listed.values.tolist()} and {columns.values.tolist()}"
    elif not np.array_equal(listed.status, columns.status):
        yield "score and score_columns disagree about a status"


def _units(unit: str) -> tuple[list[Example], list[Unit]]:
    examples, answers = [], []
    for number, (instruction, reference, texts) in enumerate(_ITEMS):
        example = Example.from_instruction(f"probe/{number}", instruction, [reference], language="sv", source=instruction)
        examples.append(example)
        answers.append(
            [Output(id=f"{example.id}/{n}", example_id=example.id, system=f"s{n}", text=text) for n, text in enumerate(texts)]
        )
    if unit == "corpus":  # one unit per system
        return examples, [Unit(examples[0], outputs) for outputs in zip(*answers, strict=True)]
    if unit == "output":  # the three outputs differ: an exact one, a partial one and an empty one
        return examples, [
            Unit(example, (outputs[n],)) for n, (example, outputs) in enumerate(zip(examples, answers, strict=True))
        ]
    size = 2 if unit == "pair" else len(_ITEMS)
    return examples, [Unit(example, tuple(outputs[:size])) for example, outputs in zip(examples, answers, strict=True)]


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _required(distribution: str, extra: str) -> Iterator[str]:
    """Names that the extra asks for; an extra may name other extras of its own distribution. Other markers are not evaluated."""
    for line in metadata.requires(distribution) or []:
        requirement, _, marker = line.partition(";")
        if not re.fullmatch(rf"\s*extra\s*==\s*['\"]{re.escape(extra)}['\"]\s*", marker):
            continue
        match = re.match(r"\s*([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?", requirement)
        if match and _canonical(match[1]) == _canonical(distribution):
            for inner in (match[2] or "").split(","):
                yield from _required(distribution, inner.strip())
        elif match:
            yield match[1]


def _installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
