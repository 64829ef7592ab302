"""A small chat-completions server on loopback, whose every answer a test decides."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Answer:
    """What the server sends; `late`: seconds before it; `cut`: the connection ends after so many bytes of the body."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    late: float = 0.0
    cut: int | None = None


@dataclass
class Seen:
    """One request that arrived: path, headers (lower case) and JSON body."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def text(self) -> str:
        """The last message."""
        return self.body["messages"][-1]["content"]


class ChatServer:
    """`url` is its base_url; `seen` all requests in the order of their arrival; `open_calls_at_most` counts those under way."""

    def __init__(self, reply: Callable[[Seen], Answer]) -> None:
        self.seen: list[Seen] = []
        self.open_calls_at_most = 0
        self.url = ""
        self._reply = reply
        self._open = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.strip().split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self._open += 1
                self.open_calls_at_most = max(self.open_calls_at_most, self._open)
                seen = Seen(first.split()[1], headers, json.loads(body))
                self.seen.append(seen)
                answer = self._reply(seen)
                await asyncio.sleep(answer.late)
                self._open -= 1
                data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                more = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
                writer.write(
                    f"HTTP/1.1 {answer.status} X\r\nContent-Length: {len(data)}\r\n{more}\r\n".encode() + data[: answer.cut]
                )
                await writer.drain()
                if answer.cut is not None:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def completion(
    text: str | None = "ja", *, finish: str | None = "stop", usage: tuple[int, int] | None = (10, 2), **more: Any
) -> dict:
    """The body of a chat completion; `more` goes into its choice."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish, **more}
    body: dict[str, Any] = {"id": "x", "object": "chat.completion", "choices": [choice]}
    if usage is not None:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return body


def echo(seen: Seen) -> Answer:
    """Says what it was told."""
    return Answer(completion(seen.text))


@contextmanager
def chat_server(reply: Callable[[Seen], Answer] = echo, *, port: int = 0) -> Iterator[ChatServer]:
    """The server, running in a thread."""
    server, started = ChatServer(reply), threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        listening = await asyncio.start_server(server.handle, "127.0.0.1", port)
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
        started.set()
        stop.append(asyncio.get_running_loop().create_future())
        await stop[0]
        listening.close()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    stop: list[asyncio.Future] = []
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(lambda: stop[0].done() or stop[0].set_result(None))
        thread.join(10)
