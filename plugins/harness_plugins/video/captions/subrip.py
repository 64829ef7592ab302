"""SRT: numbered cues of a line of times and lines of text."""

import re
from collections.abc import Iterator, Sequence

from harness_plugins.video.captions.cues import Cue, Problem, checked, clock
from harness_plugins.video.captions.markup import subrip_text

_TIMES = re.compile(r"\s*([\d:.,]+)\s*-->\s*([\d:.,]+)(?:\s+[XY]\d:.*)?\s*", re.ASCII)
_LIKE_TIMES = re.compile(r"\s*-?\d+:\d{1,2}(?::\d|[.,]\d).*\d:\d{1,2}[:.,]\d.*", re.ASCII)  # two times with anything between
_NUMBER = re.compile(r"\s*\d{1,9}\s*", re.ASCII)


def read_subrip(lines: Sequence[str]) -> Iterator[Cue | Problem]:
    """The cues, and what is wrong with those that cannot be used, in the order of the file.

    A cue ends where the next one's times (and number) begin, so a caption may hold an empty line, as players have it. Numbers may
    be missing or wrong.
    """
    starts = [at for at in range(len(lines)) if _is_times(lines, at)]
    heads = [at - 1 if at and _NUMBER.fullmatch(lines[at - 1]) else at for at in starts]
    yield from _untimed(lines, 0, heads[0] if heads else len(lines), before_all=True)
    for place, at in enumerate(starts):
        stop = heads[place + 1] if place + 1 < len(starts) else len(lines)
        lost = _lost(lines, at + 1, stop)
        found = _TIMES.fullmatch(lines[at])
        start, end = (clock(found[1]), clock(found[2])) if found else (None, None)
        if start is None or end is None:
            yield Problem(at + 1, "wrong-time", f"{lines[at].strip()!r:.80} is no `00:00:01,000 --> 00:00:02,000`")
        else:
            yield checked(start, end, subrip_text(lines[at + 1 : lost]), at + 1)
        yield from _untimed(lines, lost, stop)


def _is_times(lines: Sequence[str], at: int) -> bool:
    """Whether a line is one of times, be they wrong: an arrow in what is said is none."""
    line = lines[at]
    if _TIMES.fullmatch(line) or _LIKE_TIMES.fullmatch(line):
        return True
    return "-->" in line and (at == 0 or not lines[at - 1].strip() or bool(_NUMBER.fullmatch(lines[at - 1])))


def _lost(lines: Sequence[str], first: int, stop: int) -> int:
    """Where, between two lines of times, a cue begins that has a number and text but no times; `stop` where none does."""
    for at in range(first + 1, stop - 1):
        if _NUMBER.fullmatch(lines[at]) and not lines[at - 1].strip() and lines[at + 1].strip():
            return at
    return stop


def _untimed(lines: Sequence[str], first: int, stop: int, *, before_all: bool = False) -> Iterator[Problem]:
    text = " ".join(line.strip() for line in lines[first:stop] if line.strip())
    if text:
        line = next(at for at in range(first, stop) if lines[at].strip())
        what = "before the first line of times" if before_all else "a cue without a line of times"
        yield Problem(line + 1, "no-time", f"{what}: {text!r:.80}")
