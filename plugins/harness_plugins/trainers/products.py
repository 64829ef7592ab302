"""Products with a model's weights by oneDNN while the model is trained on CPU in float32.

torch leaves float32 products on CPU to MKL, which on processors of another maker than its own stays at three to four fifths of
what they can do; oneDNN, which torch brings along for other types, does not. The product for the weights' own gradient, a sum
over all rows, stays torch's: there the two are alike (decision 71).

torch is imported with this module, which is imported inside functions alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn.functional import linear

_ROWS, _WEIGHTS = 64, 2**14  # below that many rows, or weights of a matrix, torch's own product is as fast


class Linear(torch.nn.Linear):
    """A linear layer while `by_onednn` lasts. A class of its own, so that a copy or a pickle made meanwhile computes rightly; it
    has the name of what it stands for, by which others know layers."""

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        if torch.is_grad_enabled() and fits(rows, self.weight):
            flat = rows.reshape(-1, rows.shape[-1])  # a view of the result is made outside: it may then be changed in place
            found: torch.Tensor = _Product.apply(flat, self.weight, self.bias)  # type: ignore[no-untyped-call]  # torch's own
            return found.view(*rows.shape[:-1], -1)
        return linear(rows, self.weight, self.bias)


@contextmanager
def by_onednn(model: torch.nn.Module) -> Iterator[None]:
    """Meanwhile the model's linear layers take their products for training from oneDNN, where torch has it.

    Whatever is computed without gradients, on another device, in another type, under autocast or by torch.compile is computed as
    before, and so is a layer whose `forward` is not torch's own. What changes is rounding: sums of float32 in another order.
    Such a product has no second derivative.
    """
    layers = [layer for layer in model.modules() if _is_plain(layer)] if _has_onednn() else []
    for layer in layers:
        layer.__class__ = Linear
    try:
        yield
    finally:
        for layer in layers:
            layer.__class__ = torch.nn.Linear


def product(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """rows (N, inputs) times weight (outputs, inputs), float32 on CPU: (N, outputs). Only where torch has oneDNN."""
    bias = None if bias is None else bias.contiguous()  # its stride is not looked at
    return torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")


def fits(rows: torch.Tensor, weight: torch.Tensor) -> bool:
    """Whether oneDNN is to have the product of rows (…, inputs) and weight (outputs, inputs)."""
    return (
        not torch.compiler.is_compiling()
        and rows.device.type == "cpu"
        and rows.dtype == weight.dtype == torch.float32
        and type(weight.data) is torch.Tensor
        and weight.numel() >= _WEIGHTS
        and rows.numel() >= _ROWS * weight.shape[1]
        and not torch.is_autocast_enabled("cpu")
        and _has_onednn()
    )


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        for_rows, for_weight, _ = ctx.needs_input_grad
        ctx.save_for_backward(rows if for_weight else None, weight if for_rows else None)
        return product(rows, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slopes: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        rows, weight = ctx.saved_tensors
        return (
            product(slopes, weight.t().contiguous()) if weight is not None else None,
            slopes.t() @ rows if rows is not None else None,
            slopes.sum(0) if ctx.needs_input_grad[2] else None,
        )


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
