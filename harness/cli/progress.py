"""How far a command is: a bar with rate and time left on a terminal, a line per finished step elsewhere, on stderr."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from harness.cli.common import notice, quiet

if TYPE_CHECKING:
    from rich.progress import Progress, Task
    from rich.text import Text


class Report(Protocol):
    """Says how far a step is; `reused` of what is done was there already. A step is timed from the first word of it."""

    def __call__(self, label: str, done: int, total: int, *, reused: int = 0) -> None: ...


@contextmanager
def progress() -> Iterator[Report]:
    """A function to call with a step's name, what is done of it and what there is to do in all."""
    if quiet():
        yield _silent
    elif sys.stderr.isatty():
        with _bars() as bars:
            tasks: dict[str, int] = {}

            def show(label: str, done: int, total: int, *, reused: int = 0) -> None:
                if label not in tasks:
                    tasks[label] = bars.add_task(label, total=total, first=done)  # type: ignore[assignment]  # TaskID is an int
                said = f"{label} ({reused} reused)" if reused else label
                bars.update(tasks[label], completed=done, total=total, description=said, reused=reused)  # type: ignore[arg-type]

            yield show
    else:
        yield _lines()


def telling_reused(report: Report, counts: Mapping[str, int]) -> Callable[[str, int, int], None]:
    """`report`, told of each step how many units the run already held: what `units_reused` has grown by since the step before."""
    before: dict[str, int] = {}
    last = 0

    def tell(label: str, done: int, total: int) -> None:
        nonlocal last
        start = before.setdefault(label, last)
        last = counts.get("units_reused", 0)
        report(label, done, total, reused=last - start)

    return tell


def _silent(label: str, done: int, total: int, *, reused: int = 0) -> None:
    """Nothing is said under `--quiet`."""


def _lines() -> Report:
    started: dict[str, float] = {}

    def say(label: str, done: int, total: int, *, reused: int = 0) -> None:
        begun = started.setdefault(label, time.monotonic())
        if done >= total:
            there = f" ({reused} reused)" if reused else ""
            notice(f"{label}: {done} of {total}{there}, {time.monotonic() - begun:.1f} s")

    return say


def _bars() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Units a second: of late, and of a finished step on average over what was done now, if that was seen to begin."""

        def render(self, task: "Task") -> "Text":
            speed = task.speed
            if task.finished:
                done = task.completed - max(task.fields.get("first", 0), task.fields.get("reused", 0))
                speed = done / task.finished_time if done > 0 and task.finished_time else None
            return Text("" if speed is None else f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.1f}/s")

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    return Progress(*columns, console=Console(file=sys.stderr))
