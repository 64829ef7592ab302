"""The builder `video-text`: segments with the frames that are shown in them, and what is set aside, cut and said."""

import json
import os
import shutil
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from barred_video import CUES, number_of, write_barred, write_base
from harness_plugins.video.builder import VideoText, build, leaves, reads
from harness_plugins.video.known import EARLIER
from harness_plugins.video.store import TOKENIZER, VIDEOS, VideoTokens, video_parts
from harness_plugins.video.tokenizer.files import load_tokenizer

from harness.build.rows import SetAside
from harness.errors import InputError
from harness.records import Example, to_json

SETTINGS: Mapping[str, Any] = {"language": "en", "rate": 5, "tokenizer": {"codes": 7}}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("base"))


@pytest.fixture
def films(tmp_path: Path, base: Path) -> Path:
    shutil.copytree(base.parent, tmp_path / "films")
    return tmp_path / "films"


def builder(films: Path, **given: Any) -> VideoText:
    return build(**{"videos": str(films), "folder": str(films.parent / "tokens"), **SETTINGS, **given})


def rows(films: Path, **given: Any) -> tuple[list[Example], dict[str, str], list[str]]:
    """Examples, reasons of what was set aside by id, and notes."""
    made = builder(films, **given)
    found = list(made.examples())
    aside = {row.id: row.reason for row in found if isinstance(row, SetAside)}
    return [row for row in found if isinstance(row, Example)], aside, made.notes()


def numbers(example: Example, folder: Path) -> list[int]:
    """The numbers of the frames that a model is shown, read off what their tokens draw."""
    _, tokens = VideoTokens(folder).of(video_parts(example)[0])
    return [number_of(frame) for frame in load_tokenizer(folder / TOKENIZER).decode(tokens)]


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_segments_hold_their_text_their_span_and_the_frames_shown_in_it(films: Path) -> None:
    examples, aside, notes = rows(films)
    one, two = examples
    assert [example.id for example in examples] == ["films/base.mp4/en/1", "films/base.mp4/en/2"]
    assert [example.messages[0].text for example in examples] == ["A red circle moves.", "A blue square rests."]
    part = video_parts(two)[0]
    assert (part.start, part.end, part.uri) == (2.0, 4.0, str(films / "base.mp4"))
    assert numbers(one, films.parent / "tokens") == list(range(0, 50, 5))
    assert numbers(two, films.parent / "tokens") == list(range(50, 100, 5))
    assert one.kind == "aligned"
    assert one.cluster_id == two.cluster_id == f"video/{part.sha256[:16]}"
    assert two.meta["frames"] == 10
    assert two.meta["cues"] == [{"start": 2.0, "end": 4.0, "line": 6}]
    assert aside == {}
    assert [note for note in notes if not note.startswith("tokenizer ")] == []


def test_cues_are_joined_as_the_limits_say(films: Path) -> None:
    [one], _, _ = rows(films, segment={"words": 20})
    assert one.messages[0].text == "A red circle moves. A blue square rests."
    assert numbers(one, films.parent / "tokens") == list(range(0, 100, 5))


def test_each_broken_file_is_named_and_the_others_come_out_as_without_it(films: Path, base: Path) -> None:
    alone, _, _ = rows(films, folder=str(films.parent / "alone"))
    (films / "empty.mp4").touch()
    (films / "notes.mp4").write_bytes(b"This is not a video.")
    (films / "cut.mp4").write_bytes(base.read_bytes()[: int(0.6 * base.stat().st_size)])
    for name in ("empty", "notes", "cut"):
        (films / f"{name}.srt").write_text(CUES)
    examples, aside, notes = rows(films)
    assert examples == alone
    assert aside == {"films/cut.mp4": "truncated", "films/empty.mp4": "cannot-open", "films/notes.mp4": "cannot-open"}
    assert any("films/cut.mp4 (breaks off: its index (the moov box) is missing)" in note for note in notes)


def test_cues_past_the_end_are_cut_or_set_aside_and_said(films: Path) -> None:
    (films / "base.srt").write_text(
        "1\n00:00:03,000 --> 00:00:06,000\nIt ends here.\n\n2\n00:00:10,000 --> 00:00:12,000\nAfter the end.\n\n"
        "3\n00:00:02,000 --> 00:00:01,000\nBackwards.\n"
    )
    [one], aside, notes = rows(films)
    assert (video_parts(one)[0].start, video_parts(one)[0].end) == (3.0, 4.0)
    assert numbers(one, films.parent / "tokens") == [75, 80, 85, 90, 95]
    assert aside == {"films/base.mp4/en/line-6": "no-picture", "films/base.mp4/en/line-10": "ends-before-start"}
    assert "1 cue cut where the video ends: films/base.mp4 (films/base.srt, line 2: to 6 s of 4.00)" in notes


def test_the_same_file_under_two_names_is_tokenised_once(films: Path, base: Path) -> None:
    shutil.copy(base, films / "copy.mp4")
    (films / "copy.srt").write_text("1\n00:00:01,000 --> 00:00:03,000\nA green square jumps.\n")
    examples, _, notes = rows(films)
    assert [example.id for example in examples] == ["films/base.mp4/en/1", "films/base.mp4/en/2", "films/copy.mp4/en/1"]
    assert len(list((films.parent / "tokens" / VIDEOS).iterdir())) == 1
    assert "films/base.mp4 and films/copy.mp4 are the same file; its tokens are made once" in notes


def test_languages_stand_beside_each_other(films: Path) -> None:
    (films / "base.sv.srt").write_text("1\n00:00:00,000 --> 00:00:02,000\nEn röd cirkel rör sig.\n", encoding="utf-8")
    examples, _, _ = rows(films)
    assert [(example.id, example.language) for example in examples] == [
        ("films/base.mp4/en/1", "en"),
        ("films/base.mp4/en/2", "en"),
        ("films/base.mp4/sv/1", "sv"),
    ]
    only, aside, _ = rows(films, languages=["sv"], language=None)
    assert [example.id for example in only] == ["films/base.mp4/sv/1"]
    assert aside == {"films/base.srt": "other-language"}


def test_captions_that_say_no_language_are_refused_before_decoding(films: Path) -> None:
    with pytest.raises(
        InputError, match=r"base.srt: in which language is it\? Say `language: sv`, or name it so \(films/base.sv.srt\)"
    ):
        list(builder(films, language=None).examples())
    assert not (films.parent / "tokens").exists()


def test_asked_again_it_says_the_same_and_decodes_nothing(films: Path) -> None:
    first = list(map(to_json, builder(films).examples()))
    before = {path: path.stat().st_mtime_ns for path in (films.parent / "tokens").rglob("*")}
    assert list(map(to_json, builder(films).examples())) == first
    assert {path: path.stat().st_mtime_ns for path in (films.parent / "tokens").rglob("*")} == before


@pytest.mark.slow
def test_the_number_of_workers_changes_nothing(films: Path) -> None:
    for number in range(3):
        write_barred(films / f"v{number}.mp4", range(number, 100))
        (films / f"v{number}.srt").write_text(CUES)
    one = list(map(to_json, builder(films).examples()))
    alone = snapshot(films.parent / "tokens")
    shutil.rmtree(films.parent / "tokens")
    assert list(map(to_json, builder(films, workers=4).examples())) == one
    assert snapshot(films.parent / "tokens") == alone


def padded(path: Path, size: int) -> bytes:
    data = path.read_bytes()
    return data + struct.pack(">I4s", size - len(data), b"free") + bytes(size - len(data) - 8)


def test_a_video_that_was_replaced_by_one_of_the_same_size_and_time_is_seen(films: Path, base: Path, tmp_path: Path) -> None:
    other = write_barred(tmp_path / "other.mp4", inverted=True)
    size = max(base.stat().st_size, other.stat().st_size) + 8
    film = films / "base.mp4"
    film.write_bytes(padded(base, size))
    os.utime(film, (1e9, 1e9))
    rows(films)
    film.write_bytes(padded(other, size))
    os.utime(film, (1e9, 1e9))
    examples, _, notes = rows(films)
    assert numbers(examples[0], films.parent / "tokens") == [255 - number for number in range(0, 50, 5)]
    assert notes[0].startswith("the tokenizer was fitted anew")
    assert "films/base.mp4" in notes[0]
    shutil.rmtree(films.parent / "tokens" / EARLIER)
    again = snapshot(films.parent / "tokens")
    shutil.rmtree(films.parent / "tokens")
    assert rows(films)[0] == examples
    assert snapshot(films.parent / "tokens") == again


def test_more_videos_leave_the_tokenizer_as_it_is(films: Path) -> None:
    rows(films)
    before = snapshot(films.parent / "tokens")
    write_barred(films / "more.mp4", range(50, 100))
    (films / "more.srt").write_text(CUES)
    examples, _, notes = rows(films)
    after = snapshot(films.parent / "tokens")
    assert {name: after[name] for name in before if name != "videos.json"} == {
        name: data for name, data in before.items() if name != "videos.json"
    }
    assert [example.id for example in examples[2:]] == ["films/more.mp4/en/1"]
    assert any("was fitted before 1 of the 2 videos came (films/more.mp4" in note for note in notes)


def test_what_it_reads_and_leaves(films: Path) -> None:
    given = {"videos": str(films), "language": "en", "folder": str(films.parent / "tokens")}
    assert sorted(reads(**given)) == [films / "base.mp4", films / "base.srt"]
    assert leaves(**given) == [films.parent / "tokens" / "video.json"]
    rows(films)
    [tokens] = (films.parent / "tokens" / VIDEOS).iterdir()
    assert leaves(**given) == [films.parent / "tokens" / "video.json", tokens]


@pytest.mark.parametrize("given", [{}, {"videos": []}, {"videos": "films", "pairs": "x.jsonl"}])
def test_without_videos_or_with_two_lists_of_them_it_reads_nothing_and_the_build_says_why(given: dict[str, Any]) -> None:
    assert reads(**given) == []
    with pytest.raises(ValueError, match=r"say which videos.*one of the two"):
        build(folder="tokens", **given)


def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text("hej")
    for folder in (file, file / "tokens", file / "a" / "b"):
        with pytest.raises(InputError, match=r"folder: .*text\.txt is a file; give the folder"):
            build(videos="films", folder=str(folder))
    build(videos="films", folder=str(tmp_path / "new" / "tokens"))


def test_nothing_usable_is_refused_with_each_name_and_reason(tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    (films / "empty.mp4").touch()
    (films / "empty.srt").write_text(CUES)
    (films / "other.mp4").touch()
    with pytest.raises(InputError) as caught:
        list(builder(films).examples())
    said = str(caught.value)
    assert "2 set aside" in said
    assert "films/empty.mp4 (is empty" in said
    assert "films/other.mp4 (no file of its name" in said
    assert not (tmp_path / "tokens").exists()


def test_pairs_name_videos_and_cues(films: Path) -> None:
    cues = [{"video": "films/base.mp4", "start": 1, "end": 2, "text": "Ett.", "language": "sv", "cluster": "serie"}]
    pairs = films.parent / "p.jsonl"
    pairs.write_text("".join(json.dumps(cue) + "\n" for cue in cues))
    [one] = build(pairs=str(pairs), folder=str(films.parent / "tokens"), rate=5, tokenizer={"codes": 7}).examples()
    assert isinstance(one, Example)
    assert (one.id, one.cluster_id, one.language) == ("p/films/base.mp4/sv/1", "serie", "sv")
    assert numbers(one, films.parent / "tokens") == [25, 30, 35, 40, 45]


def test_a_saved_tokenizer_is_used_and_its_size_of_frames_kept(films: Path) -> None:
    examples, _, _ = rows(films)
    saved = films.parent / "tokens" / TOKENIZER
    again, _, _ = rows(films, folder=str(films.parent / "second"), tokenizer=str(saved))
    assert again == examples
    part = video_parts(examples[0])[0]
    first, second = (VideoTokens(films.parent / name).of(part)[1] for name in ("tokens", "second"))
    np.testing.assert_array_equal(first, second)
    with pytest.raises(InputError, match=r"fitted on frames 64 wide and 64 high, and the config says"):
        rows(films, folder=str(films.parent / "third"), tokenizer=str(saved), height=96, width=96)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rate": 0}, "rate is a number of frames a second above 0 and at most 240, got 0"),
        ({"rate": float("nan")}, "rate is a number"),
        ({"rate": "fast"}, "got 'fast'"),
        ({"rate": 1000}, "at most 240"),
        ({"rate": True}, "rate is a number"),
        ({"workers": 0}, "workers is a whole number from 1"),
        ({"height": 20}, "do not fill a frame"),
        ({"tokenizer": {"code": 3}}, "unknown key 'code'"),
        ({"encoding": "utf-9"}, "encoding 'utf-9' is not known"),
        ({"segment": {"words": -1}}, "words is a whole number"),
        ({"leave_out": ["noise"]}, "unknown kind 'noise'"),
        ({"pairs": "x.jsonl"}, "one of the two"),
        ({"videos": None}, "say which videos"),
        ({"videos": []}, "say which videos"),
        ({"language": 3}, "language is a name"),
    ],
)
def test_parameters_that_cannot_be_used_are_refused_by_name(tmp_path: Path, given: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        builder(tmp_path / "films", **given)
