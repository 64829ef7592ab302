"""Peak memory of a piece of work in this process, where the system tells it."""

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path

_PROC = Path("/proc/self")


def peak_of(work: Callable[[], object], proc: Path = _PROC) -> int | None:
    """Bytes that the process held at most during the work, beyond what it held before; None where the system does not tell.

    Linux tells it (`VmHWM` of `/proc/self/status`, put back by writing 5 to `/proc/self/clear_refs`). Memory that was freed
    before is handed back to the system first, as far as the C library can: it would be taken again without being seen. The work
    is done either way.
    """
    gc.collect(1)  # what is young: a look at everything costs more than the work
    _hand_back()
    before = _held(proc) if _reset(proc) else None
    work()
    if before is None:
        return None
    now = _status(proc, "VmHWM")
    return None if now is None else max(0, now - before)


def _reset(proc: Path) -> bool:
    """Makes the peak the present size; whether that could be done."""
    try:
        with open(proc / "clear_refs", "w") as file:
            file.write("5")
    except OSError:
        return False
    return True


def _held(proc: Path) -> int | None:
    return _status(proc, "VmRSS")


def _status(proc: Path, key: str) -> int | None:
    try:
        lines = (proc / "status").read_text().splitlines()
    except OSError:
        return None
    found = next((line.split() for line in lines if line.startswith(f"{key}:")), None)
    return int(found[1]) * 1024 if found is not None and len(found) > 1 and found[1].isdecimal() else None


def _hand_back() -> None:
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):  # not the GNU C library
        return
