"""To be written."""

from typing import Any

from harness import hookimpl


@hookimpl
def harness_generators() -> list[Any]:
    return []
