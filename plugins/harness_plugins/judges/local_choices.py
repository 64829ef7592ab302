"""The probability of each allowed answer, exactly, from a model's probabilities of the next token.

An answer is the event that the reply begins with its tokens and does not go on to a longer allowed answer: with 1 and 10 among
the answers and a token a digit, P(1) is P("1") (1 - P("0" after "1")), else 1 would always seem likelier than 10. The events
exclude each other; their probabilities are divided by their sum. Nothing is asked of what follows the answer: a model that
goes on with a full stop, a newline or an explanation has given it all the same.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Tokens = tuple[int, ...]


@dataclass(frozen=True)
class Choices:
    """The allowed answers' tokens, and for each beginning (the empty one first) the tokens whose probability after it matters."""

    tokens: tuple[Tokens, ...]
    wanted: Mapping[Tokens, Tokens]


def choices_of(tokens: Sequence[Tokens]) -> Choices:
    """What has to be known of answers with these tokens; ValueError for two alike or one without any."""
    if len(set(tokens)) < len(tokens) or not all(tokens):
        raise ValueError("two of the choices are the same to the tokenizer, or one is nothing")
    wanted: dict[Tokens, set[int]] = {(): set()}
    for answer in tokens:
        for place, token in enumerate(answer):
            wanted.setdefault(answer[:place], set()).add(token)
    ordered = {begin: tuple(sorted(wanted[begin])) for begin in sorted(wanted, key=lambda begin: (len(begin), begin))}
    return Choices(tuple(tokens), ordered)


def longest_beginnings(choices: Choices) -> list[Tokens]:
    """Beginnings that no other goes on from: going through these passes through all."""
    begins = [begin for begin in choices.wanted if begin]
    return [begin for begin in begins if not any(other != begin and other[: len(begin)] == begin for other in begins)]


def log_probabilities(choices: Choices, logprobs: Mapping[tuple[Tokens, int], float]) -> tuple[list[float], float]:
    """Log-probabilities of the choices given that one of them is the answer, in their order, and the log-probability of that.

    `logprobs`: the log-probability of a token after a beginning, for all that `choices.wanted` names.
    """
    begun = [sum(logprobs[answer[:place], token] for place, token in enumerate(answer)) for answer in choices.tokens]
    own = [
        _less(mass, [begun[index] for index in _next_longer(choices.tokens, answer)])
        for answer, mass in zip(choices.tokens, begun, strict=True)
    ]
    total = _log_sum(own)
    if total == -math.inf:  # every one of them is impossible to the precision of floating point: none is preferred
        return [-math.log(len(own))] * len(own), total
    return [value - total for value in own], total


def _next_longer(tokens: Sequence[Tokens], answer: Tokens) -> list[int]:
    """The answers that go on from this one, without those that go on from another of these: they are part of it."""
    longer = [index for index, other in enumerate(tokens) if len(other) > len(answer) and other[: len(answer)] == answer]
    return [
        index
        for index in longer
        if not any(other != index and tokens[index][: len(tokens[other])] == tokens[other] for other in longer)
    ]


def _less(mass: float, parts: Sequence[float]) -> float:
    """log(exp(mass) - sum of exp(parts)), at least -inf where rounding makes the parts the larger."""
    if not parts or mass == -math.inf:
        return mass
    share = math.exp(min(0.0, _log_sum(parts) - mass))
    return mass + math.log1p(-share) if share < 1 else -math.inf


def _log_sum(values: Sequence[float]) -> float:
    largest = max(values)
    if largest == -math.inf:
        return largest
    return largest + math.log(math.fsum(math.exp(value - largest) for value in values))
