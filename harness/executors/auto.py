"""The default: here, until a job has shown that processes pay."""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from harness.executors.processes import LocalExecutor
from harness.executors.protocols import AnswerT, BatchT, Job

# Measured by benchmarks/executors.py; docs/how-to/many-machines.md shows the table.
PATIENCE = 2.0  # seconds a job takes here before workers are started, which costs about as much
LEAST = 100e-6  # seconds a unit below which sending it costs too much of what another process saves


class AutoExecutor:
    """Begins every job in this process and hands it to processes of this machine where that pays.

    A job goes on here if it is on a GPU or paid, if it cannot leave this process, if there is one core, for its first `PATIENCE`
    seconds, and if its units take less than `LEAST` seconds each. Waiting for a total would not do better: who has worked as long
    as the workers need to start loses at most that time again.
    """

    def __init__(self, workers: int, clock: Callable[[], float] = time.perf_counter) -> None:
        self._local = LocalExecutor(workers)
        self._clock = clock

    def map(self, job: Job[BatchT, AnswerT], batches: Iterable[BatchT]) -> Iterator[AnswerT]:
        """The answers in the batches' order."""
        may_leave = job.recipe is not None and job.cost == "cpu" and self._local.workers > 1
        source, worker, seconds, units = iter(batches), None, 0.0, 0
        for batch in source:
            if may_leave and seconds >= PATIENCE and seconds >= LEAST * units:
                yield from self._local.map(job, chain([batch], source))
                return
            started = self._clock()
            worker = worker or job.here()
            answer = worker.work(batch)
            seconds, units = seconds + self._clock() - started, units + len(batch)
            yield answer

    def __enter__(self) -> "AutoExecutor":
        return self

    def __exit__(self, *error: object) -> None:
        self._local.__exit__(*error)
