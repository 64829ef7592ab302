"""Where the gain is: on tokens that occur in the neighbours that were read (the copy mode), or on the others."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness_plugins.retro.analyses.gain import gain_of
from harness_plugins.retro.analyses.intervals import Documents, Figure
from harness_plugins.retro.analyses.overlap import Overlap


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Some tokens: their gain, both losses (mean, nats), and their `share` of all tokens and of the summed log gain."""

    name: str
    gain: Figure
    loss_off: Figure
    loss_on: Figure
    share: float | None
    share_of_gain: float | None


def copying(
    off: NDArray[np.float32],
    on: NDArray[np.float32],
    difference: NDArray[np.float64],
    overlap: Overlap,
    documents: Documents,
) -> tuple[Part, Part, Part]:
    """All tokens that could read, those of them that occur in what they read, and the others: counts of the last two add up to
    the first's, and so do their summed log gains."""
    every, total = int(overlap.counted.sum()), float(difference.sum())
    parts = []
    for name, some in (("all", overlap.counted), ("copied", overlap.copied), ("others", overlap.counted & ~overlap.copied)):
        counts = some.sum(axis=1).astype(np.float64)
        losses = [documents.ratio(np.where(some, loss, 0.0).sum(axis=1, dtype=np.float64), counts) for loss in (off, on)]
        part = float(np.where(some, difference, 0.0).sum())
        parts.append(
            Part(
                name=name,
                gain=gain_of(difference, some, documents),
                loss_off=losses[0],
                loss_on=losses[1],
                share=int(some.sum()) / every if every else None,
                share_of_gain=part / total if total else None,
            )
        )
    return parts[0], parts[1], parts[2]
