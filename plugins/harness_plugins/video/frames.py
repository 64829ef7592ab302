"""Frames of a video file, sampled at a rate, as a player shows them; and what a file says of itself."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness_plugins.video.broken import BrokenVideo
from harness_plugins.video.frame_times import shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness_plugins.video.decoding import OpenVideo


@dataclass(frozen=True)
class VideoInfo:
    """What a video file is; None where it does not say.

    `duration`: seconds on the player's clock until its last picture ends; `begins`: when the first picture appears on it, 0
    unless sound comes first (`decoding`). `rate`: frames a second, on average; `timed`: whether its
    frames have times, else they are reckoned from `rate`. `width` and `height`: pixels as shown, turned by `rotation` degrees
    clockwise. `frames`: as the file counts them. `audio`: whether it has sound. `streams`: of moving pictures; the first is
    read.
    """

    path: Path
    sha256: str
    duration: float | None
    rate: float | None
    width: int
    height: int
    rotation: int
    codec: str
    frames: int | None
    audio: bool
    begins: float = 0.0
    timed: bool = True
    streams: int = 1


@dataclass(frozen=True)
class Frame:
    """What is shown at `time`, seconds: `pixels` uint8 (H, W, 3) RGB. It is shown `since` then; `repeated`: it is the picture of
    the frame before, the same array, for nothing else was shown between them."""

    time: float
    pixels: "NDArray[np.uint8]"
    since: float
    repeated: bool


def inspect(path: str | Path) -> VideoInfo:
    """What a video file is: its first frame is decoded, its packets and its bytes are read once.

    BrokenVideo for what is no video, or is cut off as can be seen without decoding it; other damage shows when it is decoded.
    """
    import hashlib

    from harness_plugins.video.decoding import decoded, opened
    from harness_plugins.video.pictures import orientation_of
    from harness_plugins.video.wholeness import check_end, packet_ends

    path = Path(path)
    with opened(path) as video:
        first = next(decoded(video))
        stamp = first.frame.pts if first.frame.pts is not None else first.frame.dts
        zero = video.clock_start(float(stamp * video.stream.time_base)) if stamp is not None else 0.0
        ends = packet_ends(video)
        if ends.pictures is None:
            duration = ends.packets * video.interval or None
        else:
            check_end(video, ends.pictures, ends)
            duration = round(ends.pictures - zero, 6)
        orientation = orientation_of(first.frame)
        height, width = orientation.size(first.frame.height, first.frame.width)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return VideoInfo(
            path,
            digest,
            duration,
            1 / video.interval if video.interval else None,
            width,
            height,
            orientation.rotation,
            video.stream.codec_context.name,
            video.stream.frames or None,
            bool(video.container.streams.audio),
            first.time,
            first.timed,
            video.streams,
        )


def sampled(
    path: str | Path,
    rate: float,
    height: int | None = None,
    width: int | None = None,
    start: float = 0.0,
    end: float | None = None,
) -> Iterator[Frame]:
    """A frame for each time `start + i / rate` before `end` and before the last picture ends, seconds on the player's clock: it
    starts with the first picture, or with sound that is there before it, and then there are no frames until the first picture.

    Each is what a player shows then: the last frame that appeared by that time (`frame_times.shown`), so where the grid is finer
    than the video, frames are repeated, and say so. `height` and `width` as shown; one alone keeps the shape of the pixels, none
    the size. ValueError for what is no rate, size or time; BrokenVideo for a file that cannot be read, before the first frame
    or, where it breaks off or is damaged, when that place is reached: what came before is then not to be used.
    """
    _checked(rate, height, width, start, end)
    return _sampled(Path(path), rate, height, width, start, end)


def _sampled(path: Path, rate: float, height: int | None, width: int | None, start: float, end: float | None) -> Iterator[Frame]:
    from harness_plugins.video.decoding import reading_errors
    from harness_plugins.video.pictures import Pictures, orientation_of

    failures = reading_errors()
    pictures: Pictures | None = None
    pixels: NDArray[np.uint8] | None = None
    for time, frame, since, repeated in _chosen(path, rate, start, end):
        if pictures is None:
            orientation = orientation_of(frame)
            pictures = Pictures(*_size(orientation.size(frame.height, frame.width), height, width), orientation)
        if not repeated or pixels is None:
            try:
                pixels = pictures.of(frame)
            except failures as error:
                raise BrokenVideo(path, "damaged", f"is damaged: no picture can be made of the frame at {since:.2f} s") from error
        yield Frame(time, pixels, since, repeated)


def _chosen(path: Path, rate: float, start: float, end: float | None) -> Iterator[tuple[float, Any, float, bool]]:
    """Times of the grid, the decoded frames that are shown then, since when, and whether they are those of the time before."""
    from harness_plugins.video.decoding import opened
    from harness_plugins.video.sparing import Unplanned, picked, plan_of

    done = 0
    with opened(path) as video:
        plan = plan_of(video, rate, start, end)
        if plan is None:
            yield from shown(_each(video), rate, start, end)
            return
        try:
            for pick, frame in picked(video, plan):
                yield pick.time, frame, pick.since, pick.repeated
                done += 1
            return
        except Unplanned:
            pass  # then without a plan, from where it failed
    with opened(path) as video:
        yield from islice(shown(_each(video), rate, start, end), done, None)


def _each(video: "OpenVideo") -> Iterator[tuple[float, float | None, Any]]:
    from harness_plugins.video.decoding import decoded

    return ((one.time, one.duration, one.frame) for one in decoded(video))


def _checked(rate: float, height: int | None, width: int | None, start: float, end: float | None) -> None:
    for name, value in (("rate", rate), ("start", start), ("end", 0.0 if end is None else end)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
            raise ValueError(f"{name} is a number of {'frames a second' if name == 'rate' else 'seconds'}, got {value!r:.80}")
    if rate <= 0:
        raise ValueError(f"rate is frames a second, above 0, got {rate!r}")
    if end is not None and end <= start:
        raise ValueError(f"end is after start ({start:g} s), got {end!r}")
    for name, size in (("height", height), ("width", width)):
        if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
            raise ValueError(f"{name} is pixels, 1 or more, got {size!r:.80}")


def _size(own: tuple[int, int], height: int | None, width: int | None) -> tuple[int, int]:
    if height is None and width is None:
        return own
    if height is None:
        height = max(1, round(own[0] * (width or 1) / own[1]))
    return height, width or max(1, round(own[1] * height / own[0]))
