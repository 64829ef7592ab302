"""Retrofitting: a pretrained decoder gets chunked cross-attention and at first says what it said."""

from typing import Any

import torch

from harness_plugins.retro.config import RetroConfig
from harness_plugins.retro.model import RetroForCausalLM, close_gates


def retrofitted(decoder: Any, *, freeze: bool = False, seed: int = 0, **settings: Any) -> RetroForCausalLM:
    """A pretrained decoder with chunked cross-attention, which at first is the decoder exactly: what is added starts at zero.

    `settings` are those of RetroConfig; `freeze`: the decoder's own weights do not learn.
    """
    kept = {key: value for key, value in decoder.config.to_diff_dict().items() if key not in ("transformers_version", "dtype")}
    config = RetroConfig(decoder={**kept, "model_type": decoder.config.model_type}, gated=True, **settings)
    state = {name: tensor.clone() for name, tensor in decoder.state_dict().items()}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = RetroForCausalLM(config)
    names = own_names(model)
    model.decoder.load_state_dict({names.get(name, name): tensor for name, tensor in state.items()}, strict=False)
    close_gates(model)
    if freeze:
        for name, parameter in model.decoder.named_parameters():
            parameter.requires_grad = ".cross." in name
    dtype: Any = next(iter(state.values())).dtype
    for parameter in model.parameters():  # not `model.to`: frequencies of rotary positions stay in float32, as they are loaded
        parameter.data = parameter.data.to(dtype)
    return model


def own_names(model: RetroForCausalLM) -> dict[str, str]:
    """Names of the plain decoder's weights → their names in the crossed decoder."""
    names = {}
    for name in model.decoder.state_dict():
        if ".cross." not in name:
            for part in ("self_attn", "attn", "attention"):
                if f".{part}.attention." in name:
                    names[name.replace(f".{part}.attention.", f".{part}.", 1)] = name
    return names
