"""Killed while it generates, a run goes on: every example once, the same table, at most the answers in flight asked again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from harness.records import Output
from harness.store import read_table, table_path

PROCESS = Path(__file__).with_name("generating_process.py")


def start(folder: Path, asked: Path, seconds: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(PROCESS), str(folder), str(asked), str(seconds)])


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def kill_at(process: subprocess.Popen[bytes], asked: Path, count: int) -> None:
    until = time.monotonic() + 120
    while len(lines(asked)) < count and process.poll() is None and time.monotonic() < until:
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def test_what_was_answered_before_a_kill_is_not_asked_again(tmp_path: Path) -> None:
    whole, killed = tmp_path / "a" / "run", tmp_path / "b" / "run"
    for folder in (whole, killed):
        folder.parent.mkdir()
    assert start(whole, tmp_path / "asked-whole", 0.0).wait() == 0
    asked = [tmp_path / f"asked-{session}" for session in range(3)]
    kill_at(start(killed, asked[0], 0.05), asked[0], 7)
    kill_at(start(killed, asked[1], 0.05), asked[1], 5)
    assert start(killed, asked[2], 0.0).wait() == 0
    again = [len(set(lines(asked[0])) & set(lines(asked[1]))), len(set(lines(asked[1])) & set(lines(asked[2])))]
    assert max(again) <= 2  # the one in flight, and the one whose end nothing had told yet
    assert set(lines(asked[0])) | set(lines(asked[1])) | set(lines(asked[2])) == set(lines(tmp_path / "asked-whole"))
    found, wanted = (list(read_table(table_path(folder, "outputs"), Output)) for folder in (killed, whole))
    assert found == wanted
    assert len(found) == 48
