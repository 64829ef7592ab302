"""Frames of spans, as pictures that a page carries."""

from base64 import b64encode
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness_plugins.video.broken import BrokenVideo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def frames_at(
    path: Path, rate: float, times: "Sequence[NDArray[np.float64]]", height: int
) -> "list[list[NDArray[np.uint8]]] | BrokenVideo":
    """For each list of times of the grid of `rate`, the frames (H, W, 3) that are shown then, `height` high; one pass through the
    file, as far as the last of them. The error where the file cannot be read."""
    from harness_plugins.video.frames import sampled

    wanted = sorted({round(float(time) * rate) for some in times for time in some})
    found: dict[int, NDArray[np.uint8]] = {}
    if not wanted:
        return [[] for _ in times]
    try:
        for frame in sampled(path, rate, height=height, start=wanted[0] / rate, end=(wanted[-1] + 0.5) / rate):
            place = round(frame.time * rate)
            if place in wanted:
                found[place] = frame.pixels
    except BrokenVideo as error:
        if not found:
            return error
    return [[found[place] for time in some if (place := round(float(time) * rate)) in found] for some in times]


def spread(count: int, most: int) -> list[int]:
    """At most so many numbers below `count`, in order, the first and the last of equal parts' middles."""
    if count <= most:
        return list(range(count))
    return [int((place + 0.5) * count / most) for place in range(most)]


def enlarged(pixels: "NDArray[np.uint8]", like: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
    """A picture as large as another one, each of its pixels a rectangle."""
    import numpy as np

    rows, columns = (np.arange(new) * old // new for new, old in zip(like.shape[:2], pixels.shape[:2], strict=True))
    return pixels[rows[:, None], columns[None, :]]


def address(pixels: "NDArray[np.uint8]") -> str:
    """The picture (H, W, 3) as a `data:` address: JPEG, colours at full resolution."""
    import av

    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuvj444p", src_colorspace="itu709")
    codec: Any = av.CodecContext.create("mjpeg", "w")
    codec.height, codec.width, codec.pix_fmt, codec.time_base = frame.height, frame.width, "yuvj444p", Fraction(1, 1)
    codec.options = {"qmin": "2", "qmax": "5", "threads": "1"}
    frame.pts = 0
    data = b"".join(bytes(packet) for packet in (*codec.encode(frame), *codec.encode(None)))
    return f"data:image/jpeg;base64,{b64encode(data).decode()}"
