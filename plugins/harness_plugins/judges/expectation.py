"""The mean of a verdict over the probabilities that the model gave to each verdict in its place."""

from collections.abc import Mapping, Sequence
from math import exp, fsum

from harness.chat.kept_tokens import said as texts_of
from harness.chat.messages import TokenProbability

LETTERS: Mapping[str, float] = {"A": 1.0, "B": -1.0, "tie": 0.0, "TIE": 0.0, "LIKA": 0.0}
_EDGES = " \t\n\"'*`"  # what a tokenizer may join to a verdict


def expectation(
    text: str, tokens: Sequence[TokenProbability], span: tuple[int, int] | None, values: Mapping[str, float]
) -> float | None:
    """Σ v·p(v) / Σ p(v) over the verdicts v among the most probable tokens where the verdict stands (`span`, in `text`).

    `values`: what each verdict is written as, and its number. None where probabilities are not known: no tokens, a verdict of
    several tokens, or verdicts of which one begins another (1 and 10) where no token shows that the longer ones are kept whole.
    """
    token = None if span is None or not tokens else _token_at(text, tokens, span)
    if token is None:
        return None
    found: dict[str, float] = {}
    short = True
    for name, logprob in (*token.top, (token.token, token.logprob)):
        verdict = name if name in values else name.strip(_EDGES)
        if verdict in values:
            found[name] = exp(logprob)
            short = short and len(verdict) == 1
    total = fsum(found.values())
    if token.token not in found or not total > 0:
        return None
    if short and _has_long(values):
        return None
    weighted = [values[name if name in values else name.strip(_EDGES)] * probability for name, probability in found.items()]
    return fsum(weighted) / total


def _has_long(values: Mapping[str, float]) -> bool:
    """Whether one verdict may begin another: 1 and 10."""
    return max(map(len, values)) > 1 and any([len(name) > 1 and name.isdigit() for name in values])


def _token_at(text: str, tokens: Sequence[TokenProbability], span: tuple[int, int]) -> TokenProbability | None:
    """The one token that holds the span and, but for blanks and quotes, nothing else."""
    said = texts_of(tokens)
    if span[0] < len(text) and "".join(said) == text:  # as nearly always; a verdict stands near the end
        place, number = len(text), len(said)
        while place > span[0] and number:
            number -= 1
            place -= len(said[number])
        return tokens[number] if said[number].strip(_EDGES) == text[span[0] : span[1]] else None
    place, wanted = 0, text[span[0] : span[1]]
    for token in tokens:
        end = place + len(token.token)
        if text[place:end] != token.token:
            return _from_the_end(text, tokens, span)
        if place <= span[0] < end:
            return token if token.token.strip(_EDGES) == wanted else None
        place = end
    return None


def _from_the_end(text: str, tokens: Sequence[TokenProbability], span: tuple[int, int]) -> TokenProbability | None:
    """The same where earlier tokens do not make up the text: letters of several tokens, or a special one."""
    end = len(text)
    for token in reversed(tokens):
        if not text.endswith(token.token, 0, end):
            if end == len(text):
                continue  # an end-of-reply token, which the text does not show
            return None
        place = end - len(token.token)
        if place <= span[0] < end:
            return token if token.token.strip(_EDGES) == text[span[0] : span[1]] else None
        end = place
    return None
