"""The state of a file, and whether it is still the same: its times are trusted where they can be, else its sha256 decides."""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from stat import S_ISREG
from typing import Any

import msgspec

from harness.integrity import file_digest

MOST = 20_000  # files of a folder; of a larger one no state is taken
_CLEARLY = 2.0  # seconds after which any further change of a file shows in its times, on every file system
_HASHED = 64 * 2**20  # bytes of files, in all, whose digests are kept although their times tell enough


class TooManyError(Exception):
    """A folder holds more files than can be looked at in no time."""


class FileState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file as it was. `sure`: any later change shows in its times; `sha256` may be None for a file that is."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    sure: bool
    sha256: str | None = None


class States(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files by absolute path, with None where there was none; folders by path, with the names of all files below them."""

    files: dict[str, FileState | None] = {}
    folders: dict[str, list[str]] = {}


def states(paths: Iterable[Path]) -> States:
    """The states of files, and of folders with all that lies below; raises TooManyError, or OSError for what cannot be read."""
    now = time.time()
    files: dict[str, FileState | None] = {}
    folders: dict[str, list[str]] = {}
    for path in paths:
        place = path.absolute()
        if place.is_dir():
            names = folders[str(place)] = list_files(place)
            files |= {str(place / name): file_state(place / name, now) for name in names}
        else:
            files[str(place)] = file_state(place, now)
    return States(files, folders)


def file_state(path: Path, now: float) -> FileState | None:
    """The file's state at that time; None if there is none, and OSError if it is a device or a pipe, which has no state."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not S_ISREG(found.st_mode):
        raise OSError(f"{path} is no regular file")
    sure = max(found.st_mtime, found.st_ctime) < now - _CLEARLY
    times = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
    return FileState(*times, sure, None if sure else file_digest(path))


def with_digests(then: States) -> States:
    """The states with digests of the small files, by which one that is only copied, restored or touched is known again."""
    left = _HASHED
    files = dict(then.files)
    for path, state in then.files.items():
        if state is not None and state.sha256 is None and state.size <= left:
            left -= state.size
            files[path] = msgspec.structs.replace(state, sha256=file_digest(Path(path)))
    return msgspec.structs.replace(then, files=files)


def same(then: States) -> bool:
    """Whether every file and folder is as it was then."""
    return all(same_file(Path(path), state) for path, state in then.files.items()) and all(
        _same_names(Path(path), names) for path, names in then.folders.items()
    )


def same_file(path: Path, then: FileState | None) -> bool:
    """Whether the file is as it was then (None: still absent). One that is there under other times is read."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return then is None
    except OSError:
        return False
    if then is None or not S_ISREG(found.st_mode) or found.st_size != then.size:
        return False
    times = (found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
    if then.sure and times == (then.mtime_ns, then.ctime_ns, then.inode):
        return True
    try:
        return then.sha256 is not None and file_digest(path) == then.sha256
    except OSError:
        return False


def list_files(folder: Path) -> list[str]:
    """Names, relative to the folder, of all files below it, sorted; without compiled Python. Raises TooManyError."""
    return sorted(_files(str(folder), ""))


def named_files(**params: Any) -> list[Path]:
    """The `reads` of a plugin that reads the files and folders named by its parameters, if any are, and no others."""
    return [Path(text).expanduser() for value in params.values() for text in _texts(value) if text and "\0" not in text]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str | Path):
        yield str(value)
    elif isinstance(value, Mapping):
        yield from (text for inner in value.values() for text in _texts(inner))
    elif isinstance(value, list | tuple | set):
        yield from (text for inner in value for text in _texts(inner))


def _files(folder: str, above: str) -> Iterator[str]:
    count = 0
    waiting = [(folder, above)]
    while waiting:
        place, prefix = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                count += 1
                if count > MOST:
                    raise TooManyError(folder)
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        waiting.append((entry.path, f"{prefix}{entry.name}/"))
                else:
                    yield prefix + entry.name


def _same_names(folder: Path, names: list[str]) -> bool:
    try:
        return list_files(folder) == names
    except (OSError, TooManyError):
        return False
