"""The main program of a worker process: frames in, frames out, and an end when the other side is gone."""

import os
import pickle
import struct
import sys
import threading
from queue import SimpleQueue
from typing import Any, BinaryIO

_HEADER = struct.Struct("<Q")


def main() -> None:
    """Serves batches until the pipe is closed."""
    tasks, answers = _own_pipes()
    queue: SimpleQueue[tuple[Any, ...]] = SimpleQueue()
    threading.Thread(target=_read, args=(tasks, queue), daemon=True).start()
    from harness.executors.bench import Bench

    bench = Bench()
    while True:
        kind, job, *rest = queue.get()
        if kind == "open":
            _write(answers, ("opened", job, bench.open(rest[0])))
        else:
            index, batch = rest
            _write(answers, ("answer", job, index, bench.work(batch)))


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes, taken off the standard streams: what a plugin prints must not end up among the answers."""
    tasks, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return tasks, answers


def _read(tasks: BinaryIO, queue: "SimpleQueue[tuple[Any, ...]]") -> None:
    """Reads ahead, so that the other side never waits to write, and ends this process when the other side has ended."""
    while True:
        header = tasks.read(_HEADER.size)
        data = tasks.read(_HEADER.unpack(header)[0]) if len(header) == _HEADER.size else b""
        if not data:
            os._exit(0)  # at once, even in the middle of a batch: nobody takes its answer
        queue.put(pickle.loads(data))


def _write(answers: BinaryIO, frame: tuple[Any, ...]) -> None:
    data = pickle.dumps(frame, protocol=5)
    try:
        answers.write(_HEADER.pack(len(data)))
        answers.write(data)
        answers.flush()
    except OSError:
        os._exit(0)
