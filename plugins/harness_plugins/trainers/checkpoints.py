"""Checkpoints from which a training goes on exactly: tensors in safetensors, and beside them the record that makes them count."""

import json
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.whole_files import replace_file, sync_folder

_STATE = "state"
_KEEP = 2  # one being whole while the next is written


def save(folder: Path, tensors: dict[str, Any], progress: dict[str, Any], settings: dict[str, Any]) -> None:
    """Writes a checkpoint whole: its tensors, and then the record."""
    from safetensors.torch import save_file

    home = folder / _STATE
    home.mkdir(parents=True, exist_ok=True)
    name = f"step-{progress['step']:08d}"
    beside = home / f"{name}.tmp"
    save_file({key: value.contiguous().clone() for key, value in tensors.items()}, beside)
    beside.replace(home / f"{name}.safetensors")
    sync_folder(home)
    replace_file(home / f"{name}.json", json.dumps({"settings": settings, "progress": progress}).encode())
    for old in sorted(home.glob("step-*.json"))[:-_KEEP]:
        old.unlink()
        old.with_suffix(".safetensors").unlink(missing_ok=True)


class Tensors:
    """A file's tensors, each read when it is asked for: a process that needs a part of each never holds them all."""

    def __init__(self, path: Path) -> None:
        from safetensors import safe_open

        self._file: Any = safe_open(path, framework="pt")
        self._names = frozenset(self._file.keys())

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def __getitem__(self, name: str) -> Any:
        return self._file.get_tensor(name)


def last(folder: Path, settings: dict[str, Any], free: tuple[str, ...], names: list[str]) -> tuple[dict[str, Any], Any] | None:
    """(progress, tensors) of the last checkpoint, None where there is none.

    `free`: settings that may have changed; `names`: of the parameters that it has to hold. Raises InputError where it is damaged,
    or belongs to other settings or another model.
    """
    from safetensors import SafetensorError

    records = sorted((folder / _STATE).glob("step-*.json"))
    if not records:
        return None
    record = records[-1]
    try:
        said = json.loads(record.read_bytes())
        tensors = Tensors(record.with_suffix(".safetensors"))
        before, progress = dict(said["settings"]), dict(said["progress"])
    except (ValueError, KeyError, TypeError, OSError, SafetensorError) as error:
        raise InputError(
            f"{record}: this checkpoint is damaged ({error}); delete {record.stem}.* to go on from the one before"
        ) from error
    changed = [key for key in settings if key not in free and before.get(key) != settings[key]]
    if changed:
        pairs = ", ".join(f"{key} was {before.get(key)} and is {settings[key]}" for key in changed)
        raise InputError(
            f"{folder}: a training with other settings was begun here ({pairs}); give it another name, or delete the folder"
        )
    lacking = [key for key in names if f"model.{key}" not in tensors]
    if lacking:
        raise InputError(f"{record}: this checkpoint lacks {lacking[0]}; it is of another model: delete the folder")
    return progress, tensors
