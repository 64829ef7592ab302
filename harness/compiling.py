"""Compiled loops (numba) that are kept from one start to the next; where nothing can be kept, they are compiled at each start."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def compiled(**options: Any) -> Callable[[FunctionT], FunctionT]:
    """Compiles the function for one thread, without Python's lock; `options` are numba's.

    numba keeps what it compiled beside the module or in the user's cache folder, and refuses to compile if it may write neither
    (a read-only image without a home): then it is compiled without being kept.
    """

    def compiling(function: FunctionT) -> FunctionT:
        try:
            made: FunctionT = numba.njit(cache=True, nogil=True, **options)(function)
        except RuntimeError:
            made = numba.njit(nogil=True, **options)(function)
        return made

    return compiling
