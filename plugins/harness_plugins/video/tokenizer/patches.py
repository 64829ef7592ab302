"""Features of square patches of a frame: colours and patterns from coarse to fine, without anything learned.

A patch of s×s pixels is written in an orthonormal basis: brightness, red against green and yellow against blue, each as a
two-dimensional cosine transform (DCT-II, as in JPEG: ITU-T T.81). The first numbers are its mean colour, the next ones how it
changes across the patch. Because the basis is orthonormal, squared distances between features are squared differences between
pixels, less the fine pattern that `detail` leaves out.

All sums are of whole numbers that float64 holds exactly: features do not depend on the batch, on threads or on the processor.
"""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_STEPS = 2**20  # of the basis: 8 bits of pixels, 20 of these and 26 of a patch's sum are within float64's 53
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
        self._basis = basis(size, detail)
        self._whole = self._basis * _STEPS  # whole numbers
        self._grey = _GREY * self._whole.sum(axis=0)
        self.dimensions: int = self._basis.shape[1]
        self.digest, self.device, self.drawn = "", "cpu", True

    def extract(self, frames: "NDArray[np.uint8]") -> "NDArray[np.float32]":
        """Features (N, P, D) of frames (N, H, W, 3), places row by row; ValueError for frames of another size."""
        import numpy as np

        check_frames(frames, self.height, self.width)
        found = self._cut(frames).astype(np.float64) @ self._whole
        found -= self._grey
        found /= _STEPS
        return found.astype(np.float32).reshape(len(frames), self.positions, self.dimensions)

    def picture(self, features: "NDArray[np.float32]") -> "NDArray[np.uint8]":
        """Frames (N, H, W, 3) from features (N, P, D); the fine pattern that features leave out is missing."""
        import numpy as np

        assert self.grid is not None
        rows, columns, size = *self.grid, self.size
        values = features.astype(np.float64) @ self._basis.T + _GREY
        pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8).reshape(-1, rows, columns, size, size, 3)
        return pixels.transpose(0, 1, 3, 2, 4, 5).reshape(-1, self.height, self.width, 3)

    def _cut(self, frames: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
        assert self.grid is not None
        rows, columns, size = *self.grid, self.size
        return frames.reshape(-1, rows, size, columns, size, 3).transpose(0, 1, 3, 2, 4, 5).reshape(-1, size * size * 3)


def basis(size: int, detail: int) -> "NDArray[np.float64]":
    """The basis (size * size * 3, D) in multiples of 2^-20, coarse columns first; a patch's pixels are rows, columns, colours."""
    import numpy as np

    places = np.array([[math.cos(math.pi * (place + 0.5) * wave / size) for place in range(size)] for wave in range(size)])
    places *= np.array([math.sqrt((1 if wave == 0 else 2) / size) for wave in range(size)])[:, None]
    colours = np.array(_COLOURS)
    colours /= np.array([math.sqrt(sum(part * part for part in colour)) for colour in _COLOURS])[:, None]
    waves = sorted(
        (down + across, colour, down, across)
        for colour in range(3)
        for down in range(size)
        for across in range(size)
        if down + across < (detail if colour == 0 else (detail + 1) // 2 if detail < 2 * size - 1 else detail)
    )
    columns = [
        (places[down][:, None, None] * places[across][None, :, None] * colours[colour][None, None, :]).ravel()
        for _, colour, down, across in waves
    ]
    return np.round(np.stack(columns, axis=1) * _STEPS) / _STEPS


def check_frames(frames: "NDArray[np.uint8]", height: int, width: int) -> None:
    """ValueError unless frames are uint8 (N, height, width, 3)."""
    if frames.dtype.name != "uint8" or frames.ndim != 4 or frames.shape[1:] != (height, width, 3):
        raise ValueError(f"frames are uint8 (N, {height}, {width}, 3), got {frames.dtype} {frames.shape}")
