"""What a training reads beside its examples (a model's files, a database's listing), and whether those are still the same."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import InputError
from harness.file_states import FileState, TooManyError, file_state, list_files, same_file
from harness.integrity import file_digest
from harness.protocols import TrainerSpec
from harness.whole_files import replace_file

_OF_A_MODEL = (".bin", ".gguf", ".json", ".model", ".safetensors")  # a new file of these changes what is loaded
_BESIDE = (".lock", ".log", ".md")  # of a folder; notes that change nothing


class _Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The files that were read, with their sha256, and the names of all model files in the folders."""

    files: dict[str, FileState] = {}
    folders: dict[str, list[str]] = {}


def check_reads(record: Path, spec: TrainerSpec, params: Mapping[str, Any], run: Path, *, begun: bool) -> None:
    """Keeps the state of every file that the trainer says it reads, but for those below `run`; where a training has `begun` or
    is finished, InputError naming the first that is another now (its size, or its content where its times differ), or that is
    new in a model's folder. One that is gone is not looked for: a finished model needs its base no more.

    `record`: the file that keeps them. Where there is none (the training was begun by an earlier version, or the trainer cannot
    tell: a model on a hub without a commit, a folder of more than 20,000 files) nothing is checked.
    """
    if not begun:
        try:
            read = _look(_said(spec, params), run.resolve())
        except (OSError, TooManyError):
            record.unlink(missing_ok=True)  # of an earlier attempt
        else:
            replace_file(record, msgspec.json.format(msgspec.json.encode(read), indent=1) + b"\n")
        return
    try:
        held = msgspec.json.decode(record.read_bytes(), type=_Read)
    except FileNotFoundError:
        return
    except msgspec.DecodeError as error:
        raise InputError(f"{record} cannot be read ({error}); delete it to go on without knowing what was read") from error
    changed = next(_changed(held, run.resolve()), None)
    if changed is not None:
        raise InputError(
            f"{changed} when the training in {record.parent} began, which would now be another; give the training another name, "
            f"delete {record.parent}, or put the file back"
        )


def _said(spec: TrainerSpec, params: Mapping[str, Any]) -> list[Path]:
    """What the trainer says it reads; nothing where it cannot tell. Parameters that change no result name nothing that counts."""
    if spec.reads is None:
        return []
    try:
        said = spec.reads(**{key: value for key, value in params.items() if key not in spec.free})
        return [Path(path) for path in said or ()]
    except Exception:  # a stranger's function, by which no training is kept from beginning
        return []


def _look(paths: Iterable[Path], run: Path) -> _Read:
    now = time.time()
    read = _Read()
    for path in paths:
        if path.is_dir():
            names = _names(path, run)
            read.folders[str(path)] = [name for name in names if name.endswith(_OF_A_MODEL)]
            for name in names:
                read.files.update(_state(path / name, now))
        elif not path.resolve().is_relative_to(run):
            read.files.update(_state(path, now))
    return read


def _state(file: Path, now: float) -> Iterator[tuple[str, FileState]]:
    """The file with its state and digest; nothing for what is no file, or has a name that is no text."""
    try:
        str(file).encode()
        state = file_state(file, now)
        if state is not None:
            yield str(file), msgspec.structs.replace(state, sha256=state.sha256 or file_digest(file))
    except (OSError, UnicodeEncodeError):
        return


def _changed(held: _Read, run: Path) -> Iterator[str]:
    for name, state in held.files.items():
        if Path(name).exists() and not same_file(Path(name), state):
            yield f"{name} is not what it was"
    for folder, names in held.folders.items():
        known = frozenset(names)
        with suppress(OSError, TooManyError):
            new = [name for name in _names(Path(folder), run) if name.endswith(_OF_A_MODEL) and name not in known]
            yield from (f"{Path(folder) / name} was not there" for name in new)


def _names(folder: Path, run: Path) -> list[str]:
    """The files below the folder that can be a model's; not those of the training itself, where it writes into the folder."""
    return [name for name in list_files(folder) if not _is_beside(name) and not (folder / name).resolve().is_relative_to(run)]


def _is_beside(name: str) -> bool:
    return name.endswith(_BESIDE) or any(part.startswith(".") for part in name.split("/"))
