"""Models behind an OpenAI-compatible endpoint: OpenAI, Azure, vLLM, llama.cpp, Ollama, `transformers serve` and others.

    model = ChatModel("gpt-4o-mini", requests_per_minute=500, budget=2.0, purpose="my study")
    (reply,) = model.ask([Request(messages=(("user", "Hur mår du?"),), params={"max_tokens": 20, "temperature": 0})])

Every reply is kept as it arrives and is never asked for again (`harness.chat.store`); money is reserved before a call is made
(`harness.chat.budget`); keys come from the environment alone.
"""

import asyncio
import math
import os
import ssl
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Literal

import msgspec

from harness.chat.client_calls import Call, Endpoint, import_openai, redacted_logs
from harness.chat.client_session import Limits, Session, Terms
from harness.chat.keys import checked_url, host_of, is_loopback, mask, name_of, read_key
from harness.chat.limits import Crowd, Pace
from harness.chat.messages import CallPlan, Reply, Request
from harness.chat.policy import may_ask
from harness.chat.prices import PICO, VARIABLE, Price, find_price, most_tokens
from harness.chat.store import ReplyStore
from harness.errors import ConfigError

OPENAI_KEY, AZURE_KEY = "OPENAI_API_KEY", "AZURE_OPENAI_API_KEY"
_OWN = frozenset({"model", "messages", "stream", "api_key", "extra_headers", "headers", "authorization", "n"})
_PATIENCE = 5.0  # seconds that an interrupted session has to write down what it received


class ChatModel:
    """A LanguageModel behind a server. `name` is MODEL@HOST[:PORT], with the path of `base_url` where it is not a plain /v1.

    `key_env`: the environment variable with the key, not needed for servers on this machine. `api_version`: Azure's. `timeout`:
    seconds for a whole call. `attempts` at each request, waiting as the server asks, else `backoff` seconds, doubled each time;
    a reply that comes with HTTP 200 and is no answer may be billed, so a request gets at most max(3, attempts // 2) of those.
    Limits hold for this object and 60 seconds, `concurrency` for each of its calls of `ask`, of which one runs at a time.
    `prices`: a table of yours (see configs/judge/prices.yaml). `budget`: USD that `purpose` may cost, over all sessions and
    processes that share the store. `known_as` and `price`: in place of MODEL@HOST[:PORT] and of the tables, for servers whose
    port means nothing and whose price is known. `round`: from 1 it ends the name (`#1`), and so asks everything anew, where the
    model behind an address has changed; the replies of other rounds stay stored under theirs.

    Raises ConfigError for what cannot be meant, such as a budget where no price is known.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        key_env: str = OPENAI_KEY,
        api: Literal["openai", "azure"] = "openai",
        api_version: str | None = None,
        concurrency: int = 16,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        timeout: float = 120.0,
        attempts: int = 6,
        backoff: float = 0.5,
        prices: str | Path | None = None,
        budget: float | None = None,
        purpose: str = "",
        store: ReplyStore | None = None,
        known_as: str | None = None,
        price: Price | None = None,
        round: int = 0,
    ) -> None:
        if api not in ("openai", "azure"):
            raise ConfigError(f"api is 'openai' or 'azure', got {api!r}")
        named = {"concurrency": concurrency, "attempts": attempts, "timeout": timeout}
        limits = {"requests_per_minute": requests_per_minute, "tokens_per_minute": tokens_per_minute}
        for name, value in {**named, **{name: value for name, value in limits.items() if value is not None}}.items():
            _check_number(name, value, whole=name in ("concurrency", "attempts"))
        url = checked_url(base_url or (os.environ.get("AZURE_OPENAI_ENDPOINT") if api == "azure" else None))
        host = host_of(url)
        if isinstance(round, bool) or not isinstance(round, int) or round < 0:
            raise ConfigError(f"round is a whole number from 0, got {round!r}")
        self.name = (known_as or name_of(model, url, azure=api == "azure")) + (f"#{round}" if round else "")
        self.store = store if store is not None else ReplyStore()
        self._endpoint = Endpoint(
            model=model,
            base_url=url,
            api=api,
            api_version=_api_version(api_version) if api == "azure" else None,
            key_env=AZURE_KEY if api == "azure" and key_env == OPENAI_KEY else key_env,
            timeout=float(timeout),
            concurrency=concurrency,
            loopback=is_loopback(url),
        )
        self._terms = Terms(
            name=self.name,
            concurrency=concurrency,
            timeout=float(timeout),
            attempts=attempts,
            backoff=backoff,
            price=price or find_price(model, host, prices),
            budget=_budget(budget),
            purpose=purpose,
        )
        if self._terms.budget is not None and self._terms.price is None:
            raise ConfigError(
                f"a budget of {budget:g} USD cannot be kept, since no price is known for {model} on {host}: leave it out or name "
                f"a table (prices, {VARIABLE}) of USD a million tokens with `- {{model: {model}, host: {host}, in: …, out: …}}`"
            )
        self._limits = Limits(requests=Pace(requests_per_minute), tokens=Pace(tokens_per_minute), crowd=Crowd())
        self._tls: ssl.SSLContext | None = None
        self._one_at_a_time = threading.Lock()

    def __repr__(self) -> str:
        return f"ChatModel({self.name!r})"

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """One reply a request, in order; only what is not stored is asked, and equal requests once.

        Raises ConnectionProblem (no server, key or model) or StoreProblem; what was received until then is kept. Interrupted, it
        stops at once, and what is in flight then may be asked again later.
        """
        keys, unique = self._keyed(requests)
        found = self.store.get(list(unique))
        missing = {key: request for key, request in unique.items() if key not in found}
        if missing and may_ask():
            self._check(missing)
            with self._one_at_a_time:
                found |= self._asked(missing)
        return self._in_order(keys, found)

    def stored(self, requests: Sequence[Request]) -> list[Reply]:
        """The replies that are kept, the last error where there is nothing else, and `not-stored` for what was never asked."""
        keys, unique = self._keyed(requests)
        return self._in_order(keys, self.store.get(list(unique)))

    def plan(self, requests: Sequence[Request]) -> CallPlan:
        """The calls that `ask` would make, and what they cost at most; the price is None where it, or a limit, is not known."""
        _, unique = self._keyed(requests)
        found = self.store.get(list(unique))
        limits = [most_tokens(request) for key, request in unique.items() if key not in found]
        tokens_in, tokens_out = sum(most for most, _ in limits), sum(most or 0 for _, most in limits)
        price = self._terms.price if all(most is not None for _, most in limits) else None
        return CallPlan(
            judge=self.name,
            calls=len(limits),
            cached=len(found),
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            price=price.usd(tokens_in, tokens_out) if price is not None else None,
        )

    def _keyed(self, requests: Sequence[Request]) -> tuple[list[str], dict[str, Request]]:
        keys = self.store.keys_of(self.name, requests)
        return keys, dict(zip(keys, requests, strict=True))

    def _in_order(self, keys: list[str], found: Mapping[str, Reply]) -> list[Reply]:
        """A reply a key; only the first of several equal ones counts as fresh, since only one was asked."""
        lacking = [key for key in dict.fromkeys(keys) if key not in found]
        whole = {**found, **self.store.errors(lacking)} if lacking else found
        replies, seen = [], set()
        for key in keys:
            reply = whole.get(key)
            if reply is None:
                reply = Reply(key=key, status="not-stored")
            elif reply.fresh and key in seen:
                reply = found_again(reply)
            seen.add(key)
            replies.append(reply)
        return replies

    def _check(self, missing: Mapping[str, Request]) -> None:
        for request in missing.values():
            for name in request.params:
                if name.lower() in _OWN:
                    raise ConfigError(f"the parameter {name!r} of a call to {self.name} is not one that a request can set")
            if self._terms.budget is not None and most_tokens(request)[1] is None:
                raise ConfigError(
                    f"a budget for {self.name} needs max_tokens among the parameters: without it a call may cost anything"
                )

    def _asked(self, missing: Mapping[str, Request]) -> dict[str, Reply]:
        """Asks in a thread with a loop of its own, so that it works wherever it is called, and can be interrupted."""
        import_openai()
        key = read_key(self._endpoint.key_env, self._endpoint.base_url)
        if self._endpoint.base_url.startswith("https:") and self._tls is None:
            import httpx2

            self._tls = httpx2.create_ssl_context()
        call = Call(self._endpoint, key, self._tls)
        session = Session(self._terms, self._limits, self.store, call)
        running: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = Future()
        ended: Future[None] = Future()

        async def work() -> None:
            task = asyncio.current_task()
            assert task is not None
            running.set_result((asyncio.get_running_loop(), task))
            async with call:
                await session.run(missing)

        def run() -> None:
            try:
                with redacted_logs(key):
                    asyncio.run(work())
            except BaseException as error:  # whatever it is belongs to the caller, in whose thread it is raised
                ended.set_exception(error)
            else:
                ended.set_result(None)

        threading.Thread(target=run, name="harness-chat", daemon=True).start()
        try:
            ended.result()
        except BaseException:  # Ctrl-C too: the session's thread ends first, so that what it has received is on disk
            if not ended.done():  # the caller was interrupted, not the session
                loop, task = running.result(timeout=_PATIENCE)
                loop.call_soon_threadsafe(task.cancel)
                _wait(ended)
            raise
        return session.replies


def found_again(reply: Reply) -> Reply:
    """The same reply, as it is given to a request that equals one that was asked."""
    return msgspec.structs.replace(reply, fresh=False)


def _wait(ended: "Future[None]") -> None:
    try:
        ended.exception(timeout=_PATIENCE)
    except (TimeoutError, asyncio.CancelledError):
        return


def _check_number(name: str, value: Any, *, whole: bool) -> None:
    number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not (number and math.isfinite(value) and value >= (1 if whole else 1e-9)):
        raise ConfigError(f"{name} is a {'whole ' if whole else ''}number above 0, got {mask(repr(value))}")


def _budget(budget: float | None) -> int | None:
    if budget is None:
        return None
    if isinstance(budget, bool) or not isinstance(budget, int | float) or not 0 <= budget < 1e6:
        raise ConfigError(f"budget is an amount in USD, such as 2.5, got {budget!r}")
    return math.floor(budget * PICO)


def _api_version(given: str | None) -> str:
    version = given or os.environ.get("OPENAI_API_VERSION")
    if not version:
        raise ConfigError("Azure wants an api_version, such as 2024-10-21 (or the environment variable OPENAI_API_VERSION)")
    return version
