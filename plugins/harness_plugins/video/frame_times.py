"""Which frame is shown at which time: a grid of times laid over the frames of a video, whatever their rate."""

import math
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

ROUNDING = 6e-4  # seconds: containers round a frame's time to milliseconds, so one may seem to begin this much too late


def grid_time(number: int, rate: float, start: float = 0.0) -> float:
    """The grid's time of that number: `start + number / rate`, seconds."""
    return start + number / rate


def shown(
    frames: Iterable[tuple[float, float | None, T]], rate: float, start: float = 0.0, end: float | None = None
) -> Iterator[tuple[float, T, float, bool]]:
    """Each time `start + i / rate` before `end` and before the video's end, with the frame that is shown then.

    `frames`: times at which they appear, how long each stays (None: not known) and the frames, in the order of a player. Times
    count from the first frame's. Comes out: the grid's time, the frame, the time at which it appeared, and whether it came out
    for the time before already. Shown is the last frame that appeared at that time or before; `ROUNDING` is allowed for. A frame
    that is to appear before one that came earlier is left out: no player goes back. The last frame stays for its own duration,
    else as long as the one before it, and one alone is shown at its own time at least.
    """
    limit = math.inf if end is None else end
    number = 0
    held: tuple[float, T] | None = None
    first = interval = stays = 0.0
    new = True
    for time, duration, frame in frames:
        if held is None:
            first = time
        else:
            if time - first < held[0]:
                continue
            if time - first > held[0]:
                interval = time - first - held[0]
            while (now := grid_time(number, rate, start)) < limit and time - first > now + ROUNDING:
                yield now, held[1], held[0], not new
                number, new = number + 1, False
            if now >= limit:
                return
        held, new = (time - first, frame), True
        stays = duration if duration else interval
    if held is None:
        return
    limit = min(limit, max(held[0] + stays - ROUNDING, math.nextafter(held[0] + ROUNDING, math.inf)))
    while (now := grid_time(number, rate, start)) < limit:
        yield now, held[1], held[0], not new
        number, new = number + 1, False
