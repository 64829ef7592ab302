"""The order of work for any crew of workers: who gets which batch, in what order answers leave, what a lost worker costs."""

import pickle
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.errors import ExecutorError
from harness.executors.bench import Failure
from harness.executors.protocols import AnswerT, BatchT, Job

WINDOW = 4  # batches a worker that may be unfinished or waiting for an earlier one


@dataclass(frozen=True)
class Answered:
    """The answer to a batch, pickled."""

    index: int
    answer: bytes


@dataclass(frozen=True)
class Opened:
    """A worker has opened the job's recipe: `answer` is a pickled None, or a pickled Failure."""

    answer: bytes


@dataclass(frozen=True)
class Lost:
    """A worker is gone, with the batches it had: the first is the one it was doing. The crew has put another in its place."""

    why: str
    indices: tuple[int, ...]


Event = Answered | Opened | Lost


class Crew(Protocol):
    """Workers somewhere else. `deaths`: with how many of them a batch may be lost before the batch is taken for the cause."""

    @property
    def deaths(self) -> int: ...

    def begin(self, job: Job[Any, Any]) -> int:
        """Lets every worker open the job's recipe (those that come later, too); returns how many workers there are to be."""
        ...

    def has_room(self) -> bool:
        """Whether a worker that has opened the recipe can take a batch."""
        ...

    def send(self, index: int, batch: bytes) -> None:
        """Gives the batch to the open worker that has the least to do."""
        ...

    def wait(self) -> Sequence[Event]:
        """What has happened, waiting until something has."""
        ...

    def abandon(self) -> None:
        """Ends the workers that still have batches: nobody waits for their answers any more."""
        ...


def in_order(crew: Crew, job: Job[BatchT, AnswerT], batches: Iterable[BatchT]) -> Iterator[AnswerT]:
    """The answers in the batches' order. A lost worker's batches are done again; the second loss with one batch is an error.

    Raises ExecutorError naming that batch, and whatever a worker raised on a batch, once all answers before it are taken.
    """
    source = iter(batches)
    first = next(source, None)
    if first is None:
        return
    work = _Work(crew, job, deque([first]), source)
    try:
        while True:
            work.hand_out()
            yield from work.finished()
            if not work.left():
                return
            for event in crew.wait():
                work.take(event)
    finally:
        if work.left():
            crew.abandon()


@dataclass
class _Work:
    """What is out, what is back, and what is still to come."""

    crew: Crew
    job: Job[Any, Any]
    fresh: deque[Any]
    source: Iterator[Any]
    size: int = 0
    read: int = 0
    yielded: int = 0
    again: list[int] = field(default_factory=list)
    out: dict[int, Any] = field(default_factory=dict)
    back: dict[int, bytes] = field(default_factory=dict)
    deaths: dict[int, int] = field(default_factory=dict)
    stillborn: int = 0

    def __post_init__(self) -> None:
        self.size = self.crew.begin(self.job)

    def hand_out(self) -> None:
        """Gives batches to whoever has room: first those that were lost, in their order, then new ones within the window."""
        while self.again and self.crew.has_room():
            self._send(self.again.pop(0))
        while self.read - self.yielded < WINDOW * self.size and self.crew.has_room():
            batch = self.fresh.popleft() if self.fresh else next(self.source, None)
            if batch is None:
                return
            self.out[self.read] = batch
            self._send(self.read)
            self.read += 1

    def finished(self) -> Iterator[Any]:
        """The answers that are next in order; raises what a worker raised."""
        while self.yielded in self.back:
            answer = pickle.loads(self.back.pop(self.yielded))
            if isinstance(answer, Failure):
                raise answer.error
            self.yielded += 1
            yield answer
            self.hand_out()

    def left(self) -> bool:
        """Whether a batch is still to be handed out, done or yielded."""
        return bool(self.out or self.back or self.fresh)

    def take(self, event: Event) -> None:
        """Notes what a crew says has happened."""
        if isinstance(event, Answered):
            del self.out[event.index]
            self.back[event.index] = event.answer
        elif isinstance(event, Opened):
            opened = pickle.loads(event.answer)
            if isinstance(opened, Failure):
                raise opened.error
            self.stillborn = 0
        else:
            self._lose(event)

    def _send(self, index: int) -> None:
        self.crew.send(index, pickle.dumps(self.out[index], protocol=5))

    def _lose(self, lost: Lost) -> None:
        if not lost.indices:
            self.stillborn += 1
            if self.stillborn >= self.crew.deaths * self.size:
                raise ExecutorError(
                    f"{self.job.label}: workers die before they can begin ({lost.why}); try --executor serial, which shows why"
                )
            return
        self.again = sorted({*self.again, *lost.indices})
        blamed = lost.indices[0]
        self.deaths[blamed] = self.deaths.get(blamed, 0) + 1
        if self.deaths[blamed] >= self.crew.deaths:
            self.again.remove(blamed)
            begins = self.job.first_of(self.out.pop(blamed))
            error = ExecutorError(
                f"{self.job.label}: {self.crew.deaths} workers died on the batch that begins with {begins} ({lost.why}). What "
                "was finished before is kept: the same command goes on from there. If memory is short, give fewer --workers; "
                "--executor serial does that batch in this process and shows what it raises"
            )
            self.back[blamed] = pickle.dumps(Failure(error))  # its turn comes when all before it are taken: none of them is lost
