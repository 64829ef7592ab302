"""Segments survive kills, torn lines, damage and full disks, and say what they dropped."""

import resource
from pathlib import Path

import pytest

from harness import segments
from harness.errors import InputError
from harness.records import Score, to_json
from harness.segments import Segments


def scores(*numbers: int) -> list[Score]:
    return [Score(targets=(f"ö{i}",), metric="chrf|v:1", value=i / 3) for i in numbers]


def test_what_is_appended_is_read_back_in_order_also_by_the_next_process(tmp_path: Path) -> None:
    first = Segments(tmp_path / "stage")
    first.append(scores(3, 1))
    first.append(scores(2))
    assert list(Segments(tmp_path / "stage").read(Score)) == scores(3, 1, 2)
    assert [path.name for path in (tmp_path / "stage").iterdir()] == ["main-0.jsonl"]


def test_a_stage_that_never_ran_holds_nothing_and_makes_no_folder(tmp_path: Path) -> None:
    stage = Segments(tmp_path / "stage")
    stage.append([])
    assert list(stage.read(Score)) == []
    assert not (tmp_path / "stage").exists()


def test_cut_at_any_byte_the_whole_lines_survive_and_the_torn_one_is_told(tmp_path: Path) -> None:
    lines = [to_json(score) + b"\n" for score in scores(1, 2, 3)]
    data = b"".join(lines)
    ends = [0, len(lines[0]), len(lines[0] + lines[1]), len(data)]
    for size in range(len(data) + 1):
        folder = tmp_path / str(size)
        folder.mkdir()
        (folder / "main-0.jsonl").write_bytes(data[:size])
        whole = sum(end <= size for end in ends[1:])
        stage = Segments(folder)
        assert list(stage.read(Score)) == scores(1, 2, 3)[:whole]
        torn = size - ends[whole]
        assert [f"({torn} bytes without a line end)" in notice for notice in stage.notices] == ([True] if torn else [])
        stage.append(scores(9))
        assert list(Segments(folder).read(Score)) == [*scores(1, 2, 3)[:whole], *scores(9)]


def test_a_torn_line_longer_than_a_read_is_cut_whole(tmp_path: Path) -> None:
    Segments(tmp_path).append(scores(1))
    with (tmp_path / "main-0.jsonl").open("ab") as file:
        file.write(b'{"targets":["' + b"x" * 200_000)
    stage = Segments(tmp_path)
    assert "main-0.jsonl: the last line was torn (200013 bytes" in stage.notices[0]
    assert list(stage.read(Score)) == scores(1)


@pytest.mark.parametrize(
    "damage", [b'{"targets":["a"]}', b"", b"\x00\x00\x00", b'{"targets":["\xff"],"metric":"m"}', b'{"targets":']
)
def test_a_corrupt_line_is_an_error_that_names_file_and_line(tmp_path: Path, damage: bytes) -> None:
    lines = [to_json(score) for score in scores(1, 2, 3)]
    lines[1] = damage
    (tmp_path / "main-0.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(InputError, match=r"main-0\.jsonl, line 2: not a Score .*delete the line"):
        list(Segments(tmp_path).read(Score))


def test_each_writer_has_its_own_files_and_all_are_read(tmp_path: Path) -> None:
    Segments(tmp_path, writer="w1").append(scores(1))
    Segments(tmp_path, writer="w0").append(scores(2))
    Segments(tmp_path, writer="w1").append(scores(3))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["w0-0.jsonl", "w1-0.jsonl"]
    assert list(Segments(tmp_path).read(Score)) == scores(2, 1, 3)


def test_a_full_segment_is_followed_by_the_next_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 10)
    stage = Segments(tmp_path)
    for number in range(11):
        stage.append(scores(number))
    assert (tmp_path / "main-10.jsonl").exists()
    assert list(stage.read(Score)) == scores(*range(11))


def test_a_write_that_fails_leaves_nothing_of_its_batch(tmp_path: Path) -> None:
    stage = Segments(tmp_path)
    stage.append(scores(1, 2))
    size = (tmp_path / "main-0.jsonl").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (size + 100, hard)
    )  # the system writes 100 bytes more, then says that the disk is full
    try:
        with pytest.raises(OSError, match="File too large"):
            stage.append(scores(*range(50)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "main-0.jsonl").stat().st_size == size
    stage.append(scores(3))
    assert list(Segments(tmp_path).read(Score)) == scores(1, 2, 3)
