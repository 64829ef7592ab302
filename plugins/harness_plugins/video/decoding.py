"""A video file opened, and decoded frame by frame on a player's clock.

Decoding is PyAV's (FFmpeg's) in one thread, so that a worker takes one core. Nothing but the file itself is opened: no address,
no playlist. Times are seconds on a player's clock, which starts with the first picture, or with the sound where that starts
`EARLY` seconds or more before it.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from harness_plugins.video.broken import BrokenVideo

EARLY = 0.1  # encoders let sound start some milliseconds before the picture; nobody means that
_LISTS = {"concat", "dash", "hls", "imf", "sdp", "rtsp", "tty"}  # they name other files, or are text that passes for pictures
STILL = 24 * 3600.0  # seconds: no picture stays longer, or its time is wrong
_BACK = 1.0  # seconds by which times may go back: such frames are left out (`frame_times.shown`); beyond, a new clock was started
_NO_INDEX = "breaks off: its index (the moov box) is missing"
_LIMIT = {"max_pixels": str(1 << 26)}  # of a frame, twice those of 8K: a damaged head asks for any
_KEPT = 32 << 20  # bytes of a file whose packets are kept, rather than read a second time
_LAST = 3  # packets: an error that has fewer behind it is the file's end


class Decoded(NamedTuple):
    """A frame: the time at which it appears, how long it stays (None: not known), PyAV's frame, and whether it has a time of its
    own in the file (else it is reckoned from the rate)."""

    time: float
    duration: float | None
    frame: Any
    timed: bool


@dataclass
class OpenVideo:
    """An open file: PyAV's container, its first stream of moving pictures, and how many such streams there are."""

    path: Path
    container: Any
    stream: Any
    streams: int
    kept: list[Any] | None = None
    error: BaseException | None = None

    def packets(self) -> Iterator[Any]:
        """The packets of the pictures, once; an error of FFmpeg where they cannot be read."""
        if self.kept is None:
            yield from self.container.demux(self.stream)
        else:
            yield from self.kept
            if self.error is not None:
                raise self.error

    def read_ahead(self) -> Iterator[Any]:
        """The same before `packets` gives them: they are kept, or of a long file read by an opening of its own."""
        if self.path.stat().st_size > _KEPT:
            with open_container(self.path) as container:
                yield from container.demux(container.streams[self.stream.index])
            return
        if self.kept is None:
            self.kept = []
            try:
                self.kept.extend(self.container.demux(self.stream))
            except reading_errors() as error:
                self.error = error
        yield from self.packets()

    @property
    def kinds(self) -> set[str]:
        """The names by which FFmpeg knows the file's format."""
        return set(self.container.format.name.split(","))

    @property
    def interval(self) -> float:
        """Seconds from one frame to the next on average; 0 where the file does not say."""
        rate = self.stream.average_rate or self.stream.guessed_rate
        return 1 / float(rate) if rate else 0.0

    def clock_start(self, first: float) -> float:
        """Where a player's clock starts, in the file's own time, when the first picture is at `first`."""
        sounds = [float(one.start_time * one.time_base) for one in self.container.streams.audio if one.start_time is not None]
        early = min(sounds, default=first)
        return early if early <= first - EARLY else first


def reading_errors() -> tuple[type[Exception], ...]:
    """What PyAV raises where a file cannot be read or decoded; IndexError where a stream begins in its middle."""
    import av

    return av.FFmpegError, ValueError, IndexError


@contextmanager
def opened(path: Path) -> Iterator[OpenVideo]:
    """The file, opened; BrokenVideo where it cannot be, has no moving pictures, or is shorter than its own index says."""
    from av.stream import Disposition

    from harness_plugins.video.wholeness import check_index, lacks_index

    with open_container(path) as container:
        kind = container.format.long_name or container.format.name
        if set(container.format.name.split(",")) & _LISTS:
            raise BrokenVideo(path, "no-video", f"holds no video of its own ({kind})")
        covers = [one for one in container.streams.video if one.disposition & Disposition.attached_pic]
        streams = [one for one in container.streams.video if one not in covers]
        if not streams:
            if lacks_index(path):
                raise BrokenVideo(path, "truncated", _NO_INDEX)
            raise BrokenVideo(path, "no-video", f"has no video stream{', only an attached picture' if covers else ''} ({kind})")
        if streams[0].codec_context is None:
            raise BrokenVideo(path, "cannot-open", "its video is of a kind that no decoder here reads")
        streams[0].codec_context.thread_count = 1
        streams[0].codec_context.options = dict(_LIMIT)
        video = OpenVideo(path, container, streams[0], len(streams))
        check_index(video)
        yield video


def open_container(path: Path) -> Any:
    """PyAV's container of a file; BrokenVideo where it cannot be opened."""
    import av

    from harness_plugins.video.wholeness import lacks_index

    failures: tuple[type[Exception], ...] = (*reading_errors(), OSError)
    try:
        if not path.is_file():
            raise BrokenVideo(path, "cannot-open", "is a folder, not a video" if path.is_dir() else "there is no such file")
        if not path.stat().st_size:
            raise BrokenVideo(path, "cannot-open", "is empty, a file of 0 bytes")
        return av.open(f"file:{path}", options={"protocol_whitelist": "file", **_LIMIT}, metadata_errors="replace")
    except failures as error:
        if lacks_index(path):
            raise BrokenVideo(path, "truncated", _NO_INDEX) from error
        raise BrokenVideo(path, "cannot-open", f"cannot be read as a video ({_words(error)})") from error


def decoded(video: OpenVideo, needed: Collection[int] | None = None) -> Iterator[Decoded]:
    """All frames in the order in which they are shown; BrokenVideo where one cannot be decoded, or the file ends too early.

    What comes before the first frame that can be decoded is left out: recordings begin anywhere. `needed`: stamps of the frames
    that must come; others that nothing refers to may be missing then.
    """
    from harness_plugins.video.wholeness import check_end, check_index

    base, usual = float(video.stream.time_base), video.interval
    zero: float | None = None
    time = end = 0.0
    packets = video.packets()
    for frame in _frames(video, packets, needed):
        if isinstance(frame, BaseException):
            where = "before any frame" if zero is None else f"after the frame at {time:.2f} s"
            raise _broken(video, packets, f"{where} ({_words(frame)})") from frame
        stamp = frame.pts if frame.pts is not None else frame.dts
        if zero is None:
            zero = video.clock_start(0.0 if stamp is None else stamp * base)
            time = 0.0 if stamp is None else stamp * base - zero
        else:
            before, time = time, time + usual if stamp is None else stamp * base - zero
            if time < before - _BACK:
                detail = f"is damaged: its times go back from {before:.2f} to {time:.2f} s; write it anew"
                raise BrokenVideo(video.path, "damaged", detail)
            if time > before + STILL:
                raise BrokenVideo(video.path, "damaged", f"is damaged: its times jump from {before:.2f} to {time:.2f} s")
        if frame.is_corrupt:
            raise _broken(video, packets, f"at {time:.2f} s, where a frame has errors")
        stays = min(frame.duration * base, STILL) if frame.duration else usual or None
        end = max(end, time + (stays or 0.0))
        yield Decoded(time, stays, frame, stamp is not None)
    check_index(video)
    check_end(video, end + (zero or 0.0))


def _frames(video: OpenVideo, packets: Iterator[Any], needed: Collection[int] | None) -> Iterator[Any]:
    """The frames of the packets, or an error, which is the last thing to come; errors before the first frame are passed over."""
    failures = reading_errors()
    first: BaseException | None = None
    anything = False
    while True:
        packet = None
        try:
            packet = next(packets, None)
            if needed is not None and packet is not None:
                video.stream.codec_context.skip_frame = "DEFAULT" if packet.pts in needed else "NONREF"
            frames = [] if packet is None else packet.decode()
        except failures as error:
            if packet is not None and not anything:
                first = first or error
                continue
            if anything:
                yield error
                return
            raise BrokenVideo(video.path, "no-frames", f"has no frame that can be decoded ({_words(error)})") from error
        if packet is None:
            break
        for frame in frames:
            anything = True
            yield frame
    if not anything:
        why = f" ({_words(first)})" if first else ""
        raise BrokenVideo(video.path, "no-frames", f"has no frame that can be decoded{why}")


def _broken(video: OpenVideo, packets: Iterator[Any], where: str) -> BrokenVideo:
    """What an error means: damage within the file, or its end."""
    try:
        more = sum(1 for packet in islice(packets, _LAST + 1) if packet.size) >= _LAST
    except reading_errors():
        more = True
    if more:
        return BrokenVideo(video.path, "damaged", f"is damaged {where}")
    return BrokenVideo(video.path, "truncated", f"breaks off {where}")


def _words(error: BaseException) -> str:
    """What an error of FFmpeg or of the system says."""
    return str(getattr(error, "strerror", None) or error)
