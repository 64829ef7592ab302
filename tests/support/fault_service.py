"""The fault server's two halves that do the work: what is counted, and a connection that answers."""

import asyncio
import json
import re
import socket
import struct
import time
from collections import Counter
from dataclasses import asdict, replace
from email.utils import formatdate
from functools import partial
from hashlib import sha256
from typing import Any

from fault_replies import LOST, UNMADE, Settings, digest_of, fault_of, said, wrong_schema

PHRASES = {200: "OK", 400: "Bad Request", 404: "Not Found", 429: "Too Many Requests", 500: "Internal Server Error"}
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def settings_of(values: dict[str, Any]) -> Settings:
    """Settings from JSON: lists are tuples here."""
    known: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    return replace(Settings(), **known)


class Book:
    """Everything that is counted. `bill` is what a provider would charge: all that was made, whether or not it arrived."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.connections = self.most_connections = 0
        self.forget()

    def forget(self) -> None:
        self.asked: Counter[str] = Counter()
        self.good: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.arrivals: list[tuple[float, int]] = []
        self.not_before: dict[str, float] = {}
        self.under_way = self.most_under_way = self.early = 0
        self.tokens_in = self.tokens_out = 0
        self.headers: Counter[str] = Counter()
        self.most_connections = self.connections
        self.cpu = time.process_time()

    def totals(self, window: float) -> dict[str, Any]:
        bill = self.tokens_in * self.settings.price_in + self.tokens_out * self.settings.price_out
        requests, tokens = _fullest(self.arrivals, window)
        return {
            "asked": self.asked.total(),
            "bodies": len(self.asked),
            "good": self.good.total(),
            "bodies_good": len(self.good),
            "most_good_of_a_body": max(self.good.values(), default=0),
            "kinds": dict(self.kinds),
            "under_way": self.under_way,
            "most_under_way": self.most_under_way,
            "most_connections": self.most_connections,
            "most_requests": requests,
            "most_tokens": tokens,
            "seconds": self.arrivals[-1][0] - self.arrivals[0][0] if self.arrivals else 0.0,
            "came_before_retry_after": self.early,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "bill": bill,
            "cpu": time.process_time() - self.cpu,
            "headers": sorted(self.headers),
        }


class Connection(asyncio.Protocol):
    """One connection, kept alive; a request at a time."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.buffer = b""
        self.busy = self.counted = False
        self.timers: list[asyncio.TimerHandle] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.book.connections += 1
        self.book.most_connections = max(self.book.most_connections, self.book.connections)

    def connection_lost(self, error: Exception | None) -> None:
        self.book.connections -= 1
        for timer in self.timers:
            timer.cancel()
        self._done()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self._next()

    def _next(self) -> None:
        end = self.buffer.find(b"\r\n\r\n")
        if self.busy or end < 0:
            return
        found = LENGTH.search(self.buffer, 0, end + 2)
        whole = end + 4 + (int(found[1]) if found else 0)
        if len(self.buffer) < whole:
            return
        head, body, self.buffer = self.buffer[:end], self.buffer[end + 4 : whole], self.buffer[whole:]
        self.busy = True
        path = head.split(b" ", 2)[1].decode()
        if path.partition("?")[0].endswith("/chat/completions"):
            self._chat(head, body)
        else:
            self._own(path, body)

    def _own(self, path: str, body: bytes) -> None:
        """Questions about the server itself."""
        name, _, query = path.partition("?")
        book = self.book
        if name == "/-/counts":
            said_of_itself: Any = book.totals(float(query or 60))
        elif name == "/-/asked":
            said_of_itself = {"asked": len(book.arrivals), "good": len(book.good)}
        elif name == "/-/bodies":
            said_of_itself = {key: {"asked": n, "good": book.good[key], "lost": book.lost[key]} for key, n in book.asked.items()}
        elif name == "/-/settings":
            book.settings = settings_of({**asdict(book.settings), **json.loads(body)})
            said_of_itself = asdict(book.settings)
        elif name == "/-/forget":
            book.forget()
            said_of_itself = {}
        elif name.endswith("/models"):
            said_of_itself = {"object": "list", "data": [{"id": "judge", "object": "model"}]}
        else:
            return self._send(404, b'{"error": {"message": "no such page"}}')
        return self._send(200, json.dumps(said_of_itself).encode())

    def _chat(self, head: bytes, raw: bytes) -> None:
        book, now = self.book, time.monotonic()
        settings = book.settings
        body = json.loads(raw)
        key = sha256(raw).hexdigest()
        answer = said(settings, body, digest_of(body["messages"]))
        fault = fault_of(settings, key, book.asked[key])
        kind = fault or "right"
        book.asked[key] += 1
        book.kinds[kind] += 1
        book.headers.update(line.partition(b":")[0].decode().lower() for line in head.split(b"\r\n")[1:])
        book.early += time.time() < book.not_before.pop(key, 0.0)
        book.under_way += 1
        book.most_under_way = max(book.most_under_way, book.under_way)
        self.counted = True
        book.arrivals.append((now, answer["usage"]["total_tokens"]))
        if kind not in UNMADE:
            book.tokens_in += answer["usage"]["prompt_tokens"]
            book.tokens_out += answer["usage"]["completion_tokens"]
        if kind in LOST:
            book.lost[key] += 1
        reply = json.dumps(answer, separators=(",", ":")).encode()
        self._later(settings.latency, partial(self._reply, kind, key, reply, head.decode("latin-1") if settings.echo else ""))

    def _reply(self, kind: str, key: str, reply: bytes, echoed: str) -> None:
        settings = self.book.settings
        if kind == "right":
            self.book.good[key] += 1
            self._send(200, reply)
        elif kind == "slow":
            self._trickle(_head(200, len(reply)) + reply, settings.slow / 10, 10, key)
        elif kind == "trickle":
            self._trickle(_head(200, len(reply)) + reply, settings.slow / 10, 1000, None)
        elif kind == "hang":
            pass  # until the client goes
        elif kind == "reset":
            self._reset()
        elif kind in ("reset-midway", "cut-body"):
            self.transport.write(_head(200, len(reply)) + reply[: len(reply) // 2])
            self._later(0.001, self._reset if kind == "reset-midway" else self.transport.close)
        elif kind == "half-json":
            self._send(200, reply[: len(reply) // 2])
        elif kind == "wrong-schema":
            self._send(200, wrong_schema(key, echoed))
        elif kind == "empty-choices":
            self._send(200, json.dumps({**json.loads(reply), "choices": []}).encode())
        else:
            self._refuse(kind, key, echoed)

    def _refuse(self, kind: str, key: str, echoed: str) -> None:
        """Errors that say so; the time before which the client is not to come back is kept."""
        code = int(kind[:3])
        error = {"message": f"no: {echoed}", "type": "server_error" if code == 500 else "rate_limit_exceeded", "code": None}
        more = b"x-echo: " + echoed.replace("\r\n", " | ").encode("latin-1") + b"\r\n" if echoed else b""
        until = None
        if kind == "429-seconds":
            until = time.time() + self.book.settings.retry_after
            more += b"retry-after: %d\r\n" % self.book.settings.retry_after
        elif kind == "429-date":
            until = int(time.time()) + 1 + self.book.settings.retry_after
            more += b"retry-after: " + formatdate(until, usegmt=True).encode() + b"\r\n"
        if until is not None:
            self.book.not_before[key] = until
        self._send(code, json.dumps({"error": error}).encode(), more)

    def _trickle(self, left: bytes, pause: float, parts: int, key: str | None) -> None:
        size = max(1, len(left) // max(1, parts))
        if parts <= 1 or len(left) <= size:
            if key is None:  # the last bytes never come
                self._reset()
                return
            self.transport.write(left)
            self.book.good[key] += 1
            self._finished()
            return
        self.transport.write(left[:size])
        self._later(pause, partial(self._trickle, left[size:], pause, parts - 1, key))

    def _send(self, code: int, body: bytes, more: bytes = b"") -> None:
        self.transport.write(_head(code, len(body), more) + body)
        self._finished()

    def _reset(self) -> None:
        """Ends the connection with a reset instead of a farewell."""
        own = self.transport.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _later(self, seconds: float, call: Any) -> None:
        if self.transport.is_closing():
            return
        if seconds <= 0:
            call()
        else:
            self.timers = [asyncio.get_running_loop().call_later(seconds, call)]

    def _finished(self) -> None:
        self._done()
        self.busy = False
        self._next()

    def _done(self) -> None:
        if self.counted:
            self.book.under_way -= 1
            self.counted = False


def _head(code: int, length: int, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%s\r\n" % (
        code,
        PHRASES[code].encode(),
        length,
        more,
    )


def _fullest(arrivals: list[tuple[float, int]], window: float) -> tuple[int, int]:
    """Most requests, and most tokens, within any `window` seconds."""
    first = requests = tokens = sum_of_tokens = 0
    for number, (moment, size) in enumerate(arrivals):
        sum_of_tokens += size
        while arrivals[first][0] <= moment - window:
            sum_of_tokens -= arrivals[first][1]
            first += 1
        requests, tokens = max(requests, number - first + 1), max(tokens, sum_of_tokens)
    return requests, tokens
