"""What says masked video tokens."""

import torch
from torch import Tensor, nn

from harness_plugins.video.model.config import VideoConfig


class VideoHead(nn.Module):
    """Logits of the codes of each level (N, levels, codes of a level) out of the model's last states (N, width).

    A layer with GELU and norm, as the heads of masked language models have it, and an output layer.
    """

    def __init__(self, config: VideoConfig, width: int, std: float) -> None:
        super().__init__()
        self.levels = config.levels
        self.dense = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, config.codes)
        with torch.no_grad():
            for layer in (self.dense, self.output):
                layer.weight.normal_(0.0, std)
                layer.bias.zero_()

    def forward(self, hidden: Tensor) -> Tensor:
        """The logits; level l's code c stands for the store's token l · codes + c."""
        found: Tensor = self.output(self.norm(nn.functional.gelu(self.dense(hidden))))
        return found.unflatten(1, (self.levels, -1))
