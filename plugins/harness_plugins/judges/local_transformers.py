"""A causal language model in this process: allowed answers weighed by their probabilities in one pass, or text generated."""

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from harness.cache import Cache
from harness.chat.messages import CallPlan, Reply, Request, TokenProbability
from harness.chat.policy import may_ask
from harness.chat.store import ReplyStore
from harness.errors import PluginError
from harness_plugins.judges.local_choices import choices_of, log_probabilities
from harness_plugins.judges.local_files import DTYPES, find_model
from harness_plugins.judges.local_model import OpenModel
from harness_plugins.judges.local_prompts import Prompts

_TOKENS = 16  # of a reply, where its request sets no limit
_LEAST = -1e4  # what a probability of 0 is written as: no JSON holds -inf
_KNOWN = ("temperature", "top_p", "max_tokens", "max_completion_tokens", "seed", "stop", "logprobs", "top_logprobs")


class TransformersModel:
    """A LanguageModel on any causal model that transformers reads from safetensors, on CPU or CUDA; loaded when first asked.

    `model`: a folder, or `owner/name[@revision]` on the hub. `name` is `MODEL@hf:DIGEST12`, then `:bfloat16` or `:float16` where
    `dtype` is not float32. A request with `choices` gets the likeliest of them, with the log-probabilities of all in the `top`
    of its only token (see `local_choices`); `detail` then says how much of the model's probability all of them had together.
    One without generates up to `max_tokens` (16). `batch_tokens`: padded tokens of a batch, by default 4,096 on the CPU, 65,536
    elsewhere. What is received is kept in `store`, by default the cache folder's. Nothing is billed: `price` is 0.

    Raises PluginError for a model that cannot be used, MissingExtra without the packages.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        device: str = "auto",
        dtype: str = "float32",
        batch_tokens: int | None = None,
        store: ReplyStore | None = None,
        cache: Cache | None = None,
    ) -> None:
        if dtype not in DTYPES:
            raise PluginError(f"model {str(model)!r}: dtype is {', '.join(DTYPES)}, got {dtype!r}")
        if batch_tokens is not None and batch_tokens < 1:
            raise PluginError(f"model {str(model)!r}: batch_tokens is at least 1, got {batch_tokens}")
        self._model = find_model(str(model), cache or Cache())
        self._batch_tokens = batch_tokens
        self._store = store or ReplyStore()
        self.name = f"{self._model.name}@hf:{self._model.digest[:12]}" + ("" if dtype == "float32" else f":{dtype}")
        self._open = OpenModel(self._model, device, dtype, self.name)

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """One reply a request, in order; batches of like lengths, each kept as soon as it is computed."""
        keys = [self._store.key_of(self.name, request) for request in requests]
        replies = self._store.get(list(dict.fromkeys(keys)))
        lacking = {key: request for key, request in zip(keys, requests, strict=True) if key not in replies}
        if lacking and may_ask():
            for some in self._answered(lacking):
                self._store.put_many(some, name=self.name)
                replies.update((key, msgspec.structs.replace(reply, fresh=True)) for key, _, reply, _ in some)
        return [replies.get(key) or Reply(key=key, status="not-stored") for key in keys]

    def stored(self, requests: Sequence[Request]) -> list[Reply]:
        """The replies that are stored, `not-stored` for the others."""
        keys = [self._store.key_of(self.name, request) for request in requests]
        replies = self._store.get(list(dict.fromkeys(keys)))
        return [replies.get(key) or Reply(key=key, status="not-stored") for key in keys]

    def plan(self, requests: Sequence[Request]) -> CallPlan:
        """What `ask` would take; a token is at least a byte, and the model is not loaded for this."""
        by_key = {reply.key: (request, reply) for request, reply in zip(requests, self.stored(requests), strict=True)}
        lacking = [request for request, reply in by_key.values() if reply.status == "not-stored"]
        return CallPlan(
            judge=self.name,
            calls=len(lacking),
            cached=len(by_key) - len(lacking),
            tokens_in=sum(len(text.encode("utf-8", "replace")) + 16 for request in lacking for _, text in request.messages),
            tokens_out=sum(_limit(request) if not request.choices else 1 for request in lacking),
            price=0.0,
        )

    def _answered(self, requests: dict[str, Request]) -> Iterator[list[tuple[str, Request, Reply, bytes | None]]]:
        from harness_plugins.judges.local_torch import by_length, halving

        for request in requests.values():
            _check(request)
        rendered = {key: self._open.prompts.render(request.messages) for key, request in requests.items()}
        tokens = {key: self._open.prompts.tokens(text) for key, text in rendered.items()}
        for kind, keys in _grouped(requests, rendered, self._open.prompts):
            long = [
                key for key in keys if self._open.longest and len(tokens[key]) + _room(requests[key], kind) > self._open.longest
            ]
            if long:
                yield [(key, requests[key], self._too_long(key, len(tokens[key])), None) for key in long]
            fitting = [key for key in keys if key not in set(long)]
            for batch in by_length([len(tokens[key]) for key in fitting], self._budget):
                members = [fitting[index] for index in batch]

                def work(some: list[int], members: list[str] = members, kind: Any = kind) -> list[Reply]:
                    chosen = [members[index] for index in some]
                    if kind is not None:
                        return self._weighed(chosen, requests, [tokens[key] for key in chosen], kind)
                    return self._generated(chosen, requests, [tokens[key] for key in chosen])

                replies = halving(work, list(range(len(members))))
                yield [(reply.key, requests[reply.key], reply, msgspec.json.encode(reply)) for reply in replies]

    def _weighed(self, keys: list[str], requests: dict[str, Request], prompts: list[list[int]], kind: Any) -> list[Reply]:
        from harness_plugins.judges.local_torch import choice_logprobs

        start = time.perf_counter()
        choices = choices_of(kind)
        rows = choice_logprobs(self._open.loaded, prompts, choices)
        seconds = (time.perf_counter() - start) / len(keys)
        replies = []
        for key, prompt, row in zip(keys, prompts, rows, strict=True):
            values, held = log_probabilities(choices, row)
            top = sorted(
                zip(requests[key].choices, (max(value, _LEAST) for value in values), strict=True), key=lambda pair: -pair[1]
            )
            token = TokenProbability(token=top[0][0], logprob=top[0][1], top=tuple(top))
            detail = f"log-probability of all choices {max(held, _LEAST):.4f}"
            replies.append(_reply(key, "stop", top[0][0], (token,), len(prompt), 1, seconds, detail))
        return replies

    def _generated(self, keys: list[str], requests: dict[str, Request], prompts: list[list[int]]) -> list[Reply]:
        from harness_plugins.judges.local_torch import Sampling, generate

        start = time.perf_counter()
        stops = [_stops(requests[key]) for key in keys]

        def stop(row: int, tokens: list[int]) -> bool:
            return bool(stops[row]) and any(word in self._open.prompts.decode(tokens) for word in stops[row])

        how = [_sampling(requests[key], key, Sampling) for key in keys]
        found = generate(self._open.loaded, prompts, how, self._open.ends, stop)
        seconds = (time.perf_counter() - start) / len(keys)
        replies = []
        for key, prompt, reply, words in zip(keys, prompts, found, stops, strict=True):
            text = _before(self._open.prompts.decode(reply.tokens), words)
            told = tuple(
                TokenProbability(
                    token=self._open.prompts.decode_token(token),
                    logprob=logprob,
                    top=tuple((self._open.prompts.decode_token(other), value) for other, value in top),
                )
                for token, logprob, top in zip(reply.tokens, reply.logprobs, reply.tops, strict=True)
                if requests[key].params.get("logprobs")
            )
            finish = "stop" if reply.ended else "length"
            replies.append(_reply(key, finish, text, told, len(prompt), len(reply.tokens), seconds, None))
        return replies

    def _too_long(self, key: str, length: int) -> Reply:
        detail = f"the prompt has {length} tokens; with its reply, {self.name} reads {self._open.longest}"
        return Reply(key=key, status="error", tokens_in=length, price=0.0, received=time.time(), detail=detail)

    @property
    def _budget(self) -> int:
        return self._open.batch_tokens(self._batch_tokens, 4096, 65_536)


def _grouped(requests: dict[str, Request], rendered: dict[str, str], prompts: Prompts) -> Iterable[tuple[Any, list[str]]]:
    """Keys whose choices are the same tokens, with those tokens; None for requests without choices."""
    kinds = {
        key: prompts.choice_tokens(rendered[key], request.choices) if request.choices else None
        for key, request in requests.items()
    }
    ordered = sorted(requests, key=lambda key: (kinds[key] is not None, kinds[key] or ()))
    for kind, keys in groupby(ordered, key=lambda key: kinds[key]):
        yield kind, list(keys)


def _check(request: Request) -> None:
    unknown = sorted(set(request.params) - set(_KNOWN))
    if unknown:
        raise PluginError(f"backend=transformers takes no {', '.join(unknown)}; it knows {', '.join(_KNOWN)}, and choices")


def _room(request: Request, kind: Any) -> int:
    """Tokens that the reply may take beside the prompt."""
    return _limit(request) if kind is None else max(map(len, kind)) - 1


def _limit(request: Request) -> int:
    return int(request.params.get("max_tokens") or request.params.get("max_completion_tokens") or _TOKENS)


def _stops(request: Request) -> list[str]:
    stop = request.params.get("stop") or []
    return [stop] if isinstance(stop, str) else list(stop)


def _before(text: str, words: list[str]) -> str:
    return text[: min([text.find(word) for word in words if word in text], default=len(text))]


def _sampling(request: Request, key: str, make: Any) -> Any:
    """The seed is made of the key, which holds the request's own and its sample: equal requests draw alike, others apart."""
    params = request.params
    return make(
        limit=_limit(request),
        temperature=float(params.get("temperature", 1.0)),
        top_p=float(params.get("top_p", 1.0)),
        seed=int(key[:15], 16),
        top=int(params.get("top_logprobs") or 0) if params.get("logprobs") else 0,
    )


def _reply(
    key: str,
    finish: str,
    text: str,
    tokens: tuple[TokenProbability, ...],
    tokens_in: int,
    tokens_out: int,
    seconds: float,
    detail: str | None,
) -> Reply:
    return Reply(
        key=key,
        status="ok" if finish == "stop" else "cut-off",
        text=text,
        tokens=tokens,
        finish=finish,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        price=0.0,
        seconds=seconds,
        received=time.time(),
        detail=detail,
    )
