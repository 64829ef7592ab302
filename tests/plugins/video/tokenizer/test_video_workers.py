"""Jobs beside each other: order, errors, and processes that die."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from harness_plugins.video.workers import Died, side_by_side
from worker_jobs import dies_at_three, raises_at_two, square


def test_results_come_in_the_jobs_order_from_other_processes() -> None:
    found = list(side_by_side(square, range(12), 2))
    assert [one[0] for one in found] == [number * number for number in range(12)]
    assert os.getpid() not in {one[1] for one in found}
    assert {one[2] for one in found} == {"1"}


def test_one_worker_is_this_process() -> None:
    assert {one[1] for one in side_by_side(square, range(3), 1)} == {os.getpid()}
    assert list(side_by_side(square, [], 4)) == []


def test_a_job_that_kills_its_process_is_told_and_the_others_are_done() -> None:
    found = list(side_by_side(dies_at_three, range(7), 2))
    assert [isinstance(one, Died) for one in found] == [number == 3 for number in range(7)]
    assert [one for one in found if not isinstance(one, Died)] == [0, 1, 2, 4, 5, 6]


def test_what_a_job_raises_is_raised() -> None:
    results = side_by_side(raises_at_two, range(20), 2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two is refused"):
        next(results)


def test_processes_that_cannot_begin_are_no_fault_of_the_jobs(tmp_path: Path) -> None:
    """A script that begins processes as it is imported, which its own processes do again."""
    script = tmp_path / "script.py"
    script.write_text(
        "from harness_plugins.video.workers import side_by_side\n"
        "try:\n"
        "    print(list(side_by_side(abs, [-1, -2, -3], 2)))\n"
        "except BaseException as error:\n"
        "    print(type(error).__name__, error)\n"
        "    raise\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "ExecutorError processes beside this one cannot be started" in done.stdout
    assert "[1, 2, 3]" not in done.stdout
