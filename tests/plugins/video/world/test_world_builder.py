"""The builder `shapes`: examples, files, going on, and what is refused."""

import csv
import hashlib
import inspect
import json
import time

import numpy as np
import pytest
from click.testing import CliRunner
from harness_plugins.video.store import VideoTokens, aligned_text, video_parts
from harness_plugins.video.world.builder import build, leaves, reads
from harness_plugins.video.world.settings import World

from harness.errors import InputError

pytest.importorskip("av")
SMALL = {"frames": 4, "rate": 4, "height": 32, "width": 32}
PATCHES = {"kind": "patches", "size": 8, "codes": 8, "seed": 0}


def made(folder, clips=6, **given):
    return list(build(folder=str(folder), clips=clips, **{**SMALL, **given}).examples())


def test_examples(tmp_path):
    examples = made(tmp_path / "w")
    assert [one.id for one in examples[:3]] == ["shapes/000000-sv", "shapes/000000-en", "shapes/000001-sv"]
    for swedish, english in zip(examples[::2], examples[1::2], strict=True):
        assert swedish.parallel_id == english.parallel_id == swedish.cluster_id == english.cluster_id
        assert (swedish.language, english.language) == ("sv", "en")
        assert swedish.meta["truth"] == english.meta["truth"]
        assert swedish.split == english.split
        (part,) = video_parts(swedish)
        assert video_parts(english) == [part]
        assert (part.start, part.end) == (0.0, 1.0)
        with open(part.uri, "rb") as file:
            assert part.sha256 == hashlib.file_digest(file, "sha256").hexdigest()
    with (tmp_path / "w" / "words.csv").open(encoding="utf-8", newline="") as file:
        norms = {(row["word"], row["language"]): row for row in csv.DictReader(file)}
    for one in examples:
        assert one.kind == "aligned"
        text = aligned_text(one)
        for word in one.meta["words"]:
            assert text[word["start"] : word["end"]] == word["word"]
            row = norms[word["word"], one.language]  # every word that was chosen has its norm
            assert row["class"] == word["class"]
            assert float(row["visibility"]) == word["visible"]
            assert not (word["seen"] and word["visible"] == 0)


def test_words_of_visibility_one_are_true(tmp_path):
    words = [word for one in made(tmp_path / "w", 30, levels=[1.0]) for word in one.meta["words"]]
    assert {word["seen"] for word in words if word["visible"] == 1} == {True}
    assert {word["seen"] for word in words if word["visible"] == 0} == {False}
    assert {word["visible"] for word in words} == {0, 1}


def test_the_same_again_and_more(tmp_path):
    first = made(tmp_path / "w", 4)
    (tmp_path / "w" / "clips" / "000002.mp4").unlink()
    before = (tmp_path / "w" / "clips" / "000001.mp4").stat().st_mtime_ns
    more = made(tmp_path / "w", 7)
    assert more[:8] == first
    assert len(more) == 14
    assert (tmp_path / "w" / "clips" / "000001.mp4").stat().st_mtime_ns == before
    elsewhere = made(tmp_path / "v", 7)
    assert [video_parts(one)[0].sha256 for one in elsewhere] == [video_parts(one)[0].sha256 for one in more]
    assert [aligned_text(one) for one in elsewhere] == [aligned_text(one) for one in more]
    other = made(tmp_path / "u", 7, seed=1)
    assert {aligned_text(one) for one in other}.isdisjoint(aligned_text(one) for one in more)
    assert len({video_parts(one)[0].sha256 for one in more}) == 7


def test_a_thousand_clips_take_less_than_a_minute_of_one_core(tmp_path):
    rows = build(folder=str(tmp_path / "w"), clips=41).examples()
    next(rows)  # what is imported and compiled
    begun = time.process_time()
    assert len(list(rows)) == 81
    assert time.process_time() - begun < 40 * 0.06


def test_another_world_in_the_folder_is_refused(tmp_path):
    made(tmp_path / "w", 1)
    with pytest.raises(InputError, match=r"holds another world \(seed 0 → 3, zipf 0.0 → 1.0\)"):
        made(tmp_path / "w", 1, seed=3, zipf=1)
    (tmp_path / "w" / "world.json").write_text("{")
    with pytest.raises(InputError, match="not the settings of a world"):
        made(tmp_path / "w", 1)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"folder": ""}, ValueError, "folder is where"),
        ({"clips": 0}, ValueError, "clips is a whole number from 1"),
        ({"clips": True}, ValueError, "clips is a whole number"),
        ({"frames": 0}, ValueError, "frames is a whole number from 1"),
        ({"height": 33}, ValueError, "height is an even number"),
        ({"width": 8}, ValueError, "width is a whole number from 16"),
        ({"noise": 2}, ValueError, "noise lies between 0 and 1"),
        ({"noise": float("nan")}, ValueError, "noise lies between 0 and 1"),
        ({"levels": []}, ValueError, "levels: give at least one"),
        ({"levels": [0, 0]}, ValueError, "nothing is shown"),
        ({"levels": [1.5]}, ValueError, "levels lies between 0 and 1"),
        ({"classes": ["color"]}, ValueError, "Did you mean 'colour'"),
        ({"languages": ["da"]}, ValueError, "languages are of sv, en"),
        ({"codec": "av1"}, ValueError, "codec is one of mpeg4, libx264"),
        ({"confound": 1}, ValueError, "confound is true or false"),
        ({"confound": True, "words": 3}, ValueError, "words is at least 4"),
        ({"sampled": 0}, ValueError, "sampled is a number of frames a second"),
        ({"name": "a/b"}, ValueError, "name is the first part of every id"),
        ({"splits": {"train": 0.5}}, ValueError, "splits: .*sum to 1"),
        ({"tokenizer": {"kind": "patches", "size": 0}}, ValueError, "size"),
    ],
)
def test_what_is_refused(tmp_path, given, error, message):
    with pytest.raises(error, match=message):
        build(**{"folder": str(tmp_path / "w"), **given})
    assert not (tmp_path / "w").exists()


def test_usual_settings_are_those_of_a_world():
    parameters = inspect.signature(build).parameters
    for name in World.__struct_fields__:
        if name != "version":
            assert parameters[name].default == getattr(World(), name)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "w").write_text("")
    with pytest.raises(InputError, match="is a file"):
        build(folder=str(tmp_path / "w"))


def test_tokens(tmp_path):
    pytest.importorskip("safetensors")
    examples = made(tmp_path / "w", 6, tokenizer=PATCHES, sampled=2)
    tokens = VideoTokens(tmp_path / "w" / "tokens")
    assert tokens.info.grid == (4, 4)
    for one in examples:
        times, codes = tokens.of(video_parts(one)[0])
        np.testing.assert_allclose(times, [0, 0.5])
        assert codes.shape == (2, 16)
    more = made(tmp_path / "w", 8, tokenizer=PATCHES, sampled=2)  # the tokenizer that is there is taken
    assert tokens.has(video_parts(more[-1])[0].sha256)
    assert VideoTokens(tmp_path / "w" / "tokens").info == tokens.info
    assert leaves(folder=str(tmp_path / "w"), tokenizer=PATCHES)[-1].is_file()
    assert reads(tokenizer=PATCHES) == []


def test_the_shipped_world(tmp_path, monkeypatch):
    from harness.build.config import load_build_config

    monkeypatch.chdir(tmp_path)
    config = load_build_config("video/world")
    (ref,) = config.builders
    assert ref.name == "shapes"
    builder = build(**ref.params)
    first = next(builder.examples())
    assert first.id == "shapes/000000-sv"
    assert not config.languages.use  # half of the captions are English
    assert not config.duplicates.use


def test_harness_build(tmp_path, monkeypatch):
    from harness.cli.main import harness as program

    monkeypatch.chdir(tmp_path)
    small = "folder: w, clips: 10, frames: 4, rate: 4, height: 32, width: 32"
    (tmp_path / "world.yaml").write_text(
        f"language: sv\nbuilders:\n  - shapes: {{{small}, tokenizer: {{kind: patches, size: 8, codes: 8}}}}\n"
        "languages: false\nduplicates: false\ncontamination: false\nsplits: {train: 0.5, validation: 0.25, test: 0.25}\n"
    )
    result = CliRunner().invoke(program, ["build", "world.yaml", "--json"])
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for path in (tmp_path / "builds/world/data").glob("*.jsonl") for line in path.open()]
    assert len(rows) == 20
    videos = {part["sha256"] for row in rows for part in row["messages"][0]["content"] if part["type"] == "video"}
    assert len(videos) == 10
    assert len(list((tmp_path / "w/tokens/videos").iterdir())) == 10
    assert (tmp_path / "w/words.csv").is_file()
