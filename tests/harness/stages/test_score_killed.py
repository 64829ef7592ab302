"""Killed at random points, scoring goes on: every row once, the same bytes, at most the batch in flight scored again."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.records import Score
from harness.store import TABLES, arrow_table, read_manifest, read_table

PROCESS = Path(__file__).with_name("scoring_process.py")
BATCH = 16


def start(folder: Path, session: int, seconds: float, source: str, home: Path | None) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONHASHSEED": str(session + 1), "OMP_NUM_THREADS": "1"}
    if home is not None:
        environment["HARNESS_DATA"] = str(home)
    command = [sys.executable, str(PROCESS), str(folder), str(asked_file(folder, session)), str(seconds), source]
    return subprocess.Popen(command, env=environment)


def asked_file(folder: Path, session: int) -> Path:
    return folder.parent / f"{folder.name}-asked-{session}"


def asked(folder: Path, session: int) -> list[str]:
    """The units that the metric was asked about in that session; a kill may have cut the last line."""
    file = asked_file(folder, session)
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def kill_after(process: subprocess.Popen[bytes], folder: Path, session: int, units: int, seconds: float) -> None:
    """SIGKILL when so many units have been asked about, and so many seconds have passed since."""
    while len(asked(folder, session)) < units and process.poll() is None:
        time.sleep(0.001)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()


def check_kills(tmp_path: Path, kills: int, late_kills: int, seconds: float, source: str, home: Path | None = None) -> None:
    whole = tmp_path / "whole"
    assert start(whole, 0, 0.0, source, home).wait() == 0
    units = set(asked(whole, 0))

    folder, draw = tmp_path / "killed", random.Random(kills)
    for session in range(kills):
        process = start(folder, session, seconds, source, home)
        kill_after(process, folder, session, draw.randint(1, 2 * len(units) // (3 * kills)), draw.uniform(0, 3 * BATCH * seconds))
        assert process.returncode == -signal.SIGKILL, "it was to be killed while it scored"
        assert read_manifest(folder).status == "running"
    assert start(folder, kills, 0.0, source, home).wait() == 0
    for session in range(kills + 1, kills + 1 + late_kills):  # these fall on start-up, on reading, and on writing the tables
        process = start(folder, session, 0.0, source, home)
        time.sleep(draw.uniform(0.05, 0.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert asked(folder, session) == []
    assert start(folder, 99, 0.0, source, home).wait() == 0
    assert asked(folder, 99) == []

    done: set[str] = set()
    for session in range(kills + 1):
        new = set(asked(folder, session))
        assert len(new & done) <= BATCH, f"session {session} scored {len(new & done)} units again"
        done |= new
    assert units <= done  # a cut last line may stand beside them
    rows = [(score.targets, score.component) for score in read_table(folder / TABLES["scores"].file, Score)]
    assert len(rows) == len(set(rows)) == 3 * arrow_table(folder / TABLES["outputs"].file).num_rows
    for table in ("examples", "outputs", "judgments", "scores"):
        assert (folder / TABLES[table].file).read_bytes() == (whole / TABLES[table].file).read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in whole.iterdir())
    manifest = read_manifest(folder)
    assert manifest.status == "done"
    assert (manifest.counts["units_scored"], manifest.counts["units_reused"]) == (0, len(units))


def test_scoring_killed_three_times_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    check_kills(tmp_path, kills=3, late_kills=1, seconds=0.001, source="80")


@pytest.mark.slow
def test_scoring_killed_ten_times_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    check_kills(tmp_path, kills=10, late_kills=5, seconds=0.002, source="192")


@pytest.mark.slow
def test_scoring_the_swedish_ratings_killed_four_times_ends_as_if_it_had_not_been(tmp_path: Path, shared_data: Path) -> None:
    check_kills(tmp_path, kills=4, late_kills=2, seconds=0.002, source="gec-sv", home=shared_data)
