"""Models to train: from scratch by a preset, or a pretrained decoder that is retrofitted.

Where retrieval is never trained (no neighbours), its parts add nothing: ON is then OFF.
"""

from collections.abc import Mapping
from inspect import signature
from typing import Any

from harness.errors import InputError, PluginError, did_you_mean
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.presets import changed, shape

# what a database decides, or another parameter of the trainer
_TAKEN = ("self", "decoder", "rest", "chunk", "neighbours", "neighbour_length", "gated")


def check_model_settings(given: Mapping[str, Any]) -> None:
    """ValueError for what is no setting of a RetroConfig that may be chosen."""
    from harness_plugins.retro.config import RetroConfig

    known = [name for name in signature(RetroConfig.__init__).parameters if name not in _TAKEN]
    for key in given:
        if key not in known:
            raise ValueError(f"model has no setting {key!r}; it takes {', '.join(known)}.{did_you_mean(key, known)}")


def from_scratch(
    database: Database,
    preset: str | None,
    decoder: Mapping[str, Any] | None,
    model: Mapping[str, Any],
    *,
    neighbours: int,
    seed: int,
) -> Any:
    """A model with fresh weights, drawn from the seed, of the database's tokens and chunks."""
    import torch

    from harness_plugins.retro.model import RetroForCausalLM

    config = shape(
        preset,
        decoder,
        {"neighbours": max(1, neighbours), **model},
        vocabulary=database.info.tokenizer.vocabulary,
        chunk=database.chunk,
        pad=database.tokenizer.pad,
        end=database.tokenizer.end,
    )
    torch.manual_seed(seed)
    return _without(RetroForCausalLM(config), neighbours)


def retrofit(
    decoder: Any, database: Database, model: Mapping[str, Any], *, neighbours: int, freeze: bool, seed: int, name: str
) -> Any:
    """A pretrained decoder with chunked cross-attention in its second half, unless `model` says where: at first it is the decoder
    exactly. Raises PluginError for one that cannot be retrofitted, InputError for one that knows fewer tokens."""
    from harness_plugins.retro.retrofit import retrofitted

    known = int(decoder.get_input_embeddings().weight.shape[0])
    words = database.info.tokenizer.vocabulary
    if known < words:
        raise InputError(f"{name} knows {known:,} tokens, and the tokenizer of {database.folder} has {words:,}")
    inner = decoder.config.get_text_config()
    try:
        held = _beside(inner.num_hidden_layers, inner.hidden_size)
        settings = {"neighbours": max(1, neighbours), **changed(held, model)}
        made = retrofitted(
            decoder, freeze=freeze, seed=seed, chunk=database.chunk, neighbour_length=2 * database.chunk, **settings
        )
    except (ValueError, AttributeError) as error:
        raise PluginError(f"base {name}: it cannot be retrofitted: {error}") from error
    return _without(made, neighbours)


def _beside(layers: int, width: int) -> dict[str, Any]:
    """Where and how wide: in the proportions of Norlund et al. 2023 (layers 6, 9 and 12 of 12; 896 beside 1,536)."""
    encoder = max(1, round(width * 896 / 1536 / 64)) * 64
    return {
        "cross_layers": sorted({max(1, layers // 2), max(1, 3 * layers // 4), layers}),
        "encoder_layers": 2,
        "encoder_width": encoder,
        "encoder_heads": encoder // 64,
        "encoder_cross_layers": [2],
    }


def _without(model: Any, neighbours: int) -> Any:
    """Where retrieval is never trained, its parts do not learn, and add zero."""
    from harness_plugins.retro.model import close_gates

    if neighbours == 0:
        close_gates(model)
        for name, parameter in model.named_parameters():
            if name.startswith("encoder.") or ".cross." in name:
                parameter.requires_grad = False
    return model
