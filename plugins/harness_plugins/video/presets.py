"""Shapes of masked language models that are trained from scratch, and how they are trained unless more is said."""

import math
from collections.abc import Mapping
from typing import Any

from harness.errors import did_you_mean

# BERT's sizes: `base` is that of Devlin et al. 2019, the others are the small ones of Turc et al. 2019 (arXiv 1908.08962), of
# which each head is 64 wide and each feed-forward part four times the model.
PRESETS: dict[str, dict[str, int]] = {
    name: {"num_hidden_layers": layers, "hidden_size": width}
    for name, layers, width in (("tiny", 2, 128), ("mini", 4, 256), ("small", 4, 512), ("medium", 8, 512), ("base", 12, 768))
}
# From scratch a model needs larger steps; AdamW's second decay is RoBERTa's (Liu et al. 2019), steadier in short ones.
TRAINING: dict[str, dict[str, Any]] = {
    "scratch": {"learning_rate": 1e-3, "weight_decay": 0.01, "warmup": 0.1, "beta2": 0.98},
    "base": {"learning_rate": 5e-5, "weight_decay": 0.01, "warmup": 0.1, "beta2": 0.98},
}
_POSITIONS = 512  # BERT's
_RANGE = 0.02  # standard deviation of BERT's first weights


def check_preset(name: str) -> str:
    """The name; ValueError where there is no such preset."""
    if name not in PRESETS:
        raise ValueError(f"preset is one of {', '.join(PRESETS)}, got {name!r}.{did_you_mean(str(name), PRESETS)}")
    return name


def shape(preset: str | None, config: Mapping[str, Any], *, tokenizer: Any, length: int) -> dict[str, Any]:
    """A config of transformers, with its `model_type`: the preset's, changed by what `config` says.

    `tokenizer`: says how many tokens there are and which are special; `length`: tokens that the model must be able to read.
    Raises ValueError where nothing says which kind of model it is.
    """
    held: dict[str, Any] = {}
    if preset is not None:
        layers, width = PRESETS[check_preset(preset)].values()
        held = {
            "model_type": "bert",
            "num_hidden_layers": layers,
            "hidden_size": width,
            "num_attention_heads": width // 64,
            "intermediate_size": 4 * width,
        }
    found = {**held, **config}
    wide = found.get("hidden_size")
    if preset is not None and isinstance(wide, int) and wide > 0:
        # .02 is for BERT's width; a small model that begins with it learns nothing of the video for hundreds of steps more
        found.setdefault("initializer_range", round(_RANGE * math.sqrt(PRESETS["base"]["hidden_size"] / wide), 4))
    if not isinstance(found.get("model_type"), str):
        raise ValueError("config names a `model_type` of transformers (bert, roberta, modernbert …), or choose a preset")
    vocabulary = max(len(tokenizer), 1 + max(tokenizer.get_vocab().values(), default=-1))  # ids may have gaps
    # tables of positions of RoBERTa and its like begin with rows that no token uses
    offset = 0 if found["model_type"] == "bert" else 1 + (tokenizer.pad_token_id or 0)
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("pad", "bos", "eos", "cls", "sep")}
    return {"vocab_size": vocabulary, "max_position_embeddings": max(_POSITIONS, length) + offset} | ids | found
