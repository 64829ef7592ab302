"""What turns rows into a loss: a model, how its rows are laid into micro-batches, and in which precision it computes.

torch is imported with this module, which is imported inside functions alone.
"""

from collections.abc import Sequence
from typing import Any

import torch

from harness.errors import PluginError
from harness_plugins.trainers import attention
from harness_plugins.trainers.flops import arithmetic
from harness_plugins.trainers.steps import body_of, loss_of
from harness_plugins.trainers.tokenised import Row, bins, micro_batches, packed, padded


class Learner(torch.nn.Module):
    """A model whose `forward(rows)` is the rows' summed loss over their learned tokens.

    A module by itself so that what wraps models (DDP, FSDP) wraps the loss with it. `packing`: rows of a micro-batch stand one
    behind the other without padding, none seeing another; None packs where the model can, which is tried on it, and pads where
    it cannot. `kind`: of attention (`attention.KINDS`). `longest`: tokens of the longest row. `dtype`: float32 or bfloat16, in
    which products are computed; weights stay as they are.
    """

    def __init__(
        self, model: Any, *, packing: bool | None = None, kind: str = "auto", longest: int = 0, dtype: str = "float32"
    ) -> None:
        super().__init__()
        self.model = model
        self.dtype = dtype
        self.attention = "as the model has it"
        self.packing, self._cut = False, False
        self._choose(packing, kind, longest)
        self._arithmetic = arithmetic(model)

    def forward(self, rows: Sequence[Row]) -> Any:
        """Summed negative log-likelihood, in nats, of the rows' learned tokens: a scalar tensor, float32 or wider."""
        device = next(self.model.parameters()).device
        if self.packing:
            tokens, _, labels, lengths = packed(rows)
            ids, wanted = torch.tensor([tokens], device=device), torch.tensor([labels], device=device)
            arguments = self._arguments(lengths)
        else:
            padded_tokens, _, padded_labels = padded(rows)
            ids, wanted = torch.tensor(padded_tokens, device=device), torch.tensor(padded_labels, device=device)
            arguments = {}
        with self.precision():
            return loss_of(self.model, ids, wanted, **arguments)

    def precision(self) -> Any:
        """The context in which the model computes."""
        device = next(self.model.parameters()).device.type
        return torch.autocast(device, dtype=torch.bfloat16, enabled=self.dtype == "bfloat16")

    def batches(self, rows: Sequence[Row], tokens: int) -> list[list[Row]]:
        """The rows in micro-batches of at most `tokens` tokens each, padding included; a longer row stands alone."""
        cut = bins if self.packing else micro_batches
        return [[rows[place] for place in batch] for batch in cut([len(row.tokens) for row in rows], tokens)]

    def units(self, rows: Sequence[Row]) -> int:
        """What the summed losses of these rows, one process's share of a step, are divided by to be its mean."""
        return sum(row.learned for row in rows)

    def flops(self, rows: Sequence[Row]) -> float:
        """Floating-point operations that the model needs to learn from the rows."""
        return self._arithmetic.of(rows)

    def _choose(self, packing: bool | None, kind: str, longest: int) -> None:
        """Sets attention and packing: the segments of `attention`, else a block-diagonal mask by transformers, else padding."""
        before = getattr(self.model.config, "_attn_implementation", None)
        window = getattr(self.model.config.get_text_config(), "sliding_window", None)
        kinds = [kind] if kind != "auto" else ["auto", before] if not (window and longest > window) else [before]
        for tried in kinds:
            if tried is not None and not self._set(tried, asked=kind != "auto"):
                continue
            self._cut = tried == "auto"
            self.attention = attention.NAME if self._cut else str(tried)
            if packing is False:
                if not self._cut or self._is_apart():
                    return
            elif self._is_apart():
                self.packing = True
                return
        self._cut = False
        if packing:
            raise PluginError(
                "packing=true, but with this model a sequence behind another is not computed as it is alone; leave packing out"
                + (", or try another attention" if kind != "auto" else "")
            )

    def _set(self, kind: str, *, asked: bool) -> bool:
        try:
            attention.use(self.model, kind)
        except (ImportError, ValueError, AttributeError) as error:
            if not asked:
                return False
            raise PluginError(f"attention={kind} cannot be had for this model here: {error}") from error
        return True

    def _is_apart(self) -> bool:
        with self.precision():
            return attention.apart(self.model, self._hidden, self._arguments)

    def _hidden(self, ids: Any, **arguments: Any) -> Any:
        return (body_of(self.model) or self.model)(ids, use_cache=False, **arguments)

    def _arguments(self, lengths: Sequence[int]) -> dict[str, Any]:
        device = next(self.model.parameters()).device
        places = torch.tensor([[place for length in lengths for place in range(length)]], device=device)
        return {"position_ids": places} | ({"segments_of_row": attention.Segments.of(lengths, device)} if self._cut else {})
