"""One call to a server, through the `openai` package, and what became of it."""

import asyncio
import logging
import ssl
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

import msgspec

from harness.chat.client_wire import Answer, UnusableError, body_of, encoded, error_message, is_used_up, read_answer, read_refusal
from harness.chat.keys import host_of, mask, printable, redactor
from harness.chat.limits import retry_after
from harness.chat.messages import Request
from harness.errors import ConnectionProblem, MissingExtra

_CONNECT = 10.0  # seconds to reach a server
_POOL = 8  # connections
_IDLE = 30.0  # seconds that an unused connection is kept
_CHATTY = ("httpcore2.http11", "httpcore2.http2", "httpcore2.connection", "httpcore2.proxy", "httpx2", "openai._base_client")
_NO_KEY = "no-key"
_LONGEST = 600  # characters of what is said of a call
_LOGGED = 4000  # and of a line that a library logs


class Received(msgspec.Struct, frozen=True):
    """A reply: what it says, its bytes, and the seconds from asking to the last of them."""

    answer: Answer
    raw: bytes
    seconds: float


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """No reply. `billed`: it may have to be paid for; `again`: another attempt may help, after `wait` seconds where the server
    asks for them; `reached`: a server answered; `turned_away`: because of too many calls; `unreachable`: nothing could be sent;
    `unusable`: it came as if all were well, and is no answer.
    """

    detail: str
    raw: bytes | None = None
    billed: bool = False
    again: bool = True
    wait: float | None = None
    reached: bool = False
    turned_away: bool = False
    unreachable: bool = False
    unusable: bool = False


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a model is asked. `api_version` is Azure's."""

    model: str
    base_url: str
    api: Literal["openai", "azure"]
    api_version: str | None
    key_env: str
    timeout: float
    concurrency: int
    loopback: bool


class Call(AbstractAsyncContextManager["Call"]):
    """Asks an endpoint, within `async with`. Nothing that it returns or raises holds the key."""

    def __init__(self, endpoint: Endpoint, key: str | None, tls: ssl.SSLContext | None) -> None:
        self._endpoint, self._key, self._tls = endpoint, key, tls
        self._redact = redactor(key)

    async def __aenter__(self) -> "Call":
        # A pool looks at each of its connections at each call, so many small ones cost less than a large one.
        self._clients = [self._client(_POOL) for _ in range(-(-self._endpoint.concurrency // _POOL))]
        self._idle = [client for client in reversed(self._clients) for _ in range(_POOL)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients:
            await client.close()

    def _client(self, connections: int) -> Any:
        openai = import_openai()
        import httpx2

        at = self._endpoint
        http = httpx2.AsyncClient(
            limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=_IDLE),
            timeout=httpx2.Timeout(at.timeout, connect=min(_CONNECT, at.timeout)),
            verify=self._tls if self._tls is not None else False,  # no context is made for plain http, where there is none to use
            trust_env=not at.loopback,  # a proxy is no way to this machine
            follow_redirects=False,  # neither a key nor a text goes where nobody asked for
        )
        common: dict[str, Any] = {"api_key": self._key or _NO_KEY, "http_client": http, "max_retries": 0, "timeout": http.timeout}
        if at.api == "azure":
            return openai.AsyncAzureOpenAI(azure_endpoint=at.base_url, api_version=at.api_version, **common)
        return openai.AsyncOpenAI(base_url=at.base_url, **common)

    async def __call__(self, request: Request) -> Received | Failure:
        """What became of the request. Raises ConnectionProblem for what no further request would fare better with."""
        import httpx2
        import openai

        body = body_of(self._endpoint.model, request)
        # Azure's client reads the deployment from the body; elsewhere the body goes as the bytes it will be.
        sent: dict[str, Any] = {"body": body} if self._endpoint.api == "azure" else {"content": encoded(body)}
        client = self._idle.pop()
        began = time.perf_counter()
        problem: Exception | None = None
        try:
            async with asyncio.timeout(self._endpoint.timeout):
                response = await client.post("/chat/completions", cast_to=httpx2.Response, **sent)
        except (TimeoutError, openai.APIStatusError, openai.APIConnectionError) as error:
            problem = error  # dealt with below, so that no error of ours carries one that quotes the server
        finally:
            self._idle.append(client)
        if isinstance(problem, openai.APIStatusError):
            return self._declined(problem.response, time.perf_counter() - began)
        if isinstance(problem, openai.APIConnectionError):
            return self._broken(problem.__cause__ or problem)
        if problem is not None:
            return Failure(detail=f"no reply within {self._endpoint.timeout:g} seconds", billed=True)
        raw = self._redact(response.content)
        try:
            return Received(read_answer(raw), raw, time.perf_counter() - began)
        except UnusableError as error:
            return Failure(detail=printable(mask(str(error)), _LONGEST), raw=raw, billed=True, reached=True, unusable=True)

    def without_key(self, request: Request) -> Request:
        """The request as it may be kept."""
        if self._key is None or not (any(self._key in text for _, text in request.messages) or self._key in str(request.params)):
            return request
        return msgspec.json.decode(self._redact(msgspec.json.encode(request)), type=Request)

    def _declined(self, response: Any, seconds: float) -> Received | Failure:
        """What an HTTP status other than 2xx means."""
        at, status = self._endpoint, response.status_code
        raw = mask(self._redact(response.content).decode("utf-8", "replace")).encode()
        said = mask(error_message(raw))
        detail = f"HTTP {status}: {said}" if said else f"HTTP {status}"
        if status in (401, 403):
            raise ConnectionProblem(
                f"{at.base_url} refuses the key in the environment variable {at.key_env} for the model {at.model!r} ({detail}). "
                "Set a key that may use this model; what was received is kept"
                if self._key
                else f"{at.base_url} wants a key ({detail}): set the environment variable {at.key_env}, or name another (key_env)"
            )
        if 300 <= status < 400:
            raise ConnectionProblem(
                f"{at.base_url} redirects to {self._target(response)} (HTTP {status}), and redirects are not followed, since "
                "texts and a key go along. Let base_url be the address that answers itself"
            )
        if status in (404, 405):
            ending = "" if at.api == "azure" or at.base_url.endswith("/v1") else " (of most servers it ends in /v1)"
            raise ConnectionProblem(
                f"{at.base_url} has no model {at.model!r}, or no chat completions at this address ({detail}). "
                f"See that the model's name is the server's and that base_url is right{ending}"
            )
        if status == 429 and is_used_up(raw):
            raise ConnectionProblem(f"{at.base_url} has no credit left for this key ({detail}). What was received is kept")
        refusal = read_refusal(raw) if status == 400 else None
        if refusal is not None:
            return Received(refusal, raw, seconds)
        again = status in (408, 409, 425, 429) or status >= 500
        return Failure(
            detail=detail,
            raw=raw,
            billed=status == 504,  # a gateway gave up on a server that may well have answered
            again=again,
            wait=retry_after(response.headers) if again else None,
            reached=True,
            turned_away=status == 429,
        )

    def _target(self, response: Any) -> str:
        """Where a redirect points, without what may be secret in it: scheme, host and path."""
        location = self._redact(response.headers.get("location", "").encode("utf-8", "replace")).decode("utf-8", "replace")
        try:
            parts = urlsplit(urljoin(f"{self._endpoint.base_url}/chat/completions", location))
            shown = f"{parts.scheme}://{host_of(parts.geturl())}{parts.path}"
        except ValueError:
            return "no address"
        return printable(mask(shown)) if location else "an address that it does not tell"

    def _broken(self, cause: BaseException) -> Failure:
        """What an error of the connection means: nobody there, or a request that went out and whose reply was lost."""
        import httpx2

        said = mask(self._redact(str(cause).encode("utf-8", "replace")).decode("utf-8", "replace"))
        what = printable(said) or type(cause).__name__
        if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError | httpx2.UnsupportedProtocol):
            return Failure(detail=f"no connection to {self._endpoint.base_url} ({what})", unreachable=True)
        if isinstance(cause, httpx2.PoolTimeout | httpx2.LocalProtocolError):
            return Failure(detail=f"the request could not be sent ({what})")
        if isinstance(cause, httpx2.TimeoutException):
            return Failure(detail=f"no reply within {self._endpoint.timeout:g} seconds", billed=True)
        return Failure(detail=f"the connection was lost before the whole reply was there ({what})", billed=True)


@contextmanager
def redacted_logs(key: str | None) -> Iterator[None]:
    """While this lasts the libraries below log no key, not even one that a server echoes and a debug level shows."""
    redact = redactor(key)

    def clean(record: logging.LogRecord) -> bool:
        said = mask(redact(record.getMessage().encode("utf-8", "replace")).decode("utf-8", "replace"))
        record.msg, record.args = printable(said, _LOGGED), ()
        return True

    loggers = [logging.getLogger(name) for name in _CHATTY]
    for logger in loggers:
        logger.addFilter(clean)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(clean)


def import_openai() -> Any:
    """The package `openai`; MissingExtra where it is not installed."""
    try:
        import openai
    except ImportError as error:
        raise MissingExtra(f"asking a server needs the package openai: pip install 'metaeval-harness[judge]' ({error})") from None
    return openai
