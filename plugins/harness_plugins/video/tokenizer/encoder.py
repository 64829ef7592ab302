"""Features of a vision encoder in a transformers folder (ViT, CLIP, SigLIP, DINOv2, Swin, ConvNeXt …), by hub name or path.

A whole frame is scaled to the size that the encoder reads, its sides each by themselves: nothing is cut off. Colours are
normalised as the folder's own `preprocessor_config.json` says. Weights are read as safetensors, and no code of the folder runs.
"""

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness.errors import MissingExtra, PluginError
from harness_plugins.video.tokenizer.patches import check_frames
from harness_plugins.video.tokenizer.settings import LARGEST, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

WHAT = "vision encoder"
FILES = ("config.json", "preprocessor_config.json", "processor_config.json", "*.safetensors", "*.safetensors.index.json")
PIP_LINE = "pip install 'metaeval-harness[video]'"
_PREPROCESSING = ("preprocessor_config.json", "processor_config.json")
_MOST_BEFORE = 16  # tokens that stand before those of the picture: the class, and registers


@dataclass(frozen=True)
class Colours:
    """What is done to pixels, and the size (height, width) that they are scaled to, None where the folder does not say."""

    factor: float
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    size: tuple[int, int] | None


class Encoder:
    """A `Features`. `rows`: rows and columns that the encoder's own places are averaged to, None: as they are."""

    drawn = False

    def __init__(self, model: Any, name: str, digest: str, colours: Colours, settings: Settings, device: str) -> None:
        self._model, self._name, self._colours, self._device = model, name, colours, device
        self._layer, self._pooled = settings.layer, settings.grid
        self.digest = digest
        self.height, self.width = _size(model.config, colours, settings, name)
        self._more = _positions(model, self.height, self.width)
        self.grid: tuple[int, int] | None = None
        self._own: tuple[int, int] | None = None
        self._first = 0
        self._look()

    def extract(self, frames: "NDArray[np.uint8]") -> "NDArray[np.float32]":
        """Features (N, P, D) of frames (N, H, W, 3), places row by row; one thread on a CPU, so that numbers are the same."""
        import numpy as np

        check_frames(frames, self.height, self.width)
        found = self._states(frames)
        if self._own is not None:
            found = found[:, self._first :]
        if self._pooled is not None and self._own is not None:
            (rows, columns), (down, across) = self._own, self._pooled
            found = found.reshape(len(found), down, rows // down, across, columns // across, -1).mean(axis=(2, 4))
        return np.ascontiguousarray(found, np.float32).reshape(len(frames), -1, found.shape[-1])

    def picture(self, features: "NDArray[np.float32]") -> "NDArray[np.uint8]":
        """Nothing draws an encoder's features: PluginError."""
        raise PluginError(f"features of the {WHAT} {self._name!r} cannot be drawn; those of `kind: patches` can")

    def _look(self) -> None:
        """Finds out what comes out of it, by showing it a grey frame."""
        import numpy as np

        places, self.dimensions = self._states(np.full((1, self.height, self.width, 3), 128, np.uint8)).shape[1:]
        self._own = self._grid(places)
        if self._own is not None:
            self._first = places - self._own[0] * self._own[1]
            places = self._own[0] * self._own[1]
        if self._pooled is not None:
            if self._own is None or self._own[0] % self._pooled[0] or self._own[1] % self._pooled[1]:
                has = (
                    "has no places in the picture" if self._own is None else f"has {self._own[0]} rows and {self._own[1]} columns"
                )
                raise PluginError(
                    f"tokenizer: grid {list(self._pooled)}: the {WHAT} {self._name!r} {has}"
                    f"{'; grid divides both' if self._own else ''}"
                )
            places = self._pooled[0] * self._pooled[1]
        self.grid = self._pooled or self._own
        self.positions = places

    def _grid(self, places: int) -> tuple[int, int] | None:
        """Rows and columns of the last `rows * columns` of an encoder's places; None where they are no picture's."""
        if self._shape is not None:
            return self._shape
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

    def _states(self, frames: "NDArray[np.uint8]") -> "NDArray[np.float32]":
        """What a layer makes of frames: (N, places, D), the class and registers among them."""
        import numpy as np
        import torch

        values = frames.astype(np.float32) * np.float32(self._colours.factor)
        values -= np.array(self._colours.mean, np.float32)
        values /= np.array(self._colours.deviation, np.float32)
        pixels = torch.from_numpy(np.ascontiguousarray(values.transpose(0, 3, 1, 2))).to(self._device)
        with torch.inference_mode(), _one_thread(self._device), _explained(self._name):
            if self._layer == -1:
                states = self._model(pixel_values=pixels, **self._more).last_hidden_state
            else:
                layers = self._model(pixel_values=pixels, output_hidden_states=True, **self._more).hidden_states
                if not -len(layers) <= self._layer < len(layers):
                    raise PluginError(
                        f"tokenizer: layer {self._layer}: the {WHAT} {self._name!r} has layers 0 to {len(layers) - 1} (the last: -1)"
                    )
                states = layers[self._layer]
            self._shape = None
            if states.dim() == 4:  # convolutions: (N, D, rows, columns)
                self._shape = int(states.shape[2]), int(states.shape[3])
                states = states.flatten(2).transpose(1, 2)
            found: NDArray[np.float32] = states.float().cpu().numpy()
        return found

    _shape: tuple[int, int] | None = None


def open_encoder(settings: Settings, device: str = "cpu") -> Encoder:
    """The encoder that settings name. PluginError where it cannot be had, has no pictures for input, or cannot read frames of that
    size; MissingExtra without the packages."""
    from harness.cache import Cache
    from harness_plugins.metrics import encoders

    name = str(settings.model)
    try:
        import torch  # noqa: F401
        import transformers  # noqa: F401

        folder = Path(name).expanduser()
        if folder.is_dir():
            encoders.check_folder(folder, name, WHAT)
        elif folder.exists():
            raise PluginError(f"{WHAT} {name!r}: it is a file; give the folder that save_pretrained wrote")
        else:
            folder = encoders.from_hub(name, WHAT, FILES)
    except ModuleNotFoundError as error:
        raise MissingExtra(f"a vision encoder needs the package {error.name!r}; install it with: {PIP_LINE}") from error
    model = _model(folder, name, device)
    return Encoder(model, name, encoders.folder_digest(folder, Cache(), FILES), read_colours(folder, name), settings, device)


def read_colours(folder: Path, name: str) -> Colours:
    """How the folder says that pixels become numbers. PluginError where it does not say it: wrong colours would go unseen."""
    for file in _PREPROCESSING:
        path = folder / file
        if not path.is_file():
            continue
        try:
            said = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
            said = said.get("image_processor") or said
            return _colours(said)
        except (msgspec.DecodeError, TypeError, ValueError, KeyError, OSError) as error:
            raise PluginError(f"{WHAT} {name!r}: {path} does not say how pixels become numbers ({error!r:.200})") from error
    raise PluginError(
        f"{WHAT} {name!r}: {folder} holds no {_PREPROCESSING[0]}, which says how pixels become numbers; save the encoder's image "
        "processor into it (`AutoImageProcessor.from_pretrained(…).save_pretrained(…)`)"
    )


def _colours(said: Mapping[str, Any]) -> Colours:
    factor = float(said.get("rescale_factor", 1 / 255)) if said.get("do_rescale", True) else 1.0
    mean, deviation = (0.0,) * 3, (1.0,) * 3
    if said.get("do_normalize", True):
        mean = tuple(float(one) for one in said["image_mean"])
        deviation = tuple(float(one) for one in said["image_std"])
    if len(mean) != 3 or len(deviation) != 3 or not all(one > 0 for one in deviation):
        raise ValueError("image_mean and image_std are three numbers each")
    size = (said.get("crop_size") if said.get("do_center_crop") else None) or said.get("size")
    if isinstance(size, Mapping):
        height = size.get("height") or size.get("shortest_edge")
        size = (height, size.get("width") or height)
    elif isinstance(size, int):
        size = (size, size)
    if not isinstance(size, tuple) or not all(type(one) is int and 0 < one <= LARGEST for one in size):
        size = None
    return Colours(factor, mean, deviation, size)


def _model(folder: Path, name: str, device: str) -> Any:
    """The part of the model that reads pictures, in eval mode."""
    import torch
    from transformers import AutoConfig, AutoModel

    from harness_plugins.metrics import encoders

    with encoders.explained(folder, name, WHAT), encoders.quiet(), torch.random.fork_rng(devices=[]):
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        if not any(hasattr(one, "num_channels") for one in (config, getattr(config, "vision_config", None))):
            raise PluginError(
                f"{WHAT} {name!r}: a {config.model_type} reads no pictures; give a model such as ViT, CLIP or DINOv2"
            )
        read: Any = AutoModel.from_pretrained(
            folder,
            output_loading_info=True,
            dtype=torch.float32,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            attn_implementation="eager",
        )
        model, facts = read
    lacking = sorted(one for one in facts["missing_keys"] if "pooler" not in one and "head" not in one.split(".")[-2:-1])
    if lacking:  # transformers would go on with random numbers in their place
        raise PluginError(f"{WHAT} {name!r} in {folder}: its weights lack {', '.join(lacking[:3])}")
    model = getattr(model, "vision_model", model)
    if getattr(model, "main_input_name", "pixel_values") != "pixel_values":
        raise PluginError(f"{WHAT} {name!r}: a {config.model_type} reads no pictures; give a model such as ViT, CLIP or DINOv2")
    return model.eval().to(device)


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
