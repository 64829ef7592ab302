"""What differs between models in how a task was done: then their numbers are not of one kind."""

from collections.abc import Callable, Sequence
from typing import Any

from harness.leaderboard.records import Results, TaskResult

_Read = Callable[[TaskResult], Any]
_SAID: tuple[tuple[str, _Read], ...] = (
    ("the number of examples in the prompt", lambda result: result.shots),
    ("its version", lambda result: result.settings.get("version")),
    ("its items (task hash)", lambda result: result.settings.get("hash")),
    ("the chat template", lambda result: "used" if result.settings.get("chat_template_sha") else "not used"),
)


def differing(results: Results) -> list[str]:
    """A warning for every task and way of doing it in which models differ."""
    found = []
    for task in results.tasks:
        rows = [result for result in results.results if result.task == task]
        for what, read in _SAID:
            values = _known(rows, read)
            if len(values) > 1:
                found.append(f"{task}: models differ in {what} ({', '.join(values)}): their numbers are not of one kind")
    return found


def _known(rows: Sequence[TaskResult], read: _Read) -> list[str]:
    return sorted({str(value)[:12] for row in rows if (value := read(row)) is not None})
