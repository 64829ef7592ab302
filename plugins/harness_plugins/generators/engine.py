"""Text from a causal language model for many prompts at once: rows that are done leave the batch, and waiting prompts join it.

Padding stands left and is masked, so that what a prompt gets does not depend on what is computed beside it, but for the last
digits of floating point. Models whose cache cannot be cut and joined (windows, recurrent states) get batches of equal lengths.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from harness_plugins.judges.local_torch import Sampling, draw_token, forward_arguments

_REFILL = 0.25  # of the rows have to be free before waiting prompts are read: reading a single one costs a pass of its own


@dataclass(frozen=True)
class Wish:
    """A prompt's tokens and how its answer is drawn; `index` comes back with the answer."""

    index: int
    prompt: Sequence[int]
    how: Sampling


@dataclass
class Answer:
    """Tokens of an answer without the one that ended it. `finish`: the model ended, a stop word stood there, or the limit."""

    index: int
    tokens: list[int] = field(default_factory=list)
    finish: Literal["stop", "length"] = "length"


def answers(
    model: Any,
    wishes: Sequence[Wish],
    ends: frozenset[int],
    stopped: Callable[[Answer], bool] = lambda answer: False,
    *,
    rows: int = 16,
    tokens: int = 32_768,
) -> Iterator[Answer]:
    """One answer a wish, as each is done. `rows`: of a batch at most; `tokens`: rows times length, at most, unless one row is
    longer.

    A wish draws its random numbers from a seed of its own. `stopped(answer)` is asked after every token.
    """
    import torch

    waiting = sorted(wishes, key=lambda wish: (-len(wish.prompt), -wish.how.limit, wish.index))
    waiting.reverse()  # the longest is popped first: what runs out of memory does so at once
    for wish in [wish for wish in waiting if wish.how.limit < 1]:
        waiting.remove(wish)
        yield Answer(wish.index)
    batch = _Batch(model)
    while waiting or batch.size:
        free = rows - batch.size
        if waiting and (not batch.size or (batch.joinable and free >= max(1, int(rows * _REFILL)))):
            with torch.inference_mode():
                batch.join(_next(waiting, free, tokens, batch))
        with torch.inference_mode():
            logits = batch.logits.float().log_softmax(-1).cpu()
        done: list[int] = []
        for row, (wish, answer, rng) in enumerate(batch.rows):
            token = draw_token(logits[row], wish.how, rng)
            if token in ends:
                answer.finish = "stop"
                done.append(row)
                continue
            answer.tokens.append(token)
            if stopped(answer):
                answer.finish = "stop"
                done.append(row)
            elif len(answer.tokens) == wish.how.limit:
                done.append(row)
        for row in done:
            yield batch.rows[row][1]
        with torch.inference_mode():
            batch.drop(done)
            if batch.size:
                batch.advance()


def _next(waiting: list[Wish], free: int, tokens: int, batch: "_Batch") -> list[Wish]:
    """Takes wishes off the end of the list: as many as there are rows and room for, one at least where nothing is going on."""
    taken: list[Wish] = []
    longest = batch.length
    while waiting and len(taken) < free:
        wish = waiting[-1]
        if taken and not batch.joinable and len(wish.prompt) != len(taken[0].prompt):
            break
        longest = max(longest, len(wish.prompt) + wish.how.limit)
        if (taken or batch.size) and longest * (batch.size + len(taken) + 1) > tokens:
            break
        taken.append(waiting.pop())
    return taken


class _Batch:
    """Rows that are being answered: what the model has read of them, and the logits of the next token of each."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.rows: list[tuple[Wish, Answer, Any]] = []
        self.joinable = _has_plain_cache(model)
        self.logits: Any = None
        self._past: Any = None
        self._mask: Any = None

    @property
    def size(self) -> int:
        return len(self.rows)

    @property
    def length(self) -> int:
        return 0 if self._mask is None or not self.rows else int(self._mask.shape[1])

    def join(self, wishes: Sequence[Wish]) -> None:
        """Reads new prompts in one pass and sets them below the rows that are there."""
        import torch

        if not wishes:
            return
        device = self.model.device
        longest = max(len(wish.prompt) for wish in wishes)
        pads = [longest - len(wish.prompt) for wish in wishes]
        ids = torch.tensor([[0] * pad + list(wish.prompt) for pad, wish in zip(pads, wishes, strict=True)], device=device)
        mask = torch.tensor([[0] * pad + [1] * (longest - pad) for pad in pads], device=device)
        places = (mask.cumsum(1) - 1).clamp(min=0)
        out = self.model(
            ids, attention_mask=mask, use_cache=True, **forward_arguments(self.model, position_ids=places, logits_to_keep=1)
        )
        logits, past = out.logits[:, -1], out.past_key_values
        if self.rows:
            mask, past = self._joined(mask, past)
            logits = torch.cat([self.logits, logits])
        self._mask, self._past, self.logits = mask, past, logits
        self.rows += [(wish, Answer(wish.index), torch.Generator().manual_seed(wish.how.seed)) for wish in wishes]

    def _joined(self, mask: Any, past: Any) -> tuple[Any, Any]:
        """Mask and cache of the old rows with the new ones below; the shorter is padded on the left."""
        import torch
        from torch.nn.functional import pad

        old, new = int(self._mask.shape[1]), int(mask.shape[1])
        length = max(old, new)
        for layer, added in zip(self._past.layers, past.layers, strict=True):
            for name in ("keys", "values"):
                before, after = getattr(layer, name), getattr(added, name)
                both = [pad(before, (0, 0, length - old, 0)), pad(after, (0, 0, length - new, 0))]
                setattr(layer, name, torch.cat(both))
        return torch.cat([pad(self._mask, (length - old, 0)), pad(mask, (length - new, 0))]), self._past

    def drop(self, done: Sequence[int]) -> None:
        """Takes rows out, and the padding that only they needed."""
        import torch

        if not done:
            return
        gone = set(done)
        kept = [row for row in range(self.size) if row not in gone]
        self.rows = [self.rows[row] for row in kept]
        if not kept:
            self._past = self._mask = self.logits = None
            return
        index = torch.tensor(kept, device=self._mask.device)
        self._past.batch_select_indices(index)
        self._mask, self.logits = self._mask[index], self.logits[index]
        spare = int((self._mask.cumsum(1) == 0).all(0).sum()) if self.joinable else 0
        if spare:
            self._mask = self._mask[:, spare:]
            for layer in self._past.layers:
                layer.keys, layer.values = layer.keys[:, :, spare:], layer.values[:, :, spare:]

    def advance(self) -> None:
        """Reads the token that each row was given last."""
        import torch

        ids = torch.tensor([[answer.tokens[-1]] for _, answer, _ in self.rows], device=self._mask.device)
        self._mask = torch.cat([self._mask, torch.ones_like(ids)], dim=1)
        places = self._mask.sum(1, keepdim=True) - 1
        out = self.model(
            ids,
            attention_mask=self._mask,
            past_key_values=self._past,
            use_cache=True,
            **forward_arguments(self.model, position_ids=places, logits_to_keep=1),
        )
        self._past, self.logits = out.past_key_values, out.logits[:, -1]


def _has_plain_cache(model: Any) -> bool:
    """Whether every layer keeps the keys and values of all tokens: such caches can be cut, joined and padded."""
    import torch

    with torch.inference_mode():
        past = model(torch.tensor([[0]], device=model.device), use_cache=True).past_key_values
    layers: Any = getattr(past, "layers", None)
    return bool(layers) and all(type(layer).__name__ == "DynamicLayer" for layer in layers)
