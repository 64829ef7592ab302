"""What a tokenizer's features are: a frame's pixels become one row of numbers for each place."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness_plugins.video.tokenizer.settings import Settings


class Features(Protocol):
    """`height`, `width`: pixels of the frames that are read; `positions`: places of a frame, P; `grid`: their rows and columns,
    None where they have no place in the picture; `dimensions`: numbers of each, D; `digest`: of the files that features come
    from, "" where there are none; `device`: where they are computed; `drawn`: whether `picture` can draw them."""

    height: int
    width: int
    positions: int
    grid: tuple[int, int] | None
    dimensions: int
    digest: str
    device: str
    drawn: bool

    def extract(self, frames: "NDArray[np.uint8]") -> "NDArray[np.float32]":
        """Features (N, P, D) of frames (N, H, W, 3)."""
        ...

    def picture(self, features: "NDArray[np.float32]") -> "NDArray[np.uint8]":
        """Frames (N, H, W, 3) as features (N, P, D) tell them."""
        ...


def open_features(settings: "Settings", device: str = "cpu") -> Features:
    """The features that settings ask for. PluginError, or MissingExtra, for an encoder that cannot be had."""
    from harness_plugins.video.tokenizer.settings import PATCHES

    if settings.kind == PATCHES:
        from harness_plugins.video.tokenizer.patches import Patches

        assert settings.height is not None, "`read_settings` has seen to it"
        assert settings.width is not None
        return Patches(settings.height, settings.width, settings.size, settings.detail)
    from harness_plugins.video.tokenizer.encoder import open_encoder

    return open_encoder(settings, device)
