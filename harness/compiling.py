"""Compiled loops (numba) that are kept from one start to the next; where nothing can be kept, they are compiled at each start."""

import gc
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import numba
from numba.core import event

from harness.compiling_beside import compilation_begins

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def compiled(**options: Any) -> Callable[[FunctionT], FunctionT]:
    """Compiles the function for one thread, without Python's lock; `options` are numba's.

    numba keeps what it compiled beside the module or in the user's cache folder, and refuses to compile if it may write neither
    (a read-only image without a home): then it is compiled without being kept.
    """

    def compiling(function: FunctionT) -> FunctionT:
        shared = {"nogil": True, "no_cfunc_wrapper": True, **options}  # nothing calls them from C
        try:
            made: FunctionT = numba.njit(cache=True, **shared)(function)
        except RuntimeError:
            made = numba.njit(**shared)(function)
        return made

    return compiling


class Undisturbed(event.Listener):  # type: ignore[misc]  # numba has no types
    """While anything is compiled, which leaves no circles to speak of, Python looks for none: a ninth of the time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way = 0
        self._collects = False

    def on_start(self, event: Any) -> None:
        """A compilation begins, perhaps within another one."""
        with self._lock:
            if not self._under_way:
                self._collects = gc.isenabled()
                gc.disable()
                compilation_begins(event.data["dispatcher"].py_func.__module__)
            self._under_way += 1

    def on_end(self, event: Any) -> None:
        """One has ended, whether or not it came to something."""
        with self._lock:
            self._under_way -= 1
            if not self._under_way and self._collects:
                gc.enable()


event.register("numba:compile", Undisturbed())
