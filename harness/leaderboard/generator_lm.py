"""A generator plugin as lm-eval asks models: texts that go on from a prompt, and log-likelihoods of what may follow it."""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from harness.errors import PluginError
from harness.protocols import Generator
from harness.records import Example, Output


class GeneratorModel:
    """A generator that has no `lm_eval_model()` of its own. Its answers are cut at the task's stop texts; how long they may
    be, and how they are drawn, is the generator's own setting. `usd`: what replies cost, by request, where the generator tells.

    Log-likelihoods are those of a generator that answers examples of kind `choice`. Whether a choice is what greedy decoding
    gives is not known (False stands there, and `needs_greedy` says which tasks must not see it); nor can a generator tell the
    log-likelihood of a whole text.
    """

    tokenizer = None

    def __init__(self, generator: Generator, name: str) -> None:
        self._generator, self._name = generator, name
        self._hook: Callable[[str, Any, Any], None] = lambda kind, args, reply: None
        self.usd: dict[str, float] = {}

    def set_cache_hook(self, hook: Any) -> None:
        """lm-eval's way to hand over a function that is told each reply."""
        self._hook = hook.add_partial

    def apply_chat_template(self, chat_history: Any, add_generation_prompt: bool = True) -> str:
        raise PluginError(f"model {self._name!r}: a generator puts prompts into its model's template itself; leave out `chat`")

    def generate_until(self, requests: Sequence[Any]) -> list[str | None]:
        """One text a request; None where the generator failed."""
        asked = [request.args for request in requests]
        examples = [_example(str(prompt), number) for number, (prompt, _) in enumerate(asked)]
        found: dict[str, str | None] = {}
        places = {example.id: place for place, example in enumerate(examples)}
        for output in self._generator.generate(examples):
            if output.sample or output.example_id not in places:
                continue  # a board has one answer an item
            args = asked[places[output.example_id]]
            found[output.example_id] = text = _cut(output, args[1])
            if text is not None:
                self._price(args, output)
                self._hook("generate_until", args, text)
        return [found.get(example.id) for example in examples]

    def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool] | None]:
        """The log-likelihood of each continuation after its context; requests that share a context are asked together."""
        groups: dict[str, dict[str, list[int]]] = {}
        for place, request in enumerate(requests):
            context, continuation = request.args
            groups.setdefault(str(context), {}).setdefault(self._choice(str(context), continuation), []).append(place)
        examples = [
            _example(context, number, kind="choice", choices=tuple(choices))
            for number, (context, choices) in enumerate(groups.items())
        ]
        by_id = dict(zip((example.id for example in examples), groups.values(), strict=True))
        found: list[tuple[float, bool] | None] = [None] * len(requests)
        for output in self._generator.generate(examples):
            choices = by_id[output.example_id]
            if output.loglik is None:
                continue
            for places, value in zip(choices.values(), output.loglik, strict=True):
                for place in places:
                    found[place] = (value.sum, False)
                    self._hook("loglikelihood", requests[place].args, found[place])
        return found

    def loglikelihood_rolling(self, requests: Sequence[Any]) -> list[float]:
        raise PluginError(f"model {self._name!r}: its generator tells no log-likelihood of whole texts; open it with `lm_eval`")

    def _choice(self, context: str, continuation: str) -> str:
        """The choice as a generator wants it, which puts a blank before it where the prompt does not end in one."""
        if continuation[:1] == " " and not context[-1:].isspace():
            return continuation[1:]
        if context[-1:].isspace():
            return continuation
        raise PluginError(
            f"model {self._name!r}: the task has {continuation[:40]!r} follow the prompt without a blank, which generators do "
            "not weigh; open the model with `lm_eval`"
        )

    def _price(self, args: Any, output: Output) -> None:
        price = output.meta.get("price")
        if isinstance(price, (int, float)):
            self.usd[json.dumps([str(args[0]), args[1]], sort_keys=True)] = float(price)


def needs_greedy(task: Any) -> bool:
    """Whether one of the task's metrics says if the right answer is what greedy decoding gives."""
    metrics = set(task.aggregation())
    kind = task.OUTPUT_TYPE
    return (kind == "loglikelihood" and "acc" in metrics) or (kind == "multiple_choice" and "exact_match" in metrics)


def _example(prompt: str, number: int, **fields: Any) -> Example:
    """A prompt as an example, named by its text: what is drawn for it does not depend on what is asked beside it."""
    name = hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return Example.from_instruction(f"leaderboard/{name}-{number}", prompt, language="und", **fields)


def _cut(output: Output, settings: Any) -> str | None:
    if output.text is None or output.finish == "error":
        return None
    until = settings.get("until") or []
    text = output.text
    for stop in [until] if isinstance(until, str) else until:
        text = text.split(stop)[0] if stop else text
    return text
