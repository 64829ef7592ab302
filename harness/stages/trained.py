"""What a training left: its record beside the checkpoint, the examples that it learned from, and whether the files are whole."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.config_parts import TRAINED
from harness.errors import InputError
from harness.experiment import read_examples
from harness.integrity import file_digest
from harness.records import Example, digest


class Material(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The examples of a training: where they lie (as `read_examples` takes it; relative to the record's folder), their digest,
    how many they are, and the splits that were learned from, None standing for examples without one; `splits` None: all."""

    path: str | None
    digest: str
    n: int
    splits: tuple[str | None, ...] | None = None


class Trained(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A finished checkpoint. `stage` changes with the trainer, its parameters and the examples; `checkpoint` is relative to
    the folder that holds this record; `files`: sha256 by path; `examples`: how many of each kind and split; `material`: which
    they are; `facts`: the trainer's own."""

    name: str
    trainer: str
    params: dict[str, Any]
    stage: str
    checkpoint: str
    files: dict[str, str]
    examples: dict[str, int]
    material: Material | None = None  # None in records of earlier versions
    facts: dict[str, Any] = {}


def read_trained(folder: Path, name: str) -> Trained:
    """What was trained under that name; InputError if nothing was, or if the checkpoint's files are not what training left."""
    found = find_trained(folder, name)
    if found is None:
        raise InputError(f"{folder} holds no finished training called {name!r}")
    wrong = damaged(folder, found)
    if wrong:
        raise InputError(
            f"{folder / found.checkpoint}: {wrong}; delete {folder / name} and {folder / name}.json, and train again"
        )
    return found


def learned_examples(folder: Path, trained: Trained) -> list[Example]:
    """The examples that the model was trained on, read again from where they lay.

    InputError where they are not known, no longer there, or others than those of the training.
    """
    known = trained.material
    if known is None or known.path is None:
        raise InputError(f"{folder / trained.name}.json does not say where the examples of this training lie; train it again")
    found = read_examples(folder / known.path)
    if digest(found) != known.digest:
        raise InputError(f"{folder / known.path} no longer holds the examples that {trained.name!r} was trained on")
    return [one for one in found if known.splits is None or one.split in known.splits]


def damaged(folder: Path, trained: Trained) -> str | None:
    """What is wrong with the checkpoint's files, or None."""
    home = folder / trained.checkpoint
    for path, sha256 in trained.files.items():
        if not (home / path).is_file():
            return f"{path} is missing"
        if file_digest(home / path) != sha256:
            return f"{path} is not what the training wrote (its sha256 differs)"
    return None


def begins_with(params: Mapping[str, Any], folder: Path) -> dict[str, Trained]:
    """By parameter, the finished training in the folder that its value `train:NAME` names; InputError where there is none."""
    return {key: read_trained(folder, name) for key, name in named_trainings(params).items()}


def named_trainings(params: Mapping[str, Any]) -> dict[str, str]:
    """By parameter, the name of the training that its value `train:NAME` names."""
    named = {key: value for key, value in params.items() if isinstance(value, str) and value.startswith(TRAINED)}
    return {key: value.removeprefix(TRAINED) for key, value in named.items()}


def find_trained(folder: Path, name: str) -> Trained | None:
    """The record of that name; None where nothing has been trained under it, InputError for a record that cannot be read."""
    try:
        return msgspec.json.decode((folder / f"{name}.json").read_bytes(), type=Trained)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise InputError(f"{folder / name}.json: not a training's record of this version ({error}); delete it") from error
