"""Features of square patches of a frame: colours and patterns from coarse to fine, without anything learned.

A patch of s×s pixels is written in an orthonormal basis: brightness, red against green and yellow against blue, each as a
two-dimensional cosine transform (DCT-II, as in JPEG: ITU-T T.81). The first numbers are its mean colour, the next ones how it
changes across the patch. Because the basis is orthonormal, squared distances between features are squared differences between
pixels, less the fine pattern that `detail` leaves out.

All additions are in float64 in a fixed order (`patch_kernels`): features depend on neither the batch, threads nor the processor.
"""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_STEPS = 2**40  # of the waves: what libraries of mathematics differ by is rounded off
_GREY = 128
_COLOURS = ((1.0, 1.0, 1.0), (1.0, -1.0, 0.0), (1.0, 1.0, -2.0))  # of red, green and blue


class Patches:
    """Features of the patches of frames `height`×`width`: `(rows, columns)` of them in `grid`, `dimensions` numbers each.

    `detail`: of brightness the waves of which the numbers of half periods across and down are together less than that, of
    colours half as many; `2 * size - 1` is all there is. ValueError where patches do not fill a frame.
    """

    def __init__(self, height: int, width: int, size: int, detail: int) -> None:
        if height % size or width % size:
            raise ValueError(f"size: patches of {size}×{size} pixels do not fill a frame of {width} wide and {height} high")
        self.height, self.width, self.size = height, width, size
        self.grid: tuple[int, int] | None = (height // size, width // size)
        self.positions = (height // size) * (width // size)
        self._detail = detail
        self._plan = _plan(size, detail)
        self._waves = _waves(size)
        self._scales = _scales()
        self._downs = [1 + max(down for kind, down, _ in self._plan if kind == colour) for colour in range(3)]
        self.dimensions = len(self._plan)
        self.digest, self.device, self.drawn = "", "cpu", True

    def extract(self, frames: "NDArray[np.uint8]") -> "NDArray[np.float32]":
        """Features (N, P, D) of frames (N, H, W, 3), places row by row; ValueError for frames of another size."""
        import numpy as np

        from harness_plugins.video.tokenizer.patch_kernels import transform

        check_frames(frames, self.height, self.width)
        found = np.empty((len(frames), self.positions, self.dimensions), np.float32)
        transform(
            np.ascontiguousarray(frames).reshape(len(frames), self.height, self.width * 3),
            self._waves,
            np.array(self._downs),
            np.array(self._plan),
            self._scales,
            self.size,
            np.empty((3, self.width)),
            np.empty((3, max(self._downs), self.width)),
            found,
        )
        return found

    def picture(self, features: "NDArray[np.float32]") -> "NDArray[np.uint8]":
        """Frames (N, H, W, 3) from features (N, P, D); the fine pattern that features leave out is missing."""
        import numpy as np

        assert self.grid is not None
        rows, columns, size = *self.grid, self.size
        values = features.astype(np.float64) @ basis(self.size, self._detail).T + _GREY
        pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8).reshape(-1, rows, columns, size, size, 3)
        return pixels.transpose(0, 1, 3, 2, 4, 5).reshape(-1, self.height, self.width, 3)


def basis(size: int, detail: int) -> "NDArray[np.float64]":
    """The basis (size * size * 3, D), coarse columns first; a patch's pixels are rows, columns, colours."""
    import numpy as np

    waves, colours = _waves(size), np.array(_COLOURS) * _scales()[:, None]
    columns = [
        (waves[down][:, None, None] * waves[across][None, :, None] * colours[kind][None, None, :]).ravel()
        for kind, down, across in _plan(size, detail)
    ]
    return np.stack(columns, axis=1)


def _plan(size: int, detail: int) -> list[tuple[int, int, int]]:
    """Of each feature: brightness or which colour, and the numbers of half periods down and across; coarse ones first."""
    waves = sorted(
        (down + across, colour, down, across)
        for colour in range(3)
        for down in range(size)
        for across in range(size)
        if down + across < (detail if colour == 0 else (detail + 1) // 2 if detail < 2 * size - 1 else detail)
    )
    return [(colour, down, across) for _, colour, down, across in waves]


def _waves(size: int) -> "NDArray[np.float64]":
    """The orthonormal waves (size, size): of each its height at each place."""
    import numpy as np

    found = np.array([[math.cos(math.pi * (place + 0.5) * wave / size) for place in range(size)] for wave in range(size)])
    found *= np.array([math.sqrt((1 if wave == 0 else 2) / size) for wave in range(size)])[:, None]
    return np.round(found * _STEPS) / _STEPS


def _scales() -> "NDArray[np.float64]":
    """What each of `_COLOURS` is multiplied with to be of length 1."""
    import numpy as np

    return np.array([1 / math.sqrt(sum(part * part for part in colour)) for colour in _COLOURS])


def check_frames(frames: "NDArray[np.uint8]", height: int, width: int) -> None:
    """ValueError unless frames are uint8 (N, height, width, 3)."""
    if frames.dtype.name != "uint8" or frames.ndim != 4 or frames.shape[1:] != (height, width, 3):
        raise ValueError(f"frames are uint8 (N, {height}, {width}, 3), got {frames.dtype} {frames.shape}")
