"""A causal language model served by vLLM in this process, as a generator: for GPUs, where vLLM is installed."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from harness import Example, GeneratorSpec, Output, hookimpl
from harness.cache import Cache
from harness.errors import MissingExtra, PluginError
from harness_plugins.generators.asked import Asked, asked_of, output_of, too_long, weighed
from harness_plugins.generators.decoding import decoding
from harness_plugins.generators.styles import check_style
from harness_plugins.judges.local_files import find_model, load_tokenizer, longest_prompt
from harness_plugins.judges.local_prompts import Prompts
from harness_plugins.judges.local_reads import model_files

PIP_LINE = "pip install vllm"
_AHEAD = 1_024  # examples given to vLLM together: it fills its batches itself, and a kill loses these at most
_DTYPES = ("auto", "bfloat16", "float16", "float32")


class VllmGenerator:
    """Answers of a model that vLLM runs. `model`, `style`, and how answers are drawn are those of `transformers`.

    `dtype` is `auto` (the checkpoint's own), `bfloat16`, `float16` or `float32`; `engine`: further arguments of `vllm.LLM`
    (`tensor_parallel_size`, `gpu_memory_utilization`, `max_model_len` …). Prompts are cut into tokens here, so that they are the
    very tokens that `transformers` gives its model. Choices get log-likelihoods from vLLM's prompt log-probabilities. Outputs are
    cached under the model's digest and vLLM's version: its kernels draw other tokens than those of transformers.

    Raises MissingExtra without vLLM, ValueError for parameters that do not fit, PluginError for a model that cannot be used.
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
        dtype: str = "auto",
        engine: Mapping[str, Any] | None = None,
    ) -> None:
        self.style = check_style(style)
        if dtype not in _DTYPES:
            raise ValueError(f"dtype is one of {', '.join(_DTYPES)}, got {dtype!r}")
        self.how = decoding(max_new_tokens, temperature, top_p, beams, samples, stop, seed)
        self._settings = {**(engine or {}), "dtype": dtype}
        if refused := {"model", "tokenizer", "trust_remote_code", "seed"} & set(self._settings):
            raise ValueError(
                f"engine takes no {sorted(refused)[0]!r}: model and seed are parameters of their own, code of models is off"
            )
        self._vllm = _vllm()
        self._model = find_model(str(model), Cache(), gguf=True)
        told = "|".join(f"{key}:{value!r}" for key, value in sorted(self._settings.items()))
        weights = f"{self._model.name}@hf:{self._model.digest[:12]}"
        version = getattr(self._vllm, "__version__", "unknown")
        self.signature = f"vllm:{version}|model:{weights}|{told}|style:{self.style}|{self.how.signature}|v:1"

    @property
    def batch_size(self) -> int | None:
        """Examples that a run gives it together; None where it takes more GPUs than one: a worker has no second."""
        several = ("tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size")
        return None if any(self._settings.get(name, 1) != 1 for name in several) else _AHEAD

    def generate(self, examples: Sequence[Example]) -> Iterator[Output]:
        """Outputs in the examples' order, `samples` of each."""
        for start in range(0, len(examples), _AHEAD):
            some = [asked_of(example, self.style, self._prompts) for example in examples[start : start + _AHEAD]]
            said: dict[str, list[Output]] = {}
            fitting = []
            for asked in some:
                refused = too_long(asked, self.how.limit, self._longest, self._model.name, self.how.samples)
                said[asked.example.id] = refused
                if not refused:
                    fitting.append(asked)
            for output in self._answered(fitting):
                said[output.example_id].append(output)
            for asked in some:
                yield from said[asked.example.id]

    def lm_eval_model(self, max_length: int | None = None) -> Any:
        """This model as lm-eval's own vLLM model; its prompts are then lm-eval's, `style` says nothing."""
        try:
            from lm_eval.models.vllm_causallms import VLLM
        except ModuleNotFoundError as error:
            raise MissingExtra(
                f"tasks of lm-eval need the package {error.name!r}; install it with: pip install 'metaeval-harness[leaderboard]'"
            ) from error
        length = {} if max_length is None else {"max_length": max_length}
        return VLLM(pretrained=str(self._model.folder), batch_size="auto", **self._settings, **length)

    def _answered(self, asked: Sequence[Asked]) -> Iterator[Output]:
        choices = [one for one in asked if one.choices]
        texts = [one for one in asked if not one.choices]
        if choices:
            yield from self._weighed(choices)
        if texts:
            yield from self._searched(texts) if self.how.beams > 1 else self._drawn(texts)

    def _drawn(self, asked: Sequence[Asked]) -> Iterator[Output]:
        pairs = [(one, sample) for one in asked for sample in range(self.how.samples)]
        params = [
            self._vllm.SamplingParams(
                temperature=self.how.temperature,
                top_p=self.how.top_p,
                max_tokens=self.how.limit,
                stop=list(self.how.stop) or None,
                seed=self.how.seed_of(one.example, sample) if self.how.temperature > 0 else None,
            )
            for one, sample in pairs
        ]
        for (one, sample), reply in zip(pairs, self._asked([one.prompt for one, _ in pairs], params), strict=True):
            said = reply.outputs[0]
            finish = "length" if said.finish_reason == "length" else "stop"
            yield output_of(
                one,
                sample,
                self._model.name,
                text=self.how.cut(said.text),
                finish=finish,
                tokens_out=len(said.token_ids),
            )

    def _searched(self, asked: Sequence[Asked]) -> Iterator[Output]:
        from vllm.sampling_params import BeamSearchParams

        params = BeamSearchParams(beam_width=self.how.beams, max_tokens=self.how.limit)
        replies = self._engine.beam_search([{"prompt_token_ids": one.prompt} for one in asked], params)
        end = self._prompts.end
        for one, reply in zip(asked, replies, strict=True):
            tokens = list(reply.sequences[0].tokens)[len(one.prompt) :]
            ended = tokens.index(end) if end in tokens else None
            text = self.how.cut(self._prompts.decode(tokens[:ended]))
            finish = "length" if ended is None else "stop"
            yield output_of(one, 0, self._model.name, text=text, finish=finish, tokens_out=len(tokens[:ended]))

    def _weighed(self, asked: Sequence[Asked]) -> Iterator[Output]:
        """Each choice is read behind its prompt; vLLM tells what it gave each token of what it reads."""
        pairs = [(one, choice) for one in asked for choice in one.choices]
        params = self._vllm.SamplingParams(temperature=0.0, max_tokens=1, prompt_logprobs=0)
        replies = iter(self._asked([[*one.prompt, *choice] for one, choice in pairs], [params] * len(pairs)))
        for one in asked:
            sums = []
            for choice in one.choices:
                told = next(replies).prompt_logprobs[len(one.prompt) :]
                sums.append(sum(float(at[token].logprob) for at, token in zip(told, choice, strict=True)))
            yield weighed(one, sums, self._model.name)

    def _asked(self, prompts: Sequence[Sequence[int]], params: Sequence[Any]) -> list[Any]:
        found: list[Any] = self._engine.generate(
            [{"prompt_token_ids": list(prompt)} for prompt in prompts], list(params), use_tqdm=False
        )
        return found

    @cached_property
    def _engine(self) -> Any:
        try:
            return self._vllm.LLM(
                model=str(Path(self._model.folder)), trust_remote_code=False, seed=self.how.seed, **self._settings
            )
        except (RuntimeError, ValueError, TypeError) as error:  # no GPU, too little memory, an argument that it does not know
            raise PluginError(
                f"vLLM cannot open {self._model.name!r} ({str(error)[:300]}): set engine: {{gpu_memory_utilization: …, "
                "max_model_len: …}, or use the generator `transformers`"
            ) from error

    @cached_property
    def _prompts(self) -> Prompts:
        return Prompts(load_tokenizer(self._model), self._model.name)

    @cached_property
    def _longest(self) -> int | None:
        set_here = self._settings.get("max_model_len")
        if isinstance(set_here, int):
            return set_here
        from transformers import AutoConfig

        return longest_prompt(AutoConfig.from_pretrained(self._model.folder, local_files_only=True, trust_remote_code=False))


def _vllm() -> Any:
    try:
        import vllm
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"the generator vllm needs the package {error.name!r} and a GPU; install it with: {PIP_LINE}"
        ) from error
    return vllm


@hookimpl
def harness_generators() -> list[GeneratorSpec]:
    return [
        GeneratorSpec(
            "vllm",
            build=VllmGenerator,
            help="any causal language model that vLLM runs, in this process",
            argument="model",
            reads=model_files,
            cost="gpu",
        )
    ]
