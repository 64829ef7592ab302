"""A GGUF file as a language model: asked through a local server, which runs from the first question until it is not needed."""

import threading
import weakref
from collections.abc import Sequence
from functools import cache as once
from pathlib import Path

from harness.cache import Cache
from harness.chat.client import ChatModel
from harness.chat.llama_server import Gguf, LlamaServer, find_gguf
from harness.chat.messages import CallPlan, Reply, Request
from harness.chat.policy import may_ask
from harness.chat.prices import Price
from harness.chat.store import ReplyStore
from harness.errors import ConnectionProblem

_NOWHERE = "http://127.0.0.1:9/v1"  # until the server runs; what is stored is read without it
_TIMEOUT = 600.0  # seconds for one reply: on a processor a long prompt takes long


class LlamaModel:
    """A LanguageModel for a GGUF file (a path, or `smollm2`). `name` is `STEM@gguf:DIGEST12`, wherever they are.

    The server starts when something is asked that is not stored, and ends with this process or with the last LlamaModel that
    uses it: models of the same file and settings share one. `threads`, `context`, `slots` and `reuse_prompts` as for LlamaServer.
    Raises InputError or MissingExtra for a model that is not there; `ask` PluginError for one that does not run.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        threads: int = 1,
        context: int = 8192,
        slots: int = 1,
        reuse_prompts: bool = True,
        purpose: str = "",
        store: ReplyStore | None = None,
        cache: Cache | None = None,
    ) -> None:
        gguf = find_gguf(model, cache or Cache())
        self.name = gguf.name
        self._server = _shared(gguf, threads, context, slots, reuse_prompts)
        self._slots, self._purpose, self._store = slots, purpose, store if store is not None else ReplyStore()

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """One reply a request, in order; only what is not stored is asked, and the server started for that."""
        known = self._chat(_NOWHERE).stored(requests)
        if not may_ask() or all(reply.status not in ("not-stored", "error") for reply in known):
            return known
        url = self._server.url()
        try:
            return self._chat(url).ask(requests)
        except ConnectionProblem as error:
            problem = self._server.problem()
            if problem is None:
                raise
            raise ConnectionProblem(f"the server of {self.name} has ended: {problem}. What was received is kept") from error

    def stored(self, requests: Sequence[Request]) -> list[Reply]:
        """The replies that are stored, `not-stored` for the others. Asks nobody."""
        return self._chat(_NOWHERE).stored(requests)

    def plan(self, requests: Sequence[Request]) -> CallPlan:
        """What `ask` would take; nothing is billed. Asks nobody."""
        return self._chat(_NOWHERE).plan(requests)

    def _chat(self, url: str) -> ChatModel:
        return ChatModel(
            self.name,
            base_url=url,
            concurrency=self._slots,  # more would wait in the server, and be timed as if it were slow
            timeout=_TIMEOUT,
            purpose=self._purpose,
            store=self._store,
            known_as=self.name,
            price=Price(model=self.name, tokens_in=0.0, tokens_out=0.0),
        )


class SharedServer:
    """A server that starts when its URL is first wanted, and ends when nobody holds this any more, or with the process."""

    def __init__(self, gguf: Gguf, threads: int, context: int, slots: int, reuse_prompts: bool) -> None:
        self._server = LlamaServer(gguf, threads=threads, context=context, slots=slots, reuse_prompts=reuse_prompts)
        self._lock = threading.Lock()
        self._end = weakref.finalize(self, self._server.close)

    def url(self) -> str:
        """Where the running server answers; one that has ended is started again."""
        with self._lock:
            if self._server.problem() is not None:
                self._server.close()
                self._server.__enter__()
            return self._server.base_url

    def problem(self) -> str | None:
        """Why it no longer runs; None while it does."""
        return self._server.problem()


def _shared(gguf: Gguf, threads: int, context: int, slots: int, reuse_prompts: bool) -> SharedServer:
    """The server of these settings that another model uses already, else a new one."""
    servers, settings = _servers(), (gguf, threads, context, slots, reuse_prompts)
    server = servers.get(settings)
    if server is None:
        server = servers[settings] = SharedServer(*settings)
    return server


@once
def _servers() -> "weakref.WeakValueDictionary[tuple[Gguf, int, int, int, bool], SharedServer]":
    return weakref.WeakValueDictionary()
