"""Whether a plugin works: it builds with its defaults, and a metric keeps what `harness/protocols.py` asks of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Literal

from harness.errors import MissingExtra, PluginError
from harness.protocols import MetricSpec
from harness.records import JudgmentInfo
from harness.registry import Entry, PluginRef, Registry, check_parameters
from harness.stages.metrics import build_metrics
from harness.testing.checks import signature_problems
from harness.testing.metric_checks import metric_problems

# Of the checks for authors those that every user can read something out of, on whatever machine
_LEFT_TO_AUTHORS = ("parameters", "pickle", "process")


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
    return outcome("ok", "keeps what users of its scores rely on" if isinstance(spec, MetricSpec) else "builds")


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
    assert isinstance(spec, MetricSpec)
    if spec.cost != "cpu":
        (metric,) = build_metrics(registry, [PluginRef(spec.name)])
        yield from signature_problems(metric)
        return
    for problem in metric_problems(spec.name, registry=registry, skip=_LEFT_TO_AUTHORS):
        yield problem.message


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
