"""To be written."""

from typing import Any

from harness import hookimpl


@hookimpl
def harness_dataset_builders() -> list[Any]:
    return []
