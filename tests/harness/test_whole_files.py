"""Files are read and written whole."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.whole_files import read_file, replace_file

WRITER = """
import sys
from pathlib import Path
from harness.whole_files import replace_file
for number in range(60):
    replace_file(Path(sys.argv[1]), sys.argv[2].encode() * 20_000)
"""


def test_two_processes_that_write_one_file_leave_one_of_the_two_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), letter]) for letter in "abc"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            data = path.read_bytes()
            assert len(data) == 20_000
            seen.add(data[:1])
            assert data == data[:1] * 20_000
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert seen
    assert os.listdir(tmp_path) == ["report.html"]


def test_what_a_killed_process_left_beside_a_file_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.tmp").write_bytes(b"half of something longer")
    replace_file(tmp_path / "a", b"new")
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_file(tmp_path / "a", b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("harness.whole_files.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(tmp_path / "a", b"new")
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_device_without_an_end_is_refused_and_a_pipe_is_read(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="device"):
        read_file(Path("/dev/zero"))
    code = "import sys; from pathlib import Path; from harness.whole_files import read_file; print(read_file(Path('/dev/stdin')))"
    done = subprocess.run([sys.executable, "-c", code], input="a,b\n", capture_output=True, text=True, check=True)
    assert done.stdout == "b'a,b\\n'\n"
