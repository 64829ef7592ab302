"""A Label Studio labelling configuration: which data field each object shows, and what each control asks about it."""

import json
import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.records import Scale
from harness.whole_files import read_file

_STARS = 5.0  # what a Rating shows where the configuration does not say


@dataclass(frozen=True)
class Control:
    """One thing that raters are asked. `targets`: names of the objects it is about; `scale` None where it has no numbers."""

    kind: str
    targets: tuple[str, ...] = ()
    scale: Scale | None = None


@dataclass(frozen=True)
class Config:
    """`objects`: object's name → data field; `controls`: control's name → what it asks."""

    objects: Mapping[str, str] = field(default_factory=dict)
    controls: Mapping[str, Control] = field(default_factory=dict)


def read_config(path: str | Path) -> Config:
    """The configuration in an XML file, or in a project's JSON (its `label_config`); raises InputError naming the file."""
    path = Path(path).expanduser()
    try:
        text = read_file(path).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the labelling configuration cannot be read: {error}") from error
    if path.suffix.lower() == ".json":
        text = _inside(path, text)
    if "<!" in text.replace("<!--", ""):
        raise InputError(f"{path}: a labelling configuration has no <!DOCTYPE> or <!ENTITY>; take the configuration itself")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise InputError(f"{path}: not XML: {error}; copy it from the project's settings, Labeling Interface, Code") from error
    objects, controls = {}, {}
    for element in root.iter():
        name, value = element.get("name"), element.get("value", "")
        if name and element.get("toName"):
            controls[name] = _control(path, element)
        elif name and value.startswith("$"):
            objects[name] = value[1:]
    return Config(objects, controls)


def _inside(path: Path, text: str) -> str:
    try:
        project: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}: not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:  # a number too long, brackets too deep
        raise InputError(f"{path}: not a project's JSON: {error}") from error
    config = project.get("label_config") if isinstance(project, dict) else None
    if not isinstance(config, str):
        raise InputError(f"{path}: a project's JSON holds its configuration as label_config; this one does not. Give the XML")
    return config


def _control(path: Path, element: ElementTree.Element) -> Control:
    kind = element.tag.casefold()
    targets = tuple(name.strip() for name in element.get("toName", "").split(",") if name.strip())
    return Control(kind, targets, _scale(path, kind, element))


def _scale(path: Path, kind: str, element: ElementTree.Element) -> Scale | None:
    if kind == "rating":
        most = _attribute(path, element, "maxRating")
        most = _STARS if most is None else most
        if most < 1 or not most.is_integer():
            raise InputError(f"{path}: {_shown(element)} has maxRating={most:g}; stars are a whole number, 1 or more")
        return Scale(low=1, high=most) if most > 1 else None
    if kind == "number":
        low, high = (_attribute(path, element, key) for key in ("min", "max"))
    elif kind == "choices":
        # The export holds a choice's alias where it has one.
        values = [_float(choice.get("alias") or choice.get("value")) for choice in element.iter("Choice")]
        known = [value for value in values if value is not None]
        low, high = (min(known), max(known)) if known and len(known) == len(values) else (None, None)
    else:
        return None
    return Scale(low=low, high=high) if low is not None and high is not None and low < high else None


def _attribute(path: Path, element: ElementTree.Element, key: str) -> float | None:
    text = element.get(key)
    number = _float(text)
    if text and (number is None or not math.isfinite(number)):
        raise InputError(f"{path}: {_shown(element)} has {key}={text!r}, which is no number; correct it")
    return number


def _shown(element: ElementTree.Element) -> str:
    return f"<{element.tag} name={element.get('name')!r}>"


def _float(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
