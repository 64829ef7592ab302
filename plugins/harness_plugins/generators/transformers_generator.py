"""A causal language model in this process as a generator: texts in batches that never wait, or log-likelihoods of choices."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from harness import Example, GeneratorSpec, Output, hookimpl
from harness.cache import Cache
from harness.errors import MissingExtra
from harness_plugins.generators.asked import Asked, asked_of, output_of, too_long, weighed
from harness_plugins.generators.decoding import check_count, decoding
from harness_plugins.generators.styles import check_style
from harness_plugins.judges.local_files import DTYPES, find_model, load_tokenizer
from harness_plugins.judges.local_model import OpenModel
from harness_plugins.judges.local_reads import model_files

_AHEAD = 256  # examples that are worked on together where their order is kept
_PREPARED = 8_192  # examples whose tokens are held at once


class TransformersGenerator:
    """Answers of any causal model that transformers reads from safetensors, on CPU or CUDA; loaded when first asked.

    `model`: a folder (a checkpoint among them), `owner/name[@revision]` on the hub, a GGUF file, or `smollm2`. `style`: see
    `styles.prompt_of`. `temperature` 0 is greedy; `beams` above 1 searches (temperature 0 only); `samples` answers an
    example, drawn from `seed`, the example and the sample's number, so that none depends on what is generated beside it. An
    answer ends at a `stop` text (left out), at the model's end token, or after `max_new_tokens`. `rows`: of a batch at most (64
    on the CPU, 512 elsewhere); `batch_tokens`: rows times the longest of them, at most (32,768 on the CPU, elsewhere what the
    free memory holds). Where memory does not hold a batch, fewer rows go on. `ahead`: examples that a run gives it together (128
    on the CPU, 2,048 elsewhere), which a kill loses at most; last digits depend on it, on `rows`, on `batch_tokens` and on how
    many threads torch has. An example of kind `choice` gets no text but the
    log-likelihood of each of its choices, after a space where the prompt does not end in one. A prompt that leaves no room for
    its answer gets an output whose `finish` is `error`.

    Raises ValueError for parameters that do not fit, PluginError for a model that cannot be used.
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
        stop: str | Sequence[str] = (),
        seed: int = 0,
        device: str = "auto",
        dtype: str = "float32",
        rows: int | None = None,
        batch_tokens: int | None = None,
        ahead: int | None = None,
    ) -> None:
        self.style = check_style(style)
        if dtype not in DTYPES:
            raise ValueError(f"dtype is one of {', '.join(DTYPES)}, got {dtype!r}")
        for name, value in (("rows", rows), ("batch_tokens", batch_tokens), ("ahead", ahead)):
            if value is not None:
                check_count(name, value)
        self.how = decoding(max_new_tokens, temperature, top_p, beams, samples, stop, seed)
        self._rows_wanted, self._batch_tokens, self._ahead, self._device = rows, batch_tokens, ahead, device
        self._model = find_model(str(model), Cache(), gguf=True)
        self._open = OpenModel(self._model, device, dtype)
        self._weights = f"{self._model.name}@hf:{self._model.digest[:12]}|dtype:{dtype}"
        self.signature = f"transformers|model:{self._weights}|style:{self.style}|{self.how.signature}|v:2"

    @property
    def batch_size(self) -> int:
        """Examples that a run gives it together."""
        return self._ahead or (128 if self._on_cpu else 2_048)

    @property
    def threads(self) -> int:
        """Threads that torch computes with in this process; 1 where a GPU computes."""
        import torch

        return torch.get_num_threads() if self._on_cpu else 1

    @threads.setter
    def threads(self, number: int) -> None:
        import torch

        torch.set_num_threads(number)

    def generate(self, examples: Sequence[Example]) -> Iterator[Output]:
        """Outputs in the examples' order, `samples` of each."""
        for start in range(0, len(examples), _AHEAD):
            some = examples[start : start + _AHEAD]
            said: dict[str, list[Output]] = {example.id: [] for example in some}
            for output in self.generate_as_done(some):
                said[output.example_id].append(output)
            for example in some:
                yield from said[example.id]

    def generate_as_done(self, examples: Sequence[Example]) -> Iterator[Output]:
        """Outputs as they are done, all of an example one after the other: no row waits until the longest answer is there."""
        for start in range(0, len(examples), _PREPARED):
            texts: list[Asked] = []
            choices: list[Asked] = []
            for example in examples[start : start + _PREPARED]:
                asked = self._asked(example)
                if refused := too_long(asked, self.how.limit, self._open.longest, self._model.name, self.how.samples):
                    yield from refused
                else:
                    (choices if asked.choices else texts).append(asked)
            yield from self._weighed(choices)
            yield from self._searched(texts) if self.how.beams > 1 else self._drawn(texts)

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
            signature=self._weights,
            tokens=self._budget,
            rows=self._rows,
            max_length=max_length,
        )

    def _asked(self, example: Example) -> Asked:
        return asked_of(example, self.style, self._open.prompts)

    def _drawn(self, asked: Sequence[Asked]) -> Iterator[Output]:
        from harness_plugins.generators.engine import Answer, Wish, answers
        from harness_plugins.generators.stops import Stops
        from harness_plugins.judges.local_torch import Sampling

        how, stops = self.how, Stops(self._open.tokenizer, self.how.stop, special=False)
        pairs = [(one, sample) for one in asked for sample in range(how.samples)]
        wishes = [
            Wish(number, one.prompt, Sampling(how.limit, how.temperature, how.top_p, how.seed_of(one.example, sample)))
            for number, (one, sample) in enumerate(pairs)
        ]

        def stopped(answer: Answer) -> bool:
            return stops.found(answer.tokens)

        done: dict[str, list[Output]] = {}
        model, ends = self._open.loaded, self._open.ends
        for answer in answers(model, wishes, ends, stopped, rows=self._rows, tokens=self._budget, joinable=self._joinable):
            one, sample = pairs[answer.index]
            outputs = done.setdefault(one.example.id, [])
            outputs.append(self._output(one, sample, answer.tokens, answer.finish))
            if len(outputs) == how.samples:
                yield from sorted(done.pop(one.example.id), key=lambda output: output.sample)

    def _searched(self, asked: Sequence[Asked]) -> Iterator[Output]:
        """Beam search, one example at a time: beams of several would be padded together, and paths would depend on it."""
        import torch

        ends = self._open.ends
        for one in asked:
            with torch.inference_mode():
                ids = torch.tensor([one.prompt], device=self._open.loaded.device)
                out = self._open.loaded.generate(
                    ids,
                    attention_mask=torch.ones_like(ids),
                    num_beams=self.how.beams,
                    do_sample=False,
                    max_new_tokens=self.how.limit,
                    eos_token_id=sorted(ends) or None,
                    pad_token_id=min(ends, default=0),
                )
            tokens = out[0, len(one.prompt) :].tolist()
            ended = next((place for place, token in enumerate(tokens) if token in ends), None)
            yield self._output(one, 0, tokens[:ended], "length" if ended is None else "stop")

    def _weighed(self, asked: Sequence[Asked]) -> Iterator[Output]:
        from harness_plugins.generators.likelihoods import Options, log_likelihoods

        options = [Options(number, one.prompt, one.choices) for number, one in enumerate(asked)]
        for number, said in log_likelihoods(self._open.loaded, options, tokens=self._budget) if options else ():
            yield weighed(asked[number], [value.sum for value in said], self._model.name)

    def _output(self, asked: Asked, sample: int, tokens: list[int], finish: Any) -> Output:
        text = self._open.prompts.decode(tokens)
        if finish == "length" and any(stop in text for stop in self.how.stop):
            finish = "stop"
        return output_of(asked, sample, self._model.name, text=self.how.cut(text), finish=finish, tokens_out=len(tokens))

    @property
    def _on_cpu(self) -> bool:
        if self._device != "auto":
            return self._device == "cpu"
        import torch

        return not torch.cuda.is_available()

    @cached_property
    def _joinable(self) -> bool:
        from harness_plugins.generators.slots import fit

        return fit(self._open.loaded)

    @property
    def _rows(self) -> int:
        return self._rows_wanted or (64 if self._open.loaded.device.type == "cpu" else 512)

    @cached_property  # once: what one batch leaves behind must not change how the next is cut
    def _budget(self) -> int:
        from harness_plugins.generators.memory import tokens_that_fit

        return self._batch_tokens or tokens_that_fit(self._open.loaded)


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
            cost="gpu",
        )
    ]
