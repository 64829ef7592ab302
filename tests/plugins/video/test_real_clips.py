"""The four real clips, with the subtitles written for them, from video files through builder and trainer to a probe."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import tiny_video_training as tiny
from harness_plugins.video.builder import build
from harness_plugins.video.probe.config import ModelAt, ProbeRun, Probing, Statistics
from harness_plugins.video.probe.running import run_probe
from harness_plugins.video.trainer import VideoMlm
from real_clips import CLIPS, real_clip

from harness.config import find_config
from harness.records import Example

NORMS = {"cykel": 6.5, "kaninen": 6.8, "bil": 6.6, "mun": 6.3, "huvudet": 6.2, "tänker": 2.0, "och": 1.5, "som": 1.4, "på": 1.6}


@pytest.mark.slow
def test_from_video_files_to_a_probe(tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    subtitles = find_config("video/video-text").parent / "subtitles"
    for clip in CLIPS:
        shutil.copy(real_clip(clip), films / f"{clip}.mp4")
        shutil.copy(subtitles / f"{clip}.sv.srt", films)
    made = build(
        videos=str(films),
        folder=str(tmp_path / "tokens"),
        language="sv",
        tokenizer={"codes": 32},
        segment={"words": 12, "gap": 1},
        hold_out=0.25,
    )
    rows = [row for row in made.examples() if isinstance(row, Example)]
    assert len({row.cluster_id for row in rows}) == len(CLIPS)
    assert len(rows) >= 10
    assert any("on 1 video held out" in note for note in made.notes())
    every = [
        msgspec.structs.replace(one, split=split, id=f"{one.id}/{split}") for one in rows for split in ("train", "test")
    ]  # asked what was learned: there are few texts
    (tmp_path / "examples.jsonl").write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in every))
    (tmp_path / "norms.csv").write_text("word,imageability\n" + "".join(f"{word},{value}\n" for word, value in NORMS.items()))
    models = []
    how: dict[str, Any] = {**tiny.HOW, "tokenizer": {"train": "wordpiece", "size": 300}, "length": 48, "steps": 6}
    for video in ("real", "none"):
        trainer = VideoMlm(**how, tokens=str(tmp_path / "tokens"), video=video)
        trainer.check(every)
        models.append(ModelAt(path=str(trainer.train(every, tmp_path / video)), trained=video))
    run = ProbeRun(
        name="real",
        data=str(tmp_path / "examples.jsonl"),
        tokens=str(tmp_path / "tokens"),
        models=tuple(models),
        probe=Probing(norms={"source": str(tmp_path / "norms.csv")}, language="sv", split="test", shown=("none", "blank")),
        statistics=Statistics(resamples=100, permutations=99, bins=2, named=1),
    )
    written, analysis = run_probe(run, tmp_path / "probe")
    assert analysis.words >= 5
    assert analysis.occurrences >= 10
    page = written[0].read_text(encoding="utf-8")
    assert "cykel" in page
