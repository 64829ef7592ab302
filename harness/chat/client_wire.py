"""Chat completions as they go over the wire: the body of a request, and what the body of a reply says."""

from typing import Any

import msgspec

from harness.chat.keys import printable
from harness.chat.messages import ReplyStatus, Request, TokenProbability
from harness.chat.store import whole_text

_CUT = frozenset({"length", "max_tokens", "model_length"})
_FILTERED = frozenset({"content_filter", "refusal", "safety"})
_FILTER_CODES = frozenset({"content_filter", "content_policy_violation", "moderation_blocked"})
_USED_UP = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_MOST = 10**8  # tokens of a call; what is said to be more is no count
_SHOWN = 300  # characters of a server's error that a message holds


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the body of a reply says; `tokens_in` and `tokens_out` are None where it tells no usage."""

    status: ReplyStatus
    text: str | None
    finish: str | None
    tokens: tuple[TokenProbability, ...] = ()
    tokens_in: int | None = None
    tokens_out: int | None = None
    detail: str | None = None


class UnusableError(Exception):
    """A body that came with HTTP 200 and is no chat completion."""


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Alternative(msgspec.Struct):
    token: str
    logprob: float | None = None


class _Token(msgspec.Struct):
    token: str
    logprob: float | None = None
    top_logprobs: list[_Alternative] | None = None


class _Logprobs(msgspec.Struct):
    content: list[_Token] | None = None


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None
    logprobs: msgspec.Raw = msgspec.Raw(b"null")


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: msgspec.Raw = msgspec.Raw(b"null")


def body_of(model: str, request: Request) -> dict[str, Any]:
    """The JSON body that asks for a chat completion."""
    messages = [{"role": role, "content": text} for role, text in request.messages]
    return {"model": model, "messages": messages, **request.params}


def encoded(body: dict[str, Any]) -> bytes:
    """The body as UTF-8."""
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:  # half a character can be in a text, and in no request
        whole = [{"role": said["role"], "content": whole_text(said["content"])} for said in body["messages"]]
        return msgspec.json.encode({**body, "messages": whole})


def read_answer(body: bytes) -> Answer:
    """What a body that came with HTTP 200 says. Raises UnusableError for what is no chat completion with a text."""
    try:
        completion = msgspec.json.decode(body, type=_Completion)
    except _UNREADABLE as error:
        said = error_message(body)
        raise UnusableError(f"the server's reply is no chat completion ({error})" + (f": {said}" if said else "")) from None
    if not completion.choices:
        raise UnusableError("the server's reply holds no choices")
    choice = completion.choices[0]
    usage = _lenient(completion.usage, _Usage) or _Usage()
    known = _is_count(usage.prompt_tokens) and _is_count(usage.completion_tokens)
    finish, message = choice.finish_reason, choice.message
    status: ReplyStatus = "ok"
    if message.refusal or finish in _FILTERED:
        status = "refused"
    elif finish in _CUT:
        status = "cut-off"
    elif message.content is None:
        raise UnusableError(f"the server's reply holds no text (finish_reason {finish!r})")
    return Answer(
        status=status,
        text=message.content if message.content is not None else message.refusal,
        finish=finish,
        tokens=_tokens(_lenient(choice.logprobs, _Logprobs)),
        tokens_in=usage.prompt_tokens if known else None,
        tokens_out=usage.completion_tokens if known else None,
    )


def read_refusal(body: bytes) -> Answer | None:
    """The refusal that an HTTP 400 is where a filter declined the messages; None for any other error."""
    if error_code(body) not in _FILTER_CODES:
        return None
    return Answer(status="refused", text=None, finish="content_filter", detail=f"HTTP 400: {error_message(body)}")


def is_used_up(body: bytes) -> bool:
    """Whether an HTTP 429 says that there is no money left, which no waiting mends."""
    return error_code(body) in _USED_UP


def error_message(body: bytes) -> str:
    """The message in the body of an error, else the beginning of the body: in one line, printable, and not long."""
    error = _error(body)
    message = error.get("message") if isinstance(error, dict) else error
    text = message if isinstance(message, str) else body[: 4 * _SHOWN].decode("utf-8", "replace")
    return printable(" ".join(text.split()), _SHOWN)


def error_code(body: bytes) -> str | None:
    """The code (else the type) of the error in a body."""
    error = _error(body)
    for name in ("code", "type"):
        if isinstance(error, dict) and isinstance(error.get(name), str) and error[name]:
            return error[name]
    return None


def _error(body: bytes) -> Any:
    try:
        whole = msgspec.json.decode(body)
    except _UNREADABLE:
        return None
    return whole.get("error", whole) if isinstance(whole, dict) else None


def _is_count(tokens: int | None) -> bool:
    return tokens is not None and 0 <= tokens <= _MOST


def _lenient(raw: msgspec.Raw, kind: Any) -> Any:
    """A part that a reply can do without: None where it is not what it should be."""
    if bytes(raw) == b"null":
        return None
    try:
        return msgspec.json.decode(raw, type=kind)
    except _UNREADABLE:
        return None


def _tokens(logprobs: "_Logprobs | None") -> tuple[TokenProbability, ...]:
    found = logprobs.content if logprobs is not None else None
    return tuple(
        TokenProbability(
            token=token.token,
            logprob=token.logprob,
            top=tuple((other.token, other.logprob) for other in token.top_logprobs or () if other.logprob is not None),
        )
        for token in found or ()
        if token.logprob is not None
    )
