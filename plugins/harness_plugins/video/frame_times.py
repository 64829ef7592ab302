"""Which frame is shown at which time: a grid of times laid over the frames of a video, whatever their rate."""

import math
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

ROUNDING = 6e-4  # seconds: containers round a frame's time to milliseconds, so one may seem to begin this much too late


def grid_time(number: int, rate: float, start: float = 0.0) -> float:
    """The grid's time of that number: `start + number / rate`, seconds."""
    return start + number / rate


def first_at(time: float, rate: float, start: float = 0.0) -> int:
    """The number of the first time of the grid, 0 or more, at which a frame that appears at `time` is shown."""
    number = max(0, math.floor((time - ROUNDING - start) * rate) - 1)
    while grid_time(number, rate, start) + ROUNDING < time:
        number += 1
    return number


def shown(
    frames: Iterable[tuple[float, float | None, T]], rate: float, start: float = 0.0, end: float | None = None
) -> Iterator[tuple[float, T, float, bool]]:
    """Each time `start + i / rate` before `end` and before the video's end, with the frame that is shown then.

    `frames`: times at which they appear, how long each stays (None: not known) and the frames, in a player's order. Comes out:
    the grid's time, the frame, the time at which it appeared, and whether it came out for the time before already. Shown is the
    last frame that appeared at that time or before; `ROUNDING` is allowed for. Before the first one nothing is shown. A frame
    that would appear before one that came earlier is left out: no player goes back. The last frame stays for its own duration,
    else as long as the one before it; one that is alone and tells no duration is shown for an instant.
    """
    limit = math.inf if end is None else end
    held: tuple[float, T] | None = None
    number, new, interval, stays = 0, True, 0.0, 0.0
    for time, duration, frame in frames:
        if held is None:
            number = first_at(time, rate, start)
        else:
            if time < held[0]:
                continue
            interval = time - held[0] or interval
            while (now := grid_time(number, rate, start)) < limit and now + ROUNDING < time:
                yield now, held[1], held[0], not new
                number, new = number + 1, False
        if grid_time(number, rate, start) >= limit:
            return
        held, new = (time, frame), True
        stays = duration if duration else interval
    if held is None:
        return
    last = max(held[0] + stays - ROUNDING, math.nextafter(held[0] + ROUNDING, math.inf))
    while (now := grid_time(number, rate, start)) < min(limit, last):
        yield now, held[1], held[0], not new
        number, new = number + 1, False
