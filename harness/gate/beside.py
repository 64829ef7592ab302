"""Work done in a second process meanwhile, where this one can be forked safely; else here, when its result is asked for."""

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Generic, TypeVar

ResultT = TypeVar("ResultT")


class Beside(Generic[ResultT]):
    """A call without arguments that goes on in a child of this process until `result` is asked for.

    The child has this process's code and data as they are. Whatever goes wrong in it, the call is made here, and what it raises
    is raised by `result`.
    """

    def __init__(self, work: Callable[[], ResultT]) -> None:
        self._work = work
        self._child: int | None = None
        self._reading = -1
        if _forkable():
            self._start()

    def __enter__(self) -> "Beside[ResultT]":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self._end()

    def result(self) -> ResultT:
        """What the call returns; raises what it raises."""
        if self._child is None:
            return self._work()
        with os.fdopen(self._reading, "rb") as pipe:
            self._reading = -1
            data = pipe.read()
        _, status = os.waitpid(self._child, 0)
        self._child = None
        if status == 0:
            with suppress(Exception):  # half a result or one that cannot be read is none
                return pickle.loads(data)  # type: ignore[no-any-return]  # from our own child, by a pipe that nobody else has
        return self._work()

    def _start(self) -> None:
        self._reading, writing = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self._child = os.fork()
        if self._child:
            os.close(writing)
            return
        code = 1
        try:
            os.close(self._reading)
            data = pickle.dumps(self._work())
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(data)
            code = 0
        except BaseException:  # the parent makes the call again, and meets the error where it can be told
            code = 1
        finally:
            os._exit(code)

    def _end(self) -> None:
        if self._reading >= 0:
            os.close(self._reading)
            self._reading = -1
        if self._child is not None:
            with suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(self._child, 0)
            self._child = None


def _forkable() -> bool:
    """Whether a child may be made: no other Python thread could hold a lock, and there is a second core for it."""
    return sys.platform == "linux" and threading.active_count() == 1 and len(os.sched_getaffinity(0)) > 1
