"""How much arithmetic a training needs, and how much a device could do: their ratio is the model FLOPs utilisation (MFU).

Counted are the matrix products that the model needs (Chowdhery et al. 2022, PaLM, appendix B), and nothing that a way of
computing adds: neither padding, nor what gradient checkpointing computes again, nor logits of positions without a loss, nor
pairs of tokens that do not see each other. So it is lower than figures that count 6 × parameters × tokens with all of these.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness_plugins.trainers.tokenised import Row

# Dense bfloat16 products a second, without sparsity, as the makers' data sheets say; the first name that a device's holds.
_SHEETS: tuple[tuple[str, float], ...] = (
    ("B200", 2250e12),
    ("GH200", 989e12),
    ("H200", 989e12),
    ("H100 PCIe", 756e12),
    ("H100 NVL", 835e12),
    ("H100", 989e12),
    ("H800", 989e12),
    ("A100", 312e12),
    ("A800", 312e12),
    ("L40S", 362e12),
    ("L40", 181e12),
    ("L4", 121e12),
    ("A10G", 70e12),
    ("A10", 125e12),
    ("A40", 150e12),
    ("A30", 165e12),
    ("RTX 6000 Ada", 364e12),
    ("RTX A6000", 155e12),
    ("RTX 4090", 165e12),
    ("RTX 3090", 71e12),
)
_SECONDS = 0.05  # of measuring a peak


@dataclass(frozen=True)
class Arithmetic:
    """What one token costs: `body` operations below the output layer, `head` in it, `pairs` per token and token that it sees."""

    body: float
    head: float
    pairs: float

    def of(self, rows: Sequence[Row]) -> float:
        """Floating-point operations, forward and backward, that these rows need."""
        read = sum(len(row.tokens) for row in rows)
        learned = sum(row.learned for row in rows)
        seen = sum(len(row.tokens) * (len(row.tokens) + 1) / 2 for row in rows)
        return self.body * read + self.head * learned + self.pairs * seen


def arithmetic(model: Any) -> Arithmetic:
    """Two operations a weight and token forward, two backward to what is below, two more where the weight is learned.

    Of a mixture of experts, those that a token passes through. Attention windows are not taken into account.
    """
    config = model.config.get_text_config()
    head = model.get_output_embeddings()
    tables = {id(model.get_input_embeddings().weight)} | ({id(head.weight)} if head is not None else set())
    chosen, experts = getattr(config, "num_experts_per_tok", None), _experts(config)
    body = 0.0
    for name, parameter in model.named_parameters():
        numbers = _numbers(parameter)
        if id(parameter) in tables or numbers[1] < 2:
            continue
        share = chosen / experts if chosen and experts and ".experts." in name else 1.0
        body += (6 if parameter.requires_grad else 4) * numbers[0] * share
    matrix = 0 if head is None else head.weight.numel() * (6 if head.weight.requires_grad else 4)
    heads = getattr(config, "num_attention_heads", 0)
    size = getattr(config, "head_dim", None) or (getattr(config, "hidden_size", 0) // heads if heads else 0)
    return Arithmetic(body, float(matrix), 12.0 * getattr(config, "num_hidden_layers", 0) * heads * size)


def peak(device: Any, dtype: str) -> tuple[float, str]:
    """(operations a second that the device could do in this type, where that is known from).

    By the data sheet for GPUs in half precision where their name is known, else measured on large matrix products.
    """
    import torch

    if device.type == "cuda" and dtype in ("bfloat16", "float16"):
        name = torch.cuda.get_device_name(device)
        for known, operations in _SHEETS:
            if known.lower() in name.lower():
                return operations, f"data sheet of {known}"
    return _measured(device, dtype), "measured on matrix products"


def _measured(device: Any, dtype: str) -> float:
    import torch

    size = 8192 if device.type == "cuda" else 768
    one = torch.randn(size, size, device=device).to(getattr(torch, dtype))
    best, until = 0.0, time.perf_counter() + _SECONDS
    while best == 0.0 or time.perf_counter() < until:
        start = time.perf_counter()
        one @ one
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = max(best, 2 * size**3 / (time.perf_counter() - start))
    return best


def _numbers(parameter: Any) -> tuple[int, int]:
    """(how many numbers, of how many dimensions) a weight has, also one that is held in four bits."""
    shape = getattr(getattr(parameter, "quant_state", None), "shape", None) or parameter.shape
    count = 1
    for side in shape:
        count *= int(side)
    return count, len(shape)


def _experts(config: Any) -> int | None:
    for name in ("num_local_experts", "num_experts", "n_routed_experts"):
        found = getattr(config, name, None)
        if isinstance(found, int) and found > 0:
            return found
    return None
