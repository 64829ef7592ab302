"""No network: every attempt to reach another host fails and is remembered."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch


@contextmanager
def offline() -> Iterator[list[str]]:
    """Connections other than within this machine's files raise OSError; the list tells where each one was to go.

    It holds for Python's sockets in this process, whatever thread opens them; code that asks the kernel by itself is not seen.
    """
    tried: list[str] = []

    def refused(self: socket.socket, address: Any) -> Any:
        if self.family == getattr(socket, "AF_UNIX", None):
            return original(self, address)
        tried.append(_told(address))
        raise OSError(f"this check allows no network, and {_told(address)} was to be reached")

    def unresolved(host: Any, *rest: Any, **more: Any) -> Any:
        tried.append(_told(host))
        raise socket.gaierror(f"this check allows no network, and {_told(host)} was to be found")

    original = socket.socket.connect
    with (
        patch.object(socket.socket, "connect", refused),
        patch.object(socket.socket, "connect_ex", refused),
        patch.object(socket, "getaddrinfo", unresolved),
    ):
        yield tried


def _told(address: Any) -> str:
    if isinstance(address, (tuple, list)):
        return ":".join(map(str, address[:2]))
    return address.decode(errors="replace") if isinstance(address, bytes) else str(address)
