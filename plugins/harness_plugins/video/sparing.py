"""Which frames of a video need not be decoded: those that no time of the grid shows and no other frame is made from.

The times of all packets are read first, without decoding, and the grid is laid over them; packets of frames that are not shown
are handed to the decoder with the word that it may drop them if nothing refers to them. Pictures are the same to the bit. Where
what comes out is not what the packets promised, everything is decoded instead.
"""

from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from harness_plugins.video.frame_times import shown
from harness_plugins.video.wholeness import check_end

if TYPE_CHECKING:
    from harness_plugins.video.decoding import OpenVideo

_CODECS = {"h264", "mpeg4", "mpeg2video"}  # in which a frame says whether others refer to it, and decoders heed it
_WORTH = 0.7  # of the frames may be shown, at most: beyond, reading the times costs more than it spares


class Unplanned(Exception):
    """What was decoded is not what the packets promised."""


class Pick(NamedTuple):
    """A time of the grid, the stamp of the frame that is shown then, since when, and whether it is the one before's."""

    time: float
    stamp: int
    since: float
    repeated: bool


class Plan(NamedTuple):
    """What is shown at the times of the grid, and the stamp of the video's first frame."""

    picks: list[Pick]
    first: int


def plan_of(video: "OpenVideo", rate: float, start: float, end: float | None) -> Plan | None:
    """The plan by the packets' times; None where nothing would be spared, or it cannot be told. BrokenVideo where they end well
    before the file says."""
    if video.stream.codec_context.name not in _CODECS or rate * video.interval > _WORTH:
        return None
    times = _times(video)
    if times is None:
        return None
    from harness_plugins.video.decoding import STILL

    base, usual = float(video.stream.time_base), video.interval
    first, zero = times[0][0], video.clock_start(times[0][0] * base)
    last = max(stamp * base + (stays * base or usual) for stamp, stays in times)
    if end is None or end > last - zero:
        check_end(video, last)
    if any(after[0] - before[0] > STILL / base for before, after in pairwise(times)):
        return None  # decoding it says what is wrong
    frames = ((stamp * base - zero, min(stays * base, STILL) if stays else usual or None, stamp) for stamp, stays in times)
    picks = [Pick(*one) for one in shown(frames, rate, start, end)]
    return Plan(picks, first) if len({pick.stamp for pick in picks}) <= _WORTH * len(times) else None


def picked(video: "OpenVideo", plan: Plan) -> Iterator[tuple[Pick, Any]]:
    """The picks with their frames; Unplanned where a frame that was promised does not come, or not in its turn."""
    from harness_plugins.video.decoding import decoded

    left = deque(plan.picks)
    frames = decoded(video, {plan.first, *(pick.stamp for pick in left)})
    for number, one in enumerate(frames):
        stamp = one.frame.pts
        if stamp is None or (not number and stamp != plan.first) or (left and stamp > left[0].stamp):
            raise Unplanned
        while left and left[0].stamp == stamp:
            yield left.popleft(), one.frame
        if not left:
            return
    if left:
        raise Unplanned


def _times(video: "OpenVideo") -> list[tuple[int, int]] | None:
    """Stamps and durations of all packets of the pictures, in the order in which they are shown; None where not each has its
    own."""
    from harness_plugins.video.decoding import reading_errors

    times: list[tuple[int, int]] = []
    try:
        for packet in video.read_ahead():
            if not packet.size:
                continue
            if packet.pts is None or packet.is_discard or packet.is_corrupt:
                return None
            times.append((packet.pts, packet.duration or 0))
    except reading_errors():
        return None
    times.sort()
    return times if times and len({stamp for stamp, _ in times}) == len(times) else None
