"""Which version of a dependency moved a metric: the metric is asked at versions of it, by halving, in processes of their own."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import metadata
from typing import Any, Literal

import msgspec

from harness.errors import InputError
from harness.gate.baseline import read_baseline
from harness.gate.config import GateConfig, chosen
from harness.gate.overlays import NoWheel, environment, overlay, released

State = Literal["as in the baseline", "moved", "could not be asked"]
Report = Callable[[str], None]
_SECONDS = 1800  # for one version
_COMPILERS = frozenset({"numba", "numpy", "llvmlite"})
# The version that is asked must be the one that the metric finds; then the command line does the rest.
_PROBE = (
    "import sys; from importlib.metadata import version; name, wanted = sys.argv[1:3]; found = version(name); "
    "found == wanted or sys.exit(f'{name} is {found} here, not {wanted}'); del sys.argv[1:3]; "
    "from harness.cli.main import main; main()"
)


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What the metric said at one version: how many of how many pairs moved, or why it could not be asked."""

    version: str
    state: State
    moved: int = 0
    of: int = 0
    signature: str | None = None
    why: str = ""


class Bisected(msgspec.Struct, frozen=True, kw_only=True):
    """Where the scores change: between `before` and `after`, which differ and have no version between them that could be asked.

    Both are None where the two ends say the same. `tried`: every version that was asked, oldest first.
    """

    metric: str
    package: str
    tried: tuple[Tried, ...]
    before: str | None = None
    after: str | None = None


def bisect(
    config: GateConfig, metric: str, package: str, first: str | None, last: str | None, plugins: Sequence[str], report: Report
) -> Bisected:
    """Asks the metric at the two ends, and where they differ halves what lies between.

    `first` and `last`: versions; by default those of the baseline and of what is installed. `plugins`: plain files to load.
    """
    (ref,) = _one(config, metric)
    label = str(ref)
    versions = released(package)
    low, high = _ends(config, package, first, last, versions)
    between = versions[versions.index(low) : versions.index(high) + 1]

    with tempfile.TemporaryDirectory(prefix="gate-bisect-") as compiled:

        def ask(version: str) -> Tried:
            found = asked(config, label, package, version, plugins, compiled)
            report(f"{package} {version}: {_state(found)}")
            return found

        return searched(label, package, between, ask)


def searched(metric: str, package: str, versions: Sequence[str], ask: Callable[[str], Tried]) -> Bisected:
    """The search itself, over versions from oldest to newest; those that cannot be asked are passed over."""
    tried: dict[str, Tried] = {}

    def state(version: str) -> State:
        if version not in tried:
            tried[version] = ask(version)
        return tried[version].state

    low, high = 0, len(versions) - 1
    while low < high and state(versions[low]) == "could not be asked":
        low += 1
    while low < high and state(versions[high]) == "could not be asked":
        high -= 1
    ends = state(versions[low]), state(versions[high])
    differ = ends[0] != ends[1] and "could not be asked" not in ends
    while differ and high - low > 1:
        middle = (low + high) // 2
        inner = sorted(range(low + 1, high), key=lambda place: (abs(place - middle), place))
        place = next((place for place in inner if state(versions[place]) != "could not be asked"), None)
        if place is None:
            break
        low, high = (place, high) if state(versions[place]) == ends[0] else (low, place)
    known = tuple(tried[version] for version in versions if version in tried)
    before, after = (versions[low], versions[high]) if differ else (None, None)
    return Bisected(metric=metric, package=package, tried=known, before=before, after=after)


def asked(config: GateConfig, label: str, package: str, version: str, plugins: Sequence[str], compiled: str) -> Tried:
    """What the metric says with that version of the package, in a process of its own and with an empty cache.

    `compiled`: the folder of compiled loops, which versions share unless the package is one that compiles them.
    """
    try:
        folder = overlay(package, version)
    except NoWheel as error:
        return Tried(version=version, state="could not be asked", why=str(error))
    files = [word for path in plugins for word in ("--plugin", path)]
    explain = ["gate", "explain", label, "--config", str(config.file), "--pairs", "0", "--json", "--quiet"]
    with tempfile.TemporaryDirectory(prefix="gate-bisect-") as cache:
        command = [sys.executable, "-P", "-c", _PROBE, package, version, *files, *explain]
        loops = f"{cache}/compiled" if package.lower() in _COMPILERS else compiled
        try:
            said = subprocess.run(
                command, env=environment(folder, cache, loops), capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return Tried(version=version, state="could not be asked", why=f"took more than {_SECONDS} s")
    if said.returncode:
        return Tried(version=version, state="could not be asked", why=_last(said.stderr))
    (found,) = [one for one in json.loads(said.stdout)["metrics"] if one["metric"] == label]
    return _tried(version, found)


def told(result: Bisected) -> Iterator[str]:
    """The result in sentences."""
    width = max((len(one.version) for one in result.tried), default=0)
    yield f"{result.metric} with versions of {result.package}, against the baseline:"
    several = len({one.signature for one in result.tried if one.signature}) > 1
    for one in result.tried:
        yield f"  {one.version:{width}}  {_state(one)}{f'; {one.signature}' if several and one.signature else ''}"
    states = {one.version: one for one in result.tried}
    if result.before is None or result.after is None:
        said = [one for one in result.tried if one.state != "could not be asked"]
        if not said:
            yield f"At none of these versions of {result.package} could {result.metric} be asked."
        elif len(said) == 1:
            yield f"Only with {result.package} {said[0].version} could {result.metric} be asked: nothing to compare."
        elif said[0].state == "moved":
            yield f"Scores moved at both ends: it is not {result.package} alone, or not between these versions."
        else:
            yield f"Scores are as in the baseline at both ends: between these versions {result.package} moves nothing."
        yield from _left(result)
        return
    if states[result.before].state == "moved":
        yield f"The baseline's scores come with {result.package} {result.after}; up to {result.before} they are others."
    else:
        yield f"{result.package} {result.after} is the first at which scores leave the baseline; {result.before} agrees with it."
    yield from _left(result)


def _left(result: Bisected) -> Iterator[str]:
    left = [one.version for one in result.tried if one.state == "could not be asked"]
    if left:
        yield f"Could not be asked, so that a change may lie there: {', '.join(left)}."


def _one(config: GateConfig, metric: str) -> Sequence[Any]:
    """The metric meant: by its label, or by a name that only one has."""
    exact = [ref for ref in config.metrics if str(ref) == metric]
    found = exact or list(chosen(config, (metric,)).metrics)
    if len(found) > 1:
        raise InputError(f"several metrics are called {metric!r}: name one of {', '.join(map(str, found))}")
    return found


def _ends(config: GateConfig, package: str, first: str | None, last: str | None, versions: Sequence[str]) -> tuple[str, str]:
    """The two ends, the older first."""
    history = read_baseline(config.baseline).history
    then = history[-1].versions.get(package) if history else None
    installed = _installed(package)
    one = first or then or versions[0]
    other = last or (installed if installed != one else versions[-1]) or versions[-1]
    for version in (one, other):
        if version not in versions:
            known = ", ".join(versions[-12:])
            raise InputError(f"the index has no {package} {version} for this Python, but {known}; choose with --from and --to")
    low, high = sorted((one, other), key=versions.index)
    if low == high:
        raise InputError(f"both ends are {package} {low}: choose others with --from and --to")
    return low, high


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError as error:
        raise InputError(f"{package} is not installed here, so no metric uses it") from error


def _tried(version: str, found: Mapping[str, Any]) -> Tried:
    signature = found["signature"]
    if signature is None or not found["of"]:
        return Tried(
            version=version, state="could not be asked", why="; ".join(found["unknown"]).removeprefix("could not be asked: ")
        )
    state: State = "moved" if found["moved"] else "as in the baseline"
    return Tried(version=version, state=state, moved=found["moved"], of=found["of"], signature=signature)


def _state(one: Tried) -> str:
    if one.state == "moved":
        return f"scores moved on {one.moved} of {one.of} pairs"
    return f"{one.state}: {one.why}" if one.why else f"scores as in the baseline ({one.of} pairs)"


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it ended without a word"
