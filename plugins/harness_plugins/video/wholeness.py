"""Whether a video file is whole: its index against its bytes, and where its packets end against what it announces."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from harness_plugins.video.broken import BrokenVideo

if TYPE_CHECKING:
    from harness_plugins.video.decoding import OpenVideo

_MISSING = 0.5  # seconds that the frames may end before the file says
_ANNOUNCE = {"mov", "matroska", "avi", "flv", "asf", "nut"}  # whose durations were written, not guessed from the size
_LOOKED_AT = 8  # of the index: frames of several streams lie between one another, the last ones come last
_MOST_BOXES = 100_000


class Ends(NamedTuple):
    """Where the packets end, in the file's own time: those of the pictures (None: they have no times), and of all streams."""

    pictures: float | None
    all: float
    packets: int


def announced_end(video: "OpenVideo") -> float | None:
    """Where the pictures end, in the file's own time, as it says; None where it says nothing or guesses."""
    stream, container = video.stream, video.container
    if not video.kinds & _ANNOUNCE:
        return None
    if "matroska" in video.kinds:  # counts from 0, wherever its streams start
        written = _tagged(stream.metadata.get("DURATION", ""))
        return written if written is not None else container.duration / 1e6 if container.duration else None
    if stream.duration:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base)
    return ((container.start_time or 0) + container.duration) / 1e6 if container.duration else None


def packet_ends(video: "OpenVideo") -> Ends:
    """Where the packets of the file end; they are read, not decoded, from an opening of its own."""
    from harness_plugins.video.decoding import open_container, reading_errors

    pictures, everything, packets = -math.inf, -math.inf, 0
    with open_container(video.path) as container:
        try:
            for packet in container.demux():
                own = packet.stream_index == video.stream.index
                packets += own and packet.size > 0
                stamp = packet.pts if packet.pts is not None else packet.dts
                if stamp is None or packet.is_discard:
                    continue
                end = float((stamp + (packet.duration or 0)) * packet.time_base)
                if own and not packet.duration:
                    end += video.interval
                everything = max(everything, end)
                pictures = max(pictures, end) if own else pictures
        except reading_errors():
            pass  # it ends here, then
    return Ends(pictures if math.isfinite(pictures) else None, everything if math.isfinite(everything) else 0.0, packets)


def check_index(video: "OpenVideo") -> None:
    """BrokenVideo where the index names frames that lie behind the end of the file."""
    entries = video.stream.index_entries
    size = video.path.stat().st_size
    for entry in (entries[at] for at in range(max(0, len(entries) - _LOOKED_AT), len(entries))):
        if entry.pos + entry.size > size:
            ends = entry.pos + entry.size
            raise BrokenVideo(video.path, "truncated", f"breaks off: of {ends:,} bytes or more there are {size:,}")


def check_end(video: "OpenVideo", end: float, ends: Ends | None = None) -> None:
    """BrokenVideo where the pictures end (at `end`, in the file's own time) well before the file says, and no other stream lasts
    as long as it says."""
    announced = announced_end(video)
    if announced is None or end >= announced - max(_MISSING, 2 * video.interval):
        return
    ends = ends or packet_ends(video)
    if ends.all >= announced - _MISSING:
        return
    raise BrokenVideo(video.path, "truncated", f"breaks off: its pictures end at {end:.2f} s of {announced:.2f} s")


def lacks_index(path: Path) -> bool:
    """Whether a file is an MP4 or QuickTime file without the box that says where its frames are."""
    try:
        with path.open("rb") as file:
            size, at = path.stat().st_size, 0
            for number in range(_MOST_BOXES):
                file.seek(at)
                head = file.read(16)
                kind, length = head[4:8], int.from_bytes(head[:4])
                if not number and kind not in (b"ftyp", b"wide", b"mdat"):
                    return False
                if kind == b"moov":
                    return at + length > size
                if length == 1:
                    length = int.from_bytes(head[8:])
                if length < 8 or at + length >= size:
                    return True
                at += length
    except OSError:
        pass
    return False


def _tagged(text: str) -> float | None:
    """Seconds of Matroska's `00:00:04.000000000`."""
    parts = text.split(":")
    try:
        return int(parts[0]) * 3600 + int(parts[1]) * 60 + float(parts[2]) if len(parts) == 3 else None
    except ValueError:
        return None
