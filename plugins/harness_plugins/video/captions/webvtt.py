"""WebVTT: https://www.w3.org/TR/webvtt1/."""

import re
from collections.abc import Iterator, Sequence

from harness_plugins.video.captions.cues import Cue, Problem, checked, clock
from harness_plugins.video.captions.markup import webvtt_text

_TIMES = re.compile(r"\s*([\d:.,]+)\s*-->\s*([\d:.,]+)(?:\s+.*)?", re.ASCII)
_ASIDE = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t].*)?")


def is_webvtt(lines: Sequence[str]) -> bool:
    """Whether the first line is a WebVTT file's."""
    return bool(lines) and re.fullmatch(r"WEBVTT(?:[ \t].*)?", lines[0]) is not None


def read_webvtt(lines: Sequence[str]) -> Iterator[Cue | Problem]:
    """The cues, and what is wrong with those that cannot be used, in the order of the file. Notes, styles and regions are none.

    As in the standard, a cue's text ends with an empty line or where another line with an arrow stands.
    """
    at = 1
    while at < len(lines) and lines[at].strip() and "-->" not in lines[at]:
        at += 1  # the rest of the header
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        stop = next((end for end in range(at, len(lines)) if not lines[end].strip()), len(lines))
        yield from _block(lines, at, stop)
        at = stop


def _block(lines: Sequence[str], first: int, stop: int) -> Iterator[Cue | Problem]:
    """The cues of lines that no empty line parts: one, unless a line with an arrow begins another."""
    if _ASIDE.fullmatch(lines[first]) and (first + 1 == stop or "-->" not in lines[first + 1]):
        return
    arrows = [at for at in range(first, stop) if "-->" in lines[at]]
    if not arrows or arrows[0] > first + 1:
        end = arrows[0] if arrows else stop
        text = " ".join(line.strip() for line in lines[first:end])
        yield Problem(first + 1, "no-time", f"a cue without a line of times: {text!r:.80}")
    for place, at in enumerate(arrows):
        end = arrows[place + 1] if place + 1 < len(arrows) else stop
        found = _TIMES.fullmatch(lines[at])
        start, until = (clock(found[1]), clock(found[2])) if found else (None, None)
        if start is None or until is None:
            yield Problem(at + 1, "wrong-time", f"{lines[at].strip()!r:.80} is no `00:01.000 --> 00:02.000`")
            continue
        text, speaker = webvtt_text(lines[at + 1 : end])
        yield checked(start, until, text, at + 1, speaker)
