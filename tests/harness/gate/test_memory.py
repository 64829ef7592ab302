"""Peak memory of a piece of work."""

import sys
from pathlib import Path

import pytest

from harness.gate.memory import peak_of

MIB = 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of a part of a process's life")
def test_the_peak_is_what_was_held_at_most_and_not_what_is_left() -> None:
    def work() -> None:
        held = bytearray(64 * MIB)
        held[::1024] = b"x" * len(held[::1024])

    earlier = bytearray(256 * MIB)
    earlier[::1024] = b"x" * len(earlier[::1024])
    del earlier  # a higher peak before is not this work's
    peak = peak_of(work)
    assert peak is not None
    assert 60 * MIB <= peak <= 80 * MIB


def test_where_the_system_does_not_tell_the_work_is_done_all_the_same(tmp_path: Path) -> None:
    done: list[int] = []
    assert peak_of(lambda: done.append(1), proc=tmp_path / "none") is None
    (tmp_path / "clear_refs").touch()
    (tmp_path / "status").write_text("Name:\tpython\nVmRSS:\t 2048 kB\n")
    assert peak_of(lambda: done.append(2), proc=tmp_path) is None
    assert done == [1, 2]


def test_the_peak_is_read_from_the_process_status(tmp_path: Path) -> None:
    (tmp_path / "status").write_text("VmHWM:\t 5120 kB\nVmRSS:\t 2048 kB\n")
    assert peak_of(lambda: None, proc=tmp_path) == 3 * MIB
    assert (tmp_path / "clear_refs").read_text() == "5"
