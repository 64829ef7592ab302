"""Run configs: a YAML file becomes typed sections, and whatever does not fit is an error with its file, line and key."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

import harness
from harness.config_parts import BARE, check_keys, executor_of, plugin_files, plugin_ref, section_of, text_of
from harness.errors import ConfigError, PluginError, did_you_mean
from harness.executors.choice import ExecutorChoice
from harness.meta.options import MetaOptions
from harness.registry import PluginRef, Registry
from harness.yaml_lines import Document, Keys, read_yaml


class RunConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `harness run` does: whose judgments, which metrics, what to compute, and where it is written.

    `systems` names a system set of the source, or lists systems; None is all. `plugins` are plain files, as absolute paths.
    `executor` says where outputs are scored.
    """

    name: str
    judgments: PluginRef
    systems: str | tuple[str, ...] | None = None
    metrics: tuple[PluginRef, ...]
    metaevaluate: MetaOptions = MetaOptions()
    output: str
    plugins: tuple[str, ...] = ()
    executor: ExecutorChoice = ExecutorChoice()


def load_config(path: str | Path) -> RunConfig:
    """The run config in the file (the user's, or a shipped one by its name); raises ConfigError naming file, line and key."""
    file = find_config(path)
    document = read_yaml(file)
    check_keys(document, document.value, RunConfig.__struct_fields__)
    name = text_of(document, "name") or file.stem
    if not re.fullmatch(r"\w[\w.+-]*", name):
        raise document.error(f"{name!r} is to be a folder's name: use letters, digits, hyphens and dots", "name")
    judgments, systems = _judgments(document)
    return RunConfig(
        name=name,
        judgments=judgments,
        systems=systems,
        metrics=_metrics(document),
        metaevaluate=section_of(document, "metaevaluate", MetaOptions),
        output=text_of(document, "output") or f"runs/{name}",
        plugins=plugin_files(document),
        executor=executor_of(document),
    )


def resolved(config: RunConfig) -> dict[str, Any]:
    """The config with every default filled in, as plain values; written as YAML it loads as the same config.

    The section `executor` is left out: where a run was computed belongs neither to the run nor to what makes it another one.
    """
    judgments = {"source": _head(config.judgments), **_tail(config.judgments)}
    if config.systems is not None:
        judgments["systems"] = config.systems if isinstance(config.systems, str) else list(config.systems)
    return {
        "name": config.name,
        "judgments": judgments,
        "metrics": [{_head(ref): _tail(ref)} if _tail(ref) else _head(ref) for ref in config.metrics],
        "metaevaluate": msgspec.to_builtins(config.metaevaluate),
        "output": config.output,
        "plugins": list(config.plugins),
    }


def bind(ref: PluginRef, registry: Registry, kind: str) -> PluginRef:
    """The ref with its bare word (`table:ratings.csv`) under the name of the parameter that the plugin takes it for.

    `kind` is "metric" or "judgment source". Raises PluginError for an unknown plugin, or one that takes no bare word.
    """
    spec = registry.find(kind, ref.name).spec
    if BARE not in ref.params:
        return ref
    if spec.argument is None:
        raise PluginError(f"{kind} {_head(ref)!r}: expected key=value after the colon, got {ref.params[BARE]!r}")
    if spec.argument in ref.params:
        raise PluginError(f"{kind} {_head(ref)!r}: the parameter {spec.argument!r} is given twice")
    return PluginRef(ref.name, {spec.argument: ref.params[BARE], **_tail(ref)})


def find_config(name: str | Path) -> Path:
    """The file at this path, else the shipped file of this name below `configs/` (`.yaml` may be left out)."""
    path = Path(name).expanduser()
    if path.is_file():
        return path
    if path.is_dir():
        raise ConfigError(f"{path} is a folder; name a config file in it")
    folder = shipped("configs")
    known = {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()}
    wanted = Path(name).as_posix().removeprefix("configs/")
    for candidate in (wanted, f"{wanted}.yaml"):
        if candidate in known:
            return known[candidate]
    configs = [file for file in known if file.endswith(".yaml")]
    raise ConfigError(f"there is no file {name}, and no shipped config of this name.{did_you_mean(wanted, configs)}")


def shipped(folder: str) -> Path:
    """The folder `configs` or `tasks` that comes with the program: package data when installed, the top of a checkout else."""
    package = Path(harness.__file__).parent
    for place in (package / "_data" / folder, package.parent / folder):
        if place.is_dir() and (place.parent.name == "_data" or (package.parent / "pyproject.toml").is_file()):
            return place
    raise ConfigError(f"the folder {folder!r} is missing from this installation of harness: install it again")


def _judgments(document: Document) -> tuple[PluginRef, str | tuple[str, ...] | None]:
    value = document.value.get("judgments")
    if value is None:
        raise document.error("whose judgments? Write, for example, `judgments: gec-sv`", "judgments")
    keys: Keys = ("judgments",)
    if isinstance(value, Mapping):
        params = dict(value)
        keys = ("judgments", "source")
        source = params.pop("source", None)
        if source is None:
            raise document.error("the key `source` is missing: the name of a judgment source", "judgments")
        ref = plugin_ref(document, source, params, keys)
    else:
        ref = plugin_ref(document, value, {}, keys)
    params = dict(ref.params)
    systems = params.pop("systems", None)
    keys = ("judgments", "systems")
    if document.value.get("systems") is not None:
        if systems is not None:
            raise document.error("systems are named below `judgments` as well; keep one of the two", "systems")
        systems, keys = document.value["systems"], ("systems",)
    if isinstance(systems, list) and systems and all(isinstance(system, str) for system in systems):
        systems = tuple(systems)
    elif systems is not None and not isinstance(systems, str):
        raise document.error(f"expected a system set or a list of systems, got {systems!r}", *keys)
    return PluginRef(ref.name, params), systems


def _metrics(document: Document) -> tuple[PluginRef, ...]:
    value = document.value.get("metrics")
    if not value:
        raise document.error("which metrics? Write, for example, `metrics: [chrf, rouge-l]`", "metrics")
    if not isinstance(value, list):
        raise document.error(f"expected a list of metrics, got {value!r:.80}; write `metrics: [chrf, rouge-l]`", "metrics")
    refs: list[PluginRef] = []
    for index, item in enumerate(value):
        ref = _metric(document, item, index)
        if ref in refs:
            first = document.line("metrics", refs.index(ref))
            raise document.error(f"metric {item!r} is here twice, first in line {first}; keep one", "metrics", index)
        refs.append(ref)
    return tuple(refs)


def _metric(document: Document, item: Any, index: int) -> PluginRef:
    if not isinstance(item, Mapping):
        return plugin_ref(document, item, {}, ("metrics", index))
    if len(item) != 1:
        message = f"expected one metric with its parameters, got the keys {', '.join(item) or '(none)'}"
        raise document.error(
            f"{message}; indent parameters below the metric's name: `- rouge-l: {{stemmer: swedish}}`", "metrics", index
        )
    [(name, params)] = item.items()
    if params is not None and not isinstance(params, Mapping):
        raise document.error(f"expected parameters (`{{stemmer: swedish}}`), got {params!r:.80}", "metrics", index, name)
    return plugin_ref(document, name, params or {}, ("metrics", index))


def _head(ref: PluginRef) -> str:
    return f"{ref.name}:{ref.params[BARE]}" if BARE in ref.params else ref.name


def _tail(ref: PluginRef) -> dict[str, Any]:
    return {key: value for key, value in ref.params.items() if key != BARE}
