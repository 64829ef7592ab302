"""What is asked of a language model and what comes back, whoever answers: a server, a service, or a model in this process."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import msgspec

ReplyStatus = Literal["ok", "refused", "cut-off", "error", "not-stored", "over-budget"]


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One call: `messages` are (role, text) pairs; `params` go along as the API calls them (temperature, max_tokens, seed …).

    Equal requests are asked once; `sample` tells apart those that are meant to be asked again. `choices`: the only answers that
    are allowed, for models that can be held to them (others ignore it).
    """

    messages: tuple[tuple[Literal["system", "user", "assistant"], str], ...]
    params: dict[str, Any] = {}
    sample: int = 0
    choices: tuple[str, ...] = ()


class TokenProbability(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A token of a reply, its log probability (natural), and the most probable tokens in its place with theirs."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What came back for one request; only a reply that is "ok" may be read as an answer.

    `refused`: the model (or a filter before it) declined; `cut-off`: the reply ended at the limit of tokens; `error`: none was
    had, `detail` says why; `not-stored`: nothing was to be asked and nothing is kept; `over-budget`: asking might have cost more
    than may be spent. `key` is what the reply is stored under. `tokens`: a tuple, or what reads one as it is looked at. `price`:
    USD, None where no price is known. `seconds`: from asking to the last byte; `received`: seconds since 1970. `fresh`: asked
    just now, not read from the store.
    """

    key: str
    status: ReplyStatus
    text: str | None = None
    tokens: Sequence[TokenProbability] = ()
    finish: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    price: float | None = None
    seconds: float | None = None
    received: float | None = None
    detail: str | None = None
    fresh: bool = False


class CallPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What asking would take of one judge: `calls` to make, `cached` replies at hand, tokens and USD at most (None: no price).

    `tokens_in` is an upper bound for the calls to make, `tokens_out` what their limits allow.
    """

    judge: str
    calls: int
    cached: int
    tokens_in: int
    tokens_out: int
    price: float | None


class LanguageModel(Protocol):
    """Answers requests. `name` says which model, and where it runs or what its files are: it is part of signatures and keys."""

    name: str

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """One reply a request, in order. What is stored is not asked again; what arrives is stored at once.

        Raises ConnectionProblem or another HarnessError only for what makes every further call pointless: no server, no key.
        """
        ...

    def stored(self, requests: Sequence[Request]) -> list[Reply]:
        """The replies that are stored, `not-stored` for the others. Asks nobody."""
        ...

    def plan(self, requests: Sequence[Request]) -> CallPlan:
        """What `ask` would take. Asks nobody."""
        ...
