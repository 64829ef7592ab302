"""A chat-completions server on loopback that answers wrongly, late or never as often as it is told to, and counts everything.

    with fault_server(share=0.3, latency=0.02) as server:
        ChatModel("judge", base_url=server.base_url).ask(requests)
        server.counts()["good"]

or `python tests/support/fault_server.py '{"share": 0.3}'`, which prints its port as JSON and runs until its standard input is
closed. A process of its own, so that its work is not the client's. Settings and faults are told in fault_replies.py.
"""

import asyncio
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent))  # its neighbours, when it is run as a script or loaded by a benchmark

from fault_replies import Settings
from fault_service import Book, Connection, settings_of


@contextmanager
def fault_server(**settings: Any) -> Iterator["Server"]:
    """A server in a process of its own, stopped at the end."""
    text = json.dumps(asdict(Settings(**settings)))
    command = [sys.executable, str(Path(__file__).resolve()), text]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Server(json.loads(process.stdout.readline())["port"])
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(10)


class Server:
    """What a test holds of a running server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.host = f"127.0.0.1:{port}"
        self.base_url = f"http://{self.host}/v1"

    def counts(self, window: float = 60.0) -> dict[str, Any]:
        """Totals; `most_requests` and `most_tokens` are those of the fullest `window` seconds (tokens: in and out)."""
        return dict(self._call(f"/-/counts?{window}"))

    def asked(self) -> int:
        """How many requests came."""
        return int(self._call("/-/asked")["asked"])

    def good(self) -> int:
        """How many different requests got a good reply so far; cheap enough to be looked at all the time."""
        return int(self._call("/-/asked")["good"])

    def bodies(self) -> dict[str, dict[str, int]]:
        """By digest of the request's bytes: how often it was `asked`, and got a `good` reply or was `lost` on the way."""
        return dict(self._call("/-/bodies"))

    def set(self, **settings: Any) -> None:
        """Changes settings from now on."""
        self._call("/-/settings", settings)

    def forget(self) -> None:
        """Counts from nothing again."""
        self._call("/-/forget", {})

    def _call(self, path: str, sent: dict[str, Any] | None = None) -> Any:
        data = None if sent is None else json.dumps(sent).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(f"http://{self.host}{path}", data), timeout=60) as answer:
            return json.loads(answer.read())


async def _serve(settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    book = Book(settings)
    server = await loop.create_server(lambda: Connection(book), "127.0.0.1", 0, backlog=1024)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    ended = asyncio.Event()
    await loop.connect_read_pipe(lambda: _Parent(ended), sys.stdin)
    await ended.wait()


class _Parent(asyncio.Protocol):
    """Standard input: when it ends, so does the server, however its parent ended."""

    def __init__(self, ended: asyncio.Event) -> None:
        self.ended = ended

    def connection_lost(self, error: Exception | None) -> None:
        self.ended.set()

    def eof_received(self) -> None:
        self.ended.set()


if __name__ == "__main__":
    asyncio.run(_serve(settings_of(json.loads(sys.argv[1] if len(sys.argv) > 1 else "{}"))))
