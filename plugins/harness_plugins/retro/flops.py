"""How much arithmetic a retrieval-augmented model needs to learn from a sequence, part by part.

Counted as in `harness_plugins.trainers.flops`: the matrix products that the model needs, and nothing that a way of computing
adds. Neighbours of a sequence's last chunk count where one of its tokens reads them.
"""

from collections.abc import Sequence
from typing import Any

from harness_plugins.trainers.flops import arithmetic


class RetroArithmetic:
    """Operations, forward and backward, of a model (`RetroForCausalLM`) whose chunks have `neighbours` neighbours (0: OFF)."""

    def __init__(self, model: Any, neighbours: int) -> None:
        config = model.config
        inner = config.get_text_config()
        crosses = [module for name, module in model.named_modules() if name.endswith(".cross") and "encoder" not in name]
        plain = arithmetic(model.decoder)
        added = sum(_cost(part) + _cost(part.attention.bias) for part in crosses)
        self._body, self._head, self._pairs = plain.body - added, plain.head, plain.pairs
        self._chunk, self._k, self._long = config.chunk, neighbours, config.neighbour_length
        self._reading = sum(_cost(part.attention.query) + _cost(part.attention.out) for part in crosses)
        chunk_side = [layer.cross.key_value for layer in model.encoder.layers if layer.cross is not None]
        encoder = _cost(model.encoder) - sum(map(_cost, chunk_side)) - _cost(model.encoder.embeddings)
        self._of_neighbour = encoder + sum(_cost(part.attention.key_value) for part in crosses)
        self._of_chunk = sum(map(_cost, chunk_side))
        # a pair of a token and one that it sees: two products of the width, forward and twice backward
        self._cross_pairs = 12.0 * inner.hidden_size * len(crosses)
        self._encoder_pairs = 12.0 * config.encoder_width * (config.encoder_layers * self._long + len(chunk_side) * self._chunk)

    def of(self, lengths: Sequence[int]) -> float:
        """Operations for sequences of so many tokens; the last of each is only predicted."""
        total = 0.0
        for length in lengths:
            read = length - 1
            total += (self._body + self._head) * read + self._pairs * read * (read + 1) / 2
            if self._k:
                chunks = read // self._chunk
                readers = max(0, read - (self._chunk - 1))
                tokens = chunks * self._k * self._long
                total += self._reading * readers + self._cross_pairs * readers * self._k * self._long
                total += (self._of_neighbour + self._encoder_pairs) * tokens + self._of_chunk * chunks * self._chunk
        return total


def _cost(part: Any) -> float:
    """Operations a token of the part's matrices: two forward, two to what is below, two more where they learn."""
    if part is None:
        return 0.0
    return float(
        sum(
            (6 if parameter.requires_grad else 4) * parameter.numel()
            for name, parameter in part.named_parameters()
            if parameter.ndim > 1 and not name.endswith(".bias.weight")
        )
    )
