"""From the command line: a folder of videos with captions is looked at, built, shown and checked; real clips with subtitles."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from barred_video import CUES, write_barred, write_base
from click.testing import CliRunner, Result
from real_clips import CLIPS, real_clip

from harness.cli.main import harness
from harness.records import Example
from harness.store import read_table

SUBTITLES = Path(__file__).parents[3] / "configs" / "video" / "subtitles"
CONFIG = """name: films
language: en
builders:
  - video-text: {videos: films, folder: tokens, language: en, rate: 5, tokenizer: {codes: 7}}
languages: {use: false}
contamination: {use: false}
"""


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(harness, list(map(str, arguments)))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one video and a config, in which commands are run."""
    write_base(tmp_path / "films")
    (tmp_path / "films.yaml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_videos_are_built_shown_and_checked(here: Path) -> None:
    (here / "films" / "empty.mp4").touch()
    (here / "films" / "empty.srt").write_text(CUES)
    (here / "films" / "alone.mp4").touch()
    done = run("build", "films.yaml")
    assert done.exit_code == 0, done.output
    assert "video-text: set aside, cannot-open: films/empty.mp4 (is empty, a file of 0 bytes)" in done.stderr
    assert "video-text: set aside, no-captions: films/alone.mp4" in done.stderr
    texts = sorted(example.messages[0].text for example in read_table(here / "builds/films/examples.parquet", Example))
    assert texts == ["A blue square rests.", "A red circle moves."]

    again = run("build", "films.yaml")  # taken over, and its notes are said again
    assert "films/empty.mp4 (is empty" in again.stderr

    shown = run("video", "preview", "builds/films", "--frames", 3)
    assert shown.stdout == f"{Path('builds/films/preview.html')}: 2 segments, 6 frames\n"
    assert (here / "builds/films/preview.html").read_text(encoding="utf-8").count("data:image/jpeg") == 12

    facts = json.loads(run("video", "info", "tokens", "--json", "--check").stdout)
    assert (facts["videos"], facts["frames"], facts["tokens"], facts["problems"]) == (1, 20, 320, [])
    assert facts["levels"][0]["used"] == 7
    assert (
        "tokens: 1 video, 20 frames (4 s at 5 a second, 64×64 pixels), 320 tokens, 16 a frame (4 rows of 4)"
        in run("video", "info", "tokens").stdout
    )


def test_tokens_that_are_damaged_are_named_and_made_again(here: Path) -> None:
    run("build", "films.yaml")
    [tokens] = (here / "tokens" / "videos").iterdir()
    whole = tokens.read_bytes()
    tokens.write_bytes(whole[: len(whole) // 2])
    checked = run("video", "info", "tokens", "--check")
    assert checked.exit_code == 2
    assert f"{tokens.relative_to(here)}: not the tokens of a video" in checked.stderr
    stray = tokens.with_name("0" * 64 + ".safetensors")
    stray.write_bytes(b"")
    checked = run("video", "info", "tokens", "--check")
    assert checked.exit_code == 2
    lines = checked.stderr.strip().splitlines()
    assert [line.split(":")[0] for line in lines[-3:-1]] == ["damaged", "damaged"]
    assert "2 things are damaged" in lines[-1]
    stray.unlink()
    tokens.unlink()
    assert run("build", "films.yaml").exit_code == 0
    assert tokens.read_bytes() == whole


def test_a_folder_of_videos_is_told_without_building(here: Path) -> None:
    (here / "films" / "notes.mp4").write_text("This is not a video.")
    (here / "films" / "notes.srt").write_text(CUES)
    late = "3\n00:00:03,000 --> 00:00:09,000\nToo long.\n\n4\n00:00:04,500 --> 00:00:05,000\nToo late.\n"
    (here / "films" / "base.srt").write_text(CUES.rstrip() + "\n\n" + late)
    told = run("video", "info", "films")
    assert told.exit_code == 0
    assert "films/base.mp4  4.00     25        64×48  h264   not said  4     2             0" in told.stdout
    assert "films/notes.mp4  cannot-open" in told.stdout
    facts = json.loads(run("video", "info", "films", "--json").stdout)
    captions = [
        (one["video"], one["seconds"], one["captions"][0]["cues"], one["captions"][0]["past_the_end"]) for one in facts["videos"]
    ]
    assert captions == [("films/base.mp4", 4.0, 4, 2)]
    assert [one["reason"] for one in facts["unusable"]] == ["cannot-open"]
    assert not (here / "tokens").exists()


def test_a_preview_of_what_is_no_data_set_is_refused(here: Path) -> None:
    wrong = run("video", "preview", "films")
    assert wrong.exit_code == 2
    assert "films: no data set; give the folder that `harness build` wrote" in wrong.stderr
    assert not (here / "films" / "preview.html").exists()


def test_rates_that_cannot_be_used_are_refused_before_decoding(here: Path) -> None:
    for rate in ("0", "-1", "fast", "1000"):
        (here / "wrong.yaml").write_text(CONFIG.replace("rate: 5", f"rate: {rate}"))
        done = run("build", "wrong.yaml")
        assert done.exit_code == 2
        assert "rate is a number of frames a second above 0 and at most 240" in done.stderr
    assert not (here / "tokens").exists()


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_build_that_was_killed_goes_on_and_equals_one_that_was_not(here: Path, workers: int) -> None:
    for number in range(8):
        write_barred(here / "films" / f"v{number}.mp4", [number, *range(1, 100)] * 8)
        (here / "films" / f"v{number}.srt").write_text(CUES)
    (here / "films.yaml").write_text(CONFIG.replace("rate: 5", f"rate: 5, workers: {workers}"))

    def snapshot() -> dict[str, bytes]:
        files = [*(here / "tokens").rglob("*"), here / "builds/films/examples.parquet"]
        return {str(path.relative_to(here)): path.read_bytes() for path in files if path.is_file()}

    command = [sys.executable, "-m", "harness", "build", "films.yaml", "-q"]
    subprocess.run(command, check=True, capture_output=True)
    whole = snapshot()
    shutil.rmtree(here / "tokens")
    shutil.rmtree(here / "builds")
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    made = here / "tokens" / "videos"
    while running.poll() is None and len(list(made.glob("*.safetensors"))) < 3:
        time.sleep(0.002)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    kept = {path: path.stat().st_mtime_ns for path in made.glob("*.safetensors")}
    assert 3 <= len(kept) < 9
    assert not (here / "builds/films/examples.parquet").exists()
    subprocess.run(command, check=True, capture_output=True)
    assert snapshot() == whole
    assert {path: path.stat().st_mtime_ns for path in kept} == kept  # not made again


def test_real_clips_with_subtitles_go_through_the_builder_and_the_preview(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "films").mkdir()
    for clip in CLIPS:
        (tmp_path / "films" / f"{clip}.mp4").symlink_to(real_clip(clip))
        for language in ("sv", "en"):
            shutil.copy(SUBTITLES / f"{clip}.{language}.srt", tmp_path / "films")
    (tmp_path / "films.yaml").write_text(
        CONFIG.replace("language: en, rate: 5, tokenizer: {codes: 7}", "rate: 2, height: 64, width: 64, tokenizer: {codes: 64}")
    )
    monkeypatch.chdir(tmp_path)
    done = run("build", "films.yaml")
    assert done.exit_code == 0, done.output
    examples = list(read_table(tmp_path / "builds/films/examples.parquet", Example))
    assert len(examples) == 2 * (6 + 4 + 4 + 4)
    assert {example.cluster_id for example in examples if "bikes" in example.id} == {
        next(example.cluster_id for example in examples if example.id == "films/bikes.mp4/sv/1")
    }
    by_id = {example.id: example for example in examples}
    assert by_id["films/bikes.mp4/sv/3"].messages[0].text == "En taxi kör förbi, med skylten på taket."
    assert by_id["films/bikes.mp4/sv/4"].meta["frames"] == 5  # 3.0, 3.5 … 5.0
    facts = json.loads(run("video", "info", "tokens", "--check", "--json").stdout)
    assert (facts["videos"], facts["frames"]) == (4, 20 + 11 + 9 + 9)  # 10, 5.28, 4.004 s, twice the last
    page = run("video", "preview", "builds/films")
    assert page.stdout.startswith("builds/films/preview.html: 12 segments, ")


def test_a_build_that_does_not_say_which_videos_and_a_check_of_what_holds_no_tokens_are_refused(here: Path) -> None:
    (here / "none.yaml").write_text(CONFIG.replace("videos: films, ", ""))
    done = run("build", "none.yaml")
    assert done.exit_code == 2
    assert "say which videos" in done.stderr
    done = run("video", "info", "films", "--check")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "films holds no video tokens (video.json is missing), and --check is for these" in done.stderr


def test_help_and_discovery_import_nothing_heavy() -> None:
    code = (
        "import sys, harness_plugins.video.builder, harness_plugins.video.cli\n"
        "print([name for name in ('numpy', 'torch', 'av', 'transformers', 'pyarrow', 'safetensors') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "[]\n"
    assert all(name in run("video", "--help").stdout for name in ("info", "preview"))
