"""Whether a masked language model reads as a model with video needs it, found out on a few tokens."""

from typing import Any

import torch

from harness.errors import InputError
from harness_plugins.video.model.batch import Inputs

_SAME = 1e-3  # of the largest logit: what may differ between a text alone and beside a longer one, in float32
_COARSE = 0.05


def trial(model: Any) -> str:
    """What is wrong with the base of a `VideoMaskedLM`, in words; "" where it reads as it should.

    Three tokens alone must give the base's own logits to the bit, and nearly the same beside padding.
    """
    base, levels = model.base, model.video.levels
    device = base.get_input_embeddings().weight.device
    config = base.config.get_text_config()
    words = int(config.vocab_size)
    padding = getattr(config, "pad_token_id", None)
    ids = [number for number in range(words) if number != padding][-3:]
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            alone = torch.tensor([ids], device=device)
            plain = base(input_ids=alone, attention_mask=torch.ones_like(alone)).logits
            ours = model.logits(_text(ids, len(ids), levels, device))
            beside = model.logits(_text(ids, len(ids) + 4, levels, device))[:, : len(ids)]
    except (TypeError, AttributeError, ValueError, RuntimeError, IndexError, KeyError) as error:
        return f"it does not take embeddings, positions and a mask ({type(error).__name__}: {error})".replace("\n", " ")[:300]
    finally:
        model.train(was_training)
    if not bool(plain.isfinite().all()):
        return "what it says of a text is not finite (nan or infinite)"
    if not torch.equal(plain, ours):
        return f"with embeddings in place of ids its logits differ by {float((plain - ours).abs().max()):.3g}"
    limit = _SAME if plain.dtype in (torch.float32, torch.float64) else _COARSE
    if float((beside - plain).abs().max()) > limit * float(plain.abs().max()):
        return "what it says of a text depends on padding"
    return ""


def check_finite(base: Any) -> None:
    """InputError where a weight of a base is nan or infinite."""
    for name, parameter in base.named_parameters():
        if not bool(parameter.detach().isfinite().all()):
            called = base.name_or_path or type(base).__name__
            raise InputError(
                f"{called}: its weights are not finite (nan or infinite, the first in {name}); train it or copy it again"
            )


def _text(ids: list[int], width: int, levels: int, device: Any) -> Inputs:
    padded = torch.tensor([ids + [0] * (width - len(ids))], device=device)
    real = torch.arange(width, device=device)[None] < len(ids)
    positions = torch.where(real, torch.arange(width, device=device), 0)
    none = torch.empty(0, dtype=torch.long, device=device)
    return Inputs(padded, real, positions, none, none.reshape(0, levels), none, none, none.double())
