"""Data of tasks: files that a task names are found where it would find them, and what it pins itself is not read."""

from pathlib import Path
from typing import Any

import pytest

from harness.cache import Cache
from harness.leaderboard.task_data import data_digest, lacking_data


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "home"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "tasks" / "rows").mkdir(parents=True)
    for name in ("a.jsonl", "rows/b.jsonl"):
        (tmp_path / "tasks" / name).write_text("{}\n")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "c.jsonl").write_text("{}\n")
    return tmp_path / "tasks"


def digest(folder: Path, path: str | None = None, **kwargs: Any) -> str | None:
    with Cache(folder.parent / "cache") as cache:
        found = data_digest({"dataset_path": path, "dataset_kwargs": kwargs}, folder, cache)
    assert found == data_digest({"dataset_path": path, "dataset_kwargs": kwargs}, folder, None)
    return found


@pytest.mark.parametrize(
    ("content", "file"),
    [
        ({"path": "json", "data_files": {"test": "a.jsonl"}}, "tasks/a.jsonl"),
        ({"path": "json", "data_files": {"train": ["x.jsonl", "a.jsonl"]}}, "tasks/a.jsonl"),
        ({"path": "json", "data_files": "rows/*.jsonl"}, "tasks/rows/b.jsonl"),
        ({"path": "json", "data_dir": "rows"}, "tasks/rows/b.jsonl"),
        ({"path": "rows"}, "tasks/rows/b.jsonl"),
        ({"file": "c.jsonl"}, "home/c.jsonl"),
        ({"file": "c.jsonl", "other": "a.jsonl", "sha256": "0" * 64}, "tasks/a.jsonl"),
    ],
)
def test_changed_content_of_a_named_file_is_other_data(folder: Path, content: dict[str, Any], file: str) -> None:
    before = digest(folder, **content)
    assert before is not None
    (folder.parent / file).write_text('{"a": 1}\n')
    assert digest(folder, **content) not in (before, None)


@pytest.mark.parametrize(
    "content",
    [
        {"path": "org/name"},
        {"path": "json", "data_files": "https://example.org/a.jsonl"},
        {"file": "c.jsonl", "sha256": "0" * 64},
        {"file": ["c.jsonl"], "sha256": ["0" * 64]},
        {"file": "c.jsonl", "sha256": "0" * 64, "other": "c.jsonl", "other_sha256": "0" * 64},
        {"note": "x" * 5000, "none": "\0", "empty": ""},
    ],
)
def test_pinned_and_distant_data_are_not_read(folder: Path, content: dict[str, Any]) -> None:
    assert digest(folder, **content) is None


def test_the_same_file_is_the_same_data_from_any_directory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest(folder, "json", data_files="a.jsonl")
    monkeypatch.chdir(folder)
    assert digest(folder, "json", data_files="a.jsonl") == before


def test_data_that_a_task_lacks_are_named_with_how_to_get_them(folder: Path) -> None:
    def lacking(**kwargs: Any) -> str | None:
        return lacking_data({"dataset_kwargs": kwargs})

    assert lacking(file="c.jsonl", get="letters") is None
    home = folder.parent / "home"
    wanted = (
        f"needs {home}/d.jsonl, which is absent: run `harness data get letters`, or set HARNESS_DATA to a folder that holds it"
    )
    assert lacking(file=["c.jsonl", "d.jsonl"], get="letters") == wanted
    assert lacking(file="c.jsonl", other="d.jsonl", get="letters") == wanted
    assert lacking(file="d.jsonl") is None  # somebody else's way of getting data
    assert lacking_data(None) is None
