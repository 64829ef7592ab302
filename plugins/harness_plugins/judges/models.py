"""Which language models are the judges: services and servers, a server started for a file, or a model in this process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from harness.chat.messages import LanguageModel
from harness.chat.openings import opened
from harness.errors import did_you_mean

Backend = Literal["openai", "server", "transformers"]
_ONLY: Mapping[str, Backend] = {
    "round": "openai",  # the name of a model that runs here is that of its file, which does not change behind it
    "threads": "server",
    "context": "server",
    "device": "transformers",
    "dtype": "transformers",
}


@dataclass(frozen=True)
class ModelChoice:
    """One judge of a panel, and how it is reached; `budget` in USD, limits a minute, `timeout` in seconds.

    Of a model that runs here: `threads` and `context` (tokens) of a server, `device` and `dtype` of a model in this process.
    """

    model: str
    base_url: str | None = None
    key_env: str = "OPENAI_API_KEY"
    api: str = "openai"
    api_version: str | None = None
    backend: Backend = "openai"
    concurrency: int = 16
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    timeout: float = 120.0
    budget: float | None = None
    prices: str | None = None
    round: int = 0
    threads: int = 1
    context: int = 8192
    device: str = "auto"
    dtype: str = "float32"


def choices_of(model: Any, common: Mapping[str, Any]) -> list[ModelChoice]:
    """The judges that `model` names: a name, a mapping with `model` and what differs, or a list of those; else ValueError."""
    listed = model if isinstance(model, (list, tuple)) else [model]
    found = []
    for each in listed:
        own = {"model": each} if not isinstance(each, Mapping) else dict(each)
        known = [field.name for field in fields(ModelChoice)]
        for key in own:
            if key not in known:
                raise ValueError(f"a judge has no parameter {key!r}.{did_you_mean(str(key), known)}")
        name = own.get("model")
        if isinstance(name, (int, float)) and not isinstance(name, bool):
            name = own["model"] = str(name)
        if not isinstance(name, (str, Path)) or not str(name).strip():
            raise ValueError(f"model is a name, a path or a list of them, got {each!r:.80}")
        choice = ModelChoice(**{**common, **own, "model": str(name)})
        if choice.backend not in get_args(Backend):
            raise ValueError(f"backend is one of {', '.join(get_args(Backend))}, got {choice.backend!r}")
        if choice.backend != "openai" and choice.base_url is not None:
            raise ValueError(f"backend={choice.backend} runs the model here: leave out base_url")
        if not isinstance(choice.key_env, str) or not choice.key_env.strip():
            raise ValueError(f"key_env is the name of an environment variable, got {choice.key_env!r:.80}")
        for name in own:
            _check_backend(name, [choice])
        found.append(choice)
    if not found:
        raise ValueError("model is a name, a path or a list of them, got an empty list")
    defaults = {field.name: field.default for field in fields(ModelChoice)}
    for name, value in common.items():
        if value != defaults[name]:
            _check_backend(name, found)
    return found


def _check_backend(name: str, choices: Sequence[ModelChoice]) -> None:
    """Refuses a parameter that none of these judges would heed."""
    wanted = _ONLY.get(name)
    if wanted is not None and all(choice.backend != wanted for choice in choices):
        raise ValueError(f"{name} is for backend={wanted}: leave it out of backend={choices[0].backend}")


def open_model(choice: ModelChoice, purpose: str = "") -> LanguageModel:
    """The model. `purpose` is whose spending its calls are. Nothing is loaded or started before it is asked."""
    return opened(choice.model, choice.backend, lambda: _open(choice, purpose))


def named(choice: ModelChoice) -> str:
    """The name under which the model's replies are kept: part of signatures, and so known before its spending has a purpose."""
    return open_model(replace(choice, budget=None)).name


def _open(choice: ModelChoice, purpose: str) -> LanguageModel:
    if choice.backend == "transformers":
        from harness_plugins.judges.local_transformers import TransformersModel

        return TransformersModel(choice.model, device=choice.device, dtype=choice.dtype)
    if choice.backend == "server":
        from harness.chat.llama_server_model import LlamaModel

        return LlamaModel(choice.model, threads=choice.threads, context=choice.context, purpose=purpose)
    from harness.chat.client import ChatModel

    return ChatModel(
        choice.model,
        base_url=choice.base_url,
        key_env=choice.key_env,
        api=choice.api,  # type: ignore[arg-type]  # checked there
        api_version=choice.api_version,
        concurrency=choice.concurrency,
        requests_per_minute=choice.requests_per_minute,
        tokens_per_minute=choice.tokens_per_minute,
        timeout=choice.timeout,
        budget=choice.budget,
        prices=choice.prices,
        round=choice.round,
        purpose=purpose,
    )
