"""Fewer looks for dead circles of objects while a set is read and scored.

Python looks through all living objects whenever enough new ones have come, and a set of a hundred thousand outputs with its
verdicts is millions of them that all live: an eighth of the time of reading stored verdicts again went into looking.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEW = 500_000  # objects between two looks at the young ones; Python's own number is 700


@contextmanager
def few_collections() -> Iterator[None]:
    """While this lasts, Python looks after every 500,000 new objects, or as seldom as it did if that is more seldom still."""
    young, *others = gc.get_threshold()
    if young:  # 0: somebody has turned it off
        gc.set_threshold(max(young, _NEW), *others)
    try:
        yield
    finally:
        gc.set_threshold(young, *others)
