"""Frames of a video file, sampled at a rate, as a player shows them; what a file says of itself; and what is wrong with it.

Decoding is PyAV's (FFmpeg's) in one thread, so that a worker takes one core; only frames that a time of the grid shows become
pictures. Nothing but the file itself is opened: no address, no playlist.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness_plugins.video.broken import BrokenVideo
from harness_plugins.video.frame_times import shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LISTS = {"concat", "dash", "hls", "imf", "sdp", "rtsp", "tty"}  # they name other files, or are text that passes for pictures


@dataclass(frozen=True)
class VideoInfo:
    """What a video file is: `duration` in seconds, `rate` in frames a second on average, `width` and `height` in pixels as shown
    (turned by `rotation` degrees clockwise), `frames` as the file counts them; None where it does not say. `audio`: whether it
    has sound."""

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


@dataclass(frozen=True)
class Frame:
    """What is shown at `time` (seconds from the video's first frame): `pixels` uint8 (H, W, 3) RGB. It has been shown `since`
    then; `repeated`: the frame before has the same pixels, the very same array, for nothing else was shown between them."""

    time: float
    pixels: "NDArray[np.uint8]"
    since: float
    repeated: bool


def inspect(path: str | Path) -> VideoInfo:
    """What a video file is, after decoding its first frame and reading it once for its digest. BrokenVideo where it is none."""
    import hashlib

    path = Path(path)
    with _opened(path) as (container, stream):
        from harness_plugins.video.pictures import orientation_of

        _, _, first = next(_decoded(path, container, stream))
        orientation = orientation_of(first)
        height, width = orientation.size(first.height, first.width)
        audio = any(True for one in container.streams.audio)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        rate = stream.average_rate or stream.guessed_rate
        return VideoInfo(
            path,
            digest,
            _duration(container, stream),
            float(rate) if rate else None,
            width,
            height,
            orientation.rotation,
            stream.codec_context.name,
            stream.frames or None,
            audio,
        )


def sampled(
    path: str | Path,
    rate: float,
    height: int | None = None,
    width: int | None = None,
    start: float = 0.0,
    end: float | None = None,
) -> Iterator[Frame]:
    """A frame for each time `start + i / rate` before `end` and before the video's end, seconds from the first frame.

    Each is what a player shows then: the last frame that appeared by that time (`frame_times.shown`), so where the grid is finer
    than the video, frames are repeated, and say so. `height` and `width` as shown; one alone keeps the shape, none the size.
    ValueError for what is no rate, size or time; BrokenVideo for a file that cannot be read, before the first frame or, where it
    breaks off or is damaged, when that place is reached: what came before is then not to be used.
    """
    _checked(rate, height, width, start, end)
    return _sampled(Path(path), rate, height, width, start, end)


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


def _sampled(path: Path, rate: float, height: int | None, width: int | None, start: float, end: float | None) -> Iterator[Frame]:
    from harness_plugins.video.pictures import Pictures, orientation_of

    with _opened(path) as (container, stream):
        pictures = pixels = None
        for time, frame, since, repeated in shown(_decoded(path, container, stream), rate, start, end):
            if pictures is None:
                orientation = orientation_of(frame)
                pictures = Pictures(*_size(orientation.size(frame.height, frame.width), height, width), orientation)
            if not repeated or pixels is None:
                pixels = pictures.of(frame)
            yield Frame(time, pixels, since, repeated)


def _size(own: tuple[int, int], height: int | None, width: int | None) -> tuple[int, int]:
    if height is None and width is None:
        return own
    if height is None:
        height = max(1, round(own[0] * (width or 1) / own[1]))
    return height, width or max(1, round(own[1] * height / own[0]))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """The container, and its first stream of moving pictures."""
    import av

    try:
        if not path.is_file():
            raise BrokenVideo(path, "cannot-open", "a folder, not a video" if path.is_dir() else "there is no such file")
        container = av.open(f"file:{path}", options={"protocol_whitelist": "file"}, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise BrokenVideo(path, "cannot-open", f"cannot be opened as a video ({_words(error)})") from error
    with container:
        if set(container.format.name.split(",")) & _LISTS:
            raise BrokenVideo(path, "no-video", f"holds no video ({container.format.long_name or container.format.name})")
        streams = [one for one in container.streams.video if not one.disposition & av.stream.Disposition.attached_pic]
        if not streams:
            raise BrokenVideo(path, "no-video", f"holds no video ({container.format.long_name or container.format.name})")
        stream = streams[0]
        if stream.codec_context is None:
            raise BrokenVideo(path, "cannot-open", "no decoder for its video is installed")
        stream.codec_context.thread_count = 1
        yield container, stream


def _decoded(path: Path, container: Any, stream: Any) -> Iterator[tuple[float, float | None, Any]]:
    """Time in seconds, duration and frame, of all frames as they are shown; BrokenVideo where the file is not whole."""
    import av

    base = float(stream.time_base)
    usual = 1 / float(stream.average_rate) if stream.average_rate else 0.0
    last: float | None = None
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                break
            frames = packet.decode()
        except (av.FFmpegError, ValueError) as error:
            if last is None:
                raise BrokenVideo(path, "no-frames", f"no frame of it can be decoded ({_words(error)})") from error
            raise BrokenVideo(path, "damaged", f"is damaged {last:.2f} s into the video ({_words(error)})") from error
        for frame in frames:
            stamp = frame.pts if frame.pts is not None else frame.dts
            time = stamp * base if stamp is not None else 0.0 if last is None else last + usual
            if frame.is_corrupt:
                raise BrokenVideo(path, "damaged", f"has a damaged frame at {time:.2f} s")
            last = time
            yield time, frame.duration * base if frame.duration else usual or None, frame
    if last is None:
        raise BrokenVideo(path, "no-frames", "holds no frame that can be decoded")


def _duration(container: Any, stream: Any) -> float | None:
    import av

    if stream.duration:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def _words(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error)
