"""What happens when a language model is opened: nothing more, or a listener wraps it, or another stands in for it.

Whoever opens models by what a user wrote does it through `opened`. So what a judge asks can be recorded, and what was recorded
can be read where the model itself (a file of weights, a server) is not at hand.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from harness.chat.messages import CallPlan, LanguageModel, Reply, Request

Open = Callable[[], LanguageModel]
Opening = Callable[[str, str, Open], LanguageModel]  # the model as written, its backend, what opens it

_OPENING: ContextVar[Opening | None] = ContextVar("opening", default=None)


@contextmanager
def openings(how: Opening) -> Iterator[None]:
    """While this lasts, models are what `how(model, backend, open)` returns."""
    token = _OPENING.set(how)
    try:
        yield
    finally:
        _OPENING.reset(token)


def opened(model: str, backend: str, open: Open) -> LanguageModel:
    """The model that was written so, for that backend; `open` makes it. Loads and starts nothing that `open` does not."""
    how = _OPENING.get()
    return open() if how is None else how(model, backend, open)


class Overheard:
    """A model whose requests are remembered: `requests`, by the key of what came back."""

    def __init__(self, model: LanguageModel) -> None:
        self.name = model.name
        self.requests: dict[str, Request] = {}
        self.replies: dict[str, Reply] = {}
        self._model = model

    def __getstate__(self) -> dict[str, Any]:
        """For another process: what was asked and replied. The model, whose store has locks, stays here."""
        return {**self.__dict__, "_model": None}

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """What the model replies."""
        return self._kept(requests, self._model.ask(requests))

    def stored(self, requests: Sequence[Request]) -> list[Reply]:
        """What is stored of it."""
        return self._kept(requests, self._model.stored(requests))

    def plan(self, requests: Sequence[Request]) -> CallPlan:
        """What asking would take."""
        return self._model.plan(requests)

    def _kept(self, requests: Sequence[Request], replies: list[Reply]) -> list[Reply]:
        for request, reply in zip(requests, replies, strict=True):
            self.requests[reply.key] = request
            self.replies[reply.key] = reply
        return replies
