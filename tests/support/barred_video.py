"""Videos whose frames carry their number: eight upright bars, the j-th from the left white if bit j of the number is set."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CUES = """1
00:00:00,000 --> 00:00:02,000
A red circle moves.

2
00:00:02,000 --> 00:00:04,000
A blue square rests.
"""
X264 = {"g": "12", "sc_threshold": "0", "threads": "1"}


def bars(number: int, height: int = 48, width: int = 64, inverted: bool = False) -> NDArray[np.uint8]:
    """The frame of that number, uint8 (H, W, 3)."""
    bits = np.array([(number >> bit) & 1 for bit in range(8)]) ^ inverted
    row = (
        np.repeat(np.where(bits, 235, 16), -(-width // 8))[:width]
        if width % 8
        else np.repeat(np.where(bits, 235, 16), width // 8)
    )
    return np.ascontiguousarray(np.broadcast_to(row[None, :, None], (height, width, 3)).astype(np.uint8))


def number_of(pixels: NDArray[np.uint8]) -> int:
    """The number that a frame carries, read in the middle of each bar."""
    height, width = pixels.shape[:2]
    values = [pixels[height // 2, int((bit + 0.5) * width / 8)].mean() for bit in range(8)]
    return sum(1 << bit for bit, value in enumerate(values) if value > 125)


def write_barred(
    path: Path,
    numbers: Iterable[int] = range(100),
    *,
    rate: int = 25,
    codec: str = "libx264",
    size: tuple[int, int] = (48, 64),
    pixels: str = "yuv420p",
    options: Mapping[str, str] | None = None,
    times: Iterable[float] | None = None,
    inverted: bool = False,
) -> Path:
    """Writes frames of these numbers, `rate` a second, or each at its own of `times` (seconds)."""
    import av

    height, width = size
    stamps = None if times is None else iter(times)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, options=dict(X264 if options is None else options))
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        if stamps is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for place, number in enumerate(numbers):
            frame = av.VideoFrame.from_ndarray(bars(number, height, width, inverted), format="rgb24")
            if stamps is None:
                frame.pts, frame.time_base = place, Fraction(1, rate)
            else:
                frame.pts, frame.time_base = round(next(stamps) * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_base(folder: Path, name: str = "base", cues: str | None = CUES) -> Path:
    """100 frames, 64 wide and 48 high, 25 a second, with two cues beside it: `base.mp4`, `base.srt`."""
    folder.mkdir(parents=True, exist_ok=True)
    if cues is not None:
        (folder / f"{name}.srt").write_text(cues, encoding="utf-8")
    return write_barred(folder / f"{name}.mp4")
