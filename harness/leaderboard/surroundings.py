"""What lm-eval runs in: seeded, without its notices and bars; and what is said of what went wrong in it."""

import contextlib
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from typing import Any

from harness.errors import HarnessError

_LONGEST = 2_000  # characters of a stranger's message
SEED = 1234  # lm-eval's own, of numpy and torch


def seed_all() -> None:
    """Random numbers begin anew with every task, as lm-eval seeds them, so that no result depends on what was done before it."""
    import random

    import numpy as np

    random.seed(0)
    np.random.seed(SEED)
    if "torch" in sys.modules:
        import torch

        torch.manual_seed(SEED)


def version_of(name: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def told(error: BaseException) -> str:
    """What went wrong, and where if it is not one of our own messages."""
    if isinstance(error, HarnessError):
        return str(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    said = " ".join(str(error).split())[:_LONGEST]
    return f"{type(error).__name__}: {said} ({os.path.basename(place.filename)}, line {place.lineno})"


@contextlib.contextmanager
def quiet_lm_eval() -> Iterator[None]:
    """lm-eval's notices and bars are left out, and what its models print goes to stderr: stdout is for results."""
    from tqdm import tqdm

    def without_bar(self: Any, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **{**kwargs, "disable": True})

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logger = logging.getLogger("lm_eval")
    before, begin = logger.level, tqdm.__init__
    logger.setLevel(logging.ERROR)
    tqdm.__init__ = without_bar  # type: ignore[method-assign]  # lm-eval asks for its bars whatever the environment says
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        tqdm.__init__ = begin  # type: ignore[method-assign]
        logger.setLevel(before)
