"""Who is asking now: a file that its process keeps locked, so that others can tell who is gone, however it ended."""

import os
import uuid
from pathlib import Path


class Owner:
    """One that asks: `token` names it in the store until `close`, or until its process ends."""

    def __init__(self, folder: Path) -> None:
        self.token = uuid.uuid4().hex
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / self.token
        self._descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        _lock(self._descriptor, shared=False)

    def close(self) -> None:
        """From here on it is gone."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def is_asking(folder: Path, token: str) -> bool:
    """Whether the owner of this token still lives. Takes away what a killed one left."""
    path = folder / token
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        if not _lock(descriptor, shared=True):
            return True
        path.unlink(missing_ok=True)
        return False
    finally:
        os.close(descriptor)


def _lock(descriptor: int, *, shared: bool) -> bool:
    """Takes the lock, which the system frees when its holder ends; False where another has it, or there are no such locks."""
    try:
        import fcntl
    except ImportError:  # then every owner counts as living until its calls have run out of time
        return False
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        return True
    except OSError:
        return False
