"""What turns rows into a loss: a model, how its rows are laid into micro-batches, and in which precision it computes.

torch is imported with this module, which is imported inside functions alone.
"""

from collections.abc import Sequence
from typing import Any

import torch

from harness_plugins.trainers.steps import summed_loss
from harness_plugins.trainers.tokenised import Row, micro_batches


class Learner(torch.nn.Module):
    """A model whose `forward(rows)` is the rows' summed loss over their learned tokens.

    A module by itself so that what wraps models (DDP, FSDP) wraps the loss with it.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, rows: Sequence[Row]) -> Any:
        """Summed loss of a micro-batch, a scalar tensor."""
        return summed_loss(self.model, rows)

    def batches(self, rows: Sequence[Row], tokens: int) -> list[list[Row]]:
        """The rows in micro-batches of at most `tokens` tokens each."""
        return [[rows[place] for place in batch] for batch in micro_batches([len(row.tokens) for row in rows], tokens)]

    def units(self, rows: Sequence[Row]) -> int:
        """What the summed losses of these rows, one process's share of a step, are divided by to be its mean."""
        return sum(row.learned for row in rows)

    def flops(self, rows: Sequence[Row]) -> float:
        """Floating-point operations that the model needs to learn from the rows."""
        return 0.0
