"""What is told of a training beside its result: how fast it was, how much of the device it used, and how much memory."""

from typing import Any

from harness_plugins.trainers.flops import peak
from harness_plugins.trainers.loop import Progress


def speed(model: Any, done: Progress, dtype: str, world: int) -> dict[str, Any]:
    """Tokens a second over all processes, model FLOPs utilisation, peak memory of this process.

    Tokens are those of the examples: padding is none. `mfu` is the share of what the devices could do in `dtype`
    (`peak_flops` of each, and in `peak_flops_from` where that is known from). `peak_memory_bytes`: on a GPU what PyTorch had
    reserved at most; on a CPU what the process held in memory at most, all that it did before included.
    """
    device = next(model.parameters()).device
    most, source = peak(device, dtype)
    spent = done.seconds
    return {
        "seconds": spent,
        "tokens_per_second": done.read / spent if spent else None,
        "flops": done.flops,
        "mfu": done.flops / spent / (most * world) if spent else None,
        "peak_flops": most,
        "peak_flops_from": source,
        "processes": world,
        **_memory(device),
    }


def _memory(device: Any) -> dict[str, Any]:
    if device.type == "cuda":
        import torch

        return {"peak_memory_bytes": torch.cuda.max_memory_reserved(device), "peak_memory_of": "GPU, reserved"}
    try:
        import resource
        import sys
    except ImportError:  # not on Windows
        return {"peak_memory_bytes": None, "peak_memory_of": "unknown"}
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "peak_memory_bytes": held if sys.platform == "darwin" else held * 1024,
        "peak_memory_of": "process, resident",
    }
