"""Whether models may be asked at all: a second reading of what is stored must not cost a call."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ONLY_STORED: ContextVar[bool] = ContextVar("only_stored", default=False)


@contextmanager
def only_stored() -> Iterator[None]:
    """While this lasts no model is asked: what is not stored is `not-stored`."""
    token = _ONLY_STORED.set(True)
    try:
        yield
    finally:
        _ONLY_STORED.reset(token)


def may_ask() -> bool:
    """Whether models may be asked now. To be looked up before work goes to another thread."""
    return not _ONLY_STORED.get()
