"""By default work begins here and is handed to processes once it has taken as long as they take to start."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from toy_jobs import batches, doubled, doubling

from harness.executors.auto import LEAST, PATIENCE, AutoExecutor
from harness.executors.protocols import Job


class Clock:
    """Every batch seems to take `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now, self.calls = seconds, 0.0, 0

    def __call__(self) -> float:
        self.calls += 1
        self.now += self.seconds if self.calls % 2 == 0 else 0.0
        return self.now


def here(log: Path) -> list[bool]:
    """Of each batch in order, whether this process did it."""
    lines = sorted((line.split() for line in log.read_text().splitlines()), key=lambda line: int(line[1]))
    return [int(pid) == os.getpid() for pid, _ in lines]


def run(tmp_path: Path, seconds: float, *, workers: int = 2, recipe: bool = True, size: int = 3, **settings: Any) -> list[bool]:
    log = tmp_path / "log"
    job = doubling(log=str(log), **settings)
    job = job if recipe else Job(job.label, job.here, None, job.first_of)
    some = batches(10 * size, size)
    with AutoExecutor(workers, Clock(seconds)) as executor:
        assert list(executor.map(job, some)) == doubled(some)
    return here(log)


def test_a_job_that_is_soon_done_stays_here(tmp_path: Path) -> None:
    assert all(run(tmp_path, PATIENCE / 10))  # ten batches, done just when workers would begin


def test_a_job_that_takes_longer_goes_on_in_processes(tmp_path: Path) -> None:
    assert run(tmp_path, PATIENCE / 4) == [True] * 4 + [False] * 6


def test_units_that_cost_less_than_sending_them_stay_here_however_many(tmp_path: Path) -> None:
    assert all(run(tmp_path, PATIENCE, size=int(1.01 * PATIENCE / LEAST)))


@pytest.mark.parametrize("settings", [{"workers": 1}, {"recipe": False}, {"cost": "gpu"}, {"cost": "paid"}], ids=str)
def test_what_must_not_be_multiplied_stays_here(tmp_path: Path, settings: dict[str, Any]) -> None:
    assert all(run(tmp_path, PATIENCE, **settings))


def test_batches_are_read_one_at_a_time_here() -> None:
    read: list[int] = []

    def source() -> Iterator[list[int]]:
        for batch in batches(9):
            read.append(batch[0])
            yield batch

    with AutoExecutor(2) as executor:
        answers = executor.map(doubling(), source())
        next(answers)
        assert read == [0]
