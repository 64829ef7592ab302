"""Products with a model's weights by oneDNN while the model is trained on CPU in float32.

torch leaves float32 products on CPU to MKL, which on processors of another maker than its own stays at three to four fifths of
what they can do; oneDNN, which torch brings along for other types, does not. The product for the weights' own gradient, a sum
over all rows, stays torch's: there the two are alike (decision 71).

torch is imported with this module, which is imported inside functions alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import MethodType
from typing import Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn.functional import linear

_ROWS, _WEIGHTS = 64, 2**14  # below that many rows, or weights of a matrix, torch's own product is as fast


@contextmanager
def by_onednn(model: torch.nn.Module) -> Iterator[None]:
    """Meanwhile the model's linear layers take their products for training from oneDNN, where torch has it.

    Whatever is computed without gradients, on another device, in another type or under autocast is computed as before, and so is
    a layer whose `forward` is not torch's own. What changes is rounding: sums of float32 in another order.
    """
    layers = [layer for layer in model.modules() if _is_plain(layer)] if _has_onednn() else []
    for layer in layers:
        layer.forward = MethodType(_forward, layer)  # type: ignore[method-assign]  # taken back below
    try:
        yield
    finally:
        for layer in layers:
            layer.__dict__.pop("forward", None)


def product(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """rows (…, inputs) times weight (outputs, inputs), float32 on CPU: (…, outputs). Only where torch has oneDNN."""
    return torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")


def fits(rows: torch.Tensor, weight: torch.Tensor) -> bool:
    """Whether oneDNN is to have the product of rows (…, inputs) and weight (outputs, inputs)."""
    return (
        rows.device.type == "cpu"
        and rows.dtype == weight.dtype == torch.float32
        and type(weight.data) is torch.Tensor
        and weight.numel() >= _WEIGHTS
        and rows.numel() >= _ROWS * weight.shape[1]
        and not torch.is_autocast_enabled("cpu")
        and _has_onednn()
    )


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        ctx.save_for_backward(rows, weight)
        return product(rows, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slopes: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        rows, weight = ctx.saved_tensors
        of_rows, of_weight, of_bias = ctx.needs_input_grad
        flat = slopes.reshape(-1, slopes.shape[-1])
        return (
            product(slopes, weight.t().contiguous()) if of_rows else None,
            flat.t() @ rows.reshape(-1, rows.shape[-1]) if of_weight else None,
            flat.sum(0) if of_bias else None,
        )


def _forward(self: Any, rows: torch.Tensor) -> torch.Tensor:
    if torch.is_grad_enabled() and fits(rows, self.weight):
        return _Linear.apply(rows, self.weight, self.bias)  # type: ignore[no-untyped-call]  # torch's own
    return linear(rows, self.weight, self.bias)


def _is_plain(layer: torch.nn.Module) -> bool:
    return type(layer) is torch.nn.Linear and "forward" not in vars(layer)


@cache
def _has_onednn() -> bool:
    if not torch.backends.mkldnn.is_available():
        return False
    try:
        product(torch.zeros(2, 2), torch.zeros(2, 2))
    except (AttributeError, RuntimeError, NotImplementedError):  # operators of torch's own compiler, which may come and go
        return False
    return True
