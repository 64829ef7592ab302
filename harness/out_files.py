"""Files that a user names for a program to write: a run's own files are never among them, and streams are written through."""

import os
from collections.abc import Callable
from pathlib import Path

from harness.errors import InputError
from harness.store import TABLES
from harness.whole_files import replace_file

_OWN = frozenset({"manifest.json", "config.yaml", "unchanged.json", ".lock", *(table.file for table in TABLES.values())})
_OPENED = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/")  # links, perhaps to a regular file that the shell has opened


def write_out(path: Path, data: bytes, replaceable: Callable[[Path], bool]) -> None:
    """Writes the file beside itself and renames it; a device or a pipe is written to.

    Raises InputError where it belongs to a run, or where something else is there that is not `replaceable`.
    """
    if is_stream(path):
        _write_through(path, data)
        return
    path = path.resolve()  # a link stays one
    check_not_of_run(path)
    if path.is_file() and path.stat().st_size and not replaceable(path):
        raise InputError(f"{path} is there already and is no report; name another file, or move this one away")
    replace_file(path, data)


def check_not_of_run(path: Path) -> None:
    """Raises InputError if the path is one of the files that make up a run: manifest, config, tables or segments."""
    path = path.resolve()
    is_own = path.name.casefold() in _OWN and _is_run(path.parent)
    is_segment = any(parent.name == "segments" and _is_run(parent.parent) for parent in path.parents)
    if is_own or is_segment:
        raise InputError(f"{path} is part of a run, which would be lost; name another file")


def is_stream(path: Path) -> bool:
    """Whether it is a device, a pipe or a socket: written to, never replaced."""
    return str(path.absolute()).startswith(_OPENED) or (path.exists() and not path.is_file() and not path.is_dir())


def _is_run(folder: Path) -> bool:
    return (folder / "manifest.json").is_file() or (folder / ".lock").is_file()


def _write_through(path: Path, data: bytes) -> None:
    # without O_CREAT and O_TRUNC: a device that is not there is an error, and what is before it in a file stays
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND), "wb", buffering=0) as stream:
        left = memoryview(data)
        while left:
            left = left[stream.write(left) :]
