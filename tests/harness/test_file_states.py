"""A file is the same if its times say so, or its sha256; anything else is a change."""

import os
import shutil
import time
from pathlib import Path

import pytest

from harness.file_states import MOST, TooManyError, file_state, list_files, named_files, same, same_file, states, with_digests

YEAR = 365 * 86_400.0


def written(path: Path, text: str, age: float = YEAR) -> Path:
    path.write_text(text, encoding="utf-8")
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_a_file_that_nobody_touched_is_known_by_its_times_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a", "content")
    monkeypatch.setattr("harness.file_states.file_digest", lambda path: pytest.fail("it was read"))
    state = file_state(path, time.time() + YEAR)  # looked at long after it was changed
    assert state is not None
    assert (state.size, state.sure, state.sha256) == (7, True, None)
    assert same_file(path, state)


def test_a_file_changed_shortly_before_it_was_looked_at_is_read_again_each_time(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("one", encoding="utf-8")
    state = file_state(path, time.time())
    assert state is not None
    assert not state.sure
    found = path.stat()
    path.write_text("two", encoding="utf-8")  # within the same tick of the file system's clock, for all that its times say
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert not same_file(path, state)
    path.write_text("one", encoding="utf-8")
    assert same_file(path, state)


def test_other_content_of_the_same_size_and_time_of_change_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path / "a", "old content")
    later = time.time() + YEAR
    then = with_digests(states([path]))
    state = file_state(path, later)
    found = path.stat()
    path.write_text("new content", encoding="utf-8")
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))  # the time of the inode's change cannot be set back
    assert not same_file(path, state)
    assert not same(then)


def test_a_copy_a_touch_and_a_restored_backup_are_still_the_same_file(tmp_path: Path) -> None:
    path = written(tmp_path / "a", "content")
    then = with_digests(states([path]))
    shutil.copy(path, tmp_path / "copy")
    os.replace(tmp_path / "copy", path)
    assert same(then)
    written(path, "content", age=0)
    assert same(then)
    written(path, "contents")
    assert not same(then)


def test_a_file_that_appears_or_goes_is_a_change(tmp_path: Path) -> None:
    path, folder = written(tmp_path / "a", "x"), tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    written(folder / "below" / "b", "y")
    then = states([path, folder, tmp_path / "absent"])
    assert then.files[str(tmp_path / "absent")] is None
    assert then.folders == {str(folder): ["below/b"]}
    assert same(then)
    written(tmp_path / "absent", "z")
    assert not same(then)
    (tmp_path / "absent").unlink()
    written(folder / "c", "z")
    assert not same(then)
    (folder / "c").unlink()
    assert same(then)
    path.unlink()
    assert not same(then)


def test_a_device_and_an_endless_folder_have_no_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match="no regular file"):
        states([Path("/dev/zero")])
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file"):
        states([tmp_path])
    monkeypatch.setattr("harness.file_states.MOST", 0)
    assert MOST == 20_000
    with pytest.raises(TooManyError):
        list_files(tmp_path)


def test_named_files_are_all_texts_among_the_parameters() -> None:
    assert named_files(path="a.csv", columns={"text": "answer"}, scale=[1, 5], raters=["b"], empty="", flag=True) == [
        Path("a.csv"), Path("answer"), Path("b")
    ]  # fmt: skip
    assert named_files(path=Path("~/x")) == [Path.home() / "x"]
