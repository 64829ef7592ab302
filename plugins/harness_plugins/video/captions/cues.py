"""What captions are once they are read: cues, and what is wrong with those that could not be used."""

import re
from typing import Literal, NamedTuple

ProblemReason = Literal[
    "wrong-time", "ends-before-start", "no-duration", "no-time", "no-text", "no-json", "wrong-keys", "repeated"
]

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


def has_word(text: str) -> bool:
    """Whether there is a letter or a digit in it."""
    return any(character.isalnum() for character in text)


def checked(start: float, end: float, text: str, line: int, speaker: str | None = None) -> Cue | Problem:
    """The cue, or what is wrong with it."""
    if end < start:
        return Problem(line, "ends-before-start", f"ends at {end:g} s, before it starts at {start:g} s: {text!r:.60}")
    if end == start:
        return Problem(line, "no-duration", f"starts and ends at {start:g} s: {text!r:.60}")
    if not has_word(text):
        said = f"no word in {text!r:.60}" if text else "nothing is written"
        return Problem(line, "no-text", f"{said}, from {start:g} to {end:g} s")
    return Cue(start, end, text, line, speaker)
