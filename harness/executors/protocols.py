"""What an executor is given and what it gives back: a job, batches in order, answers in the same order.

Nothing here knows metrics or generators. Whoever has work that falls into batches (scores, generated outputs) describes it as a
`Job`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

BatchT = TypeVar("BatchT", bound=Sequence[Any])
AnswerT = TypeVar("AnswerT")
BatchT_contra = TypeVar("BatchT_contra", bound=Sequence[Any], contravariant=True)
AnswerT_co = TypeVar("AnswerT_co", covariant=True)


class Worker(Protocol[BatchT_contra, AnswerT_co]):
    """Does one batch after the other. The answer to a batch depends on that batch alone."""

    def work(self, batch: BatchT_contra, /) -> AnswerT_co:
        """The answer to the batch."""
        ...


class Recipe(Protocol[BatchT_contra, AnswerT_co]):
    """How another process, perhaps on another machine, makes its worker from nothing. It is pickled, so it holds plain values.

    `open` raises a HarnessError if the worker that it would make differs from the one in the process that sent the recipe.
    """

    def open(self) -> Worker[BatchT_contra, AnswerT_co]:
        """A worker that is ready."""
        ...


@dataclass(frozen=True)
class Job(Generic[BatchT, AnswerT]):
    """Work that falls into batches.

    `label` names it to people; `here` makes the worker in this process, and is called at most once and only if a batch is done
    here; `recipe` makes the same worker elsewhere, or is None where that cannot be; `first_of` names a batch in a message; `cost`
    is that of `MetricSpec`; `packages` are the import packages besides harness whose code must be the same on another machine;
    `threads` are those that a worker computes with, each of which wants a core of its own.
    """

    label: str
    here: Callable[[], Worker[BatchT, AnswerT]]
    recipe: Recipe[BatchT, AnswerT] | None
    first_of: Callable[[BatchT], str]
    cost: Literal["cpu", "gpu", "paid"] = "cpu"
    packages: tuple[str, ...] = ()
    threads: int = 1


class Executor(Protocol):
    """Does jobs. A context manager: leaving it ends every process that it started."""

    def map(self, job: Job[BatchT, AnswerT], batches: Iterable[BatchT]) -> Iterator[AnswerT]:
        """The answers in the batches' order, each as soon as it and all before it are there.

        `batches` is read as the answers are taken: only a few batches a worker are in memory at any time. An exception of a
        worker is raised in the turn of its batch, after the answers to all batches before it.
        """
        ...

    def __enter__(self) -> "Executor": ...

    def __exit__(self, *error: object) -> None: ...
