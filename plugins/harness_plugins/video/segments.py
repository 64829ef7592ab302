"""Cues become segments: a stretch of text with its span of the video."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from harness.errors import did_you_mean
from harness_plugins.video.captions.cues import Cue

_SLACK = 0.5  # seconds: a cue that ends so little past the last picture keeps its end; players show that picture until then


class Limits(NamedTuple):
    """How much goes into one segment: as many cues in a row as all of these allow, at least one.

    `cues`: their number; `seconds`: from the first one's start to the last one's end; `words`: parted by blanks; `gap`: seconds
    from a cue's end to the next one's start. None: no limit."""

    cues: int | None = None
    seconds: float | None = None
    words: int | None = None
    gap: float | None = None


class Segment(NamedTuple):
    """Text of cues, and the span from the start of the first to the end of the last, seconds of the video."""

    start: float
    end: float
    text: str
    cues: tuple[Cue, ...]


class Fitted(NamedTuple):
    """Cues held against a video's length: those that are used; of these as they stood, the ones that were `cut` at its end, and
    how many `overlap` one before them; and those that are not used: all `past` its end or before its first frame, and `repeated`
    ones (the same text at the same time)."""

    cues: tuple[Cue, ...]
    cut: tuple[Cue, ...]
    overlap: int
    past: tuple[Cue, ...]
    repeated: tuple[Cue, ...]


def limits_of(value: Any) -> Limits:
    """Limits from a config: `{cues: 1}` (the default), `{seconds: 10}`, `{words: 40, gap: 2}`; ValueError for what is none."""
    if value is None:
        return Limits(cues=1)
    if not isinstance(value, Mapping):
        raise ValueError(f"segment is a mapping of limits such as {{words: 40, gap: 2}}, got {value!r:.80}")
    for key in value:
        if key not in Limits._fields:
            raise ValueError(f"segment: unknown limit {key!r}.{did_you_mean(str(key), Limits._fields)}")
    for key in ("cues", "words"):
        if value.get(key) is not None and (type(value[key]) is not int or value[key] < 1):
            raise ValueError(f"segment: {key} is a whole number from 1, got {value[key]!r:.80}")
    for key, least in (("seconds", "above 0"), ("gap", "from 0")):
        one = value.get(key)
        if one is not None and (isinstance(one, bool) or not isinstance(one, int | float) or not _is_time(key, one)):
            raise ValueError(f"segment: {key} is a number of seconds {least}, got {one!r:.80}")
    limits = Limits(**value)
    return Limits(cues=1) if limits == Limits() else limits


def fit(cues: Iterable[Cue], start: float, end: float) -> Fitted:
    """The cues in order of time (start, end, line), within a video whose pictures are there from `start` to `end`, seconds.

    A cue that begins before the end and ends after it is cut; one that ends past the first picture begins there at the earliest.
    """
    used: list[Cue] = []
    cut, past, repeated = [], [], []
    seen: set[tuple[float, float, str]] = set()
    overlap, reach = 0, -1.0
    for cue in sorted(cues, key=lambda cue: (cue.start, cue.end, cue.line, cue.text)):
        if (cue.start, cue.end, cue.text) in seen:
            repeated.append(cue)
            continue
        seen.add((cue.start, cue.end, cue.text))
        if cue.start >= end or cue.end <= start:
            past.append(cue)
            continue
        if cue.end > end + _SLACK:
            cut.append(cue)
        overlap += cue.start < reach
        reach = max(reach, cue.end)
        used.append(cue._replace(start=max(cue.start, start), end=end if cue.end > end + _SLACK else cue.end))
    return Fitted(tuple(used), tuple(cut), overlap, tuple(past), tuple(repeated))


def segments(cues: Sequence[Cue], limits: Limits) -> list[Segment]:
    """Segments of cues that are in order of time: each takes cues as long as the limits allow; every cue is in one."""
    found: list[Segment] = []
    held: list[Cue] = []
    end, words = 0.0, 0  # of what is held
    for cue in cues:
        own = len(cue.text.split())
        if held and (
            (limits.cues is not None and len(held) >= limits.cues)
            or (limits.seconds is not None and max(end, cue.end) - held[0].start > limits.seconds)
            or (limits.words is not None and words + own > limits.words)
            or (limits.gap is not None and cue.start - end > limits.gap)
        ):
            found.append(_segment(held, end))
            held, end, words = [], 0.0, 0
        held.append(cue)
        end, words = max(end, cue.end), words + own
    if held:
        found.append(_segment(held, end))
    return found


def _segment(cues: Sequence[Cue], end: float) -> Segment:
    return Segment(cues[0].start, end, " ".join(cue.text for cue in cues), tuple(cues))


def _is_time(key: str, value: float) -> bool:
    return (value > 0 if key == "seconds" else value >= 0) and value < float("inf")
