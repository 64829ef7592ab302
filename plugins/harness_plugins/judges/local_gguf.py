"""A GGUF file as a transformers folder, made once: weights restored from their blocks, tokenizer and template beside them.

Weights that were stored in few bits stay what they were rounded to; the folder only makes them readable and trainable.
"""

import shutil
import uuid
from pathlib import Path
from typing import Any

from harness.cache import Cache
from harness.cache_upkeep import PARTIAL
from harness.chat.llama_server import find_gguf
from harness.errors import MissingExtra, PluginError
from harness_plugins.metrics import encoders

CONVERSION = 1  # raised when the folder would differ
PIP_LINE = "pip install 'metaeval-harness[train]'"


def restored(name: str, cache: Cache) -> Path:
    """The folder `STEM-<digest>` below the cache's models, written if it is not there yet (about a minute for 135 million
    weights).

    `name`: the path of a GGUF file, or `smollm2`. InputError for what is none, PluginError where transformers cannot read its
    architecture, MissingExtra without the packages.
    """
    file = find_gguf(name, cache)
    target = cache.models / f"{file.path.stem}-{file.digest[:12]}-{CONVERSION}"
    if (target / "config.json").exists():
        return target
    partial = cache.models / f"{target.name}{PARTIAL}-{uuid.uuid4().hex}"
    partial.mkdir(parents=True)
    try:
        _write(file.path, partial)
        partial.rename(target)
    except OSError:
        if not (target / "config.json").exists():  # else another process was first
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def _write(file: Path, folder: Path) -> None:
    try:
        import gguf  # noqa: F401  # transformers reads GGUF with it
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ModuleNotFoundError as error:
        raise MissingExtra(f"reading {file.name} needs the package {error.name!r}; install it with: {PIP_LINE}") from error
    where = {"gguf_file": file.name, "local_files_only": True, "trust_remote_code": False}
    try:
        with encoders.quiet():
            model: Any = AutoModelForCausalLM.from_pretrained(file.parent, dtype=torch.float32, **where)
            tokenizer = AutoTokenizer.from_pretrained(file.parent, **where)
    except (ValueError, KeyError, NotImplementedError) as error:
        raise PluginError(f"{file}: transformers cannot read this GGUF file ({error}); give a folder of safetensors") from error
    model.hf_quantizer = None  # the weights are plain numbers from here on, and are saved as such
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    with encoders.quiet():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
