"""Discovery of plugins, with every failure isolated and named."""

import importlib.util
import inspect
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pluggy

from harness import hookspecs
from harness.distributions import name_of, version_of
from harness.errors import PluginError, did_you_mean
from harness.protocols import PluginSpec
from harness.registry import HOOKS, Entry, Loaded, PluginRef, Problem, Registry, check_parameters, parse_ref

__all__ = ["HOOKS", "Entry", "PluginRef", "Problem", "Registry", "check_parameters", "load_plugins", "parse_ref"]

GROUP = "harness.plugins"
ENVIRONMENT = "HARNESS_PLUGINS"
DISABLED = "HARNESS_DISABLED_PLUGINS"
# Packages whose import takes long enough to be felt: they belong into `build`, which is called when a plugin is used
_LARGE = ("datasets", "jax", "lm_eval", "numba", "pandas", "scipy", "sklearn", "spacy", "tensorflow", "torch", "transformers")
STATED = "HARNESS_HOOKS"  # the attribute of a plugin's module that says which version of the hooks it is written for


def load_plugins(files: Sequence[str | Path] = (), *, strict: bool = True) -> Registry:
    """All installed plugins, those of the environment variable `HARNESS_PLUGINS`, and the named Python files.

    Those that `HARNESS_DISABLED_PLUGINS` names, by plugin or by distribution, separated by commas, are not imported.

    A plugin that fails is kept out and recorded in `problems`; the rest load. Two plugins that offer one name, or a file of
    `files` that cannot be loaded, raise PluginError; with `strict=False` they are recorded with `fatal` set instead.
    """
    manager = pluggy.PluginManager("harness")
    manager.add_hookspecs(hookspecs)
    registry = Registry()
    seen: dict[str, str] = {}
    for name, distribution, module in _modules(files, registry):
        if name in seen:
            reason = f"a plugin of this name is already loaded from {seen[name]}; rename or uninstall one of them"
            registry.problems.append(Problem(name, distribution, reason, fatal=True))
            continue
        seen[name] = distribution
        _register(manager, name, distribution, module, registry)
    fatal = [problem for problem in registry.problems if problem.fatal]
    if strict and fatal:
        raise PluginError("; ".join(map(str, fatal)))
    return registry


def _modules(files: Sequence[str | Path], registry: Registry) -> Iterator[tuple[str, str, Any]]:
    """(name, distribution, module) of every plugin that imports: entry points by name, then files."""
    problems = registry.problems
    points = sorted(entry_points(group=GROUP), key=lambda point: (point.name, name_of(point)))
    disabled = {name.strip() for name in os.environ.get(DISABLED, "").split(",") if name.strip()}
    for point in points:
        told = Loaded(point.name, name_of(point), version_of(point))
        if not disabled.isdisjoint((point.name, told.distribution)):
            registry.loaded.append(replace(told, disabled=True))
            continue
        told, module, error = _timed(told, point.load)
        registry.loaded.append(told)
        if error is not None:
            problems.append(Problem(point.name, told.distribution, _reason(error)))
        else:
            yield point.name, told.distribution, module
    from_environment = [path for path in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if path]
    loaded: set[Path] = set()
    for named, paths in ((False, from_environment), (True, files)):
        for path in map(Path, paths):
            if path.resolve() in loaded:
                continue
            loaded.add(path.resolve())
            told, module, error = _timed(Loaded(path.stem, str(path)), partial(_import_file, path))
            registry.loaded.append(told)
            if error is not None:
                problems.append(Problem(path.stem, str(path), _reason(error), fatal=named))
            else:
                yield path.stem, str(path), module


def _timed(told: Loaded, load: Callable[[], Any]) -> tuple[Loaded, Any, BaseException | None]:
    """The plugin loaded: with how long that took, what it brought with it, and the version of the hooks that it states."""
    before = {name for name in _LARGE if name in sys.modules}
    start = time.perf_counter()
    module, error = _tried(load)
    seconds = time.perf_counter() - start
    brought = tuple(name for name in _LARGE if name in sys.modules and name not in before)
    return replace(told, seconds=seconds, hooks=_hooks_of(module), imports=brought), module, error


def _hooks_of(module: Any) -> int | None:
    """The version of the hooks that the module states, None where it states none."""
    stated = getattr(module, STATED, None)
    return stated if isinstance(stated, int) and not isinstance(stated, bool) else None


def _versions(name: str, distribution: str, module: Any) -> Iterator[Problem]:
    """What a plugin for other hooks has to be told: each change since, or that this program is too old for it."""
    stated = getattr(module, STATED, None)
    if stated is None:
        return
    now = hookspecs.VERSION
    if isinstance(stated, bool) or not isinstance(stated, int):
        yield Problem(name, distribution, f"{STATED} is a whole number, the version of the hooks (now {now}), got {stated!r:.40}")
    elif stated > now:
        reason = f"it is written for version {stated} of the hooks, and this program has {now}: upgrade metaeval-harness"
        yield Problem(name, distribution, reason)
    else:
        since = [f"{version}: {change}" for version, change in sorted(hookspecs.CHANGES.items()) if version > stated]
        if since:
            reason = f"it is written for version {stated} of the hooks, and since then this changed: {'; '.join(since)}"
            yield Problem(name, distribution, f"{reason}. Look it through, and state {STATED} = {now}")


def _tried(load: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """What was loaded, or what was raised instead."""
    try:
        return load(), None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # isolation: whatever a stranger's import raises (SystemExit too) must not stop the rest
        return None, error


class _AsItIs(SourceFileLoader):
    """Compiles the file each time: Python takes what it compiled earlier where size and second of the file are the same."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"there is no such file: {path}")
    if path.suffix != ".py":
        raise ImportError("a plugin file must be Python source, its name ending in .py")
    name = f"harness_file_plugin_{re.sub(r'[^0-9A-Za-z_]', '_', path.stem)}"
    spec = importlib.util.spec_from_file_location(name, path, loader=_AsItIs(name, os.path.abspath(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs: dataclasses and pickle look their module up by name
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _register(manager: pluggy.PluginManager, name: str, distribution: str, module: Any, registry: Registry) -> None:
    registry.problems.extend(_versions(name, distribution, module))
    suspects = list(_misspelled(manager, name, distribution, module))
    registry.problems.extend(suspects)
    try:
        manager.register(module, name)
    except (pluggy.PluginValidationError, ValueError, TypeError) as error:
        registry.problems.append(Problem(name, distribution, _reason(error)))
        return
    if not manager.get_hookcallers(module) and not suspects:
        reason = f"it implements no hook; decorate one of {', '.join(HOOKS)} with @hookimpl (from harness import hookimpl)"
        registry.problems.append(Problem(name, distribution, reason))
    _collect(manager, name, distribution, registry)


def _misspelled(manager: pluggy.PluginManager, name: str, distribution: str, module: Any) -> Iterator[Problem]:
    """Functions that were meant as hooks and are none: marked under an unknown name, or named like a hook and not marked."""
    for attribute in dir(module):
        value = getattr(module, attribute, None)
        if not inspect.isroutine(value):
            continue
        marked = manager.parse_hookimpl_opts(module, attribute) is not None
        if attribute in HOOKS:
            if not marked:
                yield Problem(name, distribution, f"{attribute} lacks the decorator @hookimpl (from harness import hookimpl)")
        elif marked or (attribute.startswith("harness_") and get_close_matches(attribute, HOOKS, n=1, cutoff=0.8)):
            yield Problem(name, distribution, f"there is no hook {attribute!r}.{did_you_mean(attribute, HOOKS)}")


def _collect(manager: pluggy.PluginManager, name: str, distribution: str, registry: Registry) -> None:
    for hook, (kind, spec_type) in HOOKS.items():
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            if implementation.plugin_name != name:
                continue
            try:
                returned = implementation.function()
                specs = returned if isinstance(returned, (list, tuple)) else [returned]
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # isolation: a hook that raises takes only its own plugin out
                registry.problems.append(Problem(name, distribution, f"{hook} failed: {_reason(error)}"))
                continue
            for spec in specs:
                if returned is not specs or not isinstance(spec, spec_type):
                    reason = f"{hook} must return a list of {spec_type.__name__}, got {_shown(returned, spec)}"
                    registry.problems.append(Problem(name, distribution, reason))
                else:
                    _add(registry, kind, Entry(spec, name, distribution))


def _add(registry: Registry, kind: str, entry: Entry) -> None:
    first = registry.entries[kind].setdefault(entry.spec.name, entry)
    if first is entry:
        return
    other = "itself" if first.plugin == entry.plugin else f"plugin {first.plugin!r} (from {first.distribution})"
    reason = f"it offers the {kind} {entry.spec.name!r}, which {other} offers too; rename or uninstall one of them"
    registry.problems.append(Problem(entry.plugin, entry.distribution, reason, fatal=True))


def _shown(returned: Any, spec: Any) -> str:
    if isinstance(returned, (list, tuple)):
        return f"one that holds {spec!r:.80}"
    return f"one {type(returned).__name__}; put it in a list" if isinstance(returned, PluginSpec) else f"{returned!r:.80}"


def _reason(error: BaseException) -> str:
    """Type and message of the error, and the line of the plugin that raised it."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    frames = inspect.getinnerframes(error.__traceback__) if error.__traceback__ else []
    machinery = (__file__, os.sep + "importlib" + os.sep, os.sep + "pluggy" + os.sep, "<frozen importlib")
    outside = [frame for frame in frames if not any(part in frame.filename for part in machinery)]
    return f"{text} ({outside[-1].filename}, line {outside[-1].lineno})" if outside else text
