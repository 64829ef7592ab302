"""What captions are once they are read: cues, and what is wrong with those that could not be used."""

import math
import re
from typing import Literal, NamedTuple

ProblemReason = Literal["wrong-time", "ends-before-start", "no-duration", "no-time", "no-text", "no-json", "wrong-keys"]

_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{2})(?:[.,](\d{3}))?", re.ASCII)


class Cue(NamedTuple):
    """Text that is shown from `start` to `end`, seconds; without tags, on one line in SRT and WebVTT. `line`: where it begins in
    the file, from 1; `speaker`: who says it, where the file tells."""

    start: float
    end: float
    text: str
    line: int
    speaker: str | None = None


class Problem(NamedTuple):
    """A cue that cannot be used: the line where it begins, why, and what stands there."""

    line: int
    reason: ProblemReason
    detail: str


class Captions(NamedTuple):
    """The cues of a file by start, end and line, whatever their order there; and the cues that were left out, by line."""

    cues: tuple[Cue, ...]
    problems: tuple[Problem, ...]


def clock(text: str) -> float | None:
    """Seconds of `[hours:]minutes:seconds[.milliseconds]`, with a comma or a point; None for what is no such time."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds, thousandths = (int(part or 0) for part in found.groups())
    if minutes > 59 or seconds > 59 or hours > 10_000:
        return None
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000


def checked(start: float, end: float, text: str, line: int, speaker: str | None = None) -> Cue | Problem:
    """The cue, or what is wrong with it."""
    if not (math.isfinite(start) and math.isfinite(end) and start >= 0):
        return Problem(line, "wrong-time", f"from {start:g} to {end:g} s: times are seconds from the video's start")
    if end < start:
        return Problem(line, "ends-before-start", f"ends at {end:g} s, before it starts at {start:g} s: {text!r:.60}")
    if end == start:
        return Problem(line, "no-duration", f"starts and ends at {start:g} s: {text!r:.60}")
    if not text:
        return Problem(line, "no-text", f"nothing is written from {start:g} to {end:g} s")
    return Cue(start, end, text, line, speaker)
