"""Rows of text and video as the tensors that a model reads."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor


class Laid(Protocol):
    """What a row is to a model: `text` (T,) token ids, `video` (F, places, levels) codes, `times` (F,) seconds."""

    @property
    def text(self) -> Any: ...

    @property
    def video(self) -> Any: ...

    @property
    def times(self) -> Any: ...


@dataclass(frozen=True)
class Inputs:
    """A batch of B rows, S vectors long: each row its text, behind it its video, behind that padding.

    `ids` (B, S): of text tokens, 0 elsewhere; `real` (B, S), bool: no padding; `positions` (B, S): of text from 0, 0 for video.
    Of the V video vectors: `where` (V,), their numbers among the B · S; `codes` (V, levels), `places`, `frames`, `seconds` (V,).
    """

    ids: Tensor
    real: Tensor
    positions: Tensor
    where: Tensor
    codes: Tensor
    places: Tensor
    frames: Tensor
    seconds: Tensor

    def to(self, device: Any) -> "Inputs":
        """The same on a device."""
        return Inputs(*(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)))


def collate(rows: Sequence[Laid], levels: int) -> Inputs:
    """The rows as one batch, in their order. `levels`: tokens of a video place, for rows none of which has video."""
    lengths = [len(row.text) for row in rows]
    counts = [row.video.shape[0] * row.video.shape[1] for row in rows]
    width = max(map(sum, zip(lengths, counts, strict=True)))
    ids = np.zeros((len(rows), width), np.int64)
    positions = np.zeros((len(rows), width), np.int64)
    real = np.arange(width) < np.array([[one + other] for one, other in zip(lengths, counts, strict=True)])
    where, places, frames, seconds, codes = [], [], [], [], []
    for number, (row, length, count) in enumerate(zip(rows, lengths, counts, strict=True)):
        ids[number, :length] = row.text
        positions[number, :length] = np.arange(length)
        if count:
            shown, of_frame = row.video.shape[:2]
            where.append(np.arange(count) + number * width + length)
            places.append(np.tile(np.arange(of_frame), shown))
            frames.append(np.repeat(np.arange(shown), of_frame))
            seconds.append(np.repeat(row.times - row.times[0], of_frame))
            codes.append(row.video.reshape(count, -1))
    none = np.empty(0, np.int64)
    return Inputs(
        ids=torch.from_numpy(ids),
        real=torch.from_numpy(real),
        positions=torch.from_numpy(positions),
        where=torch.from_numpy(np.concatenate([none, *where])),
        codes=torch.from_numpy(np.concatenate([none.reshape(0, levels), *codes])),
        places=torch.from_numpy(np.concatenate([none, *places])),
        frames=torch.from_numpy(np.concatenate([none, *frames])),
        seconds=torch.from_numpy(np.concatenate([np.empty(0), *seconds])),
    )
