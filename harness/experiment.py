"""Experiment configs: which examples, what is trained on them, and which systems answer them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.config import find_config
from harness.config_parts import BARE, check_keys, plugin_files, plugin_ref, text_of
from harness.errors import InputError
from harness.records import Example, from_json
from harness.registry import PluginRef
from harness.store import read_table, table_path
from harness.yaml_lines import Document, Keys, read_yaml

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*\Z")
TRAINED = "train:"  # before a training's name, where a model is wanted


class Named(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plugin under a name of the user's: a training, or a system whose outputs stand under that name."""

    name: str
    plugin: PluginRef


class ExperimentConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `harness train` and `harness generate` do. `examples`: a build folder, or a file of examples as JSON Lines.

    `split` and `limit`: which of the examples are answered. In a system's parameters `train:NAME` is the checkpoint of that name.
    """

    name: str
    examples: str
    train: tuple[Named, ...] = ()
    systems: tuple[Named, ...] = ()
    split: str | None = None
    limit: int | None = None
    output: str
    plugins: tuple[str, ...] = ()


def load_experiment(path: str | Path) -> ExperimentConfig:
    """The experiment in the file (the user's, or a shipped one by its name); raises ConfigError naming file, line and key."""
    file = find_config(path)
    document = read_yaml(file)
    check_keys(document, document.value, ("name", "examples", "train", "generate", "output", "plugins"))
    name = text_of(document, "name") or file.stem
    if not _NAME.match(name):
        raise document.error(f"{name!r} is to be a folder's name: use letters, digits, hyphens and dots", "name")
    examples = text_of(document, "examples")
    if examples is None:
        raise document.error("which examples? Write `examples: FOLDER` (of `harness build`) or a JSON Lines file", "examples")
    answered = document.value.get("generate") or {}
    if not isinstance(answered, Mapping):
        raise document.error("expected keys and values: `systems`, `split`, `limit`", "generate")
    check_keys(document, answered, ("systems", "split", "limit"), "generate")
    config = ExperimentConfig(
        name=name,
        examples=examples,
        train=_listed(document, document.value.get("train"), "trainer", ("train",)),
        systems=_listed(document, answered.get("systems"), "generator", ("generate", "systems")),
        split=_split(document, answered),
        limit=_limit(document, answered),
        output=text_of(document, "output") or f"runs/{name}",
        plugins=plugin_files(document),
    )
    _check_trained(document, config)
    return config


def resolved(config: ExperimentConfig) -> dict[str, Any]:
    """The config as plain values; written as YAML it loads as the same config."""

    def told(entries: tuple[Named, ...], key: str) -> list[dict[str, Any]]:
        return [{"name": one.name, key: {one.plugin.name: dict(one.plugin.params)}} for one in entries]

    generate = {"systems": told(config.systems, "generator"), "split": config.split, "limit": config.limit}
    return {
        "name": config.name,
        "examples": config.examples,
        "train": told(config.train, "trainer"),
        "generate": {key: value for key, value in generate.items() if value},
        "output": config.output,
        "plugins": list(config.plugins),
    }


def read_examples(where: str | Path) -> list[Example]:
    """The examples of a build folder or a JSON Lines file; InputError naming file and line of what is none."""
    path = Path(where).expanduser()
    if path.is_dir():
        table = table_path(path, "examples")
        if not table.is_file():
            raise InputError(f"{path} holds no table of examples; name the folder that `harness build` wrote")
        return list(read_table(table, Example))
    if not path.is_file():
        raise InputError(f"there is no file or folder {path}")
    return list(_lines(path))


def _lines(path: Path) -> Iterator[Example]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield from_json(line, Example)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    raise InputError(f"{path}, line {number}: not an example ({error})") from error


def _listed(document: Document, value: Any, key: str, keys: Keys) -> tuple[Named, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise document.error(f"expected a list: `- name: NAME` with `{key}: {{PLUGIN: {{…}}}}`", *keys)
    found: list[Named] = []
    for index, item in enumerate(value):
        where = (*keys, index)
        if not isinstance(item, Mapping) or set(item) != {"name", key}:
            raise document.error(f"expected the keys `name` and `{key}`", *where)
        name = item["name"]
        if not isinstance(name, str) or not _NAME.match(name):
            raise document.error(f"{name!r} is no name: use letters, digits, hyphens and dots", *where, "name")
        if name in [other.name for other in found]:
            raise document.error(f"{name!r} is here twice; names tell checkpoints and systems apart", *where, "name")
        found.append(Named(name=name, plugin=_plugin(document, item[key], (*where, key))))
    return tuple(found)


def _plugin(document: Document, item: Any, keys: Keys) -> PluginRef:
    name, params = item, None
    if isinstance(item, Mapping):
        if len(item) != 1:
            raise document.error("expected one plugin with its parameters", *keys)
        [(name, params)] = item.items()
        if params is not None and not isinstance(params, Mapping):
            raise document.error(f"expected parameters below {name!r}, got {params!r:.80}", *keys, name)
    ref = plugin_ref(document, name, params or {}, keys)
    if BARE in ref.params:
        raise document.error(f"give parameters by name: `{ref.name}: {{key: value}}`", *keys)
    return ref


def _split(document: Document, section: Mapping[str, Any]) -> str | None:
    value = section.get("split")
    if value is not None and not isinstance(value, str):
        raise document.error(f"expected a split's name, got {value!r:.80}", "generate", "split")
    return value


def _limit(document: Document, section: Mapping[str, Any]) -> int | None:
    value = section.get("limit")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise document.error(f"expected a whole number of at least 1, got {value!r:.80}", "generate", "limit")
    return value


def _check_trained(document: Document, config: ExperimentConfig) -> None:
    known = [one.name for one in config.train]
    for index, system in enumerate(config.systems):
        for value in system.plugin.params.values():
            if isinstance(value, str) and value.startswith(TRAINED) and value.removeprefix(TRAINED) not in known:
                message = f"{value!r}: no training has this name; there are {', '.join(known) or 'none'}"
                raise document.error(message, "generate", "systems", index)
