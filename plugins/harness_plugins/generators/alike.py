"""Rows of one length that are answered together: for models whose cache cannot be cut and joined (windows, recurrent states)."""

from collections.abc import Sequence
from typing import Any

from harness_plugins.generators.reading import Beginning, read_prompts
from harness_plugins.judges.local_torch import forward_arguments


class Alike:
    """Rows of prompts of one length, which begin together. `logits`: of each row's next token, (size, vocabulary)."""

    def __init__(self, model: Any, rows: int) -> None:
        self.rows, self.size = rows, 0
        self.logits: Any = None
        self._model, self._length = model, 0
        self._past: Any = None

    @property
    def lengths(self) -> list[int]:
        """Tokens that each row has read."""
        return [self._length] * self.size

    def join(self, prompts: Sequence[Sequence[int]], beginning: Beginning) -> None:
        """Reads prompts of one length; no row may be there."""
        assert not self.size
        assert len(set(map(len, prompts))) == 1
        reading = read_prompts(self._model, prompts, beginning)
        self.logits, self._past = reading.logits, reading.past
        self.size, self._length = len(prompts), len(prompts[0])

    def drop(self, gone: Sequence[int]) -> list[int]:
        """Takes rows out. Returns the order of those that stay."""
        import torch

        left = set(gone)
        order = [row for row in range(self.size) if row not in left]
        if not order:
            self._past = self.logits = None
        elif left:
            index = torch.tensor(order, device=self._model.device)
            with torch.inference_mode():
                self._past.batch_select_indices(index)
                self.logits = self.logits[index]
        self.size = len(order)
        return order

    def advance(self, tokens: Sequence[int]) -> None:
        """Reads one more token in each row."""
        import torch

        ids = torch.tensor(tokens, device=self._model.device)[:, None]
        mask = torch.ones((self.size, self._length + 1), dtype=torch.long, device=ids.device)
        places = torch.full_like(ids, self._length)
        with torch.inference_mode():
            out = self._model(
                ids,
                attention_mask=mask,
                past_key_values=self._past,
                use_cache=True,
                **forward_arguments(self._model, position_ids=places, logits_to_keep=1),
            )
        self._past, self.logits = out.past_key_values, out.logits[:, -1]
        self._length += 1
