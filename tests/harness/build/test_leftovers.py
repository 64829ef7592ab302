"""What earlier builds left: counted, deleted whole, and never more than builders wrote."""

from pathlib import Path

from harness.build.leftovers import leftovers, prune

NEEDED, OLD, HALF = "0" * 16, "1" * 16, "2" * 16


def stage(folder: Path, name: str, size: int) -> Path:
    path = folder / "segments" / name
    path.mkdir(parents=True)
    (path / "main-0000.jsonl").write_bytes(b"x" * size)
    (path / "complete.json").write_bytes(b"{}")
    return path


def test_what_is_not_needed_is_counted_and_goes(tmp_path: Path) -> None:
    stage(tmp_path, NEEDED, 10)
    stage(tmp_path, OLD, 100)
    found = leftovers(tmp_path, [NEEDED])
    assert [path.name for path in found.folders] == [OLD]
    assert found.bytes == 102
    prune(found)
    assert [path.name for path in (tmp_path / "segments").iterdir()] == [NEEDED]
    assert leftovers(tmp_path, [NEEDED]).bytes == 0


def test_what_a_kill_left_of_a_deletion_goes_with_the_next(tmp_path: Path) -> None:
    half = stage(tmp_path, f"going-{HALF}", 5)
    (half / "complete.json").unlink()
    found = leftovers(tmp_path, [HALF])  # the stage is needed again, what is left of it is no stage
    assert [path.name for path in found.folders] == [f"going-{HALF}"]
    prune(found)
    assert list((tmp_path / "segments").iterdir()) == []


def test_what_a_kill_left_is_no_hindrance_where_the_stage_was_built_again(tmp_path: Path) -> None:
    stage(tmp_path, f"going-{OLD}", 5)
    stage(tmp_path, OLD, 10)
    prune(leftovers(tmp_path, []))
    assert list((tmp_path / "segments").iterdir()) == []


def test_what_no_builder_wrote_stays(tmp_path: Path) -> None:
    own = stage(tmp_path, OLD, 1)
    (own / "notes.txt").write_text("mine", encoding="utf-8")
    stage(tmp_path, "my-folder", 1)
    outside = stage(tmp_path / "elsewhere", OLD, 1)
    (tmp_path / "segments" / HALF).symlink_to(outside)
    assert leftovers(tmp_path, []).folders == ()
    assert leftovers(tmp_path / "nothing", []).folders == ()
