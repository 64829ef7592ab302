"""Any model that lm-eval knows as a generator: `hf`, `vllm`, `openai-completions`, `gguf` … with lm-eval's own arguments."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from harness import Example, GeneratorSpec, Output, hookimpl
from harness.cache import Cache
from harness.errors import MissingExtra, PluginError, did_you_mean
from harness.integrity import file_digest
from harness.records import ChoiceLoglik
from harness_plugins.generators.decoding import check_count, decoding

PIP_LINE = "pip install 'metaeval-harness[leaderboard]'"
_SECRET = ("api_key", "token", "auth_token", "access_token", "hf_token", "password", "secret", "header", "headers")
_ANYHOW = ("batch_size", "max_batch_size", "device", "num_concurrent", "max_retries", "timeout")


class LmEvalGenerator:
    """Answers of one of lm-eval's models. `model`: its name there; `args`: what its constructor takes (`pretrained`, `dtype` …).

    `chat`: whether messages go through the model's chat template; without, their texts stand one after the other. How answers
    are drawn is as for `transformers`, but that lm-eval's models draw samples from one stream of random numbers, begun at `seed`:
    what one gets depends on what was asked before it. `ahead`: examples given to the model together, and lost at most by a kill.
    A choice stands after a blank where the prompt does not end in one; blanks and line breaks that end the prompt count to each
    choice, as is lm-eval's way. lm-eval does not tell whether an answer was ended by the
    model or by its limit: `finish` is None.

    Cached under the sha256 of a `pretrained` folder's files, else under the arguments. Raises MissingExtra without lm-eval,
    ValueError for parameters that do not fit, PluginError for a model that cannot be opened.
    """

    def __init__(
        self,
        model: str = "hf",
        *,
        args: Mapping[str, Any] | None = None,
        chat: bool = True,
        max_new_tokens: int = 512,
        temperature: float = 0.0,
        top_p: float = 1.0,
        beams: int = 1,
        samples: int = 1,
        stop: str | Sequence[str] = (),
        seed: int = 0,
        ahead: int = 64,
    ) -> None:
        check_count("ahead", ahead)
        self.how = decoding(max_new_tokens, temperature, top_p, beams, samples, stop, seed)
        self._class = _class_of(model)
        self.model, self.chat, self.args, self._ahead = model, chat, dict(args or {}), ahead
        told = {key: value for key, value in self.args.items() if key not in _ANYHOW and not _is_secret(key)}
        parts = [f"{key}:{_what(key, value)}" for key, value in sorted(told.items())]
        self.signature = f"lm-eval|model:{model}|{'|'.join(parts)}|chat:{chat}|{self.how.signature}|v:1"

    def generate(self, examples: Sequence[Example]) -> Iterator[Output]:
        """Outputs in the examples' order, `samples` of each."""
        for start in range(0, len(examples), self._ahead):
            some = examples[start : start + self._ahead]
            texts = self._texts([example for example in some if example.kind != "choice"])
            weighed = self._weighed([example for example in some if example.kind == "choice"])
            for example in some:
                yield from texts.get(example.id) or weighed[example.id]

    def lm_eval_model(self) -> Any:
        """The model itself."""
        return self._lm

    def _texts(self, examples: Sequence[Example]) -> dict[str, list[Output]]:
        pairs = [(example, sample) for example in examples for sample in range(self.how.samples)]
        replies = self._asked("generate_until", [(self._prompt(example), dict(self._settings)) for example, _ in pairs])
        found: dict[str, list[Output]] = {example.id: [] for example in examples}
        for (example, sample), text in zip(pairs, replies, strict=True):
            said = {"text": self.how.cut(text)} if isinstance(text, str) else {"finish": "error", "meta": _NO_ANSWER}
            found[example.id].append(self._output(example, sample, **said))
        return found

    def _weighed(self, examples: Sequence[Example]) -> dict[str, list[Output]]:
        requests: list[tuple[str, str]] = []
        for example in examples:
            if not example.choices:
                raise PluginError(f"example {example.id!r} is of the kind 'choice' and has no choices")
            prompt = self._prompt(example)
            blank = "" if str(prompt)[-1:].isspace() else " "
            requests += [(prompt, blank + choice) for choice in example.choices]
        replies = iter(self._asked("loglikelihood", requests))
        found: dict[str, list[Output]] = {}
        for example in examples:
            values = [next(replies) for _ in example.choices]
            parts = zip(values, example.choices, strict=True)
            loglik = tuple(
                ChoiceLoglik(sum=float(value[0]), tokens=self._count(choice), characters=len(choice)) for value, choice in parts
            )
            found[example.id] = [self._output(example, 0, loglik=loglik)]
        return found

    @property
    def _settings(self) -> dict[str, Any]:
        """lm-eval's `gen_kwargs`."""
        told: dict[str, Any] = {"until": list(self.how.stop), "max_gen_toks": self.how.limit}
        if self.how.temperature > 0:
            return told | {"do_sample": True, "temperature": self.how.temperature, "top_p": self.how.top_p}
        return told | {"do_sample": False} | ({"num_beams": self.how.beams} if self.how.beams > 1 else {})

    def _asked(self, method: str, requests: Sequence[tuple[Any, ...]]) -> list[Any]:
        from lm_eval.api.instance import Instance

        if not requests:
            return []
        instances = [Instance(method, {}, request, number) for number, request in enumerate(requests)]  # type: ignore[arg-type]
        model = self._lm
        try:
            found: list[Any] = getattr(model, method)(instances)
        except NotImplementedError as error:
            raise PluginError(f"lm-eval's model {self.model!r} cannot do this: {method} ({error})") from error
        return found

    def _prompt(self, example: Example) -> Any:
        if not example.messages:
            raise PluginError(f"example {example.id!r} has no messages to go on from")
        if not self.chat:
            return "\n".join(message.text for message in example.messages)
        history = [{"role": message.role, "content": message.text} for message in example.messages]
        try:
            return self._lm.apply_chat_template(history)
        except (ValueError, NotImplementedError) as error:  # no template, or a kind of model that has none
            raise PluginError(
                f"lm-eval's model {self.model!r} has no chat template ({str(error)[:200]}): set chat to false"
            ) from error

    def _output(self, example: Example, sample: int, **fields: Any) -> Output:
        system = str(self.args.get("pretrained") or self.args.get("model") or self.model)
        return Output(id=f"{example.id}/{sample}", example_id=example.id, system=system, sample=sample, **fields)

    def _count(self, text: str) -> int:
        encode = getattr(self._lm, "tok_encode", None)
        if encode is None:
            raise PluginError(
                f"lm-eval's model {self.model!r} tells no tokens, without which choices cannot be compared by length"
            )
        return len(encode(text, add_special_tokens=False))

    @cached_property
    def _lm(self) -> Any:
        try:
            lm = self._class.create_from_arg_obj(dict(self.args))
        except ModuleNotFoundError as error:
            raise MissingExtra(
                f"lm-eval's model {self.model!r} needs the package {error.name!r}; install it with: pip install "
                f"'lm_eval[{self.model}]'"
            ) from error
        except (OSError, RuntimeError, ValueError, TypeError, AssertionError, KeyError) as error:
            raise PluginError(
                f"lm-eval's model {self.model!r} cannot be opened with {self._told()}: {str(error)[:300]}"
            ) from error
        if self.how.temperature > 0:
            import torch

            torch.manual_seed(self.how.seed)
        return lm

    def _told(self) -> dict[str, Any]:
        return {key: "…" if _is_secret(key) else value for key, value in self.args.items()}


_NO_ANSWER = {"status": "no-answer", "detail": "lm-eval's model gave no text"}


def _class_of(name: str) -> Any:
    try:
        import lm_eval.models  # noqa: F401  # it registers the models; asked before, the registry stays without them
        from lm_eval.api.registry import get_model, model_registry
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the generator lm-eval needs the package {error.name!r}; install it with: {PIP_LINE}") from error
    if name not in model_registry.keys():  # noqa: SIM118  # a registry is no mapping
        raise ValueError(f"lm-eval has no model {name!r}.{did_you_mean(name, model_registry.keys())}")
    try:
        return get_model(name)
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"lm-eval's model {name!r} needs the package {error.name!r}; install it with: pip install 'lm_eval[{name}]'"
        ) from error


def _is_secret(key: str) -> bool:
    return key in _SECRET or key.endswith("_key")


def _what(key: str, value: Any) -> str:
    """A value as the signature tells it: a folder by the sha256 of its files."""
    folder = Path(value).expanduser() if isinstance(value, str) and key in ("pretrained", "peft", "tokenizer", "delta") else None
    if folder is None or not folder.is_dir():
        return repr(value)
    if key == "pretrained":
        from harness_plugins.judges.local_files import find_model

        return f"{folder.name}@hf:{find_model(str(folder), Cache()).digest[:12]}"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    told = "".join(f"{path.relative_to(folder)} {file_digest(path)}\n" for path in files)
    return f"{folder.name}@{hashlib.sha256(told.encode()).hexdigest()[:12]}"


@hookimpl
def harness_generators() -> list[GeneratorSpec]:
    return [
        GeneratorSpec(
            "lm-eval",
            build=LmEvalGenerator,
            help="any model that lm-eval knows, by its name there and its arguments",
            extra="leaderboard",
            argument="model",
        )
    ]
