"""Whether a plugin works: it builds, and on something small it keeps what `harness/protocols.py` asks of its kind."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import metadata
from importlib.metadata import EntryPoint
from typing import Any, Literal

from harness.distributions import name_of
from harness.errors import MissingExtra, PluginError
from harness.protocols import MetricSpec
from harness.registry import Entry, PluginRef, Registry, check_parameters
from harness.stages.metrics import build_metrics
from harness.testing.checks import signature_problems
from harness.testing.command_checks import try_command
from harness.testing.metric_checks import metric_problems
from harness.testing.model_checks import try_generator, try_trainer
from harness.testing.offline import offline
from harness.testing.row_checks import try_builder, try_judgments
from harness.testing.trial import Findings, PluginProblem, Trial

# Of the checks for authors those that every user can read something out of, on whatever machine
_LEFT_TO_AUTHORS = ("parameters", "pickle")
_TRIALS: dict[str, Callable[[Trial], Findings]] = {
    "dataset builder": try_builder,
    "judgment source": try_judgments,
    "generator": try_generator,
    "trainer": try_trainer,
}


@dataclass(frozen=True)
class Check:
    """What came of checking one plugin: `skipped` ones could not be tried here, and `detail` says why.

    `problems`: what is to be mended, one sentence each; `detail` holds them all.
    """

    kind: str
    name: str
    distribution: str
    status: Literal["ok", "skipped", "failed"]
    detail: str = ""
    problems: tuple[str, ...] = ()


def check_plugin(
    registry: Registry,
    kind: str,
    entry: Entry,
    params: Mapping[str, Any] | None = None,
    *,
    network: bool = False,
    elsewhere: bool = False,
) -> Check:
    """Builds the plugin with the parameters (else its defaults) and tries it on something small.

    A metric is probed if it costs nothing to call. Any other plugin that reaches for another machine is skipped, unless `network`
    allows it: a call may have a price. `elsewhere`: metrics, builders and judgment sources are asked in a fresh process too.
    """
    spec = entry.spec
    ref = PluginRef(spec.name, dict(params or {}))

    def outcome(status: Literal["ok", "skipped", "failed"], detail: str, problems: Sequence[str] = ()) -> Check:
        return Check(kind, spec.name, entry.distribution, status, detail, tuple(problems))

    try:
        check_parameters(kind, spec, ref.params)
    except PluginError as error:
        return outcome("failed" if params else "skipped", f"not built: {error}")
    reached: list[str] = []
    try:
        with nullcontext(reached) if network or kind == "metric" else offline() as reached:
            found = _tried(registry, kind, ref, elsewhere)
    except MissingExtra as error:
        return outcome("skipped", f"not built: {error}")
    except PluginError as error:
        return outcome("failed" if spec.argument is None or params else "skipped", f"not built: {error}")
    except Exception as error:  # isolation: whatever a stranger's plugin raises is what this check is there to report
        found = Findings([PluginProblem("protocol", f"{type(error).__name__}: {error}")])
    problems = [problem.message for problem in found.problems]
    if reached and problems:
        return outcome("skipped", f"it reaches out to {reached[0]}; --network lets it, at whatever that costs")
    heavy = next((one.imports for one in registry.loaded if one.plugin == entry.plugin and one.imports), ())
    if heavy:
        problems.append(f"loading its module imports {', '.join(heavy)}, for which every command waits: import inside of build")
    if problems:
        return outcome("failed", "; ".join(problems), problems)
    return outcome("ok", found.tried)


def check_command(name: str, points: list[EntryPoint]) -> Check:
    """Loads the command and looks at its help; it is not called."""
    found = try_command(name, points)
    owners = " and ".join(map(name_of, points))
    problems = tuple(problem.message for problem in found.problems)
    return Check("command", name, owners, "failed" if problems else "ok", "; ".join(problems) or found.tried, problems)


def missing_packages(entry: Entry) -> list[str]:
    """Names of the packages of the plugin's extra that are not installed; PluginError if its distribution has no such extra."""
    if entry.spec.extra is None or entry.file is not None:
        return []
    offered = {_canonical(name) for name in metadata.metadata(entry.distribution).get_all("Provides-Extra") or []}
    if _canonical(entry.spec.extra) not in offered:
        raise PluginError(f"{entry.spec.name!r} names the extra {entry.spec.extra!r}, which {entry.distribution} does not have")
    return sorted({name for name in _required(entry.distribution, entry.spec.extra) if not _installed(name)})


def _tried(registry: Registry, kind: str, ref: PluginRef, elsewhere: bool) -> Findings:
    if kind != "metric":
        found = _TRIALS[kind](Trial(registry, kind, ref, elsewhere=elsewhere))
        return found
    spec = registry.find(kind, ref.name).spec
    assert isinstance(spec, MetricSpec)
    if spec.cost != "cpu":
        (metric,) = build_metrics(registry, [ref])
        problems = [PluginProblem("protocol", message) for message in signature_problems(metric)]
        return Findings(problems, f"builds; not called, for it costs {spec.cost}")
    left_out = _LEFT_TO_AUTHORS if elsewhere else (*_LEFT_TO_AUTHORS, "process")
    probed = metric_problems(spec.name, params=ref.params, registry=registry, skip=left_out)
    tried = "keeps what users of its scores rely on" + ("" if elsewhere else "; not asked in a fresh process: name it for that")
    return Findings([PluginProblem(one.check, one.message) for one in probed], tried)


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
