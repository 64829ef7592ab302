"""Jobs for executors that need no metric: a worker that doubles numbers and does what some numbers tell it to."""

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.executors.protocols import Job

DIE, EXIT, RAISE, HANG = -1, -2, -3, -4


class Doubler:
    """Doubles numbers. DIE kills its process, but only once if there is a `mark` file to make; `log` gets a line a batch."""

    def __init__(self, mark: str | None = None, log: str | None = None, seconds: float = 0.0) -> None:
        self.mark, self.log, self.seconds = mark, log, seconds

    def work(self, batch: Sequence[int]) -> list[int]:
        if self.log is not None:
            with Path(self.log).open("a") as file:
                file.write(f"{os.getpid()} {batch[0]}\n")
        time.sleep(self.seconds)
        if DIE in batch and self._first():
            os.kill(os.getpid(), signal.SIGKILL)
        if EXIT in batch:
            raise SystemExit(7)
        if RAISE in batch:
            raise ValueError(f"no good: {list(batch)}")
        if HANG in batch:
            time.sleep(600)
        return [2 * number for number in batch]

    def _first(self) -> bool:
        if self.mark is None:
            return True
        try:
            Path(self.mark).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


class Threads:
    """Says what the libraries' thread variables are."""

    def work(self, batch: Sequence[int]) -> list[str | None]:
        return [os.environ.get("OMP_NUM_THREADS"), os.environ.get("NUMBA_NUM_THREADS")]


@dataclass(frozen=True)
class DoublerRecipe:
    mark: str | None = None
    log: str | None = None
    seconds: float = 0.0
    fails: str = ""

    def open(self) -> Doubler:
        if self.fails == "raise":
            raise RuntimeError("cannot be made here")
        if self.fails == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        return Doubler(self.mark, self.log, self.seconds)


@dataclass(frozen=True)
class ThreadsRecipe:
    def open(self) -> Threads:
        return Threads()


class Loud:
    """Prints while it works, as a careless plugin does."""

    def work(self, batch: Sequence[int]) -> list[int]:
        print("noise from a plugin", flush=True)
        os.write(1, b"more noise\n")
        return list(batch)


@dataclass(frozen=True)
class LoudRecipe:
    def open(self) -> Loud:
        return Loud()


def doubling(label: str = "double", cost: str = "cpu", **settings: object) -> Job[Sequence[int], list[int]]:
    recipe = DoublerRecipe(**settings)  # type: ignore[arg-type]  # as its fields
    return Job(label, recipe.open, recipe, lambda batch: f"number {batch[0]}", cost=cost)  # type: ignore[arg-type]  # as above


def batches(numbers: int, size: int = 3) -> list[list[int]]:
    """0, 1, 2 …, cut into batches."""
    return [list(range(start, min(start + size, numbers))) for start in range(0, numbers, size)]


def doubled(some: Sequence[Sequence[int]]) -> list[list[int]]:
    return [[2 * number for number in batch] for batch in some]


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits for its parent does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until(what: object, seconds: float = 30.0) -> bool:
    """Whether `what()` comes true in that time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():  # type: ignore[operator]  # a function
            return True
        threading.Event().wait(0.02)
    return False


def until_it_raises(answers: Iterator[Any]) -> tuple[list[Any], BaseException | None]:
    """What was answered, and what was raised then."""
    taken: list[Any] = []
    try:
        for answer in answers:
            taken.append(answer)  # those before the exception count
    except BaseException as error:  # SystemExit too: it is what is looked for
        return taken, error
    return taken, None
