"""Log-likelihoods of continuations: what several of them follow is read once, and each goes on from there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness_plugins.generators.memory import halving
from harness_plugins.generators.reading import (
    Beginning,
    Reading,
    enough_tokens,
    kinds_of_layers,
    near_lengths,
    read_beginning,
    read_prompts,
)
from harness_plugins.judges.local_torch import forward_arguments

_PASS = 65_536  # tokens of a pass at most, whatever the cache holds
_VALUES = 200_000_000  # logits of a pass at most, vocabulary times tokens: 800 MB


@dataclass(frozen=True)
class Options:
    """A prompt's tokens and the tokens of each choice that may follow; `index` comes back with what is said of them."""

    index: int
    prompt: Sequence[int]
    choices: tuple[tuple[int, ...], ...]


class Likelihood(NamedTuple):
    """Sum of the natural log-probabilities of a choice's tokens, and whether each of them was the likeliest."""

    sum: float
    greedy: bool


def log_likelihoods(model: Any, asked: Sequence[Options], *, tokens: int = 16_384) -> Iterator[tuple[int, list[Likelihood]]]:
    """(index, one Likelihood a choice, in their order), batch by batch; halves of a batch that memory does not hold.

    `tokens`: of a batch at most, padding included. ValueError for a choice or a prompt without a token, PluginError where memory
    does not hold a single prompt.
    """
    for one in asked:
        if not one.prompt or not all(one.choices):
            raise ValueError("a prompt and its choices have at least one token each")
    kinds = kinds_of_layers(model)
    plain = kinds == {"DynamicLayer"}
    beginning = read_beginning(model, [one.prompt for one in asked]) if plain else Beginning()
    rests = [len(one.prompt) - beginning.length for one in asked]
    # Padding must not count; in a recurrent state it would, so that only prompts of one length are read together.
    enough = enough_tokens(model) if kinds <= {"DynamicLayer", "DynamicSlidingWindowLayer"} else 0
    most = min(tokens, _PASS)
    for batch in near_lengths(rests, most, enough) if enough else _one_length(rests, most):
        members = [asked[place] for place in batch]
        found = halving(lambda some: _of_batch(model, some, beginning, tokens), members)
        yield from zip((one.index for one in members), found, strict=True)


def _one_length(lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    for length in sorted(set(lengths), reverse=True):
        alike = [place for place, other in enumerate(lengths) if other == length]
        size = max(1, tokens // length)
        yield from (alike[start : start + size] for start in range(0, len(alike), size))


def _of_batch(model: Any, members: Sequence[Options], beginning: Beginning, tokens: int) -> list[list[Likelihood]]:
    import torch

    more = any(len(choice) > 1 for one in members for choice in one.choices)
    reading = read_prompts(model, [one.prompt for one in members], beginning, keep=more)
    with torch.inference_mode():
        first = reading.logits.float().log_softmax(-1).cpu()
        likeliest = first.argmax(-1).tolist()
        found = [
            [Likelihood(float(first[row, choice[0]]), likeliest[row] == choice[0]) for choice in one.choices]
            for row, one in enumerate(members)
        ]
        going = [(row, place) for row, one in enumerate(members) for place, choice in enumerate(one.choices) if len(choice) > 1]
        lengths = [len(members[row].choices[place]) - 1 for row, place in going]
        budget = max(1, min(tokens, _PASS, _VALUES // int(first.shape[-1])))
        held = int(reading.mask.shape[1])
        for some in near_lengths(lengths, budget, enough_tokens(model)):
            most = max(1, tokens // (held + lengths[some[0]]))  # rows whose copies of the prompt fit
            for start in range(0, len(some), most):
                chosen = [going[number] for number in some[start : start + most]]
                _add_rests(model, members, chosen, reading, found)
    return found


def _add_rests(
    model: Any,
    members: Sequence[Options],
    chosen: Sequence[tuple[int, int]],
    reading: Reading,
    found: list[list[Likelihood]],
) -> None:
    """Adds what the tokens after the first say, of choices (row, place) that go on from the same read prompts."""
    import copy

    import torch

    device = model.device
    rows = torch.tensor([row for row, _ in chosen], device=device)
    read = [members[row].choices[place][:-1] for row, place in chosen]
    width = max(map(len, read))
    ids = torch.tensor([list(part) + [0] * (width - len(part)) for part in read], device=device)
    held = reading.mask[rows]
    after = torch.tensor([[1] * len(part) + [0] * (width - len(part)) for part in read], device=device)
    both = torch.cat([held, after], dim=1)
    places = held.sum(1, keepdim=True) + torch.arange(width, device=device)
    branch = copy.copy(reading.past)
    branch.layers = [copy.copy(layer) for layer in reading.past.layers]
    branch.batch_select_indices(rows)
    out = model(
        ids,
        attention_mask=both,
        past_key_values=branch,
        use_cache=True,
        **forward_arguments(model, position_ids=places),
    )
    wanted = torch.tensor([list(members[r].choices[p][1:]) + [0] * (width - len(read[n])) for n, (r, p) in enumerate(chosen)])
    for number, (row, place) in enumerate(chosen):
        length = len(read[number])
        logits = out.logits[number, :length].float()
        tokens = wanted[number, :length].to(device)
        picked = logits.gather(-1, tokens[:, None])[:, 0].double() - logits.logsumexp(-1).double()
        before = found[row][place]
        greedy = before.greedy and bool((logits.argmax(-1) == tokens).all())
        found[row][place] = Likelihood(before.sum + float(picked.sum()), greedy)
