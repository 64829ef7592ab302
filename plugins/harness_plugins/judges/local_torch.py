"""Forward passes of a causal language model over batches of prompts: next-token probabilities, and generated text."""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness_plugins.judges.local_choices import Choices, Tokens, longest_beginnings

_SHARED = 16  # tokens that prompts begin with alike, from which on computing them once pays


@dataclass(frozen=True)
class Sampling:
    """How one reply is drawn. `temperature` 0 takes the likeliest token; `top`: alternatives to report for each token."""

    limit: int
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int = 0
    top: int = 0


@dataclass
class Generated:
    """Tokens with their log-probabilities and alternatives; `ended`: by the model itself."""

    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    tops: list[list[tuple[int, float]]] = field(default_factory=list)
    ended: bool = False


def by_length(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Indices in batches of like lengths, longest first, a batch padded to its longest holding at most `budget` tokens."""
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    start = 0
    while start < len(order):
        size = max(1, budget // max(1, lengths[order[start]]))
        yield order[start : start + size]
        start += size


def halving(work: Callable[[list[int]], list[Any]], batch: list[int]) -> list[Any]:
    """`work` on the batch, in halves as often as the device's memory does not hold it; the device's error for a single one."""
    import torch

    try:
        return work(batch)
    except torch.OutOfMemoryError:
        if len(batch) == 1:
            raise
    torch.cuda.empty_cache()  # outside the handler, whose traceback would keep the tensors
    half = len(batch) // 2
    return [*halving(work, batch[:half]), *halving(work, batch[half:])]


def choice_logprobs(model: Any, prompts: Sequence[Sequence[int]], choices: Choices) -> list[dict[tuple[Tokens, int], float]]:
    """For each prompt, the natural log-probability of every token after every beginning that `choices.wanted` names."""
    import torch

    found: list[dict[tuple[Tokens, int], float]] = [{} for _ in prompts]

    def read(begin: Tokens, logits: Any) -> None:
        wanted = choices.wanted.get(begin)
        if wanted is None or (begin, wanted[0]) in found[0]:
            return
        values = _log_softmax(logits)[:, list(wanted)].tolist()
        for row, numbers in zip(found, values, strict=True):
            row.update(((begin, token), number) for token, number in zip(wanted, numbers, strict=True))

    paths = longest_beginnings(choices)
    with torch.inference_mode():
        state = _State(model, prompts, keep=bool(paths))
        read((), state.logits)
        for path in paths:
            branch = copy.deepcopy(state) if path is not paths[-1] else state
            for place, token in enumerate(path):
                branch.advance([token] * len(prompts))
                read(path[: place + 1], branch.logits)
    return found


def generate(
    model: Any,
    prompts: Sequence[Sequence[int]],
    sampling: Sequence[Sampling],
    ends: frozenset[int],
    stop: Callable[[int, list[int]], bool] = lambda row, tokens: False,
) -> list[Generated]:
    """A reply to each prompt, until a token of `ends` (which is left out), `stop(row, tokens)`, or the limit.

    Each prompt draws its random numbers from a seed of its own, so that no reply depends on what is generated beside it.
    """
    import torch

    replies = [Generated() for _ in prompts]
    rngs = [torch.Generator().manual_seed(how.seed) for how in sampling]
    going = {row for row, how in enumerate(sampling) if how.limit > 0}
    with torch.inference_mode():
        state = _State(model, prompts, keep=True)
        while going:
            logprobs = _log_softmax(state.logits)
            following = [0] * len(prompts)
            for row in sorted(going):
                token = draw_token(logprobs[row], sampling[row], rngs[row])
                reply, how = replies[row], sampling[row]
                if token in ends:
                    reply.ended = True
                    going.discard(row)
                    continue
                following[row] = token
                reply.tokens.append(token)
                reply.logprobs.append(float(logprobs[row, token]))
                best = torch.topk(logprobs[row], min(how.top, logprobs.shape[1]))
                reply.tops.append(list(zip(best.indices.tolist(), best.values.tolist(), strict=True)))
                if stop(row, reply.tokens):
                    reply.ended = True
                    going.discard(row)
                elif len(reply.tokens) == how.limit:
                    going.discard(row)
            if going:
                state.advance(following)
    return replies


class _State:
    """What a model has read of a batch of prompts, and goes on from; `logits` of the next token, (prompts, vocabulary).

    What all prompts begin with alike is computed once. Padding stands left of the rest and is masked.
    """

    def __init__(self, model: Any, prompts: Sequence[Sequence[int]], *, keep: bool) -> None:
        import torch

        self._model, self._past = model, None
        shared = _shared_beginning(prompts)
        if shared:
            self._read_shared(prompts[0][:shared], len(prompts))
        shared = self._shared
        rests = [prompt[shared:] for prompt in prompts]
        longest = max(map(len, rests))
        ids = [[0] * (longest - len(rest)) + list(rest) for rest in rests]
        mask = [[1] * shared + [0] * (longest - len(rest)) + [1] * len(rest) for rest in rests]
        places = [[shared] * (longest - len(rest)) + list(range(shared, shared + len(rest))) for rest in rests]
        self._mask = torch.tensor(mask, device=model.device)
        self._next = torch.tensor([[len(prompt)] for prompt in prompts], device=model.device)
        self._forward(torch.tensor(ids, device=model.device), torch.tensor(places, device=model.device), keep)

    _shared = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> "_State":
        """A second state that goes on by itself; the model is the same one."""
        other = object.__new__(_State)
        other.__dict__.update(self.__dict__)
        other._past = copy.deepcopy(self._past, memo)
        return other

    def advance(self, tokens: Sequence[int]) -> None:
        """Reads one more token a prompt."""
        import torch

        ids = torch.tensor(tokens, device=self._model.device)[:, None]
        self._mask = torch.cat([self._mask, torch.ones_like(ids)], dim=1)
        places, self._next = self._next, self._next + 1
        self._forward(ids, places, keep=True)

    def _read_shared(self, tokens: Sequence[int], rows: int) -> None:
        import torch

        out = self._model(
            torch.tensor([list(tokens)], device=self._model.device),
            use_cache=True,
            **forward_arguments(self._model, logits_to_keep=1),
        )
        past = out.past_key_values
        # Elsewhere padding would count: as distance in a window of attention, as text in a recurrent state.
        layers = getattr(past, "layers", None)
        if layers and all(type(layer).__name__ == "DynamicLayer" for layer in layers):
            past.batch_repeat_interleave(rows)
            self._past, self._shared = past, len(tokens)

    def _forward(self, ids: Any, places: Any, keep: bool) -> None:
        out = self._model(
            ids,
            attention_mask=self._mask,
            past_key_values=self._past,
            use_cache=keep or self._past is not None,
            **forward_arguments(self._model, position_ids=places, logits_to_keep=1),
        )
        self.logits = out.logits[:, -1]
        self._past = out.past_key_values if keep else None


def _shared_beginning(prompts: Sequence[Sequence[int]]) -> int:
    """Tokens that all prompts begin with, at least one being left of each; 0 where computing them apart gains nothing."""
    first, last = min(map(tuple, prompts)), max(map(tuple, prompts))
    same = 0
    for one, other in zip(first, last, strict=False):
        if one != other:
            break
        same += 1
    same = min(same, min(map(len, prompts)) - 1)
    return same if len(prompts) > 1 and same >= _SHARED else 0


def forward_arguments(model: Any, **wanted: Any) -> dict[str, Any]:
    """Those of the arguments that the model's forward pass takes; not every architecture has positions, or leaves logits out."""
    import inspect

    taken = inspect.signature(model.forward).parameters
    return {name: value for name, value in wanted.items() if name in taken}


def _log_softmax(logits: Any) -> Any:
    return logits.float().log_softmax(-1).cpu()


def draw_token(logprobs: Any, how: Sampling, rng: Any) -> int:
    """A token out of the log-probabilities of the vocabulary, (vocabulary,), on the CPU; `rng` is the row's own generator."""
    import torch

    if how.temperature == 0:
        return int(logprobs.argmax())
    odds = (logprobs.double() / how.temperature).softmax(-1)
    if how.top_p < 1:
        ordered, order = odds.sort(descending=True, stable=True)
        kept = ordered.cumsum(0) - ordered < how.top_p  # the likeliest always, and as many as make up top_p
        odds = torch.zeros_like(odds).scatter(0, order[kept], ordered[kept])
    assert math.isfinite(float(odds.sum()))
    return int(torch.multinomial(odds, 1, generator=rng))
