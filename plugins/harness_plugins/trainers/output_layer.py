"""The loss over an output layer without ever holding all its logits: a block of positions at a time, gradients on the way.

torch is imported with this module, which is imported inside functions alone.
"""

from typing import Any

import torch

_NUMBERS = 16_000_000  # of a block of logits: 64 MB in float32
_MORE = 8  # times as many on a GPU, whose products want to be large


def summed_cross_entropy(hidden: Any, weight: Any, wanted: Any) -> Any:
    """Summed negative log-likelihood, in nats, of tokens `wanted` (N,) under logits `hidden @ weight.T`: a scalar tensor.

    `hidden` (N, size), `weight` (words, size). The products are computed in the type that autocast asks for, the rest in float32
    (float64 where hidden is). The logits' gradient is computed in their place in the forward pass, so three products are needed
    instead of four, and no more than a block of logits is ever held. It cannot be differentiated twice.
    """
    device = hidden.device.type
    kind = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else hidden.dtype
    return _Summed.apply(hidden, weight, wanted, kind)


class _Summed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Any, weight: Any, wanted: Any, kind: Any) -> Any:
        needs_hidden, needs_weight = ctx.needs_input_grad[:2]
        exact = torch.float64 if hidden.dtype == torch.float64 else torch.float32
        matrix = weight.detach().to(kind)
        block = max(1, _NUMBERS * (_MORE if weight.device.type == "cuda" else 1) // weight.shape[0])
        to_hidden = torch.empty_like(hidden) if needs_hidden else None
        to_weight = torch.zeros(weight.shape, dtype=exact, device=weight.device) if needs_weight else None
        total = torch.zeros((), device=hidden.device, dtype=exact)
        for start in range(0, hidden.shape[0], block):
            part = hidden[start : start + block].detach().to(kind)
            words = wanted[start : start + block, None]
            logits = (part @ matrix.T).to(exact)
            logits -= logits.amax(1, keepdim=True)
            right = logits.gather(1, words)
            sums = logits.exp_().sum(1, keepdim=True)
            total += (sums.log() - right).sum()
            if not (needs_hidden or needs_weight):
                continue
            logits /= sums
            logits.scatter_add_(1, words, torch.full_like(right, -1.0))
            slopes = logits.to(kind)
            if to_hidden is not None:
                to_hidden[start : start + block] = slopes @ matrix
            if to_weight is not None:
                if kind == exact:
                    to_weight.addmm_(slopes.T, part)
                else:
                    to_weight += slopes.T @ part
        ctx.save_for_backward(to_hidden, to_weight)
        ctx.types = hidden.dtype, weight.dtype
        return total

    @staticmethod
    def backward(ctx: Any, *slopes: Any) -> tuple[Any, ...]:
        held: tuple[Any, ...] = ctx.saved_tensors
        found = [None if one is None else (one * slopes[0]).to(kind) for one, kind in zip(held, ctx.types, strict=True)]
        return found[0], found[1], None, None
