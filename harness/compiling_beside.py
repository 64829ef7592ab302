"""A second process that compiles the loops that a command needs later, while the command compiles those that it needs first."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_asked: list[tuple[str, str]] = []
_started: list[subprocess.Popen[bytes]] = []


@contextmanager
def compiling_beside(module: str, package: str) -> Iterator[None]:
    """In the block, the first compilation of a loop starts `python -m module`, which compiles those of `package`.

    It puts them where numba keeps what it compiled, and this process finds them there; what both are at is compiled twice.
    Nothing is started where nothing has to be compiled, on a single core, or where the first loop is of `package` itself: it
    would be late.
    """
    if (os.cpu_count() or 1) > 1 and sys.executable:
        _asked.append((module, package))
    try:
        yield
    finally:
        _asked.clear()
        while _started:
            process = _started.pop()
            process.kill()
            process.wait()


def compilation_begins(module: str) -> None:
    """A loop of this module is being compiled."""
    if not _asked:
        return
    asked, package = _asked.pop()
    if module.startswith(f"{package}."):
        return
    with suppress(OSError):  # it is only faster
        nothing = subprocess.DEVNULL
        _started.append(subprocess.Popen([sys.executable, "-P", "-m", asked], stdin=nothing, stdout=nothing, stderr=nothing))
