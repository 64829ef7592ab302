"""Figures of the analyses as text, for tables of commands and pages."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness_plugins.retro.analyses.intervals import Figure


def figure(one: "Figure", digits: int = 3) -> str:
    """`1.234 [1.100 1.400]`, or that it is not defined."""
    if one.value is None:
        return "not defined"
    if one.low is None or one.high is None:
        return f"{one.value:.{digits}f}"
    return f"{one.value:.{digits}f} [{one.low:.{digits}f} {one.high:.{digits}f}]"


def digits_of(one: "Figure") -> int:
    """Digits behind the point that a value needs for five in all: 1097.1, 23.456, 1.0234."""
    return 3 if one.value is None or not one.value else min(4, max(0, 4 - math.floor(math.log10(abs(one.value)))))


def reasons(figures: "dict[str, Figure]") -> list[str]:
    """Why a figure, or its interval, is not there: `name: reason`, each reason of several names once."""
    by_reason: dict[str, list[str]] = {}
    for name, one in figures.items():
        if one.note:
            by_reason.setdefault(one.note, []).append(name)
    return [f"{', '.join(names)}: {reason}" for reason, names in by_reason.items()]


def percent(change: "Figure") -> str:
    """`-13.7 % [-15.0 -12.4]` of a share; small ones with as many digits as its largest number needs for two, at most four."""
    if change.value is None:
        return "not defined"
    bounds = () if change.low is None or change.high is None else (change.low, change.high)
    largest = 100 * max(map(abs, (change.value, *bounds)))
    digits = min(4, max(1, 1 - math.floor(math.log10(largest)))) if largest >= 5e-5 else 1  # below it is rounding of sums
    value, *shown = (_signed(100 * one, digits) for one in (change.value, *bounds))
    return f"{value} % [{' '.join(shown)}]" if shown else f"{value} %"


def disk_size(number: int) -> str:
    """`512 B`, `12.3 kB`, `4.0 MB`: bytes in the unit that fits."""
    size, unit = float(number), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.1f} {unit}" if unit != "B" else f"{number} B"


def _signed(number: float, digits: int) -> str:
    """With its sign, unless all digits are 0."""
    text = f"{number:+.{digits}f}"
    return text if text.strip("+-0.") else text[1:]
