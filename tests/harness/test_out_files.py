"""A file that a user names is written, unless something would be lost."""

import os
import stat
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.out_files import check_not_of_run, is_stream, write_out


def never(path: Path) -> bool:
    return False


def test_a_new_or_empty_file_is_written_and_another_only_where_it_may_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.md"
    write_out(path, b"one", never)
    with pytest.raises(InputError, match="is there already and is no report; name another file"):
        write_out(path, b"two", never)
    assert path.read_bytes() == b"one"
    write_out(path, b"two", lambda _: True)
    assert path.read_bytes() == b"two"
    (tmp_path / "empty").touch()
    write_out(tmp_path / "empty", b"three", never)
    assert (tmp_path / "empty").read_bytes() == b"three"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").touch()
    (tmp_path / "link").symlink_to("real")
    write_out(tmp_path / "link", b"x", never)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"x"


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_out(pipe, b"report", never)
        assert os.read(reader, 100) == b"report"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert sorted(tmp_path.iterdir()) == [pipe]


def test_a_device_that_is_full_is_an_error_and_stays_a_device() -> None:
    full = Path("/dev/full")
    if not full.is_char_device():
        pytest.skip("there is no /dev/full here")
    with pytest.raises(OSError, match="No space left"):
        write_out(full, b"x", never)
    assert full.is_char_device()


def test_standard_output_is_a_stream_even_where_the_shell_made_it_a_file(tmp_path: Path) -> None:
    assert is_stream(Path("/dev/stdout"))
    assert not is_stream(tmp_path / "new")
    assert not is_stream(tmp_path)


@pytest.mark.parametrize(
    "name", ["manifest.json", "config.yaml", "meta.parquet", "judgments.parquet", ".lock", "segments/ab12/main-0.jsonl"]
)
def test_a_runs_own_files_are_refused_there_or_not(tmp_path: Path, name: str) -> None:
    check_not_of_run(tmp_path / name)
    (tmp_path / ".lock").touch()
    with pytest.raises(InputError, match="is part of a run"):
        check_not_of_run(tmp_path / name)
    (tmp_path / "link").symlink_to(tmp_path / name)
    with pytest.raises(InputError, match="is part of a run"):
        check_not_of_run(tmp_path / "link")
    check_not_of_run(tmp_path / "table.csv")
