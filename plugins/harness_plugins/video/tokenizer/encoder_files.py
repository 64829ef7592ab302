"""A vision encoder's folder: found by name or path, what it says of colours, and its model, loaded without the folder's code."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import MissingExtra, PluginError
from harness_plugins.video.tokenizer.settings import LARGEST

WHAT = "vision encoder"
FILES = ("config.json", "preprocessor_config.json", "processor_config.json", "*.safetensors", "*.safetensors.index.json")
PIP_LINE = "pip install 'metaeval-harness[video]'"
_PREPROCESSING = ("preprocessor_config.json", "processor_config.json")


@dataclass(frozen=True)
class Colours:
    """What is done to pixels, and the size (height, width) that they are scaled to, None where the folder does not say."""

    factor: float
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    size: tuple[int, int] | None


def find_encoder(name: str) -> tuple[Path, str]:
    """The folder of the vision encoder of that name or path, and the digest of its files.

    PluginError where it cannot be had, or has pickled weights only; MissingExtra without the packages."""
    from harness.cache import Cache
    from harness_plugins.metrics import encoders

    try:
        import torch  # noqa: F401  # imported to see that it is there
        import transformers  # noqa: F401  # as above

        folder = Path(name).expanduser()
        if folder.is_dir():
            encoders.check_folder(folder, name, WHAT)
        elif folder.exists():
            raise PluginError(f"{WHAT} {name!r}: it is a file; give the folder that save_pretrained wrote")
        else:
            folder = encoders.from_hub(name, WHAT, FILES)
    except ModuleNotFoundError as error:
        raise MissingExtra(f"a vision encoder needs the package {error.name!r}; install it with: {PIP_LINE}") from error
    return folder, encoders.folder_digest(folder, Cache(), FILES)


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
    mean: tuple[float, ...] = (0.0,) * 3
    deviation: tuple[float, ...] = (1.0,) * 3
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


def load_encoder(folder: Path, name: str, device: str) -> Any:
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
    lacking = sorted(one for one in facts["missing_keys"] if not {"pooler", "head"} & set(one.split(".")))  # these are not used
    if lacking:  # transformers would go on with random numbers in their place
        raise PluginError(f"{WHAT} {name!r} in {folder}: its weights lack {', '.join(lacking[:3])}")
    model = getattr(model, "vision_model", model)
    if getattr(model, "main_input_name", "pixel_values") != "pixel_values":
        raise PluginError(f"{WHAT} {name!r}: a {config.model_type} reads no pictures; give a model such as ViT, CLIP or DINOv2")
    return model.eval().to(device)
