"""Features of a vision encoder in a transformers folder (ViT, CLIP, SigLIP, DINOv2, Swin, ConvNeXt …), by hub name or path.

A whole frame is scaled to the size that the encoder reads, its sides each by themselves: nothing is cut off. Colours are
normalised as the folder's own `preprocessor_config.json` says. Weights are read as safetensors, and no code of the folder runs.
"""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.errors import PluginError
from harness_plugins.video.tokenizer.encoder_files import WHAT, Colours, find_encoder, load_encoder, read_colours
from harness_plugins.video.tokenizer.patches import check_frames
from harness_plugins.video.tokenizer.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

_MOST_BEFORE = 16  # tokens that stand before those of the picture: the class, and registers


class Encoder:
    """A `Features`: those of one layer, at places of the picture, perhaps averaged to fewer. The class and registers are left
    out; where an encoder has no places, what it has is taken whole."""

    drawn = False

    def __init__(self, model: Any, name: str, digest: str, colours: Colours, settings: Settings, device: str) -> None:
        self._model, self._name, self._colours, self.device = model, name, colours, device
        self._layer, self._pooled = settings.layer, settings.grid
        self.digest = digest
        self.height, self.width = _size(model.config, colours, settings, name)
        self._more = _positions(model, self.height, self.width)
        self._own, self._first, self.dimensions = self._look()
        self.grid = self._pooled or self._own
        self.positions = self.grid[0] * self.grid[1] if self.grid is not None else self._first

    def extract(self, frames: "NDArray[np.uint8]") -> "NDArray[np.float32]":
        """Features (N, P, D) of frames (N, H, W, 3), places row by row; one thread on a CPU, so that numbers are the same."""
        import numpy as np

        check_frames(frames, self.height, self.width)
        found, _ = self._states(frames)
        if self._own is not None:
            found = found[:, self._first :]
        if self._pooled is not None and self._own is not None:
            (rows, columns), (down, across) = self._own, self._pooled
            found = found.reshape(len(found), down, rows // down, across, columns // across, -1).mean(axis=(2, 4))
        return np.ascontiguousarray(found, np.float32).reshape(len(frames), -1, found.shape[-1])

    def picture(self, features: "NDArray[np.float32]") -> "NDArray[np.uint8]":
        """Nothing draws an encoder's features: PluginError."""
        raise PluginError(f"features of the {WHAT} {self._name!r} cannot be drawn; those of `kind: patches` can")

    def _look(self) -> tuple[tuple[int, int] | None, int, int]:
        """What comes out of it, seen by showing it a frame: rows and columns of its places, how many others stand before them
        (all, where it has no places), and numbers of each."""
        import numpy as np

        shades = np.arange(self.height * self.width * 3, dtype=np.uint32) * 2_654_435_761 >> 24  # no place is like another
        frame = shades.astype(np.uint8).reshape(1, self.height, self.width, 3)
        states, own = self._states(frame)
        places, dimensions = states.shape[1:]
        if not np.array_equal(states, self._states(frame)[0], equal_nan=True):
            raise PluginError(
                f"{WHAT} {self._name!r}: its features of the same frame differ each time (it masks at random); give another"
            )
        own = own or self._grid(places)
        if self._pooled is not None and (own is None or own[0] % self._pooled[0] or own[1] % self._pooled[1]):
            has = (
                "has no places in the picture" if own is None else f"has {own[0]} rows and {own[1]} columns, which it must divide"
            )
            raise PluginError(f"tokenizer: grid {list(self._pooled)}: the {WHAT} {self._name!r} {has}")
        return own, places if own is None else places - own[0] * own[1], dimensions

    def _grid(self, places: int) -> tuple[int, int] | None:
        """Rows and columns of the last `rows * columns` of an encoder's places; None where they are no picture's."""
        patch = getattr(self._model.config, "patch_size", None)
        down, across = patch if isinstance(patch, list | tuple) else (patch, patch)
        if not isinstance(down, int) or not isinstance(across, int):
            return None
        rows, columns = self.height // down, self.width // across
        while rows and columns:  # Swin and the like join 2×2 places again and again
            if 0 <= places - rows * columns <= _MOST_BEFORE:
                return rows, columns
            rows, columns = rows // 2, columns // 2
        return None

    def _states(self, frames: "NDArray[np.uint8]") -> "tuple[NDArray[np.float32], tuple[int, int] | None]":
        """What a layer makes of frames: (N, places, D), with the class and registers; rows and columns, where it says them."""
        import numpy as np
        import torch

        values = frames.astype(np.float32) * np.float32(self._colours.factor)
        values -= np.array(self._colours.mean, np.float32)
        values /= np.array(self._colours.deviation, np.float32)
        pixels = torch.from_numpy(np.ascontiguousarray(values.transpose(0, 3, 1, 2))).to(self.device)
        with torch.inference_mode(), _one_thread(self.device), _explained(self._name):
            states, shape = self._layer_of(pixels), None
            if states.dim() == 4:  # of convolutions: (N, D, rows, columns)
                shape = int(states.shape[2]), int(states.shape[3])
                states = states.flatten(2).transpose(1, 2)
            found: NDArray[np.float32] = states.float().cpu().numpy()
        return found, shape

    def _layer_of(self, pixels: Any) -> Any:
        if self._layer == -1:
            return self._model(pixel_values=pixels, **self._more).last_hidden_state
        layers = self._model(pixel_values=pixels, output_hidden_states=True, **self._more).hidden_states
        if not -len(layers) <= self._layer < len(layers):
            says = f"has layers 0 to {len(layers) - 1}; -1 is the last"
            raise PluginError(f"tokenizer: layer {self._layer}: the {WHAT} {self._name!r} {says}")
        return layers[self._layer]


def open_encoder(settings: Settings, device: str = "cpu") -> Encoder:
    """The encoder that settings name. PluginError where it cannot be had, reads no pictures, or none of that size; MissingExtra
    without the packages."""
    name = str(settings.model)
    folder, digest = find_encoder(name)
    colours = read_colours(folder, name)
    return Encoder(load_encoder(folder, name, device), name, digest, colours, settings, device)


def _size(config: Any, colours: Colours, settings: Settings, name: str) -> tuple[int, int]:
    """Pixels of a frame, as settings say, else the folder's preprocessing, else its config."""
    own = getattr(config, "image_size", None)
    own = (own, own) if isinstance(own, int) else tuple(own) if isinstance(own, list | tuple) else None
    usual = colours.size or own
    if usual is None and (settings.height is None or settings.width is None):
        raise PluginError(f"{WHAT} {name!r}: neither it nor the config says how large frames are; set `height` and `width`")
    height, width = settings.height or (usual or (0, 0))[0], settings.width or (usual or (0, 0))[1]
    patch = getattr(config, "patch_size", None)
    down, across = patch if isinstance(patch, list | tuple) else (patch, patch)
    if isinstance(down, int) and isinstance(across, int) and (height % down or width % across):
        raise PluginError(
            f"{WHAT} {name!r}: its patches of {across}×{down} pixels do not fill a frame {width} wide and {height} high"
        )
    return height, width


def _positions(model: Any, height: int, width: int) -> dict[str, bool]:
    """Asks for positions between those it learned where frames have another size than it was trained with."""
    import inspect

    own = getattr(model.config, "image_size", None)
    own = (own, own) if isinstance(own, int) else tuple(own) if isinstance(own, list | tuple) else None
    if own in (None, (height, width)) or "interpolate_pos_encoding" not in inspect.signature(model.forward).parameters:
        return {}
    return {"interpolate_pos_encoding": True}


@contextmanager
def _one_thread(device: str) -> "Iterator[None]":
    """On a CPU: sums are taken in one order, whatever the number of cores."""
    import torch

    before = torch.get_num_threads()
    if device == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if device == "cpu":
            torch.set_num_threads(before)


@contextmanager
def _explained(name: str) -> "Iterator[None]":
    """What the model raises for frames that it cannot read becomes a PluginError."""
    try:
        yield
    except (RuntimeError, ValueError, TypeError, AttributeError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise PluginError(f"{WHAT} {name!r} cannot read these frames: {lines[0]}") from error
