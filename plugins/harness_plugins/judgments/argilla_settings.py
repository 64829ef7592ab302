"""The settings of an Argilla dataset: the type and the scale of each question."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.records import Scale
from harness.whole_files import read_file
from harness_plugins.judgments.export_study import shaped

_PLACES = (".argilla/settings.json", "settings.json", "argilla.yaml", "argilla.cfg")


@dataclass(frozen=True)
class Question:
    """What a question asks: Argilla's type (rating, label_selection, …), its scale, and the field that its spans are in."""

    type: str
    scale: Scale | None = None
    field: str | None = None


def find_settings(file: Path, given: str | Path | None) -> dict[str, Question]:
    """Question's name → what it asks, from the file given or found beside the records; empty where there is none."""
    if given is not None:
        return _read(Path(given).expanduser())
    for folder in (file.parent, file.parent.parent):
        for place in _PLACES:
            if (folder / place).is_file():
                return _read(folder / place)
        if file.parent.name != "data":
            break
    return {}


def settings_places(path: Path) -> list[Path]:
    """Every file in which `find_settings` may look for the settings of the records that lie at the path, a file or a folder."""
    return [folder / place for folder in (path, path.parent, path.parent.parent) for place in _PLACES]


def _read(path: Path) -> dict[str, Question]:
    try:
        text = read_file(path).decode("utf-8")
        loaded = json.loads(text) if path.suffix == ".json" else _yaml(text)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: the settings cannot be read: {error}") from error
    questions = loaded.get("questions") if isinstance(loaded, dict) else None
    if not isinstance(questions, list):
        raise InputError(f"{path}: no questions are in it; give the dataset's settings.json or argilla.yaml")
    named = [one for one in questions if isinstance(one, dict) and "name" in one]
    if any(not isinstance(one.get("settings") or {}, dict) for one in named):
        raise InputError(f"{path}: the settings of a question are not a mapping; export the dataset's settings again")
    with shaped(str(path), "questions"):
        return {str(one["name"]): _question(one) for one in named}


def _yaml(text: str) -> Any:
    """Argilla 1 writes Python tags into its YAML; a tagged value is read as the plain value it holds, and nothing is built."""
    import yaml

    class Plain(yaml.SafeLoader):
        """A safe loader that does not mind tags that it does not know."""

    def plain(loader: Any, suffix: str, node: Any) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return loader.construct_scalar(node)
        values = loader.construct_sequence(node) if isinstance(node, yaml.SequenceNode) else loader.construct_mapping(node)
        return values[0] if isinstance(values, list) and len(values) == 1 else values

    Plain.add_multi_constructor("", plain)
    try:
        return yaml.load(text, Loader=Plain)  # a subclass of SafeLoader
    except yaml.YAMLError as error:
        raise ValueError(error) from error


def _question(said: Mapping[str, Any]) -> Question:
    settings = said.get("settings") or {}
    kind = str(settings.get("type") or said.get("type") or "")
    options = settings.get("options") or said.get("values") or said.get("labels") or ()
    values = [_number(option.get("value") if isinstance(option, dict) else option) for option in options]
    known = [value for value in values if value is not None]
    scaled = kind in ("rating", "label_selection") and len(known) == len(values) and len(set(known)) > 1
    field = settings.get("field") or said.get("field")
    return Question(kind, Scale(low=min(known), high=max(known)) if scaled else None, field)


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
