"""What happens when a device's memory does not hold a batch: a smaller one goes on, and the log says what to set."""

import gc
import logging
from collections.abc import Callable, Sequence
from typing import Any

from harness.errors import PluginError

_LOG = logging.getLogger("harness.generate")


def smaller(error: BaseException, size: int) -> int:
    """Half of a batch's rows, where the error says that memory did not hold `size`; PluginError where that was one row already.

    Raises the error itself where it says something else.
    """
    import torch

    if not isinstance(error, (torch.OutOfMemoryError, MemoryError)) and "can't allocate memory" not in str(error):
        raise error
    if size < 2:
        raise PluginError(
            f"memory does not hold the model with a single prompt ({str(error)[:200]}): leave long examples out, lower "
            "max_new_tokens, choose dtype=bfloat16, or another device"
        ) from error
    _LOG.warning(
        "out of memory with %d rows at once: it goes on with %d, and nothing is lost; set rows=%d or lower batch_tokens",
        size,
        size // 2,
        size // 2,
    )
    return size // 2


def halving(work: Callable[[Sequence[Any]], list[Any]], batch: Sequence[Any]) -> list[Any]:
    """`work` on the batch, in halves as often as memory does not hold it."""
    try:
        return work(batch)
    except (RuntimeError, MemoryError) as error:
        half = smaller(error, len(batch))
    give_back()  # outside the handler, whose traceback would keep the tensors
    return [*halving(work, batch[:half]), *halving(work, batch[half:])]


def tokens_that_fit(model: Any) -> int:
    """Tokens whose keys and values may be kept at once: 32,768 on the CPU, elsewhere what two fifths of the free memory hold.

    The rest is for what a pass computes, and for buffers while they grow.
    """
    import torch

    if model.device.type != "cuda":
        return 32_768
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    each = 2 * config.num_hidden_layers * heads * width * model.dtype.itemsize
    return max(4_096, int(0.4 * torch.cuda.mem_get_info(model.device)[0] / each))


def give_back() -> None:
    """Returns memory that nothing holds any more to the device."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
