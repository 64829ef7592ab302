"""What turns masked rows of text and video into a loss, for the training loop of `harness_plugins.trainers`.

torch is imported with this module, which is imported inside functions alone.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from harness_plugins.trainers.tokenised import micro_batches
from harness_plugins.video.model.batch import collate
from harness_plugins.video.model.flops import arithmetic
from harness_plugins.video.model.masking import IGNORED, Masked
from harness_plugins.video.model.model import VideoMaskedLM


class VideoLearner(torch.nn.Module):
    """A model whose `forward(rows)` is the summed loss of rows, in the places alone that are masked.

    Divided by the step's units (`units`, summed over all processes) the sum over a step is the mean negative log-likelihood of
    its masked text tokens plus `video_loss` times that of its masked video tokens, in nats: `masking.MaskedRows` has weighed
    the video of each row by what the whole step masks, so neither micro-batches nor processes change it. A video token's is
    the sum over its levels. `dtype`: float32 or bfloat16, in which products are computed; weights stay as they are.
    """

    packing = False  # a row behind another would be seen by it

    def __init__(self, model: VideoMaskedLM, *, dtype: str = "float32", video_loss: float = 1.0) -> None:
        super().__init__()
        self.model = model
        self.dtype = dtype
        self.video_loss = video_loss
        self.attention = str(getattr(model.config, "_attn_implementation", "") or "as the model has it")
        self._arithmetic = arithmetic(model)

    def forward(self, rows: Sequence[Masked]) -> Any:
        """Summed negative log-likelihood, in nats, of the rows' targets: a scalar tensor, float32 or wider."""
        text, video = self.losses(rows)
        return text.sum() + self.video_loss * video

    def losses(self, rows: Sequence[Masked]) -> tuple[Any, Any]:
        """(negative log-likelihood of each masked text token (N,), in the rows' order; that of video tokens, summed and weighed
        by the rows' balance)."""
        device = next(self.model.parameters()).device
        inputs = collate(rows, self.model.video.levels)
        width = inputs.ids.shape[1]
        places, wanted = _text_targets(rows, width)
        seen, codes, weights = _video_targets(rows, width, self.model.video.levels)
        with self.precision():
            logits, said = self.model(inputs.to(device), places.to(device), seen.to(device))
        text = cross_entropy(_wide(logits), wanted.to(device), reduction="none")
        if said is None:
            return text, text.new_zeros(())
        size = said.shape[-1]
        codes = codes.to(device) - torch.arange(said.shape[1], device=device) * size  # within its level
        each = cross_entropy(_wide(said).flatten(0, 1), codes.flatten(), reduction="none").unflatten(0, codes.shape)
        return text, (each.sum(1) * weights.to(device, each.dtype)).sum()

    def precision(self) -> Any:
        """The context in which the model computes."""
        device = next(self.model.parameters()).device.type
        return torch.autocast(device, dtype=torch.bfloat16, enabled=self.dtype == "bfloat16")

    def batches(self, rows: Sequence[Masked], tokens: int) -> list[list[Masked]]:
        """The rows in micro-batches of at most `tokens` vectors each, padding included; a longer row stands alone."""
        return [[rows[place] for place in batch] for batch in micro_batches([row.length for row in rows], tokens)]

    def units(self, rows: Sequence[Masked]) -> int:
        """What the summed losses of these rows, one process's share of a step, are divided by: masked text tokens, or masked
        video vectors in a step without text."""
        return sum(row.units for row in rows)

    def flops(self, rows: Sequence[Masked]) -> float:
        """Floating-point operations that the model needs to learn from the rows."""
        return self._arithmetic.of(rows)


def _text_targets(rows: Sequence[Masked], width: int) -> tuple[Any, Any]:
    """Numbers of the masked text tokens among the batch's vectors, and the ids that were there."""
    places = [np.flatnonzero(row.targets != IGNORED) for row in rows]
    numbers = np.concatenate([own + number * width for number, own in enumerate(places)])
    wanted = np.concatenate([row.targets[own] for row, own in zip(rows, places, strict=True)])
    return torch.from_numpy(numbers), torch.from_numpy(wanted.astype(np.int64))


def _video_targets(rows: Sequence[Masked], width: int, levels: int) -> tuple[Any, Any, Any]:
    """Numbers of the masked video vectors (M,), their codes (M, levels), and the weight of each (M,)."""
    numbers, codes, weights = [np.empty(0, np.int64)], [np.empty((0, levels), np.int64)], [np.empty(0)]
    for number, row in enumerate(rows):
        if row.video_targets is not None:
            wanted = row.video_targets.reshape(-1, levels)
            own = np.flatnonzero(wanted[:, 0] != IGNORED)
            numbers.append(own + number * width + len(row.text))
            codes.append(wanted[own].astype(np.int64))
            weights.append(np.full(len(own), row.balance))
    places, targets, shares = (torch.from_numpy(np.concatenate(parts)) for parts in (numbers, codes, weights))
    return places, targets, shares


def _wide(logits: Any) -> Any:
    return logits.float() if logits.element_size() < 4 else logits
