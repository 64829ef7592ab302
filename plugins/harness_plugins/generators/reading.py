"""Prompts read by a model in one pass: what they all begin with alike is read once, for all batches."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import PluginError
from harness_plugins.judges.local_torch import forward_arguments

_NEAR = 0.85
_SHARED = 16  # tokens that prompts begin with alike, from which on reading them once pays


@dataclass(frozen=True)
class Beginning:
    """What all prompts begin with: `length` tokens, and the cache of one row that has read them."""

    length: int = 0
    past: Any = None


@dataclass
class Reading:
    """R prompts that were read: `logits` of the next token (R, vocabulary), `mask` (R, length) with 0 where padding stands
    (between what is shared and the rest), and `past`, the cache of all layers, or None where it was not asked for."""

    logits: Any
    mask: Any
    past: Any


def kinds_of_layers(model: Any) -> frozenset[str]:
    """The names of the classes of its cache's layers; empty where it keeps none."""
    import torch

    with torch.inference_mode():
        past = getattr(model(torch.tensor([[0]], device=model.device), use_cache=True), "past_key_values", None)
    return frozenset(type(layer).__name__ for layer in getattr(past, "layers", None) or ())


def has_plain_cache(model: Any) -> bool:
    """Whether every layer keeps the keys and values of all tokens: such caches can be cut, joined and copied row by row."""
    return kinds_of_layers(model) == {"DynamicLayer"}


def near_lengths(lengths: Sequence[int], most: int, enough: int) -> Iterator[list[int]]:
    """Indices in batches, longest first, each of at most `most` tokens with padding; once a batch has `enough` tokens, nothing
    joins it that is much shorter than its longest: a larger batch would only compute more padding."""
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    start = 0
    while start < len(order):
        longest, end = max(1, lengths[order[start]]), start + 1
        while end < len(order) and longest * (end - start + 1) <= most:
            if longest * (end - start) >= enough and lengths[order[end]] < _NEAR * longest:
                break
            end += 1
        yield order[start:end]
        start = end


def enough_tokens(model: Any) -> int:
    """Tokens of a pass from which on its device is busy."""
    return 256 if model.device.type == "cpu" else 8_192


def shared_beginning(prompts: Sequence[Sequence[int]]) -> int:
    """Tokens that all prompts begin with, at least one being left of each; 0 where reading them apart gains nothing."""
    if len(prompts) < 2:
        return 0
    first, last = min(map(tuple, prompts)), max(map(tuple, prompts))
    same = 0
    for one, other in zip(first, last, strict=False):
        if one != other:
            break
        same += 1
    same = min(same, min(map(len, prompts)) - 1)
    return same if same >= _SHARED else 0


def read_beginning(model: Any, prompts: Sequence[Sequence[int]]) -> Beginning:
    """The shared beginning, read; only for models with plain caches, whose positions do not depend on padding."""
    import torch

    length = shared_beginning(prompts)
    if not length:
        return Beginning()
    ids = torch.tensor([list(prompts[0][:length])], device=model.device)
    with torch.inference_mode():
        past = model(ids, use_cache=True, **forward_arguments(model, logits_to_keep=1)).past_key_values
    return Beginning(length, past)


def read_prompts(model: Any, prompts: Sequence[Sequence[int]], beginning: Beginning, *, keep: bool = True) -> Reading:
    """The prompts, which all go on from the beginning, read in one pass. `keep`: whether their cache is wanted."""
    import torch

    shared = beginning.length
    rests = [prompt[shared:] for prompt in prompts]
    longest = max(map(len, rests))
    pads = [longest - len(rest) for rest in rests]
    ids = torch.tensor([[0] * pad + list(rest) for pad, rest in zip(pads, rests, strict=True)], device=model.device)
    mask = torch.tensor([[1] * shared + [0] * pad + [1] * (longest - pad) for pad in pads], device=model.device)
    places = (mask.cumsum(1) - 1).clamp(min=0)[:, shared:]
    told: dict[str, Any] = {"attention_mask": mask} if shared or any(pads) else {}
    if shared:
        told["past_key_values"] = _expanded(beginning.past, len(prompts))
    with torch.inference_mode():
        out = model(
            ids, use_cache=keep or bool(shared), **told, **forward_arguments(model, position_ids=places, logits_to_keep=1)
        )
    past = getattr(out, "past_key_values", None)
    if keep and past is None:
        raise PluginError(f"models of the type {model.config.model_type!r} keep no cache that this engine can use")
    return Reading(out.logits[:, -1], mask, past if keep else None)


def _expanded(past: Any, rows: int) -> Any:
    """The cache for that many rows, which share their memory until the model appends to them: that copies."""
    branch = copy.copy(past)
    branch.layers = [copy.copy(layer) for layer in past.layers]
    for layer in branch.layers:
        layer.keys, layer.values = layer.keys.expand(rows, -1, -1, -1), layer.values.expand(rows, -1, -1, -1)
    return branch
