"""Files read and written whole: a reader never sees half of one, and a device that has no end is refused."""

import errno
import fcntl
import os
import stat
from pathlib import Path
from typing import IO


def read_file(path: Path) -> bytes:
    """The file's bytes; OSError also for a device that is no terminal: what it gives (`/dev/zero`) may have no end."""
    with path.open("rb") as file:
        if stat.S_ISCHR(os.fstat(file.fileno()).st_mode) and not file.isatty():
            raise OSError(errno.EINVAL, "it is a device, not a file", str(path))
        return file.read()


def replace_file(path: Path, data: bytes) -> None:
    """Writes the file beside itself and renames it, so that a reader sees the old one or the new one, whole.

    Two processes that write the same file take turns: what lies beside it is locked, and what a killed one left is written over.
    """
    beside = path.with_name(path.name + ".tmp")
    with _own(beside) as file:
        try:
            file.truncate(0)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.replace(beside, path)
        except BaseException:  # a full disk or Ctrl-C: half a file is of no use to anyone
            beside.unlink(missing_ok=True)
            raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes renames and new files in the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _own(beside: Path) -> IO[bytes]:
    """The file, opened and locked: another process may rename it between the two, and then it is made anew."""
    while True:
        file = beside.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.path.samestat(os.fstat(file.fileno()), os.stat(beside)):
                return file
        except FileNotFoundError:
            pass
        except BaseException:
            file.close()
            raise
        file.close()
