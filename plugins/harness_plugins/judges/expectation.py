"""The mean of a verdict over the probabilities that the model gave to each verdict in its place."""

import math
from collections.abc import Sequence

from harness.chat.messages import TokenProbability
from harness_plugins.judges.criteria import WholeScale

_LETTERS = {"a": 1.0, "b": -1.0, "tie": 0.0, "lika": 0.0}


def expectation(
    text: str, tokens: Sequence[TokenProbability], span: tuple[int, int] | None, scale: WholeScale | None
) -> float | None:
    """Σ v·p(v) / Σ p(v) over the verdicts v among the most probable tokens where the verdict stands (`span`, in `text`).

    `scale` None: of a comparison, 1 for A, -1 for B and 0 for a tie. None where probabilities are not known: no tokens, a verdict
    of several tokens, or a scale on which one number begins another (1 and 10) where no token shows that numbers are kept whole.
    """
    token = None if span is None else _token_at(text, tokens, span)
    if token is None:
        return None
    probabilities: dict[str, float] = {}
    for name, logprob in (*token.top, (token.token, token.logprob)):
        probabilities[name] = math.exp(logprob)
    values: dict[float, float] = {}
    whole = scale is None or not _ambiguous(scale)
    for name, probability in probabilities.items():
        value = _value(name, scale)
        if value is not None:
            values[value] = values.get(value, 0.0) + probability
            whole = whole or abs(value) > 9
    total = math.fsum(values.values())
    if not whole or not total > 0 or _value(token.token, scale) is None:
        return None
    return math.fsum(value * probability for value, probability in values.items()) / total


def _token_at(text: str, tokens: Sequence[TokenProbability], span: tuple[int, int]) -> TokenProbability | None:
    """The one token that holds the span and, but for blanks and quotes, nothing else."""
    place = 0
    for token in tokens:
        end = place + len(token.token)
        if place <= span[0] < end:
            same = text[place:end] == token.token and token.token.strip(" \t\n\"'*`") == text[span[0] : span[1]]
            return token if same else None
        if text[place:end] != token.token:
            return _from_the_end(text, tokens, span)
        place = end
    return None


def _from_the_end(text: str, tokens: Sequence[TokenProbability], span: tuple[int, int]) -> TokenProbability | None:
    """The same where earlier tokens do not make up the text: letters of several tokens, or a special one."""
    end = len(text)
    for token in reversed(tokens):
        if token.token and not text.endswith(token.token, 0, end):
            if end == len(text):
                continue  # an end-of-reply token, which the text does not show
            return None
        place = end - len(token.token)
        if place <= span[0] < end:
            return token if token.token.strip(" \t\n\"'*`") == text[span[0] : span[1]] else None
        end = place
    return None


def _ambiguous(scale: WholeScale) -> bool:
    return max(abs(scale.low), abs(scale.high)) > 9


def _value(token: str, scale: WholeScale | None) -> float | None:
    word = token.strip(" \t\n\"'*`")
    if scale is None:
        return _LETTERS.get(word.casefold())
    if not word.isascii() or not word.removeprefix("-").isdigit() or len(word) > 9:
        return None
    return float(int(word)) if int(word) in scale.values else None
