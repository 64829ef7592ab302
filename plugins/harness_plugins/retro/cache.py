"""What a model keeps while it generates: the decoder's keys and values, and those of the neighbours of finished chunks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache


@dataclass
class Neighbours:
    """Neighbours as the cross-attentions read them: keys and values by layer, which may be read, and the chunk under way.

    `allowed` (B, L, K, R); `memory`: layer → keys and values (B, L, heads, K·R, d); `pending` (B, P, width), P < m: hidden
    states of the tokens after the last finished chunk, which the encoder will read with its neighbours.
    """

    allowed: Tensor | None = None
    memory: dict[int, tuple[Tensor, Tensor]] = field(default_factory=dict)
    pending: Tensor | None = None

    @property
    def chunks(self) -> int:
        """Chunks whose neighbours have been encoded."""
        return 0 if self.allowed is None else self.allowed.shape[1]

    def map(self, change: Callable[[Tensor], Tensor]) -> None:
        """Changes every tensor along its first dimension, the batch."""
        self.allowed = None if self.allowed is None else change(self.allowed)
        self.pending = None if self.pending is None else change(self.pending)
        self.memory = {layer: (change(key), change(value)) for layer, (key, value) in self.memory.items()}


class RetroCache(DynamicCache):
    """The decoder's cache, with the encoded neighbours beside it, which follow when rows are reordered, repeated or chosen."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.neighbours = Neighbours()

    def reorder_cache(self, beam_idx: Any) -> None:
        super().reorder_cache(beam_idx)
        self.neighbours.map(lambda x: x.index_select(0, beam_idx.to(x.device)))

    def batch_repeat_interleave(self, repeats: int) -> None:
        super().batch_repeat_interleave(repeats)
        self.neighbours.map(lambda x: x.repeat_interleave(repeats, dim=0))

    def batch_select_indices(self, indices: Tensor) -> None:
        super().batch_select_indices(indices)
        self.neighbours.map(lambda x: x[indices])

    def crop(self, max_length: int) -> None:
        """Refused: the chunk under way could not be taken back."""
        raise NotImplementedError("the cache of a retrieval-augmented model cannot be cut: assisted generation is not supported")


def joined(before: Tensor | None, more: Tensor) -> Tensor:
    """The two along the second dimension."""
    return more if before is None else torch.cat([before, more], dim=1)
