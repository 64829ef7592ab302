"""Processes of this machine give the answers that this process would, and none of them is left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from toy_jobs import (
    DIE,
    EXIT,
    HANG,
    RAISE,
    DoublerRecipe,
    LoudRecipe,
    ThreadsRecipe,
    batches,
    doubled,
    doubling,
    is_alive,
    until_it_raises,
    wait_until,
)

from harness.errors import ExecutorError
from harness.executors.processes import LocalExecutor, usable_cores
from harness.executors.protocols import Job
from harness.executors.serial import SerialExecutor


def pids(log: Path) -> set[int]:
    return {int(line.split()[0]) for line in log.read_text().splitlines()}


def test_answers_are_those_of_this_process_and_other_processes_give_them(tmp_path: Path) -> None:
    some, log = batches(40), tmp_path / "log"
    with LocalExecutor(2) as executor:
        answers = list(executor.map(doubling(log=str(log), seconds=0.02), some))
        assert answers == doubled(some) == list(SerialExecutor().map(doubling(), some))
        assert len(pids(log)) <= 2
        assert os.getpid() not in pids(log)
        list(executor.map(doubling("again", log=str(log), seconds=0.02), some))
        assert len(pids(log)) <= 2  # the same processes do the next job
    assert not any(map(is_alive, pids(log)))


def test_a_killed_worker_is_replaced_and_its_batches_are_done_again(tmp_path: Path) -> None:
    some = batches(60)
    some[7] = [DIE]
    with LocalExecutor(2) as executor:
        assert list(executor.map(doubling(mark=str(tmp_path / "mark")), some)) == doubled(some)
    assert (tmp_path / "mark").exists()


def test_a_batch_that_kills_two_workers_stops_with_its_name_and_all_answers_before_it() -> None:
    some = batches(60)
    some[7] = [DIE]
    with LocalExecutor(2) as executor:
        taken, error = until_it_raises(executor.map(doubling(), some))
        assert isinstance(error, ExecutorError)
        assert "2 workers died on the batch that begins with number -1 (killed by signal 9)" in str(error)
        assert taken == doubled(some[:7])
        assert list(executor.map(doubling(), some[:7])) == doubled(some[:7])  # the executor is as good as new


@pytest.mark.parametrize(
    ("order", "kind", "text"), [(RAISE, ValueError, "no good: [-3]"), (EXIT, SystemExit, "7")], ids=["an error", "an exit"]
)
def test_what_a_worker_raises_is_raised_in_its_turn_as_in_this_process(order: int, kind: type[BaseException], text: str) -> None:
    some = batches(30)
    some[4] = [order]
    for executor in (SerialExecutor(), LocalExecutor(2)):
        with executor:
            taken, error = until_it_raises(executor.map(doubling(), some))
        assert (taken, type(error), str(error)) == (doubled(some[:4]), kind, text)


def test_a_recipe_that_fails_says_why() -> None:
    with LocalExecutor(2) as executor:
        with pytest.raises(RuntimeError, match="cannot be made here"):
            list(executor.map(doubling(fails="raise"), batches(9)))
        with pytest.raises(ExecutorError, match=r"workers die before they can begin \(killed by signal 9\)"):
            list(executor.map(doubling(fails="die"), batches(9)))


def test_jobs_that_cannot_leave_or_are_not_to_be_multiplied_are_done_here(tmp_path: Path) -> None:
    def who(executor: LocalExecutor, recipe: bool = True, cost: str = "cpu") -> set[int]:
        log = tmp_path / f"{recipe}-{cost}-{executor.workers}"
        job = doubling(cost=cost, log=str(log))
        job = job if recipe else Job(job.label, job.here, None, job.first_of)
        assert list(executor.map(job, batches(9))) == doubled(batches(9))
        return pids(log)

    with LocalExecutor(2) as executor:
        assert who(executor, recipe=False) == who(executor, cost="gpu") == who(executor, cost="paid") == {os.getpid()}
    with LocalExecutor(3, costs=("cpu", "gpu")) as executor:
        assert os.getpid() not in who(executor, cost="gpu")
        assert who(executor, cost="paid") == {os.getpid()}


def test_what_plugins_print_in_a_worker_does_not_reach_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    loud = Job("loud", LoudRecipe().open, LoudRecipe(), str)
    with LocalExecutor(1) as executor:
        assert list(executor.map(loud, [[1], [2]])) == [[1], [2]]
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.count("noise from a plugin") == said.err.count("more noise") == 2


def test_workers_share_the_cores_among_their_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    with LocalExecutor(1) as executor:
        asked = Job("threads", ThreadsRecipe().open, ThreadsRecipe(), str)
        assert list(executor.map(asked, [[0]])) == [[str(usable_cores()), "1"]]  # what the user has set stays


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda one: one.name)
def test_no_worker_outlives_the_process_that_started_it(tmp_path: Path, ending: signal.Signals) -> None:
    log = tmp_path / "log"
    hanging = [[HANG], [HANG]]
    program = (
        "from toy_jobs import *; from harness.executors.processes import LocalExecutor\n"
        f"with LocalExecutor(2) as executor: list(executor.map(doubling(log={str(log)!r}), {hanging}))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(sys.modules["toy_jobs"].__file__ or "").parent)])}
    running = subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE)
    assert wait_until(lambda: log.exists() and len(pids(log)) == 2)
    running.send_signal(ending)
    running.wait(timeout=30)
    assert running.returncode == -ending
    assert wait_until(lambda: not any(map(is_alive, pids(log))))
    running.communicate()


def test_nothing_is_started_for_a_job_without_batches() -> None:
    executor = LocalExecutor(2)
    with executor:
        assert list(executor.map(doubling(), [])) == []
        assert executor._crew._processes == []
    assert DoublerRecipe().open().work([2]) == [4]
