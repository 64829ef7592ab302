"""Numbers are read from a finished run only if its tables are what the run wrote."""

from pathlib import Path

import pytest

from harness.errors import InputError
from harness.integrity import check_tables, is_intact
from harness.records import Example
from harness.store import Run, read_manifest

EXAMPLES = [Example(id=name, kind="instruction", language="sv") for name in ("b", "a")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Run.open(tmp_path / "run", config={}, command=("test",)) as run:
        run.write_table("examples", EXAMPLES)
    return tmp_path / "run"


def test_the_tables_of_a_finished_run_are_intact(folder: Path) -> None:
    check_tables(folder, read_manifest(folder))
    assert is_intact(folder / "examples.parquet", read_manifest(folder))


def test_one_changed_byte_is_seen_and_named(folder: Path) -> None:
    path = folder / "examples.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"examples.parquet is not what the run wrote .*run the same command again"):
        check_tables(folder, read_manifest(folder))


def test_a_missing_table_is_named(folder: Path) -> None:
    (folder / "examples.parquet").unlink()
    with pytest.raises(InputError, match=r"examples\.parquet is missing"):
        check_tables(folder, read_manifest(folder))


def test_a_table_is_kept_only_if_it_is_intact(folder: Path) -> None:
    with Run.open(folder, config={}, command=("test",)) as run:
        assert run.keep_table("examples")
    assert read_manifest(folder).counts["examples"] == 2
    (folder / "examples.parquet").write_bytes(b"something else")
    with Run.open(folder, config={}, command=("test",)) as run:
        assert not run.keep_table("examples")
        assert not run.keep_table("scores")
