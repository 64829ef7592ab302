"""What config files of every kind are read with: a plugin and its parameters, a section of defaults, files, texts."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec

from harness.errors import PluginError, did_you_mean
from harness.executors.choice import ExecutorChoice
from harness.executors.choice import Name as ExecutorName
from harness.registry import PluginRef, parse_ref
from harness.yaml_lines import Document, Keys

BARE = ""  # the parameter of a bare word (`table:ratings.csv`) until `bind` has asked the plugin for its name
TRAINED = "train:"  # before a training's name, where a model is wanted
_WORDS = {
    "array": "a list",
    "object": "keys and values",
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}
SectionT = TypeVar("SectionT", bound=msgspec.Struct)


def plugin_ref(document: Document, text: Any, params: Mapping[str, Any], keys: Keys) -> PluginRef:
    """The plugin that the text names, with the text's parameters and the mapping's."""
    if not isinstance(text, str) or not text.strip():
        raise document.error(f"expected a plugin's name, got {text!r:.80}", *keys)
    try:
        ref = parse_ref(text, BARE)
    except PluginError as error:
        raise document.error(str(error), *keys) from error
    given = dict(ref.params)
    for key, value in params.items():
        name = key.replace("-", "_")
        if name in given:
            raise document.error(f"the parameter {name!r} is given twice", *keys)
        given[name] = value
    return PluginRef(ref.name, given)


def section_of(document: Document, name: str, kind: type[SectionT]) -> SectionT:
    """The section of that name as a record whose fields all have defaults."""
    section = document.value.get(name)
    if section is None:
        return kind()
    if not isinstance(section, Mapping):
        raise document.error(f"expected keys and values, got {section!r:.80}", name)
    check_keys(document, section, kind.__struct_fields__, name)
    try:
        return msgspec.convert(section, kind)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        keys: list[str | int] = [int(n) if n else key for key, n in re.findall(r"\.(\w+)|\[(\d+)\]", where)]
        if not keys:  # a check across the section names the key in its message
            keys = [key for key in section if re.search(rf"\b{key}\b", message)][:1]
        plain = re.sub(r"`([\w |]+)`", lambda match: " or ".join(_WORDS.get(w, w) for w in match[1].split(" | ")), message)
        raise document.error(f"{plain[:1].lower()}{plain[1:]}", name, *keys) from error


def executor_of(document: Document) -> ExecutorChoice:
    """The section `executor`, which may also be a name alone."""
    if isinstance(document.value.get("executor"), str):
        name = document.value["executor"]
        known = get_args(ExecutorName)
        if name not in known:
            raise document.error(f"there is no executor {name!r}.{did_you_mean(name, known)}", "executor")
        return ExecutorChoice(name=name)
    return section_of(document, "executor", ExecutorChoice)


def plugin_files(document: Document) -> tuple[str, ...]:
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


def text_of(document: Document, key: str) -> str | None:
    value = document.value.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise document.error(f"expected text, got {value!r:.80}", key)
    return value


def check_keys(document: Document, section: Mapping[str, Any], known: tuple[str, ...], *above: str) -> None:
    for key in section:
        if key not in known:
            raise document.error(f"unknown key {key!r}.{did_you_mean(key, known)}", *above, key)
