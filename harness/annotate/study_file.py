"""A study read from YAML: what does not fit is an error with its file, line and key."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.annotate.ready_criteria import ready_criteria, ready_pair_criteria
from harness.annotate.study import Checks, Comparisons, Criterion, ItemsFrom, KnownItem, Overlap, PairCriterion, Study
from harness.annotate.study_checks import complaints
from harness.config import find_config
from harness.errors import ConfigError, did_you_mean
from harness.yaml_lines import Document, read_yaml

_TEXTS = ("title", "guidelines", "consent")
_WORDS = {"array": "a list", "object": "keys and values", "str": "text", "int": "a whole number", "float": "a number"}
# the struct that lies at a place of the file, for the names of its keys; list positions are left out
_STRUCTS: dict[tuple[str, ...], type[msgspec.Struct]] = {
    (): Study,
    ("criteria",): Criterion,
    ("compare",): Comparisons,
    ("compare", "criteria"): PairCriterion,
    ("training",): KnownItem,
    ("checks",): Checks,
    ("checks", "items"): KnownItem,
    ("overlap",): Overlap,
    ("items",): ItemsFrom,
}


def load_study(path: str | Path) -> Study:
    """The study in the file (the user's, or a shipped one by its name); raises ConfigError naming the file, the line and the key.

    A criterion may be the name of a ready one, or a ready one's name with keys that differ; where there is one text only, it may
    stand without its language. Paths in `items` are relative to where the command runs.
    """
    file = find_config(path)
    document = read_yaml(file)
    value = dict(document.value)
    value.setdefault("name", file.stem)
    languages = value.get("languages", ["sv", "en"])
    if isinstance(languages, list) and languages:
        for key in _TEXTS:
            if isinstance(value.get(key), str):
                value[key] = {languages[0]: value[key]}
    _fill_in(document, value, ("criteria",), ready_criteria())
    if isinstance(value.get("compare"), Mapping):
        value["compare"] = dict(value["compare"])
        _fill_in(document, value["compare"], ("compare", "criteria"), ready_pair_criteria())
    value["training"] = _known_items(value.get("training", []), languages)
    if isinstance(value.get("checks"), Mapping):
        value["checks"] = {**value["checks"], "items": _known_items(value["checks"].get("items", []), languages)}
    try:
        study = msgspec.convert(value, Study)
    except msgspec.ValidationError as error:
        raise _located(document, error) from error
    for keys, message in complaints(study):
        raise document.error(message, *keys)
    return study


def _fill_in(document: Document, section: dict[str, Any], keys: tuple[str, ...], ready: Mapping[str, dict[str, Any]]) -> None:
    """Puts the ready criterion where its name stands, and below the keys that a study changes."""
    given = section.get(keys[-1])
    if not isinstance(given, list):
        return
    filled = []
    for index, item in enumerate(given):
        if isinstance(item, str):
            if item not in ready:
                known = did_you_mean(item, ready)
                raise document.error(f"there is no ready criterion {item!r}; write its label too.{known}", *keys, index)
            item = {"name": item}
        if isinstance(item, Mapping) and item.get("name") in ready:
            item = {**ready[item["name"]], **item}
        filled.append(item)
    section[keys[-1]] = filled


def _known_items(items: Any, languages: Any) -> Any:
    """The items with their feedback by language, where it is one text alone."""
    if not isinstance(items, list) or not isinstance(languages, list) or not languages:
        return items
    return [
        {**item, "feedback": {languages[0]: item["feedback"]}}
        if isinstance(item, Mapping) and isinstance(item.get("feedback"), str)
        else item
        for item in items
    ]


def _located(document: Document, error: msgspec.ValidationError) -> ConfigError:
    """The same complaint with its line, in words."""
    message, _, where = str(error).partition(" - at `$")
    keys: list[str | int] = [int(n) if n else key for key, n in re.findall(r"\.(\w+)|\[(\d+)\]", where)]
    unknown = re.search(r"unknown field `(.+)`", message)
    if unknown:
        struct = _STRUCTS.get(tuple(key for key in keys if isinstance(key, str)))
        hint = did_you_mean(unknown[1], struct.__struct_fields__) if struct else ""
        return document.error(f"unknown key {unknown[1]!r}.{hint}", *keys, unknown[1])
    missing = re.search(r"missing required field `(.+)`", message)
    if missing:
        return document.error(f"the key `{missing[1]}` is missing", *keys)
    plain = re.sub(r"`([\w |]+)`", lambda match: " or ".join(_WORDS.get(w, w) for w in match[1].split(" | ")), message)
    return document.error(f"{plain[:1].lower()}{plain[1:]}", *keys)
