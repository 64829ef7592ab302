"""A language model behind an OpenAI-compatible address (or a local server) as a generator; every reply is kept as it arrives."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness import Example, GeneratorSpec, Output, hookimpl
from harness.chat.messages import CallPlan, Reply, Request
from harness.errors import PluginError
from harness_plugins.judges.models import choices_of, named, open_model

_AHEAD = 256  # examples that are asked about together
_FINISH: Mapping[str, Any] = {"ok": "stop", "cut-off": "length"}


class OpenAiGenerator:
    """Answers of one model: `model` and the parameters of how it is reached are a judge's (`base_url`, `key_env`, `backend`,
    `concurrency`, `budget`, `round` …).

    `max_tokens`, `temperature`, `stop`, and what else the API takes in `params` (`top_p`, `seed` …). `samples`: answers an
    example. A reply that was refused, or not had, is an output without a text whose `finish` is `error`; it is asked for again
    when the command is. Replies are kept under model, host and parameters: what was received is never paid for twice.
    """

    def __init__(
        self,
        model: Any,
        *,
        max_tokens: int = 512,
        temperature: float | None = 0.0,
        stop: Sequence[str] = (),
        samples: int = 1,
        params: Mapping[str, Any] | None = None,
        **reached: Any,
    ) -> None:
        for name, value in (("max_tokens", max_tokens), ("samples", samples)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} is a whole number of at least 1, got {value!r}")
        if samples > 1 and temperature == 0:
            raise ValueError("greedy answers are all alike: samples above 1 need a temperature above 0")
        choice, *others = choices_of({**reached, "model": model} if not isinstance(model, (list, Mapping)) else model, {})
        if others:
            raise ValueError("model is one model, got a list")
        stops = [stop] if isinstance(stop, str) else list(stop)
        own: dict[str, Any] = {"max_tokens": max_tokens}
        own |= {} if temperature is None else {"temperature": temperature}
        own |= {"stop": stops} if stops else {}
        self.params = {**own, **(params or {})}
        self.samples = samples
        self._choice = choice
        self._model = open_model(choice, "generate")
        told = "|".join(f"{key}:{value!r}" for key, value in sorted(self.params.items()))
        self.signature = f"openai|model:{named(choice)}|{told}|samples:{samples}|v:1"

    def generate(self, examples: Sequence[Example]) -> Iterator[Output]:
        """Outputs in the examples' order, `samples` of each."""
        for start in range(0, len(examples), _AHEAD):
            some = [(example, sample) for example in examples[start : start + _AHEAD] for sample in range(self.samples)]
            replies = self._model.ask([self._request(example, sample) for example, sample in some])
            for (example, sample), reply in zip(some, replies, strict=True):
                yield self._output(example, sample, reply)

    def calls(self, examples: Sequence[Example]) -> CallPlan:
        """What generating would take; nobody is asked."""
        return self._model.plan([self._request(example, sample) for example in examples for sample in range(self.samples)])

    def _request(self, example: Example, sample: int) -> Request:
        turns = []
        for message in example.messages:
            if message.role not in ("system", "user", "assistant"):
                raise PluginError(f"example {example.id!r}: a chat has no role {message.role!r}")
            turns.append((message.role, message.text))
        if not turns:
            raise PluginError(f"example {example.id!r} has no messages to answer")
        return Request(messages=tuple(turns), params=self.params, sample=sample)

    def _output(self, example: Example, sample: int, reply: Reply) -> Output:
        meta: dict[str, Any] = {}
        if reply.price is not None:
            meta["price"] = reply.price
        if reply.status not in _FINISH:
            meta |= {"status": reply.status, "detail": reply.detail}
        return Output(
            id=f"{example.id}/{sample}",
            example_id=example.id,
            system=self._model.name,
            sample=sample,
            text=reply.text if reply.status in _FINISH else None,
            finish=_FINISH.get(reply.status, "error"),
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
            key=reply.key,
            meta=meta,
        )


@hookimpl
def harness_generators() -> list[GeneratorSpec]:
    return [
        GeneratorSpec(
            "openai",
            build=OpenAiGenerator,
            help="a model behind an OpenAI-compatible address, or a GGUF file in a local server",
            extra="judge",
            argument="model",
            cost="paid",
        )
    ]
