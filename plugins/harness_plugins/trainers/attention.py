"""Attention over sequences that stand one behind the other in one row, none of which sees another.

`use(model, kind)` gives a model the attention that its packed rows want, and says how they are to be handed over. What a model
does with them is tried before anything is trained: `apart(model, …)`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import signature
from typing import Any

NAME = "harness_segments"  # under which transformers knows `segments`
KINDS = ("auto", "sdpa", "eager", "flash_attention_2", "flash_attention_3")
_SAME = 1e-3  # of the largest number: what may differ between a sequence alone and beside another, in float32
_COARSE = 0.05  # the same in bfloat16, and of weights that are quantised; rows that see each other differ by more


@dataclass(frozen=True, eq=False)
class Segments:
    """Where the sequences of a row lie: their lengths, and `ends`, int32 (sequences + 1,) on the row's device."""

    lengths: tuple[int, ...]
    ends: Any

    @classmethod
    def of(cls, lengths: Sequence[int], device: Any) -> "Segments":
        """The segments of those lengths."""
        import torch

        ends = [0]
        for length in lengths:
            ends.append(ends[-1] + length)
        return cls(tuple(lengths), torch.tensor(ends, dtype=torch.int32, device=device))


def register() -> None:
    """Tells transformers of `segments`; no mask is made for it, since it cuts sequences apart by itself."""
    import torch
    from transformers import AttentionInterface

    # torch.compile leaves it alone: every micro-batch has other segments, and would be compiled anew
    AttentionInterface.register(NAME, torch.compiler.disable(segments))


def segments(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    dropout: float = 0.0,
    scaling: float | None = None,
    sliding_window: int | None = None,
    segments_of_row: Segments | None = None,
    **more: Any,
) -> tuple[Any, None]:
    """Causal attention within each of the segments that stand one behind the other in the one row.

    query (batch, heads, tokens, size), key and value (batch, key heads, tokens, size); returns (batch, tokens, heads, size).
    One kernel does all segments on a GPU in half precision (`torch.nn.attention.varlen`), else each is a call of SDPA: nothing
    is spent on pairs of tokens that may not see each other. Without `segments_of_row` every row is one segment.
    """
    import torch
    from torch.nn.functional import scaled_dot_product_attention as attend

    if more.get("softcap") is not None or attention_mask is not None:
        raise ValueError("this attention knows neither masks nor bounded scores")
    lengths = (query.shape[2],) if segments_of_row is None else segments_of_row.lengths
    if key.shape[2] != query.shape[2]:
        raise ValueError("this attention is for training, and knows no cache")
    if sliding_window is not None and max(lengths) > sliding_window:
        raise ValueError("this attention knows no sliding window")
    if segments_of_row is not None and len(lengths) > 1:
        at_once = _varlen(query, dropout, scaling)
        if at_once is not None:
            return at_once(query, key, value, segments_of_row), None
    groups = query.shape[1] // key.shape[1]
    if groups > 1:
        key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    cut = [tensor.split(list(lengths), dim=2) for tensor in (query, key, value)]
    parts = [attend(q, k, v, dropout_p=dropout, is_causal=True, scale=scaling) for q, k, v in zip(*cut, strict=True)]
    return (parts[0] if len(parts) == 1 else torch.cat(parts, dim=2)).transpose(1, 2), None


def use(model: Any, kind: str) -> None:
    """Sets the model's attention: the one that is asked for, or, with `auto`, `segments` where the model takes it."""
    register()
    model.set_attn_implementation(NAME if kind == "auto" else kind)


def apart(model: Any, body: Callable[..., Any], arguments: Callable[[Sequence[int]], dict[str, Any]]) -> bool:
    """Whether a sequence behind another gets the same from the model as it gets alone (tried on two of random tokens).

    `body(ids, **arguments(lengths))` gives the last hidden states. A model with recurrent states, or one that does not hand
    its attention what it is told, is found out here.
    """
    import torch

    device = next(model.parameters()).device
    words = int(model.config.get_text_config().vocab_size)
    lengths = (3, 4, 2)
    ids = torch.randint(0, words, (1, sum(lengths)), generator=torch.Generator().manual_seed(0)).to(device)
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            together = body(ids, **arguments(lengths))[0]
            parts = [body(part, **arguments((part.shape[1],)))[0] for part in ids.split(lengths, dim=1)]
        alone = torch.cat(parts, dim=1)
        width = float(alone.abs().max())
        exact = together.dtype in (torch.float32, torch.float64) and not torch.is_autocast_enabled(device.type)
        exact = exact and all(parameter.dtype in (torch.float32, torch.float64) for parameter in model.parameters())
        return float((together - alone).abs().max()) <= (_SAME if exact else _COARSE) * width
    except (TypeError, ValueError, RuntimeError, KeyError, AttributeError):
        return False  # a model that does not take what it was handed goes another way
    finally:
        model.train(was_training)


def _varlen(query: Any, dropout: float, scaling: float | None) -> Callable[..., Any] | None:
    """PyTorch's own flash attention over segments, where it can be had and computes what is asked."""
    import torch

    if query.device.type != "cuda" or query.dtype not in (torch.bfloat16, torch.float16) or dropout or query.shape[-1] > 256:
        return None
    if torch.cuda.get_device_capability(query.device) < (8, 0):
        return None
    try:
        from torch.nn.attention.varlen import varlen_attn
    except ImportError:
        return None
    how = _asked(frozenset(signature(varlen_attn).parameters), scaling, query.shape[-1])
    return None if how is None else partial(_flash, varlen_attn, how)


def _asked(known: frozenset[str], scaling: float | None, size: int) -> dict[str, Any] | None:
    """How `varlen_attn`, which took other arguments from version to version, is asked for causal attention; None if it cannot."""
    how: dict[str, Any] = {}
    if "window_size" in known:
        how["window_size"] = (-1, 0)
    elif "is_causal" in known:
        how["is_causal"] = True
    else:
        return None
    if scaling is not None and abs(scaling * math.sqrt(size) - 1) > 1e-6:
        if "scale" not in known:
            return None
        how["scale"] = scaling
    return how


def _flash(attend: Callable[..., Any], how: dict[str, Any], query: Any, key: Any, value: Any, where: Segments) -> Any:
    groups = query.shape[1] // key.shape[1]
    q, k, v = (tensor[0].transpose(0, 1) for tensor in (query, key, value))
    if groups > 1:
        k, v = k.repeat_interleave(groups, dim=1), v.repeat_interleave(groups, dim=1)
    longest = max(where.lengths)
    found: Any = attend(q.contiguous(), k.contiguous(), v.contiguous(), where.ends, where.ends, longest, longest, **how)
    return found.unsqueeze(0)
