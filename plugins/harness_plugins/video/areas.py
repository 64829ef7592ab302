"""Small pictures straight from the planes of a decoded frame: each pixel is the mean over the area that becomes it.

What it saves is time: the frame is read once, colours are converted at the small size. A sample of a plane is a square of one
colour; in formats with fewer samples of colour than of brightness it lies around where ITU-R BT.601 and H.264 put it by default:
beside every second pixel, between two lines. Sums are of whole numbers; the colour is reckoned in float64 in a fixed order, and
rounded once, so pictures are the same on every processor.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Pixels a sample of colour stands for, across and down
_FORMATS = {"yuv420p": (2, 2), "yuv422p": (2, 1), "yuv444p": (1, 1), "yuv411p": (4, 1), "yuv440p": (1, 2)}
_FORMATS |= {name.replace("yuv", "yuvj"): steps for name, steps in _FORMATS.items()}  # the same in full range
# What red and blue count in brightness, by FFmpeg's number of a matrix; 2 is none named
_MATRICES = {1: (0.2126, 0.0722), 2: (0.299, 0.114), 5: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}
_LANES = 4  # lines that are summed at a time, at most
_FULL = 2  # FFmpeg's number of the range that uses all of 0 to 255


@dataclass(frozen=True)
class _Tables:
    """What `area_kernels.shrink` reads of a kind of frames besides their planes."""

    rows: "tuple[NDArray[np.int64], NDArray[np.int64]]"
    columns: "tuple[NDArray[np.int64], NDArray[np.int64]]"
    matrix: "NDArray[np.float64]"
    narrow: bool
    lanes: int


class Areas:
    """Makes pictures `height`×`width`, as stored."""

    def __init__(self, height: int, width: int) -> None:
        self._height, self._width = height, width
        self._kind: tuple[Any, ...] = ()
        self._tables: _Tables | None = None
        self._room: tuple[NDArray[Any], ...] = ()

    def of(self, frame: Any) -> "NDArray[np.uint8] | None":
        """The picture, uint8 (H, W, 3); None for frames that are not larger, or not of three planes of bytes in one of the usual
        matrices."""
        import numpy as np

        kind = (frame.format.name, frame.height, frame.width, int(frame.colorspace), int(frame.color_range))
        if kind != self._kind:
            self._kind, self._tables = kind, _tables(self._height, self._width, *kind)
            even = frame.width + 2
            number = np.uint16 if self._tables is not None and self._tables.narrow else np.uint32
            self._room = np.empty(even, number), np.zeros((2, even), np.uint64), np.empty((3, self._width), np.uint64)
        tables = self._tables
        if tables is None:
            return None
        planes = frame.planes
        strides = [plane.line_size for plane in planes]
        if min(strides) <= 0:  # stored upside down
            return None
        from harness_plugins.video.area_kernels import shrink

        out = np.empty((self._height, self._width * 3), np.uint8)
        luma, blue, red = (np.frombuffer(plane, np.uint8) for plane in planes)
        lines, room, parts = self._room
        rows, columns = tables.rows, tables.columns
        shrink(
            luma,
            blue,
            red,
            np.array(strides),
            rows[0],
            columns[0],
            rows[1],
            columns[1],
            lines,
            room,
            parts,
            tables.lanes,
            tables.matrix,
            out,
        )
        return out.reshape(self._height, self._width, 3)


@lru_cache(maxsize=8)  # many short clips are of one kind
def _tables(
    to_height: int, to_width: int, name: str, height: int, width: int, colorspace: int, color_range: int
) -> _Tables | None:
    """None for frames that `shrink` is not for."""
    steps, shares = _FORMATS.get(name), _MATRICES.get(colorspace)
    smaller = to_height <= height and to_width <= width and (to_height, to_width) != (height, width)
    if steps is None or shares is None or not smaller:
        return None
    across, down = steps
    rows = [_lines(height, step, to_height) for step in (1, down)]
    columns = [_edges(width, step, to_width) for step in (1, across)]
    counts = [row[1] * column[1] for row, column in zip(rows, columns, strict=True)]
    full = name.startswith("yuvj") or color_range == _FULL
    narrow = max(row[1] for row in rows) * 255 < 1 << 16
    lanes = min(64 // (255 * max(counts)).bit_length(), _LANES)
    matrix = _matrix(shares, full, *counts)
    return _Tables((rows[0][0], rows[1][0]), (columns[0][0], columns[1][0]), matrix, narrow, lanes)


def _lines(size: int, step: int, target: int) -> "tuple[NDArray[np.int64], int]":
    """(target, 5) for `shrink`, and what the weights of a line sum to. A sample stands for `step` lines."""
    import numpy as np

    samples = -(-size // step)
    starts = np.minimum(np.arange(samples + 1) * step, size) * target
    edges = np.arange(target + 1) * size
    first = np.searchsorted(starts, edges[:-1], side="right") - 1
    last = np.searchsorted(starts, edges[1:], side="left") - 1
    head = np.minimum(starts[first + 1], edges[1:]) - edges[:-1]
    tail = np.where(last > first, edges[1:] - starts[last], 0)
    whole = np.full(target, step * target)
    common = math.gcd(size, *head.tolist(), *tail.tolist(), step * target)
    return np.stack([first, last, head // common, whole // common, tail // common], axis=1).astype(np.int64), size // common


def _edges(size: int, step: int, target: int) -> "tuple[NDArray[np.int64], int]":
    """(5, target + 1) for `shrink`, and what the weights of a pixel sum to. A sample stands for `step` columns around the first
    of them, and the outermost samples for all that lies beyond."""
    import numpy as np

    shift = step - 1  # in half columns: how far a sample's square begins before its first column
    samples = -(-size // step)
    edges = np.arange(target + 1) * 2 * size + shift * target
    whole = 2 * step * target
    places = np.minimum(edges // whole, samples - 1)
    parts = edges - places * whole
    common = math.gcd(2 * size, whole, *parts.tolist())
    second = places % 2 == 1
    first_parts, second_parts = np.where(second, whole, parts), np.where(second, parts, 0)
    wholes, counts = np.full(target + 1, whole), np.full(target + 1, samples)
    table = np.stack([places // 2, first_parts // common, second_parts // common, wholes // common, counts])
    return table.astype(np.int64), 2 * size // common


def _matrix(shares: tuple[float, float], full: bool, luma: int, colour: int) -> "NDArray[np.float64]":
    """(10,) for `shrink`: `luma` and `colour` are what the weights of a pixel sum to; green counts what red and blue leave."""
    import numpy as np

    red, blue = shares
    green = 1 - red - blue
    grey, least, span = (1.0, 0.0, 1.0) if full else (255 / 219, 16.0, 255 / 224)
    return np.array(
        [
            grey / luma,
            0.5 - grey * least,  # to the nearest
            span / colour,
            -span * 128,
            span / colour,
            -span * 128,
            2 * (1 - red),
            2 * (1 - blue) * blue / green,
            2 * (1 - red) * red / green,
            2 * (1 - blue),
        ]
    )
