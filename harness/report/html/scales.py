"""Axes: where a value stands, in percent of the width or height, and which round numbers are marked."""

import math
from dataclasses import dataclass

from harness.report.html.text import finite

_HUGE = 1e150


@dataclass(frozen=True)
class Scale:
    """A linear axis from `low` to `high`; values beyond its ends stand at the ends."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """0 to 100: the place of the value, in percent."""
        return 100 * min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def percent(self, value: float) -> str:
        """The same as an attribute: `34.5%`."""
        return f"{self.at(value):.1f}".removesuffix(".0") + "%"

    def holds(self, value: float) -> bool:
        """Whether the value lies between the ends (rounding aside)."""
        slack = 1e-9 * (self.high - self.low)
        return self.low - slack <= value <= self.high + slack


def scale(low: float, high: float) -> Scale:
    """An axis with these ends; ends that are equal or no numbers are moved apart."""
    size = max(abs(low), abs(high))
    if not size < _HUGE:  # infinite, no number, or a difference that would overflow
        return Scale(0.0, 1.0)
    low, high = min(low, high), max(low, high)
    if high - low < 1e-9 * max(1.0, size):  # marks have twelve decimals
        apart = max(0.5, 1e-6 * size)
        low, high = low - apart, high + apart
    return Scale(low, high)


def around(values: list[float | None], share: float = 0.04) -> Scale:
    """An axis that holds all the values with a margin; 0 to 1 where there are none."""
    known = [number for value in values if (number := finite(value)) is not None]
    if not known:
        return Scale(0.0, 1.0)
    tight = scale(min(known), max(known))
    margin = share * (tight.high - tight.low)
    return Scale(tight.low - margin, tight.high + margin)


def ticks(axis: Scale, most: int = 6) -> list[float]:
    """At most `most` round numbers on the axis, 1, 2, 2.5 or 5 times a power of ten apart."""
    span = axis.high - axis.low
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10, 20, 25, 50) if _fits(axis, factor * power, most))
    first = math.ceil(axis.low / step - 1e-9)
    return [round(i * step, 12) for i in range(first, math.floor(axis.high / step + 1e-9) + 1)]


def tick_label(value: float, step: float) -> str:
    """The number with as many decimals as the distance between two marks needs: `.45`, `20`."""
    size = max(abs(value), abs(step))
    if size >= 1e6 or (0 < size < 1e-4):
        return f"{value:g}".replace("-", "−")
    decimals = next(d for d in range(12) if d == 11 or abs(round(step, d) - step) < 1e-9 * max(step, 1e-9))
    text = f"{value:.{decimals}f}"
    if 0 < abs(value) < 1:
        text = text.replace("0.", ".", 1)
    return text.replace("-", "−")


def labelled(axis: Scale, most: int = 6) -> list[tuple[float, str]]:
    """The marks of the axis with their labels."""
    marks = ticks(axis, most)
    step = marks[1] - marks[0] if len(marks) > 1 else (abs(marks[0]) if marks and marks[0] else 1.0)
    return [(mark, tick_label(mark, round(step, 12))) for mark in marks]


def _fits(axis: Scale, step: float, most: int) -> bool:
    return math.floor(axis.high / step + 1e-9) - math.ceil(axis.low / step - 1e-9) + 1 <= most
