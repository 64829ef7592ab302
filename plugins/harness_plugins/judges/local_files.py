"""A causal language model in a transformers folder: found by name or path, told apart by a digest, loaded without its code."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.cache import Cache
from harness.chat.llama_server import SMOLLM2
from harness.errors import MissingExtra, PluginError
from harness_plugins.metrics import encoders

WHAT = "model"
FILES = (*encoders.FILES, "chat_template.jinja", "chat_template.json", "generation_config.json")
DTYPES = ("float32", "bfloat16", "float16")
PIP_LINE = "pip install 'metaeval-harness[judge-transformers]'"


@dataclass(frozen=True)
class LocalModel:
    """A model's folder and the sha256 of weights, tokenizer, template and config. `name`: the hub's, or the folder's own."""

    name: str
    folder: Path
    digest: str


def find_model(name: str, cache: Cache, *, gguf: bool = False) -> LocalModel:
    """The model in that folder, or the one of that name on the hub (`owner/name`, `owner/name@revision`).

    What the hub's own cache holds is taken from there without a network. `gguf`: a GGUF file (or `smollm2`) is restored to such a
    folder instead of refused. Raises PluginError for what is not there, not reachable
    or has pickled weights only, MissingExtra without the packages.
    """
    if name.lower().endswith(".gguf") or (name == SMOLLM2 and not Path(name).is_dir()):
        if gguf:
            from harness_plugins.judges.local_gguf import restored

            folder = restored(name, cache)
            return LocalModel(folder.name, folder, encoders.folder_digest(folder, cache, FILES))
        raise PluginError(f"model {name!r} is a GGUF file, which backend=server serves; backend=transformers reads safetensors")
    folder = Path(name).expanduser()
    if folder.is_dir():
        encoders.check_folder(folder, name, WHAT)
        return LocalModel(folder.resolve().name, folder, encoders.folder_digest(folder, cache, FILES))
    try:
        folder = encoders.from_hub(name, WHAT, FILES)
    except ModuleNotFoundError as error:
        raise missing(error) from error
    return LocalModel(name.partition("@")[0], folder, encoders.folder_digest(folder, cache, FILES))


def load_tokenizer(model: LocalModel) -> Any:
    """The tokenizer, which pads on the left."""
    try:
        from transformers import AutoTokenizer
    except ModuleNotFoundError as error:
        raise missing(error) from error
    with encoders.explained(model.folder, model.name, WHAT), encoders.quiet():
        return AutoTokenizer.from_pretrained(model.folder, local_files_only=True, trust_remote_code=False, padding_side="left")


def load_model(model: LocalModel, device: str, dtype: str) -> Any:
    """The model in eval mode on the device."""
    try:
        import torch
        from transformers import AutoModelForCausalLM
    except ModuleNotFoundError as error:
        raise missing(error) from error
    with encoders.explained(model.folder, model.name, WHAT), encoders.quiet(), torch.random.fork_rng(devices=[]):
        read: Any = AutoModelForCausalLM.from_pretrained(
            model.folder,
            output_loading_info=True,
            dtype=getattr(torch, dtype),
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
        )
        loaded, facts = read
        lacking = sorted(facts["missing_keys"])
        if lacking:  # transformers would go on with random numbers in their place
            raise PluginError(f"model {model.name!r} in {model.folder}: its weights lack {', '.join(lacking[:3])}")
        return loaded.eval().to(device)


def longest_prompt(config: Any) -> int | None:
    """Tokens that the model can read, its own included; None where its config does not say."""
    positions = getattr(config.get_text_config(), "max_position_embeddings", None)
    return positions if isinstance(positions, int) and positions > 0 else None


def missing(error: ModuleNotFoundError) -> MissingExtra:
    """The line that installs what is missing."""
    return MissingExtra(f"backend=transformers needs the package {error.name!r}; install it with: {PIP_LINE}")
