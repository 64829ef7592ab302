"""Log-likelihoods of continuations: what several of them follow is read once, and each goes on from there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness_plugins.judges.local_torch import by_length, forward_arguments

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
    """(index, one Likelihood a choice, in their order), batch by batch.

    `tokens`: of a batch at most, padding included. ValueError for a choice or a prompt without a token.
    """
    for one in asked:
        if not one.prompt or not all(one.choices):
            raise ValueError("a prompt and its choices have at least one token each")
    for batch in by_length([len(one.prompt) for one in asked], tokens):
        members = [asked[place] for place in batch]
        yield from zip((one.index for one in members), _of_batch(model, members, tokens), strict=True)


def _of_batch(model: Any, members: Sequence[Options], tokens: int) -> list[list[Likelihood]]:
    import torch

    device = model.device
    longest = max(len(one.prompt) for one in members)
    pads = [longest - len(one.prompt) for one in members]
    ids = torch.tensor([[0] * pad + list(one.prompt) for pad, one in zip(pads, members, strict=True)], device=device)
    mask = torch.tensor([[0] * pad + [1] * (longest - pad) for pad in pads], device=device)
    places = (mask.cumsum(1) - 1).clamp(min=0)
    more = any(len(choice) > 1 for one in members for choice in one.choices)
    with torch.inference_mode():
        out = model(ids, attention_mask=mask, use_cache=more, **forward_arguments(model, position_ids=places, logits_to_keep=1))
        first = out.logits[:, -1].float().log_softmax(-1).cpu()
        likeliest = first.argmax(-1).tolist()
        found = [
            [Likelihood(float(first[row, choice[0]]), likeliest[row] == choice[0]) for choice in one.choices]
            for row, one in enumerate(members)
        ]
        going = [(row, place) for row, one in enumerate(members) for place, choice in enumerate(one.choices) if len(choice) > 1]
        lengths = [len(members[row].choices[place]) for row, place in going]
        vocabulary = int(first.shape[-1])
        budget = max(1, min(tokens, _VALUES // vocabulary))
        for some in by_length(lengths, budget):
            most = max(1, tokens // (longest + lengths[some[0]]))  # rows whose copies of the prompt fit
            for start in range(0, len(some), most):
                chosen = [going[number] for number in some[start : start + most]]
                _add_rests(model, members, chosen, mask, out.past_key_values, found)
    return found


def _add_rests(
    model: Any,
    members: Sequence[Options],
    chosen: Sequence[tuple[int, int]],
    mask: Any,
    past: Any,
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
    held = mask[rows]
    after = torch.tensor([[1] * len(part) + [0] * (width - len(part)) for part in read], device=device)
    both = torch.cat([held, after], dim=1)
    places = held.sum(1, keepdim=True) + torch.arange(width, device=device)
    branch = copy.copy(past)
    branch.layers = [copy.copy(layer) for layer in past.layers]
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
