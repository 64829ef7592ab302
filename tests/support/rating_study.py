"""A small rating study on disk, and a server for it that can be killed: what the tests of the annotation pages share."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from harness.annotate.store import Store, open_store
from harness.annotate.study_file import load_study
from harness.records import Example, Output, to_json

TRAINING = {
    "instruction": "Vad heter Sveriges huvudstad?",
    "text": "Den heter Göteborg.",
    "language": "sv",
    "expected": {"naturalness": 3, "relatedness": 3, "correctness": 1},
    "feedback": {
        "sv": "Svaret är välskrivet men fel: huvudstaden är Stockholm.",
        "en": "Well written but wrong: it is Stockholm.",
    },
}


def write_study(folder: Path, items: int = 4, systems: tuple[str, ...] = ("alfa-7b", "beta-2b"), **changes: Any) -> Path:
    """A study file and its items in the folder; `changes` replace keys of the study. Returns the path of the file."""
    records = []
    for number in range(items):
        fields = {"language": "sv", "source": f"Källtext nummer {number}.", "task": "qa"}
        example = Example.from_instruction(f"mini/{number}", f"Besvara fråga nummer {number}.", ["Ett facit."], **fields)
        records.append(example)
        for place, system in enumerate(systems, start=1):
            text = f"Svaret på fråga {number}, variant {place}."
            records.append(Output(id=f"mini/{number}/{system}", example_id=example.id, system=system, text=text))
    (folder / "items.jsonl").write_bytes(b"".join(to_json(record) + b"\n" for record in records))
    study = {
        "name": "mini",
        "title": {"sv": "Hur bra är svaren?", "en": "How good are the answers?"},
        "criteria": ["naturalness", "relatedness", "correctness"],
        "guidelines": {"sv": "# Så här\n\nLäs *hela* svaret.", "en": "# Like this\n\nRead the *whole* answer."},
        "consent": {
            "sv": "Vi undersöker **mått**. Du får sluta när du vill.",
            "en": "We study **metrics**. Stop whenever you like.",
        },
        "training": [TRAINING],
        "raters": ["anna", "bo", "cia"],
        "items": {"jsonl": str(folder / "items.jsonl")},
        "seed": 7,
        **changes,
    }
    path = folder / "mini.yaml"
    path.write_text(yaml.safe_dump(study, allow_unicode=True), encoding="utf-8")
    return path


@dataclass
class Server:
    """A server process on a port that stays the same when it is killed and started again."""

    study: Path
    database: str
    port: int
    options: Sequence[str] = ()
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts the process and waits until it accepts connections."""
        command = [sys.executable, "-m", "harness", "data", "annotate", "serve", str(self.study)]
        command += ["--db", self.database, "--port", str(self.port), *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert f"serving at {self.url} " in line, f"the server did not start (it said {line!r})"

    def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextmanager
def served(study: Path, database: str | None = None, options: Sequence[str] = ()) -> Iterator[tuple[Server, Store]]:
    """A running server of the study and its store, seen from outside; the process ends with the block."""
    database = str(study.with_suffix(".sqlite")) if database is None else database
    store = open_store(load_study(study), database)
    server = Server(study, database, free_port(), options)
    server.start()
    try:
        yield server, store
    finally:
        server.kill()
        store.close()


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(true: Any, seconds: float = 60.0) -> None:
    """Waits until `true()` holds; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"still not true after {seconds:g} s"
        time.sleep(0.05)
