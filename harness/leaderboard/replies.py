"""Replies of models to lm-eval's requests: kept as they arrive, found again by model and request, and summed up.

Replies are kept under all that makes them (the model's digest and settings), the request, and which of several equal requests it
is. lm-eval's own cache of replies has no model in its key, and is not used.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from harness.cache import Cache
from harness.errors import PluginError
from harness.segments import Segments

NAMESPACE = "leaderboard"
_FLUSH = 1.0  # seconds after which what has arrived is on disk


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What a model said to one request. `said`: JSON of a text, a number, or [log-likelihood, greedy]; `seconds`: since the
    reply before it; `read` and `written`: tokens; `usd`: what it cost, where the reply itself says so; `cut`: the prompt was
    longer than the model reads, and lost its beginning."""

    key: str
    said: str
    seconds: float = 0.0
    read: int | None = None
    written: int | None = None
    usd: float | None = None
    cut: bool = False


class Replies:
    """Replies of one model: those of the run folder, and where the model's digest is known those of every run here."""

    def __init__(self, segments: Segments, cache: Cache | None) -> None:
        self._segments, self._cache = segments, cache
        self._held = {reply.key: reply for reply in segments.read(Reply)}
        self._new: list[Reply] = []
        self._flushed = time.monotonic()

    def get(self, key: str) -> Reply | None:
        found = self._held.get(key)
        if found is None and self._cache is not None:
            kept = self._cache.get(key, namespace=NAMESPACE)
            if kept is not None:
                found = msgspec.json.decode(kept, type=Reply)
                self._hold(found)
        return found

    def put(self, reply: Reply) -> None:
        self._hold(reply)
        if self._cache is not None:
            self._cache.put(reply.key, msgspec.json.encode(reply), namespace=NAMESPACE)
        if time.monotonic() - self._flushed > _FLUSH:
            self.flush()

    def flush(self) -> None:
        """Everything that has arrived is on disk when this returns."""
        self._segments.append(self._new)
        self._new = []
        self._flushed = time.monotonic()

    def _hold(self, reply: Reply) -> None:
        self._held[reply.key] = reply
        self._new.append(reply)


def plain(value: Any) -> Any:
    """The value as JSON holds it; lm-eval's requests are texts and mappings, and bytes or pictures in a few tasks."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if hasattr(value, "item"):  # a number of numpy or torch
        return value.item()
    raise PluginError(f"a request of the type {type(value).__name__} cannot be kept; leave the task out")


def summed(replies: Iterable[Reply]) -> dict[str, Any]:
    """Seconds, tokens and dollars of the replies; None where one of them does not say."""

    def total(values: list[Any]) -> Any:
        return None if not values or any(value is None for value in values) else sum(values)

    held = list(replies)
    return {
        "seconds": sum(one.seconds for one in held),
        "tokens_in": total([one.read for one in held]),
        "tokens_out": total([one.written for one in held]),
        "usd": total([one.usd for one in held]),
    }
