"""Work that is begun before what it gives is asked for: beside other work where there is much of it, else then."""

import functools
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")

_FEWEST = 100_000  # outputs from which threads gain more than they cost
_AT_ONCE = 1_500_000  # outputs that are in work together: a cell of a million takes up to a gigabyte


class Cores:
    """Begins work on the cores that there are, for a set of so many outputs. A context manager: nothing goes on after it.

    Threads do, since compiled loops and array operations run without Python's lock. What is given never depends on them.
    """

    def __init__(self, outputs: int) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        workers = cores if outputs >= _FEWEST else 1
        self._pool = ThreadPoolExecutor(workers, "cell") if workers > 1 else None
        self._free, self._changed = _AT_ONCE, threading.Condition()

    def begin(self, work: Callable[[], T], outputs: int, after: Callable[[], object] | None = None) -> Callable[[], T]:
        """What gives the result of work on so many outputs, or raises what it raised. Work is begun in the order of these calls,
        as soon as there is room for it and `after` (what an earlier call gave) is done."""
        if self._pool is None:
            return functools.cache(work)
        return self._pool.submit(self._in_turn, work, min(outputs, _AT_ONCE), after).result

    def _in_turn(self, work: Callable[[], T], outputs: int, after: Callable[[], object] | None) -> T:
        if after is not None:
            after()  # before room is taken: what it waits for may need it
        with self._changed:
            self._changed.wait_for(lambda: self._free >= outputs)
            self._free -= outputs
        try:
            return work()
        finally:
            with self._changed:
                self._free += outputs
                self._changed.notify_all()

    def __enter__(self) -> "Cores":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
