"""Workers in processes of this machine."""

import json
import os
import pickle
import selectors
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from harness.executors.crew import Answered, Event, Lost, Opened, in_order
from harness.executors.protocols import AnswerT, BatchT, Job
from harness.executors.serial import SerialExecutor
from harness.plugins import ENVIRONMENT

# Fresh interpreters, not forks: a fork of a process in which torch, numba or Arrow have threads may hang, and copies its memory.
# The path comes from here, so that the worker finds the same packages; multiprocessing would run the user's script again.
_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from harness.executors.process_worker import main; main()"
_HEADER = struct.Struct("<Q")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class LocalExecutor:
    """Does batches in `workers` processes of this machine, which are kept from one job to the next.

    A worker that dies is replaced and its batches are done again. Jobs that cannot leave this process, or whose cost is not among
    `costs`, are done here: one GPU gains nothing from several processes.
    """

    def __init__(self, workers: int, costs: Sequence[str] = ("cpu",)) -> None:
        self.workers = workers
        self._costs = costs
        self._crew = ProcessCrew(workers)
        self._here = SerialExecutor()

    def map(self, job: Job[BatchT, AnswerT], batches: Iterable[BatchT]) -> Iterator[AnswerT]:
        """The answers in the batches' order."""
        if job.recipe is None or job.cost not in self._costs:
            return self._here.map(job, batches)
        return in_order(self._crew, job, batches)

    def __enter__(self) -> "LocalExecutor":
        return self

    def __exit__(self, *error: object) -> None:
        self._crew.close()


class ProcessCrew:
    """Processes that answer over pipes. A closed pipe tells either side that the other is gone."""

    deaths = 2

    def __init__(self, size: int) -> None:
        self.size = size
        self._at_once = size
        self._job = 0
        self._recipe = b""
        self._processes: list[_Process] = []
        self._selector = selectors.DefaultSelector()

    def begin(self, job: Job[Any, Any]) -> int:
        """Every process opens the recipe; the number of those that work at once: of a job with many threads, as many as have
        cores."""
        self._at_once = self.size if job.threads == 1 else max(1, min(self.size, usable_cores() // job.threads))
        self._job, self._recipe = self._job + 1, pickle.dumps(job.recipe, protocol=5)
        for process in self._processes:
            process.open(self._job, self._recipe)
        while len(self._processes) < self.size:
            self._start()
        return self._at_once

    def has_room(self) -> bool:
        """Whether a process has opened the recipe and nothing to do. Pipes are so fast that no batch need wait at a process."""
        if sum(bool(process.at_hand) for process in self._processes) >= self._at_once:
            return False
        return any(process.opened == self._job and not process.at_hand for process in self._processes)

    def send(self, index: int, batch: bytes) -> None:
        """Gives the batch to a process that has nothing to do."""
        process = next(process for process in self._processes if process.opened == self._job and not process.at_hand)
        process.at_hand.append(index)
        process.send(("work", self._job, index, batch))

    def wait(self) -> Sequence[Event]:
        """What the processes say, waiting until one says something or dies."""
        events: list[Event] = []
        while not events:
            for key, _ in self._selector.select():
                events += self._hear(key.data)
        return events

    def abandon(self) -> None:
        """Kills the processes that have batches."""
        for process in [process for process in self._processes if process.at_hand or process.opened != self._job]:
            self._remove(process)

    def close(self) -> None:
        """Ends all processes; none is left when it returns."""
        while self._processes:
            self._remove(self._processes[-1])
        self._selector.close()

    def _hear(self, process: "_Process") -> list[Event]:
        frame = process.receive()
        if frame is None:
            self._remove(process)
            lost = Lost(_how(process.code), tuple(process.at_hand))
            self._start()
            return [lost]
        kind, job, *rest = frame
        if kind == "opened":
            process.opened = job
            return [Opened(rest[0])] if job == self._job else []
        index, answer = rest
        if job != self._job:
            return []
        process.at_hand.remove(index)
        return [Answered(index, answer)]

    def _start(self) -> None:
        process = _Process(max(1, usable_cores() // self.size))
        self._processes.append(process)
        self._selector.register(process.reading, selectors.EVENT_READ, process)
        process.open(self._job, self._recipe)

    def _remove(self, process: "_Process") -> None:
        self._selector.unregister(process.reading)
        self._processes.remove(process)
        process.end()


class _Process:
    """One worker process: `at_hand` are the batches it was given and has not answered, `opened` the job whose recipe it holds."""

    def __init__(self, threads: int) -> None:
        given = {name: str(threads) for name in THREADS if name not in os.environ}
        self._popen = subprocess.Popen(
            [sys.executable, "-P", "-c", _START, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**_environment(), **given},
            start_new_session=True,  # Ctrl-C is for this process, which then ends the workers
        )
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        self._writing, self.reading = self._popen.stdin, self._popen.stdout
        self.at_hand: list[int] = []
        self.opened = 0
        self.code: int | None = None

    def open(self, job: int, recipe: bytes) -> None:
        """Tells the process to open a recipe."""
        self.at_hand.clear()
        self.send(("open", job, recipe))

    def send(self, frame: tuple[Any, ...]) -> None:
        """Writes a frame. That the process is gone is noticed where it is read from."""
        try:
            for part in _parts(frame):
                view = memoryview(part)
                while view:
                    view = view[self._writing.write(view) or 0 :]
        except OSError:
            return

    def receive(self) -> Any:
        """The next frame, or None if the process is gone."""
        header = self._read(_HEADER.size)
        if header is None:
            return None
        data = self._read(_HEADER.unpack(header)[0])
        return None if data is None else pickle.loads(data)

    def end(self) -> None:
        """Kills the process and waits for its end."""
        self._popen.kill()
        self.code = self._popen.wait()
        for pipe in (self._writing, self.reading):
            pipe.close()

    def _read(self, size: int) -> bytes | None:
        parts = []
        while size:
            part = self.reading.read(size)
            if not part:
                return None
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _environment() -> dict[str, str]:
    """This process's, without plugin files: the ones that a recipe needs travel with it."""
    return {name: value for name, value in os.environ.items() if name != ENVIRONMENT}


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _parts(frame: tuple[Any, ...]) -> tuple[bytes, bytes]:
    data = pickle.dumps(frame, protocol=5)
    return _HEADER.pack(len(data)), data


def _how(code: int | None) -> str:
    return f"killed by signal {-code}" if code is not None and code < 0 else f"exit code {code}"
