"""Values that a retriever's parameters may have: each is given back, or refused with its name and what is allowed."""

import math
from collections.abc import Iterable
from numbers import Real
from typing import Any


def finite(what: str, value: Any, least: float, most: float = math.inf) -> float:
    """The number. Raises ValueError for anything but a finite one from `least` to `most`."""
    allowed = f"a finite number, {least:g} or more" if most == math.inf else f"a number between {least:g} and {most:g}"
    if isinstance(value, Real) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:  # a whole number that no float holds
            number = math.inf
        if math.isfinite(number) and least <= number <= most:
            return number
    raise ValueError(f"{what} must be {allowed}, got {value!r}")


def whole(what: str, value: Any, least: int = 1) -> int:
    """The whole number. Raises ValueError for anything but one of `least` or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{what} must be a whole number, {least} or more, got {value!r}")
    return value


def text(what: str, value: Any) -> str:
    """The text. Raises ValueError for anything else."""
    if not isinstance(value, str):
        raise ValueError(f"{what} must be text, got {value!r}")
    return value


def one_of(what: str, value: Any, known: Iterable[str]) -> str:
    """The word. Raises ValueError for one that is not known."""
    names = tuple(known)
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"{what} {value!r} is none of {', '.join(names)}")
    return value
