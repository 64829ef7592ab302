"""What is acknowledged is on disk: a process that writes is killed, and two processes write at once."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rating_study import write_study

from harness.annotate.store import open_store
from harness.annotate.study_file import load_study

SCRIPT = Path(__file__).with_name("writing_process.py")


def start(study: Path, database: str, pseudonym: str, delay: float = 0.0) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), str(study), database, pseudonym, str(delay)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_kill_at_any_time_loses_nothing_that_was_acknowledged_and_stores_nothing_twice(tmp_path: Path, database: str) -> None:
    study = write_study(tmp_path, items=12)
    store = open_store(load_study(study), database)
    total = store.progress(store.rater("anna")).main_total + 1
    acknowledged: list[int] = []
    kills = 0
    while "done" not in (lines := run_until(study, database, stop_after=8 + 4 * kills)):
        acknowledged += [int(line) for line in lines if line.isdigit()]
        kills += 1
        stored = [answer.position for answer in store.last_answers()]
        assert stored == sorted(set(stored))
        assert set(acknowledged) <= set(stored)
        assert len(stored) <= len(acknowledged) + kills  # at most the one that was under way at each kill
        assert stored == list(range(1, len(stored) + 1))
    assert kills >= 2
    answers = store.last_answers()
    assert [answer.position for answer in answers] == list(range(1, total + 1))
    assert {answer.revision for answer in answers} == {1}
    assert all(set(answer.answers.values()) == {1 + answer.position % 3} for answer in answers)


def run_until(study: Path, database: str, stop_after: int) -> list[str]:
    """The lines of a writer that is killed after so many of them, in the middle of whatever it does then."""
    process = start(study, database, "anna")
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.strip())
        if len(lines) == stop_after:
            process.send_signal(signal.SIGKILL)
            break
    rest = process.stdout.read().split()
    process.stdout.close()
    process.wait()
    return lines + rest


def test_two_processes_write_at_once(tmp_path: Path, database: str) -> None:
    study = write_study(tmp_path, items=8)
    store = open_store(load_study(study), database)
    processes = [start(study, database, pseudonym) for pseudonym in ("anna", "bo")]
    for process in processes:
        out, _ = process.communicate(timeout=60)
        assert out.split()[-1] == "done"
    for pseudonym in ("anna", "bo"):
        rater = store.rater(pseudonym)
        assert store.progress(rater).finished
        own = [answer for answer in store.last_answers() if answer.rater_id == rater.id]
        assert [answer.revision for answer in own] == [1] * (8 * 2 + 1)


def test_two_processes_that_make_a_study_at_once_make_one(tmp_path: Path, database: str) -> None:
    study = write_study(tmp_path, items=3)
    processes = [start(study, database, pseudonym) for pseudonym in ("anna", "bo", "cia")]
    for process in processes:
        out, _ = process.communicate(timeout=60)
        assert out.split()[-1] == "done"
    store = open_store(load_study(study), database)
    assert [rater.number for rater in store.raters()] == [0, 1, 2]
    assert all(store.progress(rater).finished for rater in store.raters())


@pytest.mark.parametrize("pragma", [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)])
def test_sqlite_writes_ahead_and_waits_for_the_disk(tmp_path: Path, pragma: tuple[str, object]) -> None:
    store = open_store(load_study(write_study(tmp_path)), str(tmp_path / "study.sqlite"))
    with store._database.reading() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma[0]}").scalar_one() == pragma[1]
