"""Attention over sequences that stand one behind the other in one row, none of which sees another.

`use(model, kind)` gives a model the attention that its packed rows want, and says how they are to be handed over. What a model
does with them is tried before anything is trained: `apart(model, …)`.
"""

from collections.abc import Callable, Sequence
from typing import Any

NAME = "harness_segments"  # under which transformers knows `segments`
KINDS = ("auto", "sdpa", "eager", "flash_attention_2", "flash_attention_3")
_SAME = 1e-3  # of the largest number: what may differ between a sequence alone and beside another, in float32


def register() -> None:
    """Tells transformers of `segments`; no mask is made for it, since it cuts sequences apart by itself."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, segments)


def segments(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    dropout: float = 0.0,
    scaling: float | None = None,
    sliding_window: int | None = None,
    segment_lengths: Sequence[int] | None = None,
    **more: Any,
) -> tuple[Any, None]:
    """Causal attention within each of the segments that stand one behind the other, `segment_lengths` tokens long.

    query (batch, heads, tokens, size), key and value (batch, key heads, tokens, size); returns (batch, tokens, heads, size).
    One kernel does all segments on a GPU in half precision (`torch.nn.attention.varlen`), else each is a call of SDPA: nothing
    is spent on pairs of tokens that may not see each other. Without `segment_lengths` every row is one segment.
    """
    import torch
    from torch.nn.functional import scaled_dot_product_attention as attend

    if more.get("softcap") is not None or attention_mask is not None:
        raise ValueError("this attention knows neither masks nor bounded scores")
    lengths = [query.shape[2]] if segment_lengths is None else segment_lengths
    if sliding_window is not None and max(lengths) > sliding_window:
        raise ValueError("this attention knows no sliding window")
    at_once = _varlen(query, dropout) if len(lengths) > 1 and query.shape[0] == 1 else None
    if at_once is not None:
        return at_once(query, key, value, lengths, scaling), None
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
    lengths = (5, 7, 4)
    ids = torch.randint(0, words, (1, sum(lengths)), generator=torch.Generator().manual_seed(0)).to(device)
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            together = body(ids, **arguments(lengths))[0].float()
            parts = [body(part, **arguments((part.shape[1],)))[0].float() for part in ids.split(lengths, dim=1)]
        alone = torch.cat(parts, dim=1)
        width = float(alone.abs().max())
        coarse = _SAME if next(model.parameters()).dtype in (torch.float32, torch.float64) else 0.05
        return float((together - alone).abs().max()) <= coarse * width
    except (TypeError, ValueError, RuntimeError, KeyError, AttributeError):
        return False  # a model that does not take what it was handed goes another way
    finally:
        model.train(was_training)


def _varlen(query: Any, dropout: float) -> Callable[..., Any] | None:
    """PyTorch's own flash attention over segments, where it can be had and computes what is asked."""
    import torch

    if query.device.type != "cuda" or query.dtype not in (torch.bfloat16, torch.float16) or dropout:
        return None
    if query.shape[-1] > 256 or torch.cuda.get_device_capability(query.device) < (8, 0):
        return None
    try:
        from torch.nn.attention import varlen
    except ImportError:
        return None
    return _flash(varlen.varlen_attn)


def _flash(varlen_attn: Callable[..., Any]) -> Callable[..., Any]:
    import torch

    def attend(query: Any, key: Any, value: Any, lengths: Sequence[int], scaling: float | None) -> Any:
        groups = query.shape[1] // key.shape[1]
        rows = [tensor[0].transpose(0, 1) for tensor in (query, key, value)]
        if groups > 1:
            rows[1:] = [tensor.repeat_interleave(groups, dim=1) for tensor in rows[1:]]
        ends = torch.tensor([0, *lengths], device=query.device).cumsum(0).to(torch.int32)
        longest = max(lengths)
        how: dict[str, Any] = {} if scaling is None else {"scale": scaling}
        found = varlen_attn(*[row.contiguous() for row in rows], ends, ends, longest, longest, window_size=(-1, 0), **how)
        return found.unsqueeze(0)

    return attend
