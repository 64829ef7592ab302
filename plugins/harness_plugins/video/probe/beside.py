"""The words that gain and lose most beside frames of a clip whose text has them."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.records import Example, MediaPart
from harness.report.analysis_contents import Gallery, GalleryEntry, Picture
from harness_plugins.video.probe.analysis import Analysis, Gain
from harness_plugins.video.probe.results import Answers, Asked
from harness_plugins.video.probe.statistics import WordRow
from harness_plugins.video.probe.subject import Subject
from harness_plugins.video.probe.table import Floats
from harness_plugins.video.probe.words import Occurrence
from harness_plugins.video.store import aligned_text, local_path, video_parts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FRAMES = 3  # of a clip, the middles of as many stretches
_HEIGHT = 96  # pixels
_AROUND = 160  # characters of text on either side of the word


def gallery(
    analysis: Analysis, answers: Mapping[Asked, Answers], subject: Subject, named: int, beside: Path | None = None
) -> Gallery | None:
    """`named` words that gain most, and as many that gain least, by the largest model trained with video; of each the occurrence
    that says so most clearly. Files below `beside` where their addresses are relative. None where nothing is to be shown."""
    gain = next((one for one in reversed(analysis.gains) if one.arm == "real"), None)
    if gain is None or not named or not gain.words:
        return None
    values = _values(gain, answers)
    rows = gain.words
    best, worst = rows[:named], [row for row in reversed(rows) if row not in rows[:named]][:named]
    entries = [_entry(row, True, values, gain, answers, subject, beside) for row in best]
    entries += [_entry(row, False, values, gain, answers, subject, beside) for row in worst]
    return Gallery(
        id="gallery",
        title="Words that gain and lose most",
        caption=f"Size {gain.size}, trained with video: the {len(best)} words with the largest mean gain, then the {len(worst)} "
        "with the smallest, the most telling occurrence of each. Log-probabilities in nats, with video and by text alone.",
        entries=tuple(entries),
    )


def _values(gain: Gain, answers: Mapping[Asked, Answers]) -> Floats:
    import numpy as np

    seeds = [row.seed for row in gain.seeds]
    with_video, alone = (_said(gain, answers, arm, seeds) for arm in (gain.arm, "none"))
    return np.asarray(with_video - alone, np.float64)


def _said(gain: Gain, answers: Mapping[Asked, Answers], arm: str, seeds: list[int]) -> Floats:
    import numpy as np

    some = [answers[Asked(size=gain.size, seed=seed, trained=arm, shown=arm)].logprob for seed in seeds]
    return np.asarray(np.mean(some, axis=0), np.float64)


def _entry(
    row: WordRow,
    best: bool,
    values: Floats,
    gain: Gain,
    answers: Mapping[Asked, Answers],
    subject: Subject,
    beside: Path | None,
) -> GalleryEntry:
    places = [place for place, one in enumerate(subject.occurrences) if one.word == row.word and values[place] == values[place]]
    place = (max if best else min)(places, key=lambda one: values[one])
    one = subject.occurrences[place]
    seeds = [seed.seed for seed in gain.seeds]
    said = [float(_said(gain, answers, arm, seeds)[place]) for arm in (gain.arm, "none")]
    example = subject.examples[one.example]
    pictures, note = _pictures(example, beside)
    return GalleryEntry(
        title=f"{row.word}: {row.value:+.2f} nats".replace("-", "−"),
        pictures=pictures,
        **_text(example, one),
        language=example.language,
        facts=(
            f"imageability {row.imageability:g}",
            f"here {said[0]:.2f} with video, {said[1]:.2f} by text alone".replace("-", "−"),
            f"{row.occurrences} occurrences",
            one.example,
        ),
        note=note,
    )


def _text(example: Example, one: Occurrence) -> dict[str, str]:
    text = aligned_text(example)
    before, after = text[: one.start], text[one.end :]
    return {
        "before": before if len(before) <= _AROUND else f"…{before[-_AROUND:]}",
        "marked": text[one.start : one.end],
        "after": after if len(after) <= _AROUND else f"{after[:_AROUND]}…",
    }


def _pictures(example: Example, beside: Path | None) -> tuple[tuple[Picture, ...], str | None]:
    """Frames of the example's video, or why there are none."""
    parts = video_parts(example)
    if not parts:
        return (), "this text has no video"
    try:
        return tuple(_frames(parts[0], beside)), None
    except (HarnessError, OSError, ValueError) as error:
        return (), f"its video cannot be shown: {error}"


def _frames(part: MediaPart, beside: Path | None) -> Iterator[Picture]:
    from harness_plugins.video.frames import sampled

    path = local_path(part.uri, beside)
    if not path.is_file():
        raise OSError(f"there is no file {path}")
    start = part.start or 0.0
    end = part.end
    if end is None or end <= start:
        from harness_plugins.video.frames import inspect

        end = inspect(path).duration or start + 1.0
    step = (end - start) / _FRAMES
    for frame in sampled(path, 1 / step, height=_HEIGHT, start=start + step / 2, end=end):
        height, width = frame.pixels.shape[:2]
        said = f"frame at {frame.time:.1f} s"
        data = b64encode(png(frame.pixels)).decode()
        yield Picture(data=data, kind="image/png", said=said, width=width, height=height)


def png(pixels: "NDArray[np.uint8]") -> bytes:
    """A picture (H, W, 3) as a PNG file."""
    import struct
    import zlib

    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + pixels[row].tobytes() for row in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
