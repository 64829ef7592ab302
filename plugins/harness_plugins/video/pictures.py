"""Pictures as a player shows them: decoded frames turned, sized, and given as RGB."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FLAGS = ("ACCURATE_RND", "BITEXACT", "FULL_CHR_H_INT")  # the same pixels on every processor


class Orientation:
    """How stored pictures are turned and mirrored to be shown, from a display matrix (nine whole numbers, 16.16 fixed point).

    `turned`: rows and columns change places first; then rows and columns are reversed as `rows` and `columns` say. Matrices that
    turn by other angles than quarters are taken to the nearest quarter.
    """

    def __init__(self, matrix: tuple[int, ...] | None = None) -> None:
        a, b, c, d = (1, 0, 0, 1) if matrix is None else (matrix[0], matrix[1], matrix[3], matrix[4])
        self.turned = abs(b) + abs(c) > abs(a) + abs(d)
        across, down = (c, b) if self.turned else (a, d)
        self.columns, self.rows = across < 0, down < 0

    @property
    def rotation(self) -> int:
        """Degrees clockwise, without mirroring: 0, 90, 180 or 270."""
        if self.turned:
            return 270 if self.rows else 90
        return 180 if self.rows else 0

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width as shown of a picture as stored, and the other way round."""
        return (width, height) if self.turned else (height, width)

    def apply(self, pixels: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
        """A picture (H, W, C) as it is shown."""
        if not (self.turned or self.rows or self.columns):
            return pixels
        import numpy as np

        out = pixels.transpose(1, 0, 2) if self.turned else pixels
        return np.ascontiguousarray(out[:: -1 if self.rows else 1, :: -1 if self.columns else 1])


def orientation_of(frame: Any) -> Orientation:
    """The orientation that a decoded frame carries."""
    import numpy as np

    for data in frame.side_data:
        if data.type.name == "DISPLAYMATRIX":
            return Orientation(tuple(np.frombuffer(bytes(data), np.int32, 9).tolist()))
    return Orientation()


class Pictures:
    """Makes RGB arrays of decoded frames, all of one size: `height` and `width` as shown.

    Shrunk by the mean over the area that becomes a pixel (`areas`, or FFmpeg's scaler for the rarer formats), enlarged between
    pixels; colours by the matrix and the range that the video names (ITU-R BT.601 and limited where it names none), high bit
    depths rounded to 8, transparency laid on black.
    """

    def __init__(self, height: int, width: int, orientation: Orientation) -> None:
        from av.video.reformatter import VideoReformatter

        from harness_plugins.video.areas import Areas

        self._orientation = orientation
        self._height, self._width = orientation.size(height, width)
        self._areas = Areas(self._height, self._width)
        self._reformatter = VideoReformatter()

    def of(self, frame: Any) -> "NDArray[np.uint8]":
        """The picture, uint8 (H, W, 3)."""
        pixels = self._areas.of(frame)
        return self._orientation.apply(self._scaled(frame) if pixels is None else pixels)

    def _scaled(self, frame: Any) -> "NDArray[np.uint8]":
        """The picture as it is stored, by FFmpeg's scaler."""
        from av.video.reformatter import Interpolation

        less = self._height < frame.height or self._width < frame.width
        flags = Interpolation.AREA if less else Interpolation.BILINEAR
        for flag in _FLAGS:
            flags |= Interpolation[flag]
        alpha = _has_alpha(frame.format)
        made = self._reformatter.reformat(
            frame, self._width, self._height, "rgba" if alpha else "rgb24", interpolation=flags, threads=1
        )
        pixels: NDArray[Any] = made.to_ndarray()
        return _on_black(pixels) if alpha else pixels


def _has_alpha(format: Any) -> bool:
    """Whether pixels may let through what is behind them: a fourth component, or a palette with one."""
    return format.name == "pal8" or len(format.components) in (2, 4)


def _on_black(pixels: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
    """RGBA over black, rounded to the nearest."""
    import numpy as np

    product = pixels[..., :3].astype(np.uint16) * pixels[..., 3:].astype(np.uint16)
    return ((product + 127) // 255).astype(np.uint8)
