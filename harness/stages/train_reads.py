"""What a training reads beside its examples (a model's files, a database's listing), and whether those are still the same."""

import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from harness.errors import InputError
from harness.file_states import FileState, TooManyError, file_state, list_files, same_file
from harness.integrity import file_digest
from harness.protocols import TrainerSpec
from harness.registry import PluginRef
from harness.whole_files import replace_file

States = dict[str, FileState]


def check_reads(record: Path, spec: TrainerSpec, ref: PluginRef, *, begun: bool) -> None:
    """Keeps the state of every file that the trainer says it reads; where a training has `begun` or is finished, InputError
    naming the first of them that is another now: its size, or its content where its times differ. A file that is not there yet,
    and what a trainer cannot tell (a model on a hub without a commit), is not looked at.

    `record`: the file that keeps them. A training begun before there was one has none, and is taken as it is.
    """
    if begun:
        try:
            held = msgspec.json.decode(record.read_bytes(), type=States)
        except FileNotFoundError:
            return
        except msgspec.DecodeError as error:
            raise InputError(f"{record} cannot be read ({error}); delete it to go on without knowing what was read") from error
        changed = next((path for path, state in held.items() if not same_file(Path(path), state)), None)
        if changed is not None:
            raise InputError(
                f"{changed} is not what it was when the training in {record.parent} began, which would now be another; give the "
                f"training another name, delete {record.parent}, or put the file back"
            )
        return
    paths = None if spec.reads is None else spec.reads(**ref.params)
    try:
        replace_file(record, msgspec.json.format(msgspec.json.encode(_states(paths or ())), indent=1) + b"\n")
    except (TooManyError, OSError):
        record.unlink(missing_ok=True)  # of an earlier attempt


def _states(paths: Iterable[str | Path]) -> States:
    now = time.time()
    found: States = {}
    for path in map(Path, paths):
        for file in [path / name for name in list_files(path)] if path.is_dir() else [path]:
            state = file_state(file, now)
            if state is not None:
                found[str(file)] = msgspec.structs.replace(state, sha256=state.sha256 or file_digest(file))
    return found
