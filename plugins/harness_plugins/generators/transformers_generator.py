"""A causal language model in this process as a generator: texts in batches that never wait, or log-likelihoods of choices."""

from collections.abc import Iterator, Sequence
from typing import Any

from harness import Example, GeneratorSpec, Output, hookimpl
from harness.cache import Cache
from harness.errors import MissingExtra, PluginError
from harness.records import ChoiceLoglik
from harness_plugins.generators.styles import check_style, prompt_of
from harness_plugins.judges.local_files import DTYPES, find_model, load_tokenizer
from harness_plugins.judges.local_model import OpenModel
from harness_plugins.judges.local_reads import model_files

_AHEAD = 256  # examples that are worked on together, and of which a kill can lose the unfinished


class TransformersGenerator:
    """Answers of any causal model that transformers reads from safetensors, on CPU or CUDA; loaded when first asked.

    `model`: a folder (a checkpoint among them), `owner/name[@revision]` on the hub, a GGUF file, or `smollm2`. `style`: see
    `styles.prompt_of`. `temperature` 0 is greedy; `beams` above 1 searches (temperature 0 only); `samples` answers an
    example, drawn from `seed`, the example and the sample's number, so that none depends on what is generated beside it. An
    answer ends at a `stop` text (left out), at the model's end token, or after `max_new_tokens`. `rows`: of a batch at most;
    `batch_tokens`: with padding. An example of kind `choice` gets no text but the log-likelihood of each of its choices,
    after a space where the prompt does not end in one. Raises PluginError for parameters that do not fit, a model that cannot
    be used, a prompt that is too long.
    """

    def __init__(
        self,
        model: str,
        *,
        style: str = "chat",
        max_new_tokens: int = 512,
        temperature: float = 0.0,
        top_p: float = 1.0,
        beams: int = 1,
        samples: int = 1,
        stop: Sequence[str] = (),
        seed: int = 0,
        device: str = "auto",
        dtype: str = "float32",
        rows: int = 16,
        batch_tokens: int | None = None,
    ) -> None:
        self.style = check_style(style)
        if dtype not in DTYPES:
            raise ValueError(f"dtype is one of {', '.join(DTYPES)}, got {dtype!r}")
        for name, value in (("max_new_tokens", max_new_tokens), ("beams", beams), ("samples", samples), ("rows", rows)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} is a whole number of at least 1, got {value!r}")
        if temperature < 0 or not 0 < top_p <= 1:
            raise ValueError(f"temperature is at least 0 and top_p above 0 and at most 1, got {temperature:g} and {top_p:g}")
        if beams > 1 and (temperature > 0 or samples > 1):
            raise ValueError("a beam search draws nothing: leave out beams, or temperature and samples")
        if samples > 1 and temperature == 0:
            raise ValueError("greedy answers are all alike: samples above 1 need a temperature above 0")
        self.stop = (stop,) if isinstance(stop, str) else tuple(stop)
        if not all(isinstance(text, str) and text for text in self.stop):
            raise ValueError(f"stop is a text or a list of texts, got {stop!r}")
        self.limit, self.temperature, self.top_p, self.beams = max_new_tokens, float(temperature), float(top_p), beams
        self.samples, self.seed, self.dtype = samples, seed, dtype
        self.rows, self._batch_tokens = rows, batch_tokens
        self._model = find_model(str(model), Cache(), gguf=True)
        self._open = OpenModel(self._model, device, dtype)
        self.signature = self._signature()

    def generate(self, examples: Sequence[Example]) -> Iterator[Output]:
        """Outputs in the examples' order, `samples` of each."""
        for start in range(0, len(examples), _AHEAD):
            some = examples[start : start + _AHEAD]
            said = {**self._texts([one for one in some if one.kind != "choice"]), **self._weighed(some)}
            for example in some:
                yield from said[example.id]

    def lm_eval_model(self, max_length: int | None = None) -> Any:
        """This model as an lm-eval LM (see `as_lm_eval`), for leaderboards; prompts are then lm-eval's, `style` says nothing."""
        try:
            from harness_plugins.generators.as_lm_eval import EngineLM
        except ModuleNotFoundError as error:
            raise MissingExtra(
                f"tasks of lm-eval need the package {error.name!r}; install it with: pip install 'metaeval-harness[leaderboard]'"
            ) from error
        return EngineLM(
            self._open.loaded,
            load_tokenizer(self._model),  # its own: lm-eval gives a tokenizer without padding one
            name=self._model.name,
            signature=f"{self._model.name}@hf:{self._model.digest[:12]}|dtype:{self.dtype}",
            tokens=self._budget,
            rows=self.rows,
            max_length=max_length,
        )

    def _texts(self, examples: Sequence[Example]) -> dict[str, list[Output]]:
        from harness_plugins.generators.engine import Answer, Wish, answers
        from harness_plugins.generators.stops import Stops
        from harness_plugins.judges.local_torch import Sampling

        asked = [(example, sample) for example in examples for sample in range(self.samples)]
        tokens = {example.id: self._tokens(example, self.limit) for example in examples}
        if self.beams > 1:
            return {example.id: [self._searched(example, tokens[example.id])] for example in examples}
        wishes = [
            Wish(number, tokens[example.id], Sampling(self.limit, self.temperature, self.top_p, self._seed(example, sample)))
            for number, (example, sample) in enumerate(asked)
        ]

        stops = Stops(self._open.tokenizer, self.stop, special=False)

        def stopped(answer: Answer) -> bool:
            return stops.found(answer.tokens)

        found: dict[str, list[Output]] = {example.id: [] for example in examples}
        for answer in answers(self._open.loaded, wishes, self._open.ends, stopped, rows=self.rows, tokens=self._budget):
            example, sample = asked[answer.index]
            output = self._output(example, sample, answer.tokens, answer.finish, len(tokens[example.id]))
            found[example.id].append(output)
        return {of: sorted(outputs, key=lambda output: output.sample) for of, outputs in found.items()}

    def _searched(self, example: Example, prompt: list[int]) -> Output:
        """Beam search, one example at a time: beams of several would be padded together, and paths would depend on it."""
        import torch

        with torch.inference_mode():
            ids = torch.tensor([prompt], device=self._open.loaded.device)
            out = self._open.loaded.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                num_beams=self.beams,
                do_sample=False,
                max_new_tokens=self.limit,
                eos_token_id=sorted(self._open.ends),
                pad_token_id=min(self._open.ends, default=0),
            )
        tokens = out[0, len(prompt) :].tolist()
        ended = next((place for place, token in enumerate(tokens) if token in self._open.ends), None)
        return self._output(example, 0, tokens[:ended], "length" if ended is None else "stop", len(prompt))

    def _weighed(self, examples: Sequence[Example]) -> dict[str, list[Output]]:
        from harness_plugins.generators.likelihoods import Options, log_likelihoods

        examples = [example for example in examples if example.kind == "choice"]
        asked = []
        for number, example in enumerate(examples):
            if not example.choices:
                raise PluginError(f"example {example.id!r} is of the kind 'choice' and has no choices")
            prompt = prompt_of(example, self.style, self._open.prompts)
            texts = tuple(choice if prompt[-1:].isspace() else f" {choice}" for choice in example.choices)
            asked.append(Options(number, self._tokens(example, 0), self._open.prompts.choice_tokens(prompt, texts)))
        found: dict[str, list[Output]] = {}
        for number, sums in log_likelihoods(self._open.loaded, asked, tokens=self._budget):
            example, one = examples[number], asked[number]
            parts = zip(sums, one.choices, example.choices, strict=True)
            loglik = tuple(ChoiceLoglik(sum=value.sum, tokens=len(t), characters=len(text)) for value, t, text in parts)
            found[example.id] = [self._named(example, 0, loglik=loglik, tokens_in=len(one.prompt))]
        return found

    def _output(self, example: Example, sample: int, tokens: list[int], finish: Any, read: int) -> Output:
        text = self._open.prompts.decode(tokens)
        cut = min((text.find(stop) for stop in self.stop if stop in text), default=len(text))
        return self._named(example, sample, text=text[:cut].strip(), finish=finish, tokens_in=read, tokens_out=len(tokens))

    def _named(self, example: Example, sample: int, **fields: Any) -> Output:
        return Output(id=f"{example.id}/{sample}", example_id=example.id, system=self._model.name, sample=sample, **fields)

    def _tokens(self, example: Example, room: int) -> list[int]:
        found = self._open.prompts.tokens(prompt_of(example, self.style, self._open.prompts))
        longest = self._open.longest
        if longest is not None and len(found) + room > longest:
            raise PluginError(
                f"example {example.id!r}: its prompt has {len(found)} tokens, and {self._model.name} reads {longest}, an answer "
                f"of up to {room} among them: lower max_new_tokens, or leave the example out"
            )
        return found

    def _seed(self, example: Example, sample: int) -> int:
        import hashlib

        said = f"{self.seed}\0{example.id}\0{sample}".encode()
        return int.from_bytes(hashlib.sha256(said).digest()[:7])

    def _signature(self) -> str:
        parts = [f"transformers|model:{self._model.name}@hf:{self._model.digest[:12]}|dtype:{self.dtype}|style:{self.style}"]
        parts.append(f"max:{self.limit}|temperature:{self.temperature:g}")
        if self.temperature > 0:
            parts.append(f"top_p:{self.top_p:g}|samples:{self.samples}|seed:{self.seed}")
        if self.beams > 1:
            parts.append(f"beams:{self.beams}")
        if self.stop:
            parts.append(f"stop:{list(self.stop)!r}")
        return "|".join([*parts, "v:1"])

    @property
    def _budget(self) -> int:
        return self._open.batch_tokens(self._batch_tokens, 16_384, 131_072)


@hookimpl
def harness_generators() -> list[GeneratorSpec]:
    return [
        GeneratorSpec(
            "transformers",
            build=TransformersGenerator,
            help="any causal language model that transformers reads, in this process",
            extra="judge-transformers",
            argument="model",
            reads=model_files,
        )
    ]
