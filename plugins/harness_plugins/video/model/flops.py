"""How much arithmetic a training with video needs: matrix products alone, as `trainers.flops` counts them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness_plugins.video.model.masking import Masked


@dataclass(frozen=True)
class VideoArithmetic:
    """Operations, forward and backward, of one vector: `body` in the layers, `head` and `video_head` where it is learned; `pairs`
    for each layer and vector that it sees, in all `full` layers, and in `windowed` ones up to `window` vectors."""

    body: float
    head: float
    video_head: float
    pairs: float
    full: int
    windowed: int = 0
    window: int = 0

    def of(self, rows: Sequence[Masked]) -> float:
        """Floating-point operations that these rows need: padding and places without a loss cost nothing."""
        read = sum(row.length for row in rows)
        seen = sum(
            row.length * row.length * self.full + row.length * min(row.length, self.window) * self.windowed for row in rows
        )
        heads = sum(self.head * row.text_learned + self.video_head * row.video_learned for row in rows)
        return self.body * read + heads + self.pairs * seen


def arithmetic(model: Any) -> VideoArithmetic:
    """Two operations a weight and vector forward, two backward to what is below, two more where the weight is learned."""
    config = model.base.config.get_text_config()
    body = getattr(model.base, model.base.base_model_prefix)
    below = {id(layer) for layer in body.modules()}
    costs = {True: 0.0, False: 0.0}
    for layer in model.base.modules():
        if type(layer).__name__ == "Linear":
            costs[id(layer) in below] += layer.weight.numel() * (6 if layer.weight.requires_grad else 4)
    video_head = 0.0
    if model.head is not None:
        video_head = sum(6.0 * part.weight.numel() for part in (model.head.dense, model.head.output))
    layers = int(config.num_hidden_layers)
    kinds = getattr(config, "layer_types", None) or []
    windowed = sum(kind == "sliding_attention" for kind in kinds)
    window = int(getattr(config, "local_attention", 0) or 0) if windowed else 0
    return VideoArithmetic(costs[True], costs[False], video_head, 12.0 * config.hidden_size, layers - windowed, windowed, window)
