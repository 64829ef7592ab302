"""What the benchmarks of retrieval-augmented training share: shapes, random data, and the papers' model in any width."""

from dataclasses import dataclass
from typing import Any

CHUNK, NEIGHBOURS, LONG = 64, 2, 128


@dataclass(frozen=True)
class Shape:
    """What both models share. `cross`: the decoder's layers with cross-attention, counted from 1."""

    width: int = 384
    layers: int = 12
    heads: int = 8  # retro-pytorch has no other number
    words: int = 8000
    length: int = 1024

    @property
    def cross(self) -> list[int]:
        """The papers' layers 6, 9 and 12 of 12, in proportion."""
        return sorted({max(1, self.layers * part // 4) for part in (2, 3, 4)})

    @property
    def gated(self) -> int:
        """Width of a gated feed-forward part with at least the weights of a plain one of four times the width."""
        return -(-8 * self.width // 3 // 16) * 16


class Corpus:
    """Random tokens as the learner reads a corpus, and random neighbours of its chunks."""

    chunk = CHUNK

    def __init__(self, shape: Shape, sequences: int) -> None:
        import numpy as np

        rng = np.random.default_rng(0)
        self.each = shape.length // CHUNK
        self.ids = rng.integers(3, shape.words, (sequences * self.each, CHUNK))
        self.found = rng.integers(3, shape.words, (sequences * self.each, NEIGHBOURS, LONG))

    def tokens(self, numbers: Any) -> tuple[Any, Any]:
        """Tokens of chunks (N, m), and how many each has; -1 is a chunk that is not there."""
        import numpy as np

        return np.where(numbers[:, None] < 0, 0, self.ids[numbers]), np.where(numbers < 0, 0, CHUNK)

    def near(self, numbers: Any) -> tuple[Any, Any]:
        """Their neighbours' tokens (…, k, r), and which of them are tokens."""
        import numpy as np

        there = np.broadcast_to((numbers >= 0)[..., None, None], (*numbers.shape, NEIGHBOURS, LONG))
        return np.where(there, self.found[numbers], 0), there

    def rows(self) -> list[Any]:
        """Every sequence, as the loop takes them."""
        from harness_plugins.retro.learner import Stretch

        return [Stretch(str(first), first, self.each, self.each * CHUNK) for first in range(0, len(self.ids), self.each)]


def papers_model(shape: Shape) -> Any:
    """The preset `norlund` with all widths in its proportions; the number of words too."""
    import torch
    from harness_plugins.retro.model import RetroForCausalLM
    from harness_plugins.retro.presets import preset
    from harness_plugins.retro.presets import shape as config_of

    torch.manual_seed(0)
    papers = preset("norlund")
    part = shape.width / papers["decoder"]["hidden_size"]
    decoder = {"num_hidden_layers": shape.layers, "max_distance": shape.length}
    model: dict[str, Any] = {"cross_layers": shape.cross}
    if part != 1:
        encoder = max(32, round(papers["encoder_width"] * part / 32) * 32)
        decoder |= {"hidden_size": shape.width, "intermediate_size": 4 * shape.width, "num_attention_heads": shape.width // 64}
        model |= {"encoder_width": encoder, "encoder_heads": encoder // 32, "encoder_hidden": 4 * encoder}
    return RetroForCausalLM(config_of("norlund", decoder, model, vocabulary=shape.words, chunk=CHUNK, pad=0, end=1))
