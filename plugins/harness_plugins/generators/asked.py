"""What a local generator asks its model for an example, and the outputs that it makes of what the model says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness import Example, Output
from harness.errors import PluginError
from harness.records import ChoiceLoglik
from harness_plugins.generators.styles import Style, prompt_of
from harness_plugins.judges.local_choices import Tokens
from harness_plugins.judges.local_prompts import Prompts


@dataclass(frozen=True)
class Asked:
    """An example's prompt in tokens, and the tokens of its choices where it has any."""

    example: Example
    prompt: list[int]
    choices: tuple[Tokens, ...] = ()


def asked_of(example: Example, style: Style, prompts: Prompts) -> Asked:
    """The tokens of an example; a choice stands after a blank where the prompt does not end in one."""
    prompt = prompt_of(example, style, prompts)
    if example.kind != "choice":
        return Asked(example, prompts.tokens(prompt))
    if not example.choices:
        raise PluginError(f"example {example.id!r} is of the kind 'choice' and has no choices")
    texts = tuple(choice if prompt[-1:].isspace() else f" {choice}" for choice in example.choices)
    return Asked(example, prompts.tokens(prompt), prompts.choice_tokens(prompt, texts))


def too_long(asked: Asked, limit: int, longest: int | None, system: str, samples: int) -> list[Output]:
    """Outputs that say so where the model does not read prompt and answer together, or has nothing to go on from, else none."""
    many = range(1 if asked.choices else samples)
    if not asked.prompt:
        meta = {"status": "empty", "detail": "the prompt has no token to go on from"}
        return [output_of(asked, sample, system, finish="error", meta=meta) for sample in many]
    room = max((len(choice) - 1 for choice in asked.choices), default=limit)
    if longest is None or len(asked.prompt) + room <= longest:
        return []
    detail = f"the prompt has {len(asked.prompt)} tokens, and the model reads {longest}, "
    detail += "its choices among them" if asked.choices else f"an answer of up to {limit} among them: lower max_new_tokens"
    return [output_of(asked, sample, system, finish="error", meta={"status": "too-long", "detail": detail}) for sample in many]


def output_of(asked: Asked, sample: int, system: str, **fields: Any) -> Output:
    """An output of the example."""
    return Output(
        id=f"{asked.example.id}/{sample}",
        example_id=asked.example.id,
        system=system,
        sample=sample,
        tokens_in=len(asked.prompt),
        **fields,
    )


def weighed(asked: Asked, sums: Sequence[float], system: str) -> Output:
    """An output with the log-likelihoods of the choices."""
    parts = zip(sums, asked.choices, asked.example.choices, strict=True)
    loglik = tuple(ChoiceLoglik(sum=value, tokens=len(tokens), characters=len(text)) for value, tokens, text in parts)
    return output_of(asked, 0, system, loglik=loglik)
