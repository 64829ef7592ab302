"""Figures of the analyses as text, for tables of commands and pages."""

import math

from harness_plugins.retro.analyses.intervals import Figure


def figure(one: Figure, digits: int = 3) -> str:
    """`1.234 [1.100 1.400]`, or that it is not defined."""
    if one.value is None:
        return "not defined"
    if one.low is None or one.high is None:
        return f"{one.value:.{digits}f}"
    return f"{one.value:.{digits}f} [{one.low:.{digits}f} {one.high:.{digits}f}]"


def digits_of(one: Figure) -> int:
    """Digits behind the point that a value needs for five in all: 1097.1, 23.456, 1.0234."""
    return 3 if one.value is None or not one.value else min(4, max(0, 4 - math.floor(math.log10(abs(one.value)))))


def reasons(figures: dict[str, Figure]) -> list[str]:
    """Why a figure, or its interval, is not there: `name: reason`, each reason of several names once."""
    by_reason: dict[str, list[str]] = {}
    for name, one in figures.items():
        if one.note:
            by_reason.setdefault(one.note, []).append(name)
    return [f"{', '.join(names)}: {reason}" for reason, names in by_reason.items()]
