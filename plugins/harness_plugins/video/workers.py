"""Jobs in processes beside each other, results in the jobs' order; a job that kills its process is told apart from the others."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from harness.errors import ExecutorError

Job = TypeVar("Job")
Result = TypeVar("Result")
_AHEAD = 4  # jobs a worker that may be done before their turn comes
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Died:
    """Stands for the result of a job whose process ended without one, alone too: killed, or out of memory."""


def side_by_side(work: Callable[[Job], Result], jobs: Sequence[Job], workers: int) -> Iterator[Result | Died]:
    """What `work` makes of each job, in order. One worker: in this process; more: in as many processes of one thread each, where
    `work` and the jobs are pickled. What `work` raises is raised here; ExecutorError where no process can be started."""
    if workers <= 1 or len(jobs) <= 1:
        yield from map(work, jobs)
        return
    done = 0
    while done < len(jobs):
        for result in _together(work, jobs[done:], workers):
            done += 1
            yield result
        if done < len(jobs):  # a process died: the next job may be what killed it, so it goes alone
            yield _alone(work, jobs[done])
            done += 1


def _together(work: Callable[[Job], Result], jobs: Sequence[Job], workers: int) -> Iterator[Result]:
    """Results in order, until all are there or a process has died."""
    waiting: deque[Future[Result]] = deque()
    left = iter(jobs)
    with _pool(min(workers, len(jobs))) as pool:
        try:
            while True:
                for job in left:
                    waiting.append(pool.submit(work, job))
                    if len(waiting) >= _AHEAD * workers:
                        break
                if not waiting:
                    return
                yield waiting.popleft().result()
        except BrokenProcessPool:
            return
        finally:  # the caller stops, or a job raised: what has not begun need not
            pool.shutdown(wait=True, cancel_futures=True)


def _alone(work: Callable[[Job], Result], job: Job) -> Result | Died:
    with _pool(1) as pool:
        try:
            pool.submit(abs, 0).result()
        except BrokenProcessPool as error:
            raise ExecutorError(
                "processes beside this one cannot be started; where a script of your own asks for `workers`, begin under "
                "`if __name__ == '__main__':`, or ask for one worker"
            ) from error
        try:
            return pool.submit(work, job).result()
        except BrokenProcessPool:
            return Died()


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that are begun compute with one thread each."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
            yield pool
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
