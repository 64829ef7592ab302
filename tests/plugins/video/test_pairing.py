import json
import os
import unicodedata
from pathlib import Path

import pytest
from harness_plugins.video.pair_files import read_pairs
from harness_plugins.video.pairing import Pairs, pairs_of

from harness.errors import InputError


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def told(found: Pairs) -> dict[str, list[tuple[str | None, str]]]:
    return {pair.name: [(track.language, track.name) for track in pair.tracks] for pair in found.pairs}


def reasons(found: Pairs) -> dict[str, str]:
    return {row.id: row.reason for row in found.aside}


def test_captions_belong_to_the_video_of_their_name_and_language(tmp_path: Path) -> None:
    films = touch(tmp_path / "films", "a.mp4", "a.srt", "b.mkv", "b.sv.srt", "b.en-GB.vtt", "sub/c.webm", "sub/c.webm.jsonl")
    assert told(pairs_of([films], None, "sv")) == {
        "films/a.mp4": [("sv", "films/a.srt")],
        "films/b.mkv": [("en-GB", "films/b.en-GB.vtt"), ("sv", "films/b.sv.srt")],
        "films/sub/c.webm": [("sv", "films/sub/c.webm.jsonl")],
    }


def test_what_belongs_to_nothing_is_named_with_its_reason(tmp_path: Path) -> None:
    films = touch(
        tmp_path / "films",
        "a.mp4",
        "b.srt",
        "c.mp4",
        "c.sub",
        "d.mp4",
        "d.srt",
        "d.vtt",
        "g.mp4",
        "g.srt",
        "g.remark.srt",
        "x.txt",
    )
    found = pairs_of([films], None, "sv")
    assert set(told(found)) == {"films/d.mp4", "films/g.mp4"}
    assert reasons(found) == {
        "films/a.mp4": "no-captions",
        "films/b.srt": "captions-without-video",
        "films/c.mp4": "no-captions",
        "films/d.vtt": "captions-not-used",
        "films/g.remark.srt": "captions-without-video",
    }
    details = {row.id: row.detail or "" for row in found.aside}
    assert "c.sub is of a kind that is not read" in details["films/c.mp4"]
    assert "films/d.srt is of the same video" in details["films/d.vtt"]
    assert "'remark'" in details["films/g.remark.srt"]
    assert "x.txt" in found.notes[0]


def test_the_longest_name_wins_and_composed_letters_equal_decomposed_ones(tmp_path: Path) -> None:
    name = unicodedata.normalize("NFC", "år")
    films = touch(tmp_path / "films", "f.mp4", "f.sv.mp4", "f.sv.srt", f"{name}.mp4", unicodedata.normalize("NFD", f"{name}.srt"))
    found = told(pairs_of([films], None, "sv"))
    assert set(found) == {"films/f.sv.mp4", f"films/{name}.mp4"}


def test_only_languages_that_are_asked_for_are_used(tmp_path: Path) -> None:
    films = touch(tmp_path / "films", "a.mp4", "a.sv.srt", "a.en.srt", "b.mp4", "b.en.srt")
    found = pairs_of([films], None, None, ["sv"])
    assert told(found) == {"films/a.mp4": [("sv", "films/a.sv.srt")]}
    assert reasons(found) == {
        "films/a.en.srt": "other-language",
        "films/b.en.srt": "other-language",
        "films/b.mp4": "no-captions",
    }


def test_full_captions_come_before_forced_ones(tmp_path: Path) -> None:
    films = touch(tmp_path / "films", "a.mp4", "a.sv.forced.srt", "a.sv.vtt")
    assert told(pairs_of([films], None, None)) == {"films/a.mp4": [("sv", "films/a.sv.vtt")]}


def test_links_are_followed_once_and_dead_ones_named(tmp_path: Path) -> None:
    films = touch(tmp_path / "films", "link.srt", "dead.srt", "film.mp4/x.mp4", "film.mp4/x.srt")
    touch(tmp_path, "elsewhere.mp4")
    (films / "link.mp4").symlink_to(tmp_path / "elsewhere.mp4")
    (films / "dead.mp4").symlink_to(tmp_path / "nowhere.mp4")
    (films / "loop").symlink_to(films)
    found = pairs_of([films], None, "sv")
    assert set(told(found)) == {"films/link.mp4", "films/film.mp4/x.mp4"}
    assert reasons(found) == {"films/dead.mp4": "cannot-open"}


def test_a_file_given_by_itself_is_a_video_whatever_its_name(tmp_path: Path) -> None:
    films = touch(tmp_path / "films", "a.bin", "a.srt", "other.srt")
    found = pairs_of([films / "a.bin"], None, "sv")
    assert told(found) == {"films/a.bin": [("sv", "films/a.srt")]}
    assert not found.aside  # the folder was not asked for
    assert told(pairs_of([films], None, "sv")) == told(found)  # its captions say that it is one
    assert told(pairs_of([str(films / "*.bin")], None, "sv")) == told(found)


def test_captions_may_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    films = touch(tmp_path / "films", "a/x.mp4", "b/x.mp4", "c/y.mp4")
    texts = touch(tmp_path / "texts", "a/x.srt", "b/x.srt", "y.srt")
    assert told(pairs_of([films], texts, "sv")) == {
        "films/a/x.mp4": [("sv", "texts/a/x.srt")],
        "films/b/x.mp4": [("sv", "texts/b/x.srt")],
        "films/c/y.mp4": [("sv", "texts/y.srt")],
    }
    with pytest.raises(InputError, match=r"is one file, and there are 3 videos"):
        pairs_of([films], texts / "y.srt", "sv")
    assert told(pairs_of([films / "c" / "y.mp4"], texts / "a" / "x.srt", "sv")) == {"c/y.mp4": [("sv", "x.srt")]}


def test_nothing_to_pair_is_an_error_that_says_where(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: there is no such file or folder"):
        pairs_of([tmp_path / "nowhere"], None, "sv")
    with pytest.raises(InputError, match=r"no video in it \(1 other files: x.txt"):
        pairs_of([touch(tmp_path / "films", "x.txt")], None, "sv")
    with pytest.raises(InputError, match=r"no file or folder fits this pattern"):
        pairs_of([str(tmp_path / "*.mp4")], None, "sv")
    touch(tmp_path, "1/f/a.mp4", "2/f/a.mp4")
    with pytest.raises(InputError, match=r"would both be named f/a.mp4"):
        pairs_of([tmp_path / "1" / "f", tmp_path / "2" / "f"], None, "sv")


def test_a_name_that_is_no_unicode_becomes_a_text(tmp_path: Path) -> None:
    films = touch(tmp_path / "films", "a.mp4", "a.srt")
    os.rename(films / "a.mp4", bytes(films) + b"/b\xff.mp4")
    found = pairs_of([films], None, "sv")
    assert {row.id: row.reason for row in found.aside}["films/b\ufffd.mp4"] == "no-captions"


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_file_of_pairs_names_captions_or_cues(tmp_path: Path) -> None:
    file = write(
        tmp_path / "pairs.jsonl",
        {"video": "v/a.mp4", "captions": "t/ett.srt", "cluster": "serie 1"},
        {"video": "v/b.mp4", "start": 2, "end": 3, "text": "Två.", "language": "sv"},
        {"video": "v/b.mp4", "start": 0, "end": 1, "text": "Ett.", "language": "sv"},
        {"video": "v/b.mp4", "start": 5, "end": 4, "text": "Bakåt.", "language": "sv"},
    )
    a, b = read_pairs(file, "en").pairs
    assert (a.name, a.video, a.cluster) == ("pairs/v/a.mp4", tmp_path / "v/a.mp4", "serie 1")
    assert [(track.language, track.path) for track in a.tracks] == [("en", tmp_path / "t/ett.srt")]
    [track] = b.tracks
    assert track.cues is not None
    assert [(cue.text, cue.line) for cue in track.cues.cues] == [("Ett.", 3), ("Två.", 2)]
    assert [(problem.line, problem.reason) for problem in track.cues.problems] == [(4, "ends-before-start")]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"vidoe": "a"}, r"line 1: unknown key 'vidoe'. Did you mean 'video'"),
        ({"captions": "a.srt"}, r"line 1: video is a path"),
        ({"video": "a", "captions": "a.srt", "text": "x"}, r"not both"),
        ({"video": "a", "language": "på svenska"}, r"no language tag"),
        ([1], r"expected an object"),
    ],
)
def test_a_wrong_row_of_pairs_is_named(tmp_path: Path, row: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_pairs(write(tmp_path / "pairs.jsonl", row), "sv")


def test_captions_in_a_folder_of_their_own_that_fit_several_videos_are_named(tmp_path: Path) -> None:
    films = touch(tmp_path / "films", "a/x.mp4", "b/x.mp4", "y.mp4", "c/z.mp4")
    texts = touch(tmp_path / "texts", "x.srt", "y.srt", "z.srt")
    found = pairs_of([films], texts, "sv")
    assert set(told(found)) == {"films/y.mp4", "films/c/z.mp4"}
    details = {row.id: row.detail for row in found.aside}
    assert details["texts/x.srt"] == "2 videos have its name, and none of them lies in the same folder"


def test_captions_beside_other_videos_are_not_taken(tmp_path: Path) -> None:
    films = touch(tmp_path / "films", "a/x.mp4", "b/x.srt", "b/y.mp4", "b/y.srt")
    found = pairs_of([films], None, "sv")
    assert set(told(found)) == {"films/b/y.mp4"}
    assert reasons(found) == {"films/b/x.srt": "captions-without-video", "films/a/x.mp4": "no-captions"}
