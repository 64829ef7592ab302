"""Build configs: a YAML file that says which builders make rows, in which language, and what is done with the rows."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.build.options import (
    CardOptions,
    ContaminationOptions,
    DuplicateOptions,
    FilterOptions,
    LanguageOptions,
    SplitOptions,
)
from harness.config import find_config
from harness.config_parts import BARE, check_keys, plugin_files, plugin_ref, section_of, text_of
from harness.registry import PluginRef
from harness.yaml_lines import Document, read_yaml

_SECTIONS: dict[str, type[msgspec.Struct]] = {
    "languages": LanguageOptions,
    "filters": FilterOptions,
    "duplicates": DuplicateOptions,
    "contamination": ContaminationOptions,
    "splits": SplitOptions,
    "card": CardOptions,
}


class BuildConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `harness build` does. `builders` are asked in this order; `language` (BCP-47) is what every row is to be in.

    None of the results depends on the order of the builders but the order in which they run.
    """

    name: str
    language: str
    builders: tuple[PluginRef, ...]
    languages: LanguageOptions = LanguageOptions()
    filters: FilterOptions = FilterOptions()
    duplicates: DuplicateOptions = DuplicateOptions()
    contamination: ContaminationOptions = ContaminationOptions()
    splits: SplitOptions = SplitOptions()
    card: CardOptions = CardOptions()
    output: str
    plugins: tuple[str, ...] = ()


def load_build_config(path: str | Path) -> BuildConfig:
    """The build config in the file (the user's, or a shipped one by its name); raises ConfigError naming file, line and key."""
    file = find_config(path)
    document = read_yaml(file)
    check_keys(document, document.value, BuildConfig.__struct_fields__)
    return build_config_of(document, file.stem, plugin_files(document))


def build_config_of(document: Document, usual_name: str, plugins: tuple[str, ...]) -> BuildConfig:
    """The build config that the document is, or that a part of one is: `usual_name` where it has none of its own."""
    name = text_of(document, "name") or usual_name
    if not re.fullmatch(r"\w[\w.+-]*", name):
        raise document.error(f"{name!r} is to be a folder's name: use letters, digits, hyphens and dots", "name")
    language = text_of(document, "language")
    if language is None:
        raise document.error("in which language are the rows to be? Write, for example, `language: sv`", "language")
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", language):
        raise document.error(f"{language!r} is no language tag; write, for example, `language: sv`", "language")
    sections: dict[str, Any] = {key: _section(document, key, kind) for key, kind in _SECTIONS.items()}
    return BuildConfig(
        name=name,
        language=language,
        builders=_builders(document),
        output=text_of(document, "output") or f"builds/{name}",
        plugins=plugins,
        **sections,
    )


def resolved(config: BuildConfig) -> dict[str, Any]:
    """The config with every default filled in, as plain values; written as YAML it loads as the same config."""
    return {
        "name": config.name,
        "language": config.language,
        "builders": [{ref.name: dict(ref.params)} if ref.params else ref.name for ref in config.builders],
        **{key: msgspec.to_builtins(getattr(config, key)) for key in _SECTIONS},
        "output": config.output,
        "plugins": list(config.plugins),
    }


def _section(document: Document, key: str, kind: type[msgspec.Struct]) -> msgspec.Struct:
    """The section, for which `false` is short for `{use: false}` where it can be left out."""
    if document.value.get(key) is False and "use" in kind.__struct_fields__:
        return kind(use=False)
    return section_of(document, key, kind)


def _builders(document: Document) -> tuple[PluginRef, ...]:
    value = document.value.get("builders")
    if not value or not isinstance(value, list):
        raise document.error("expected a list of dataset builders: `builders: [{template: {sets: [swefaq]}}]`", "builders")
    refs: list[PluginRef] = []
    for index, item in enumerate(value):
        ref = _builder(document, item, index)
        if ref in refs:
            first = document.line("builders", refs.index(ref))
            raise document.error(f"{ref.name!r} is here twice with equal parameters, first in line {first}", "builders", index)
        refs.append(ref)
    return tuple(refs)


def _builder(document: Document, item: Any, index: int) -> PluginRef:
    name: Any = item
    params: Mapping[str, Any] | None = {}
    if isinstance(item, Mapping):
        if len(item) != 1:
            message = f"expected one builder with its parameters, got the keys {', '.join(map(str, item)) or '(none)'}"
            raise document.error(f"{message}; indent parameters below the builder's name", "builders", index)
        [(name, params)] = item.items()
        if params is not None and not isinstance(params, Mapping):
            raise document.error(f"expected parameters below {name!r}, got {params!r:.80}", "builders", index, name)
    ref = plugin_ref(document, name, params or {}, ("builders", index))
    if BARE in ref.params:
        raise document.error(f"give parameters by name: `{ref.name}: {{key: value}}`", "builders", index)
    return PluginRef(ref.name, ref.params)
