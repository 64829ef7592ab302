"""A fitted tokenizer: frames become video tokens, and tokens of patches become frames again."""

from typing import TYPE_CHECKING, Annotated

import msgspec

from harness.errors import InputError, PluginError
from harness_plugins.video.store import VERSION, Info
from harness_plugins.video.tokenizer.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness_plugins.video.tokenizer.features import Features

_FRAMES = 32  # whose features are held at a time; fixed, as an encoder's last bits may depend on the batch


class Fitted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a tokenizer was fitted on: `patches` of `frames` of `videos`, sampled at `rate` frames a second. `held_out`: the share
    of all the videos that the fit left out; unknown (`UNSET`) of tokenizers that were saved before it was kept."""

    videos: int
    frames: int
    patches: int
    rate: float
    held_out: Annotated[float, msgspec.Meta(ge=0, lt=1)] | msgspec.UnsetType = msgspec.UNSET


class Tokenizer:
    """Video tokens of frames.

    A place's tokens stand one behind the other, level by level; the token of level l and code c is `l * codes + c`. Features are
    first taken less `shift` and divided by `scale`, both (D,), where they are given.
    """

    def __init__(
        self,
        settings: Settings,
        features: "Features",
        codebooks: "NDArray[np.float32]",
        fitted: Fitted,
        digest: str,
        *,
        shift: "NDArray[np.float32] | None" = None,
        scale: "NDArray[np.float32] | None" = None,
    ) -> None:
        from harness_plugins.video.tokenizer.quantise import Nearest

        self.settings, self.features, self.fitted, self.digest = settings, features, fitted, digest
        self.codebooks, self.shift, self.scale = codebooks, shift, scale
        self._books = [Nearest(book) for book in codebooks]

    @property
    def device(self) -> str:
        """Where its encoder computes; that of patches is always `cpu`."""
        return self.features.device

    @property
    def levels(self) -> int:
        """Codebooks."""
        return len(self.codebooks)

    @property
    def codes(self) -> int:
        """Codes of a codebook."""
        return int(self.codebooks.shape[1])

    @property
    def tokens(self) -> int:
        """Tokens of a frame, P."""
        return self.features.positions * self.levels

    def info(self, rate: float) -> Info:
        """What a folder of tokens of this tokenizer says of itself, frames sampled `rate` a second."""
        return Info(
            rate=rate,
            height=self.features.height,
            width=self.features.width,
            tokens=self.tokens,
            codes=self.levels * self.codes,
            tokenizer=self.digest,
            grid=self.features.grid,
            levels=self.levels,
            version=VERSION,
        )

    def encode(self, frames: "NDArray[np.uint8]") -> "NDArray[np.int32]":
        """Tokens (N, P) of frames (N, H, W, 3).

        ValueError for frames of another size; PluginError where an encoder gives what is no number."""
        import numpy as np

        from harness_plugins.video.tokenizer.quantise import encode

        found = np.empty((len(frames), self.tokens), np.int32)
        offsets = np.arange(self.levels, dtype=np.int32) * self.codes
        for start in range(0, len(frames), _FRAMES):
            rows = self.rows(frames[start : start + _FRAMES])
            codes = encode(rows.reshape(-1, rows.shape[-1]), self._books, self.features.positions) + offsets
            found[start : start + _FRAMES] = codes.reshape(len(rows), self.tokens)
        return found

    def rows(self, frames: "NDArray[np.uint8]") -> "NDArray[np.float32]":
        """Features (N, P, D) of frames as codebooks see them."""
        rows = self.features.extract(frames)
        if not self.features.drawn:  # pixels are always numbers
            rows = finite(rows, self.settings)
        return standard(rows, self.shift, self.scale)

    def told(self, tokens: "NDArray[np.int32]", levels: int | None = None) -> "NDArray[np.float32]":
        """Features (N, P, D), as codebooks see them, that tokens (N, P × levels) say; of the first `levels` only, where given.

        InputError for tokens that are not this tokenizer's."""
        import numpy as np

        if tokens.ndim != 2 or tokens.shape[1] != self.tokens:
            raise InputError(f"{tokens.shape} tokens are not those of this tokenizer, which gives a frame {self.tokens}")
        codes = tokens.reshape(len(tokens), -1, self.levels) - np.arange(self.levels, dtype=np.int32) * self.codes
        if codes.size and not (codes.min() >= 0 and codes.max() < self.codes):
            raise InputError(
                f"tokens from {tokens.min()} to {tokens.max()} are not all of this tokenizer's {self.codes} codes in "
                f"{self.levels} levels, level by level; give the tokenizer that they were made with"
            )
        total = np.zeros((*codes.shape[:2], self.codebooks.shape[2]), np.float32)
        for level in range(self.levels if levels is None else levels):
            total += self.codebooks[level][codes[:, :, level]]
        return total

    def decode(self, tokens: "NDArray[np.int32]") -> "NDArray[np.uint8]":
        """Frames (N, H, W, 3) that tokens (N, P) say. PluginError for an encoder's tokens: nothing draws them."""
        if not self.features.drawn:
            raise PluginError(f"tokens of the encoder {self.settings.model!r} cannot be drawn; those of `kind: patches` can")
        rows = self.told(tokens)
        if self.scale is not None:
            rows = rows * self.scale
        return self.features.picture(rows if self.shift is None else rows + self.shift)


def standard(
    rows: "NDArray[np.float32]", shift: "NDArray[np.float32] | None", scale: "NDArray[np.float32] | None"
) -> "NDArray[np.float32]":
    """Features less their shift, divided by their scale."""
    if shift is not None:
        rows = rows - shift
    return rows if scale is None else rows / scale


def finite(rows: "NDArray[np.float32]", settings: Settings) -> "NDArray[np.float32]":
    """The features as they are; PluginError where they are not all finite: such ones would all get one code."""
    import numpy as np

    if not np.isfinite(rows).all():
        where = f"the encoder {settings.model!r}" if settings.model else f"`kind: {settings.kind}`"
        wrong = int((~np.isfinite(rows)).any(axis=-1).sum())
        raise PluginError(
            f"{where}: features of {wrong} of {rows.shape[0] * rows.shape[1]} patches are not finite (NaN or infinite), so that "
            "they have no code; its weights are damaged, or its numbers too large for float32. Give its files anew, or another"
        )
    return rows
