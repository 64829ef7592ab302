"""What a video token is to a model: a vector made of its code, its place in the picture and its time."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from harness_plugins.video.model.config import BLANK, MASKED, VideoConfig

_WAVES = 32  # of seconds: half of them sines
_SLOWEST = 1000.0  # seconds of the slowest wave
_ADDED = 6  # what a model adds to a code: row, column, time and segment; by itself a position and a kind of token


class VideoEmbeddings(nn.Module):
    """Vectors of video tokens (N, width) out of codes (N, levels), places, frames and seconds (N,).

    A sum of the codes of all levels, of row and column (or of the place, where there is no grid), of the time, and of what all
    video has in common (the segment). Weights start with standard deviation `std`, by torch's generator; those of codes with
    more, so that what is seen makes out as much of a vector as all that is added to it: small models then learn to look in
    fewer steps.
    """

    def __init__(self, config: VideoConfig, width: int, std: float) -> None:
        super().__init__()
        self.config = config
        self.code = nn.Embedding(config.codes + 2, width)
        if config.grid is None:
            self.place = nn.Embedding(config.places, width)
        else:
            self.row, self.column = (nn.Embedding(side, width) for side in config.grid)
        if config.time == "frames":
            self.frame = nn.Embedding(config.frames, width)
        else:
            self.seconds = nn.Linear(_WAVES, width, bias=False)
        self.segment = nn.Parameter(torch.empty(width))
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.normal_(0.0, std)
            self.code.weight.mul_(math.sqrt(_ADDED / config.levels))

    def forward(self, codes: Tensor, places: Tensor, frames: Tensor, seconds: Tensor) -> Tensor:
        """Codes are those of the store, or BLANK, or MASKED; no code, place or frame may be beyond the config's."""
        own = torch.where(codes == BLANK, self.config.codes, torch.where(codes == MASKED, self.config.codes + 1, codes))
        found: Any = self.code(own[:, 0])
        for level in range(1, self.config.levels):
            found = found + self.code(own[:, level])
        if self.config.time == "frames":  # one row for each frame and place, so that it is looked up once
            around = (self.frame.weight[:, None] + self._places()).flatten(0, 1)
            return found + nn.functional.embedding(frames * self.config.places + places, around)
        told: Tensor = self.seconds(waves(seconds, self.segment.dtype))
        return found + told + nn.functional.embedding(places, self._places())

    def _places(self) -> Tensor:
        if self.config.grid is None:
            return self.place.weight + self.segment
        return (self.row.weight[:, None] + self.column.weight).flatten(0, 1) + self.segment


def waves(seconds: Tensor, dtype: torch.dtype) -> Tensor:
    """Sines and cosines (N, 32) of times, of periods from a quarter of a second to a thousand seconds."""
    steps = torch.arange(_WAVES // 2, device=seconds.device, dtype=torch.float64) / (_WAVES // 2 - 1)
    periods = 0.25 * (_SLOWEST / 0.25) ** steps
    angles = 2 * math.pi * seconds.double()[:, None] / periods
    return torch.cat([angles.sin(), angles.cos()], dim=1).to(dtype)
