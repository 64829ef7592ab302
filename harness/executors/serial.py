"""One batch after the other in this process."""

from collections.abc import Iterable, Iterator

from harness.executors.protocols import AnswerT, BatchT, Job


class SerialExecutor:
    """Does every batch here, where the worker already is."""

    def map(self, job: Job[BatchT, AnswerT], batches: Iterable[BatchT]) -> Iterator[AnswerT]:
        """The answers in the batches' order."""
        worker = None
        for batch in batches:
            worker = worker or job.here()
            yield worker.work(batch)

    def __enter__(self) -> "SerialExecutor":
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing was started."""
