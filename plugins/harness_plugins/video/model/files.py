"""A model with video in one folder: the base as transformers writes it, and beside it `video.json` and `video.safetensors`."""

from pathlib import Path
from typing import Any

import msgspec

from harness.errors import InputError, PluginError
from harness.whole_files import replace_file
from harness_plugins.video.model.config import VideoConfig
from harness_plugins.video.model.model import VideoMaskedLM

CONFIG, WEIGHTS = "video.json", "video.safetensors"


def save(model: VideoMaskedLM, folder: Path) -> None:
    """Writes the folder; what describes the video part comes last."""
    from safetensors.torch import save as as_bytes

    from harness_plugins.metrics import encoders

    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).unlink(missing_ok=True)
    with encoders.quiet():
        model.base.save_pretrained(folder)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in _video_part(model).items()}
    replace_file(folder / WEIGHTS, as_bytes(tensors))
    replace_file(folder / CONFIG, msgspec.json.format(msgspec.json.encode(model.video, order="sorted")) + b"\n")


def is_video_model(folder: str | Path) -> bool:
    """Whether a folder holds a model with video."""
    return (Path(folder).expanduser() / CONFIG).is_file()


def read_config(folder: str | Path) -> VideoConfig:
    """The video part of a folder, without its weights. Raises InputError where there is none."""
    path = Path(folder).expanduser() / CONFIG
    try:
        config = msgspec.json.decode(path.read_bytes(), type=VideoConfig)
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path.parent} holds no model with video ({CONFIG} is missing); train one with video-mlm") from None
    except (msgspec.DecodeError, OSError) as error:
        raise InputError(f"{path}: not a description of a model with video ({error})") from error
    if config.version != 1:
        raise InputError(f"{path}: version {config.version} of models with video is not known; update the program")
    return config


def load_video_model(folder: str | Path, *, device: str = "cpu", dtype: str = "float32") -> VideoMaskedLM:
    """The model of a folder, in eval mode. Raises InputError where it is not whole, PluginError where the base cannot be
    read."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    place = Path(folder).expanduser()
    config = read_config(place)
    base, lacking = load_base(place, name=str(folder), dtype=dtype)
    if lacking:
        raise InputError(f"{place}: the weights lack {', '.join(lacking[:3])}; the model was not saved whole")
    model = VideoMaskedLM(base, config)
    path = place / WEIGHTS
    try:
        found = load_file(path)
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: not the weights of a model with video ({error})") from error
    wanted = _video_part(model)
    if set(found) != set(wanted) or any(found[name].shape != tensor.shape for name, tensor in wanted.items()):
        raise InputError(f"{path}: these weights are not of the model that {place / CONFIG} describes")
    with torch.no_grad():
        for name, tensor in wanted.items():
            tensor.copy_(found[name])
    return model.eval().to(device)


def load_base(folder: str | Path, *, name: str = "", dtype: str = "float32", seed: int = 0) -> tuple[Any, list[str]]:
    """(a masked language model in a transformers folder, on the CPU; names of weights that the folder lacks).

    What is lacking (the head of a plain encoder, say) is drawn by the seed. Raises PluginError where it is no such model; names
    on the hub are looked up by `judges.local_files.find_model`.
    """
    import torch
    from transformers import AutoConfig, AutoModelForMaskedLM

    from harness_plugins.metrics import encoders

    place = Path(folder).expanduser()
    called = name or str(folder)
    with encoders.explained(place, called, "model"), encoders.quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = AutoConfig.from_pretrained(place, local_files_only=True, trust_remote_code=False)
        if type(config) not in AutoModelForMaskedLM._model_mapping:
            raise PluginError(
                f"model {called!r} ({config.model_type}) is no masked language model; give a BERT, RoBERTa or the like"
            )
        read: Any = AutoModelForMaskedLM.from_pretrained(
            place,
            output_loading_info=True,
            dtype=getattr(torch, dtype),
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
        )
    model, facts = read
    return model, sorted(facts["missing_keys"])


def _video_part(model: VideoMaskedLM) -> dict[str, Any]:
    return {name: tensor for name, tensor in model.state_dict().items() if not name.startswith("base.")}
