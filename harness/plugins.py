"""Discovery of plugins, with every failure isolated and named, and the registry of what they offer."""

import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from harness import hookspecs
from harness.errors import MissingExtra, PluginError, did_you_mean
from harness.protocols import (
    BuilderSpec,
    GeneratorSpec,
    JudgmentSourceSpec,
    MetricSpec,
    PluginSpec,
    TrainerSpec,
)

GROUP = "harness.plugins"
ENVIRONMENT = "HARNESS_PLUGINS"

HOOKS: dict[str, tuple[str, type[PluginSpec]]] = {
    "harness_metrics": ("metric", MetricSpec),
    "harness_judgment_sources": ("judgment source", JudgmentSourceSpec),
    "harness_dataset_builders": ("dataset builder", BuilderSpec),
    "harness_generators": ("generator", GeneratorSpec),
    "harness_trainers": ("trainer", TrainerSpec),
}


@dataclass(frozen=True)
class Problem:
    """A plugin that could not be used (or only in part), and why."""

    plugin: str
    distribution: str
    reason: str
    fatal: bool = False

    def __str__(self) -> str:
        return f"plugin {self.plugin!r} (from {self.distribution}): {self.reason}"


@dataclass(frozen=True)
class Entry:
    """A spec with the plugin and the distribution that offer it."""

    spec: PluginSpec
    plugin: str
    distribution: str


@dataclass(frozen=True)
class PluginRef:
    """A plugin's name with parameters, as a command line or a config gives it: `rouge-l:stemmer=swedish`."""

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        given = ",".join(f"{key}={value}" for key, value in sorted(self.params.items()))
        return f"{self.name}:{given}" if given else self.name


@dataclass
class Registry:
    """Everything the loaded plugins offer, by kind and name, and the problems met on the way."""

    entries: dict[str, dict[str, Entry]] = field(default_factory=lambda: {kind: {} for kind, _ in HOOKS.values()})
    problems: list[Problem] = field(default_factory=list)

    def find(self, kind: str, name: str) -> Entry:
        """The entry of that kind and name; raises PluginError with the closest names and the plugins that failed to load."""
        known = self.entries[kind]
        if name in known:
            return known[name]
        message = f"unknown {kind} {name!r}.{did_you_mean(name, known)}"
        if self.problems:
            message += " Not loaded: " + "; ".join(map(str, self.problems)) + "."
        raise PluginError(message)

    def build(self, kind: str, ref: PluginRef) -> Any:
        """The built plugin; raises PluginError for wrong parameters and MissingExtra with the pip line to run."""
        entry = self.find(kind, ref.name)
        check_parameters(kind, entry.spec, ref.params)
        try:
            return entry.spec.build(**ref.params)
        except ModuleNotFoundError as error:
            if entry.spec.extra is None:
                raise PluginError(f"{kind} {ref.name!r} cannot be built: {error}") from error
            raise MissingExtra(
                f"{kind} {ref.name!r} needs the package {error.name!r}; install it with: "
                f"pip install '{entry.distribution}[{entry.spec.extra}]'"
            ) from error
        except (TypeError, ValueError) as error:
            raise PluginError(f"{kind} {ref}: {error}") from error


def load_plugins(files: Sequence[str | Path] = (), *, strict: bool = True) -> Registry:
    """All installed plugins, those of the environment variable `HARNESS_PLUGINS`, and the named Python files.

    A plugin that fails is kept out and recorded in `problems`; the rest load. Two plugins that offer one name, or a file of `files`
    that cannot be loaded, raise PluginError; with `strict=False` they are recorded with `fatal` set instead.
    """
    manager = pluggy.PluginManager("harness")
    manager.add_hookspecs(hookspecs)
    registry = Registry()
    seen: dict[str, str] = {}
    for name, distribution, module in _modules(files, registry.problems):
        if name in seen:
            reason = f"a plugin of this name is already loaded from {seen[name]}; rename one of them"
            registry.problems.append(Problem(name, distribution, reason, fatal=True))
            continue
        seen[name] = distribution
        registry.problems.extend(_misspelled(manager, name, distribution, module))
        try:
            manager.register(module, name)
        except (pluggy.PluginValidationError, ValueError, TypeError) as error:
            registry.problems.append(Problem(name, distribution, _reason(error)))
            continue
        _collect(manager, name, distribution, registry)
    fatal = [problem for problem in registry.problems if problem.fatal]
    if strict and fatal:
        raise PluginError("; ".join(map(str, fatal)))
    return registry


def parse_ref(text: str, spec_argument: str | None = None) -> PluginRef:
    """`name` or `name:key=value,key=value`; a bare word after the colon sets the parameter `spec_argument`."""
    import yaml

    name, _, rest = text.partition(":")
    params: dict[str, Any] = {}
    for piece in re.split(r",(?=[A-Za-z_][\w-]*=)", rest) if rest else []:
        key, equals, value = piece.partition("=")
        if equals and re.fullmatch(r"[A-Za-z_][\w-]*", key):
            key = key.replace("-", "_")
            try:
                parsed = yaml.safe_load(value)
            except yaml.YAMLError as error:
                raise PluginError(f"{text!r}: the value {value!r} of {key!r} is not a YAML scalar or list") from error
            params[key] = value if parsed is None and value not in ("null", "~", "") else parsed
        elif spec_argument is not None and not params:
            params[spec_argument] = piece
        else:
            raise PluginError(f"{text!r}: expected key=value after the colon, got {piece!r}")
    return PluginRef(name, params)


def check_parameters(kind: str, spec: PluginSpec, params: Mapping[str, Any]) -> None:
    """Raises PluginError naming the first parameter that `spec.build` does not take."""
    try:
        accepted = inspect.signature(spec.build).parameters
    except (TypeError, ValueError):
        return  # a C callable without a signature checks its own arguments
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in accepted.values()):
        return
    for key in params:
        if key not in accepted:
            raise PluginError(f"{kind} {spec.name!r} has no parameter {key!r}.{did_you_mean(key, accepted)}")


def _modules(files: Sequence[str | Path], problems: list[Problem]) -> Iterator[tuple[str, str, Any]]:
    """(name, distribution, module) of every plugin that imports: entry points by name, then files."""
    points = sorted(entry_points(group=GROUP), key=lambda point: (point.name, _distribution(point)))
    for point in points:
        try:
            yield point.name, _distribution(point), point.load()
        except Exception as error:  # isolation: whatever a stranger's import raises must not stop the rest
            problems.append(Problem(point.name, _distribution(point), _reason(error)))
    from_environment = [path for path in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if path]
    loaded: set[Path] = set()
    for named, paths in ((False, from_environment), (True, files)):
        for path in map(Path, paths):
            if path.resolve() in loaded:
                continue
            loaded.add(path.resolve())
            try:
                yield path.stem, str(path), _import_file(path)
            except Exception as error:  # isolation, as above
                problems.append(Problem(path.stem, str(path), _reason(error), fatal=named))


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"there is no such file: {path}")
    name = f"harness_file_plugin_{re.sub(r'[^0-9A-Za-z_]', '_', path.stem)}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("a plugin file must be Python source, its name ending in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _misspelled(manager: pluggy.PluginManager, name: str, distribution: str, module: Any) -> Iterator[Problem]:
    """Functions that were meant as hooks and are none: decorated with an unknown name, or named like a hook and not decorated."""
    for attribute in dir(module):
        value = getattr(module, attribute, None)
        if not inspect.isroutine(value):
            continue
        marked = manager.parse_hookimpl_opts(module, attribute) is not None
        if marked and attribute not in HOOKS:
            yield Problem(name, distribution, f"there is no hook {attribute!r}.{did_you_mean(attribute, HOOKS)}")
        elif not marked and attribute in HOOKS:
            yield Problem(name, distribution, f"{attribute} lacks the decorator @hookimpl (from harness import hookimpl)")


def _collect(manager: pluggy.PluginManager, name: str, distribution: str, registry: Registry) -> None:
    for hook, (kind, spec_type) in HOOKS.items():
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            if implementation.plugin_name != name:
                continue
            try:
                specs = list(implementation.function())
            except Exception as error:  # isolation: a hook that raises takes only its own plugin out
                registry.problems.append(Problem(name, distribution, f"{hook} failed: {_reason(error)}"))
                continue
            for spec in specs:
                if not isinstance(spec, spec_type):
                    reason = f"{hook} must return a list of {spec_type.__name__}, got {spec!r:.80}"
                    registry.problems.append(Problem(name, distribution, reason))
                    continue
                _add(registry, kind, Entry(spec, name, distribution))


def _add(registry: Registry, kind: str, entry: Entry) -> None:
    known = registry.entries[kind]
    first = known.get(entry.spec.name)
    if first is not None:
        reason = (
            f"it offers the {kind} {entry.spec.name!r}, which plugin {first.plugin!r} (from {first.distribution}) offers too; "
            "rename or uninstall one of them"
        )
        registry.problems.append(Problem(entry.plugin, entry.distribution, reason, fatal=True))
        return
    known[entry.spec.name] = entry


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "unknown distribution"


def _reason(error: BaseException) -> str:
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    frames = [frame for frame in inspect.getinnerframes(error.__traceback__) if __file__ != frame.filename] if (
        error.__traceback__
    ) else []
    outside = [frame for frame in frames if "importlib" not in frame.filename and "pluggy" not in frame.filename]
    return f"{text} ({outside[-1].filename}, line {outside[-1].lineno})" if outside else text
