"""Run configs: a YAML file becomes typed sections, and whatever does not fit is an error with its file, line and key."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec

import harness
from harness.errors import ConfigError, PluginError, did_you_mean
from harness.executors.choice import ExecutorChoice
from harness.executors.choice import Name as ExecutorName
from harness.meta.options import MetaOptions
from harness.registry import PluginRef, Registry, parse_ref
from harness.yaml_lines import Document, Keys, read_yaml

_WORDS = {
    "array": "a list",
    "object": "keys and values",
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}
SectionT = TypeVar("SectionT", bound=msgspec.Struct)
_BARE = ""  # the parameter of a bare word (`table:ratings.csv`) until `bind` has asked the plugin for its name


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
    _check_keys(document, document.value, RunConfig.__struct_fields__)
    name = _text(document, "name") or file.stem
    if not re.fullmatch(r"\w[\w.+-]*", name):
        raise document.error(f"{name!r} is to be a folder's name: use letters, digits, hyphens and dots", "name")
    judgments, systems = _judgments(document)
    return RunConfig(
        name=name,
        judgments=judgments,
        systems=systems,
        metrics=_metrics(document),
        metaevaluate=_section(document, "metaevaluate", MetaOptions),
        output=_text(document, "output") or f"runs/{name}",
        plugins=_plugins(document),
        executor=_executor(document),
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
    if _BARE not in ref.params:
        return ref
    if spec.argument is None:
        raise PluginError(f"{kind} {_head(ref)!r}: expected key=value after the colon, got {ref.params[_BARE]!r}")
    if spec.argument in ref.params:
        raise PluginError(f"{kind} {_head(ref)!r}: the parameter {spec.argument!r} is given twice")
    return PluginRef(ref.name, {spec.argument: ref.params[_BARE], **_tail(ref)})


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
        ref = _ref(document, source, params, keys)
    else:
        ref = _ref(document, value, {}, keys)
    params = dict(ref.params)
    systems = params.pop("systems", None)
    if isinstance(systems, list) and systems and all(isinstance(system, str) for system in systems):
        systems = tuple(systems)
    elif systems is not None and not isinstance(systems, str):
        raise document.error(f"expected a system set or a list of systems, got {systems!r}", "judgments", "systems")
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
        return _ref(document, item, {}, ("metrics", index))
    if len(item) != 1:
        message = f"expected one metric with its parameters, got the keys {', '.join(item) or '(none)'}"
        raise document.error(
            f"{message}; indent parameters below the metric's name: `- rouge-l: {{stemmer: swedish}}`", "metrics", index
        )
    [(name, params)] = item.items()
    if params is not None and not isinstance(params, Mapping):
        raise document.error(f"expected parameters (`{{stemmer: swedish}}`), got {params!r:.80}", "metrics", index, name)
    return _ref(document, name, params or {}, ("metrics", index))


def _ref(document: Document, text: Any, params: Mapping[str, Any], keys: Keys) -> PluginRef:
    """The plugin that the text names, with the text's parameters and the mapping's."""
    if not isinstance(text, str) or not text.strip():
        raise document.error(f"expected a plugin's name, got {text!r:.80}", *keys)
    try:
        ref = parse_ref(text, _BARE)
    except PluginError as error:
        raise document.error(str(error), *keys) from error
    given = dict(ref.params)
    for key, value in params.items():
        name = key.replace("-", "_")
        if name in given:
            raise document.error(f"the parameter {name!r} is given twice", *keys)
        given[name] = value
    return PluginRef(ref.name, given)


def _executor(document: Document) -> ExecutorChoice:
    """The section `executor`, which may also be a name alone."""
    if isinstance(document.value.get("executor"), str):
        name = document.value["executor"]
        known = get_args(ExecutorName)
        if name not in known:
            raise document.error(f"there is no executor {name!r}.{did_you_mean(name, known)}", "executor")
        return ExecutorChoice(name=name)
    return _section(document, "executor", ExecutorChoice)


def _section(document: Document, name: str, kind: type[SectionT]) -> SectionT:
    """The section of that name as a record whose fields all have defaults."""
    section = document.value.get(name)
    if section is None:
        return kind()
    if not isinstance(section, Mapping):
        raise document.error(f"expected keys and values, got {section!r:.80}", name)
    _check_keys(document, section, kind.__struct_fields__, name)
    try:
        return msgspec.convert(section, kind)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        keys: list[str | int] = [int(n) if n else key for key, n in re.findall(r"\.(\w+)|\[(\d+)\]", where)]
        if not keys:  # a check across the section names the key in its message
            keys = [key for key in section if re.search(rf"\b{key}\b", message)][:1]
        plain = re.sub(r"`([\w |]+)`", lambda match: " or ".join(_WORDS.get(w, w) for w in match[1].split(" | ")), message)
        raise document.error(f"{plain[:1].lower()}{plain[1:]}", name, *keys) from error


def _plugins(document: Document) -> tuple[str, ...]:
    value = document.value.get("plugins") or []
    if not isinstance(value, list):
        raise document.error(f"expected a list of files, got {value!r:.80}; write `plugins: [my_metric.py]`", "plugins")
    files = []
    for index, item in enumerate(value):
        if not isinstance(item, str):
            raise document.error(f"expected a file's path, got {item!r:.80}", "plugins", index)
        file = (document.path.parent / Path(item).expanduser()).resolve()
        if not _is_file(file):
            raise document.error(f"there is no file {file} (paths are relative to the config file)", "plugins", index)
        files.append(str(file))
    return tuple(files)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, or a folder that may not be entered
        return False


def _text(document: Document, key: str) -> str | None:
    value = document.value.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise document.error(f"expected text, got {value!r:.80}", key)
    return value


def _check_keys(document: Document, section: Mapping[str, Any], known: tuple[str, ...], *above: str) -> None:
    for key in section:
        if key not in known:
            raise document.error(f"unknown key {key!r}.{did_you_mean(key, known)}", *above, key)


def _head(ref: PluginRef) -> str:
    return f"{ref.name}:{ref.params[_BARE]}" if _BARE in ref.params else ref.name


def _tail(ref: PluginRef) -> dict[str, Any]:
    return {key: value for key, value in ref.params.items() if key != _BARE}
