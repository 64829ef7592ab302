"""Shapes of models that are trained from scratch: the papers' own, and small ones of the same build."""

from collections.abc import Mapping
from typing import Any

from harness.errors import did_you_mean

# `norlund`: Norlund et al. 2023 (arXiv 2302.12128), §3 and the configuration that they published, after the smallest model of
# Borgeaud et al. 2022: learned relative positions, RMSNorm, GEGLU, no biases; the second layer of the encoder reads the chunk.
# Theirs leaves products of queries and keys as they are, as T5 does; here they are divided by √d.
# The other two are for one machine, and have rotary positions, for which there are faster kernels on CPUs.
PRESETS: dict[str, dict[str, Any]] = {
    "norlund": {
        "decoder": {
            "model_type": "harness-relative",
            "hidden_size": 1536,
            "intermediate_size": 6144,
            "num_hidden_layers": 12,
            "num_attention_heads": 12,
            "max_distance": 1024,
            "dropout": 0.1,
        },
        "length": 1024,
        "cross_layers": [6, 9, 12],
        "encoder_layers": 2,
        "encoder_width": 896,
        "encoder_heads": 14,
        "encoder_hidden": 3584,
        "encoder_cross_layers": [2],
        "dropout": 0.1,
    },
    "small": {
        "decoder": {
            "model_type": "llama",
            "hidden_size": 384,
            "intermediate_size": 1024,
            "num_hidden_layers": 6,
            "num_attention_heads": 6,
            "max_position_embeddings": 2048,
            "tie_word_embeddings": True,
        },
        "length": 512,
        "cross_layers": [2, 4, 6],
        "encoder_layers": 2,
        "encoder_width": 256,
        "encoder_heads": 4,
        "encoder_hidden": 704,
        "encoder_cross_layers": [2],
    },
    "tiny": {
        "decoder": {
            "model_type": "llama",
            "hidden_size": 128,
            "intermediate_size": 352,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "max_position_embeddings": 2048,
            "tie_word_embeddings": True,
        },
        "length": 256,
        "cross_layers": [2, 4],
        "encoder_layers": 1,
        "encoder_width": 128,
        "encoder_heads": 4,
        "encoder_hidden": 352,
    },
}
# How Norlund et al.'s published code trains: AdamW at a constant rate.
TRAINING: dict[str, dict[str, Any]] = {
    "norlund": {"learning_rate": 1e-4, "weight_decay": 0.1, "warmup": 0.0, "schedule": "constant", "beta2": 0.999},
}
_OWN = ("decoder", "length")  # of a preset, beside what RetroConfig takes


def preset(name: str) -> dict[str, Any]:
    """The preset of that name; ValueError where there is none."""
    if name not in PRESETS:
        raise ValueError(f"preset is one of {', '.join(PRESETS)}, got {name!r}.{did_you_mean(name, PRESETS)}")
    return PRESETS[name]


def decoder_settings(preset_name: str | None, decoder: Mapping[str, Any] | None) -> dict[str, Any]:
    """A preset's decoder, changed by what `decoder` says. ValueError where there is no such preset, or no `model_type`."""
    held = preset(preset_name).get("decoder", {}) if preset_name is not None else {}
    inner = {**held, **(decoder or {})}
    if not isinstance(inner.get("model_type"), str):
        raise ValueError("decoder names a `model_type` of transformers (llama, gpt2 …), or leave it out and choose a preset")
    return inner


def shape(
    preset_name: str | None,
    decoder: Mapping[str, Any] | None,
    model: Mapping[str, Any],
    *,
    vocabulary: int,
    chunk: int,
    pad: int | None,
    end: int | None,
) -> Any:
    """The RetroConfig of a model from scratch: a preset's, changed by what `decoder` (the decoder's config) and `model` say.

    `vocabulary`, `chunk`, `pad`, `end`: of the database and its tokenizer. Raises ValueError for what does not fit together.
    """
    from harness_plugins.retro.config import RetroConfig

    held = preset(preset_name) if preset_name is not None else {}
    inner = decoder_settings(preset_name, decoder)
    settings = changed({key: value for key, value in held.items() if key not in _OWN}, model)
    ids = {"vocab_size": vocabulary, "pad_token_id": pad, "eos_token_id": end, "bos_token_id": None}
    return RetroConfig(decoder=ids | inner, chunk=chunk, neighbour_length=2 * chunk, **settings)


def changed(held: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a RetroConfig with those of `model` in their place. In an encoder of another depth the last layer reads the
    chunk, unless `model` says which do."""
    found = {**held, **model}
    if "encoder_layers" in model and "encoder_cross_layers" not in model:
        found["encoder_cross_layers"] = [found["encoder_layers"]]
    return found
