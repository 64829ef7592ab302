"""From video files to tokens on disk: fitted, written, gone on with, the same whatever the order and the workers."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from barred_video import write_barred, write_base
from harness_plugins.video.folder import quality
from harness_plugins.video.frames import sampled
from harness_plugins.video.remarks import Remarks
from harness_plugins.video.store import VideoTokens, path_of, read_info
from harness_plugins.video.tokenise import tokenise_videos
from harness_plugins.video.tokenizer.files import DESCRIPTION, REPORT, load_tokenizer
from harness_plugins.video.tokenizer.fitting import apart, fit_tokenizer, tokenizer_for
from harness_plugins.video.tokenizer.report import counts_of, measured
from harness_plugins.video.tokenizer.settings import read_settings

from harness.errors import InputError, PluginError

pytest.importorskip("av")
Videos = list[tuple[Path, str]]
SETTINGS = {"codes": 8, "size": 16}


def _named(*paths: Path) -> Videos:
    return [(path, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths]


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Videos:
    """Six videos of 1 to 2 seconds, whose frames differ."""
    folder = tmp_path_factory.mktemp("videos")
    made = [write_barred(folder / f"{n}.mp4", range(40 * n, 40 * n + 25 + 5 * n)) for n in range(6)]
    return _named(*made)


def _all(videos: Videos, tokenizer: Any, folder: Path, **more: Any) -> Any:
    return list(tokenise_videos(videos, tokenizer, rate=5, folder=folder, **more))


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_tokens_are_those_of_the_sampled_frames(videos: Videos, tmp_path: Path) -> None:
    fitting = tokenizer_for(SETTINGS, videos, tmp_path / "tokenizer", rate=5)
    found = _all(videos, fitting.tokenizer, tmp_path)
    assert [(one.path, one.sha256, one.broken, one.reused) for one in found] == [(*one, None, False) for one in videos]
    store = VideoTokens(tmp_path)
    assert store.info == fitting.tokenizer.info(5.0)
    for (path, sha256), one in zip(videos, found, strict=True):
        frames = list(sampled(path, 5, 64, 64))
        times, tokens = store.video(sha256)
        assert one.frames == len(frames) == len(times)
        assert times.tolist() == [frame.time for frame in frames]
        assert np.array_equal(tokens, fitting.tokenizer.encode(np.stack([frame.pixels for frame in frames])))
    counted = counts_of(tmp_path, [sha256 for _, sha256 in videos], 8, 1)
    assert counted.sum() == sum(one.frames for one in found) * 16


def test_repeated_frames_have_the_tokens_of_the_one_that_is_shown(tmp_path: Path) -> None:
    videos = _named(write_barred(tmp_path / "slow.mp4", [1, 200, 7, 90], rate=2))
    tokenizer = fit_tokenizer(videos, read_settings(SETTINGS), rate=2).tokenizer
    list(tokenise_videos(videos, tokenizer, rate=8, folder=tmp_path / "tokens"))
    times, tokens = VideoTokens(tmp_path / "tokens").video(videos[0][1])
    assert times.tolist() == [place / 8 for place in range(16)]
    assert np.array_equal(tokens, tokens[::4].repeat(4, axis=0))
    assert len(np.unique(tokens, axis=0)) == 4


def test_same_seed_same_files_in_any_order_and_with_any_number_of_workers(videos: Videos, tmp_path: Path) -> None:
    made = []
    ways: list[tuple[Videos, int]] = [(videos, 1), (videos, 1), (videos[::-1], 1), (videos, 3)]
    for place, (some, workers) in enumerate(ways):
        folder = tmp_path / str(place)
        fitting = tokenizer_for({**SETTINGS, "levels": 2}, some, folder / "tokenizer", rate=5, workers=workers)
        found = _all(some, fitting.tokenizer, folder, workers=workers)
        assert [one.sha256 for one in found] == [sha256 for _, sha256 in some]
        made.append(_bytes(folder))
    assert len(made[0]) == 3 + 1 + 6
    assert made[0] == made[1] == made[2] == made[3]
    other = fit_tokenizer(videos, read_settings({**SETTINGS, "levels": 2, "seed": 1}), rate=5)
    assert not np.array_equal(
        other.tokenizer.codebooks, fit_tokenizer(videos, read_settings({**SETTINGS, "levels": 2}), rate=5).tokenizer.codebooks
    )


def test_what_is_there_is_not_done_again(videos: Videos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitting = tokenizer_for(SETTINGS, videos, tmp_path / "tokenizer", rate=5)
    _all(videos[:4], fitting.tokenizer, tmp_path)
    whole = _bytes(tmp_path)
    damaged = path_of(tmp_path, videos[1][1])
    damaged.write_bytes(damaged.read_bytes()[:200])
    opened = []
    monkeypatch.setattr("harness_plugins.video.frames.sampled", lambda path, *rest: opened.append(path) or sampled(path, *rest))
    steps: list[tuple[Any, ...]] = []
    again = tokenizer_for(SETTINGS, videos[::-1], tmp_path / "tokenizer", rate=5)
    found = _all(videos, again.tokenizer, tmp_path, report=lambda *step, reused: steps.append((*step, reused)))
    assert [one.reused for one in found] == [True, False, True, True, False, False]
    assert [one.frames for one in found] == [len(list(sampled(path, 5))) for path, _ in videos]
    assert opened == [videos[1][0], videos[4][0], videos[5][0]]
    assert steps[-1] == ("videos tokenised", 6, 6, 3)
    assert whole.items() <= _bytes(tmp_path).items()


def test_a_video_that_is_named_twice_is_read_once(videos: Videos, tmp_path: Path) -> None:
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(videos[0][0].read_bytes())
    tokenizer = fit_tokenizer(videos[:2], read_settings(SETTINGS), rate=5).tokenizer
    found = _all([videos[0], (copy, videos[0][1]), videos[1]], tokenizer, tmp_path / "tokens")
    assert [one.sha256 for one in found] == [videos[0][1], videos[0][1], videos[1][1]]
    assert found[0] == found[1]


def test_broken_videos_are_set_aside_and_leave_the_others_as_they_are(videos: Videos, tmp_path: Path) -> None:
    whole = write_base(tmp_path).read_bytes()
    empty, cut, text = tmp_path / "empty.mp4", tmp_path / "cut.mp4", tmp_path / "text.mp4"
    empty.write_bytes(b"")
    cut.write_bytes(whole[: len(whole) * 6 // 10])
    text.write_text("no video")
    with_broken = [*_named(empty), *videos, *_named(cut, text)]
    clean = tokenizer_for(SETTINGS, videos, tmp_path / "clean" / "tokenizer", rate=5)
    _all(videos, clean.tokenizer, tmp_path / "clean")
    fitting = tokenizer_for(SETTINGS, with_broken, tmp_path / "tokens" / "tokenizer", rate=5)
    found = _all(with_broken, fitting.tokenizer, tmp_path / "tokens", workers=2)
    assert {error.path for error in fitting.broken.values()} == {empty, cut, text}
    assert [one.path.name for one in found if one.broken] == ["empty.mp4", "cut.mp4", "text.mp4"]
    assert all(str(one.path) in str(one.broken) and one.broken.reason and not one.frames for one in found if one.broken)
    assert _bytes(tmp_path / "tokens") == _bytes(tmp_path / "clean")


def test_a_stop_in_the_middle_is_gone_on_with(videos: Videos, tmp_path: Path) -> None:
    fitting = tokenizer_for(SETTINGS, videos, tmp_path / "a" / "tokenizer", rate=5)
    _all(videos, fitting.tokenizer, tmp_path / "a")
    begun = tokenise_videos(videos, fitting.tokenizer, rate=5, folder=tmp_path / "b", workers=2)
    next(begun)
    begun.close()
    found = _all(videos, fitting.tokenizer, tmp_path / "b")
    assert found[0].reused
    assert {name for name in _bytes(tmp_path / "a") if "report" not in name} == set(_bytes(tmp_path / "b"))
    assert all(_bytes(tmp_path / "a")[name] == data for name, data in _bytes(tmp_path / "b").items())


def test_other_settings_rate_or_size_are_refused(videos: Videos, tmp_path: Path) -> None:
    folder = tmp_path / "tokenizer"
    fitting = tokenizer_for(SETTINGS, videos, folder, rate=5)
    with pytest.raises(InputError, match=r"holds a tokenizer of other settings \(codes 8 → 9\)"):
        tokenizer_for({**SETTINGS, "codes": 9}, videos, folder, rate=5)
    with pytest.raises(InputError, match=r"rate 5.0 → 4"):
        tokenizer_for(SETTINGS, videos, folder, rate=4)
    with pytest.raises(InputError, match="fitted on frames 64 wide and 64 high, and the config says 96 and 96"):
        tokenizer_for(str(folder), videos, tmp_path / "other", rate=5, height=96, width=96)
    taken = tokenizer_for(str(folder), videos, tmp_path / "other", rate=4)
    assert taken.tokenizer.digest == fitting.tokenizer.digest
    assert taken.report == fitting.report
    assert not (tmp_path / "other").exists()
    _all(videos[:1], fitting.tokenizer, tmp_path)
    with pytest.raises(InputError, match=r"rate 5.0 → 4.0"):
        list(tokenise_videos(videos, fitting.tokenizer, rate=4, folder=tmp_path))
    another = fit_tokenizer(videos, read_settings({**SETTINGS, "seed": 1}), rate=5).tokenizer
    with pytest.raises(InputError, match="holds another tokenizer"):
        _all(videos, another, tmp_path)


def test_a_saved_tokenizer_of_other_sizes_reads_videos_of_any(tmp_path: Path, videos: Videos) -> None:
    tokenizer_for(SETTINGS, videos, tmp_path / "saved", rate=5)
    wide = _named(write_barred(tmp_path / "wide.mp4", range(20), size=(72, 128)))
    taken = tokenizer_for(tmp_path / "saved", wide, tmp_path / "none", rate=5).tokenizer
    found = _all(wide, taken, tmp_path / "tokens")
    assert VideoTokens(tmp_path / "tokens").video(wide[0][1])[1].shape == (found[0].frames, 16)
    assert (read_info(tmp_path / "tokens").height, read_info(tmp_path / "tokens").width) == (64, 64)


def test_fewer_patches_than_codes(tmp_path: Path) -> None:
    one = _named(write_barred(tmp_path / "one.mp4", [3]))
    with pytest.raises(
        InputError, match="512 codes cannot be fitted on 12 patches of 1 frames of 1 videos; set `codes` to at most 12"
    ):
        tokenizer_for({"codes": 512, "height": 48, "width": 64}, one, tmp_path / "tokenizer", rate=5)
    assert not (tmp_path / "tokenizer").exists()
    assert tokenizer_for({"codes": 12, "height": 48, "width": 64}, one, tmp_path / "tokenizer", rate=5).tokenizer.codes == 12


def test_nothing_to_fit_on(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"")
    with pytest.raises(InputError, match=r"no video could be read to fit a tokenizer on: .*x\.mp4"):
        fit_tokenizer(_named(tmp_path / "x.mp4"), read_settings(SETTINGS), rate=5)
    with pytest.raises(InputError, match="no video could be read"):
        fit_tokenizer([], read_settings(SETTINGS), rate=5)


def test_one_colour_without_loss(tmp_path: Path) -> None:
    import av

    path = tmp_path / "grey.mkv"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgr0"
        for _ in range(100):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 128, np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    videos = _named(path)
    for levels in (1, 3):
        folder = tmp_path / str(levels)
        fitting = tokenizer_for({"codes": 16, "levels": levels}, videos, folder / "tokenizer", rate=25)
        assert all(one["used"] == 1 and one["perplexity"] == 1.0 and one["mse"] < 1e-6 for one in fitting.report["levels"])
        list(tokenise_videos(videos, fitting.tokenizer, rate=25, folder=folder))
        tokens = VideoTokens(folder).video(videos[0][1])[1]
        assert tokens.shape == (100, 16 * levels)
        assert len(np.unique(tokens.reshape(-1, levels), axis=0)) == 1


def test_measured_on_the_same_videos_it_is_what_the_fit_said_and_on_others_more_is_lost(videos: Videos, tmp_path: Path) -> None:
    fitting = fit_tokenizer(videos[:3], read_settings({**SETTINGS, "levels": 2}), rate=25)
    again = measured(fitting.tokenizer, videos[:3], rate=25)
    assert (again["videos"], again["frames"], again["patches"]) == (3, 90, 90 * 16)
    for level, said in zip(again["levels"], fitting.report["levels"], strict=True):
        assert {**level, "rounds": said["rounds"]} == said
    assert again["psnr"] == fitting.report["psnr"]
    assert measured(fitting.tokenizer, videos[3:], rate=25, workers=2)["levels"][-1]["mse"] > again["levels"][-1]["mse"]
    (tmp_path / "x.mp4").write_bytes(b"")
    with pytest.raises(InputError, match=r"no video could be read to measure a tokenizer on: .*x\.mp4"):
        measured(fitting.tokenizer, _named(tmp_path / "x.mp4"), rate=5)


def test_videos_that_are_held_out_are_not_learned_from_and_told_of(videos: Videos, tmp_path: Path) -> None:
    learned, held = apart(videos, 0.3, 0)
    assert len(held) == max(1, round(0.3 * len(videos)))
    assert sorted([*learned, *held]) == sorted(videos)
    assert sorted(apart(list(reversed(videos)), 0.3, 0)[1]) == sorted(held)
    assert apart(videos, 0.0, 0) == (videos, [])
    with pytest.raises(InputError, match="leaves none to fit a tokenizer on"):
        apart(videos[:1], 0.3, 0)
    fitting = tokenizer_for(SETTINGS, videos, tmp_path / "tokenizer", rate=25, hold_out=0.3)
    alone = fit_tokenizer(learned, read_settings(SETTINGS), rate=25)
    assert fitting.tokenizer.digest == alone.tokenizer.digest
    told = measured(alone.tokenizer, held, rate=25)
    assert fitting.report == {**alone.report, "held_out": {"share": 0.3, **told}}
    assert tokenizer_for(SETTINGS, videos, tmp_path / "tokenizer", rate=25, hold_out=0.3).report == fitting.report
    said = dict(quality(tmp_path))
    assert said["Codes used, held out"].startswith(f"{told['levels'][0]['used']:,} of ")
    assert f"{told['psnr']:.1f} dB" in said["What is told, held out"]
    assert "that it was not fitted on" in said["Held out are"]
    with pytest.raises(InputError, match="fitted with another hold_out"):
        tokenizer_for(SETTINGS, videos, tmp_path / "tokenizer", rate=25)


def test_the_share_that_was_held_out_is_known_without_the_report(videos: Videos, tmp_path: Path) -> None:
    folder = tmp_path / "tokenizer"
    tokenizer_for(SETTINGS, videos, folder, rate=5, hold_out=0.3)
    (folder / REPORT).unlink()
    assert load_tokenizer(folder).fitted.held_out == 0.3
    for share in (0.0, 0.5):
        with pytest.raises(InputError, match=rf"fitted with another hold_out \(0\.3 instead of {share}\); say `hold_out: 0\.3`"):
            tokenizer_for(SETTINGS, videos, folder, rate=5, hold_out=share)
    taken = tokenizer_for(SETTINGS, videos, folder, rate=5, hold_out=0.3)
    assert dict(quality(tmp_path)) == {
        "Not measured": "0.3 of the videos were held out of its fit, and the figures of these are lost with report.json"
    }
    remarks = Remarks()
    remarks.tokenizer(taken.tokenizer, taken.report)
    assert "0.3 of the videos were held out of its fit" in remarks.sentences()[0]
    _all(videos, taken.tokenizer, tmp_path / "copy")
    assert load_tokenizer(tmp_path / "copy" / "tokenizer").fitted.held_out == 0.3


def test_one_that_was_saved_before_the_share_was_kept_loads_and_its_report_tells_it(videos: Videos, tmp_path: Path) -> None:
    folder = tmp_path / "tokenizer"
    digest = tokenizer_for(SETTINGS, videos, folder, rate=5, hold_out=0.3).tokenizer.digest
    said = msgspec.json.decode((folder / DESCRIPTION).read_bytes())
    assert said["fitted"].pop("held_out") == 0.3
    (folder / DESCRIPTION).write_bytes(msgspec.json.encode(said))
    assert tokenizer_for(SETTINGS, videos, folder, rate=5, hold_out=0.3).tokenizer.digest == digest
    with pytest.raises(InputError, match=r"fitted with another hold_out \(0\.3 instead of 0\.0\)"):
        tokenizer_for(SETTINGS, videos, folder, rate=5)
    (folder / REPORT).unlink()
    with pytest.raises(InputError, match=r"not known with which hold_out it was fitted.*leave `hold_out: 0\.3` out"):
        tokenizer_for(SETTINGS, videos, folder, rate=5, hold_out=0.3)
    taken = tokenizer_for(SETTINGS, videos, folder, rate=5)
    assert taken.tokenizer.digest == digest
    remarks = Remarks()
    remarks.tokenizer(taken.tokenizer, taken.report)
    assert "whether videos were held out of its fit is not known" in remarks.sentences()[0]
    assert "not known" in dict(quality(tmp_path))["Not measured"]


def test_held_out_videos_that_cannot_be_read_are_said_not_to_be_measured(videos: Videos, tmp_path: Path) -> None:
    broken = [tmp_path / "x.mp4", tmp_path / "y.mp4"]
    for path in broken:
        path.write_bytes(path.name.encode())
    every = [*videos, *_named(*broken)]
    share = {2: 0.25, 3: 0.375}
    for count, seen in ((2, 0), (3, 1)):
        seed = next(n for n in range(10_000) if set(_named(*broken)) <= set(apart(every, share[count], n)[1]))
        folder = tmp_path / str(count)
        fitting = tokenizer_for({**SETTINGS, "seed": seed}, every, folder / "tokenizer", rate=5, hold_out=share[count])
        held = fitting.report["held_out"]
        assert (held["videos"], held["unmeasured"], "levels" in held) == (seen, 2, bool(seen))
        assert "x.mp4" in held["why"]
        assert "to measure" not in held["why"]
        remarks = Remarks()
        remarks.tokenizer(fitting.tokenizer, fitting.report)
        for said in (remarks.sentences()[0], dict(quality(folder))["Not measured"]):
            assert ("none of them could be read" if not seen else "2 more held out could not be read") in said
            assert "x.mp4" in said
            assert "y.mp4" in said


def test_a_sample_is_at_most_as_large_as_said(videos: Videos) -> None:
    fitting = fit_tokenizer(videos, read_settings({**SETTINGS, "sample": 100}), rate=25)
    assert fitting.tokenizer.fitted.patches == 100
    assert fitting.tokenizer.fitted.videos == 6
    assert fit_tokenizer(videos, read_settings(SETTINGS), rate=25).tokenizer.fitted.patches == (25 + 30 + 35 + 40 + 45 + 50) * 16


def test_an_encoder_that_cannot_be_had_is_refused_before_videos_are_read(
    videos: Videos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness_plugins.video.frames.sampled", lambda *_: pytest.fail("a video was read"))
    with pytest.raises(PluginError, match="there is no such folder"):
        tokenizer_for({"model": str(tmp_path / "none")}, videos, tmp_path / "tokenizer", rate=5)
    assert not (tmp_path / "tokenizer").exists()


@pytest.mark.slow
def test_an_encoders_tokens_are_the_same_with_workers(videos: Videos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from tiny_vision import write_encoder

    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    settings = {"model": str(write_encoder(tmp_path / "vit")), "codes": 16, "grid": [2, 2]}
    for name, workers in (("a", 1), ("b", 2)):
        fitting = tokenizer_for(settings, videos[:3], tmp_path / name / "tokenizer", rate=5, workers=workers)
        _all(videos[:3], fitting.tokenizer, tmp_path / name, workers=workers)
    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")
    assert read_info(tmp_path / "a").tokens == 4


def test_killed_it_leaves_nothing_half_written(tmp_path: Path, videos: Videos) -> None:
    """Killed at several moments, asked again, it ends with the same files."""
    fitting = tokenizer_for(SETTINGS, videos, tmp_path / "whole" / "tokenizer", rate=5)
    _all(videos, fitting.tokenizer, tmp_path / "whole")
    script = (
        "import sys; from pathlib import Path; from harness_plugins.video.tokenise import tokenise_videos;"
        "from harness_plugins.video.tokenizer.files import load_tokenizer;"
        "names = [(Path(one), two) for one, two in zip(sys.argv[3::2], sys.argv[4::2])];"
        "print('begun', flush=True);"
        "made = tokenise_videos(names, load_tokenizer(sys.argv[1]), rate=5, folder=Path(sys.argv[2]));"
        "[print(one, flush=True) for one in made]"
    )
    names = [str(part) for one in videos for part in one]
    for lines in (1, 3, 99):
        command: Sequence[str] = [
            sys.executable,
            "-c",
            script,
            str(tmp_path / "whole" / "tokenizer"),
            str(tmp_path / "killed"),
            *names,
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _, _ in zip(range(lines), process.stdout, strict=False):
                time.sleep(0.01)
            if lines < 99:
                os.kill(process.pid, signal.SIGKILL)
    made = _bytes(tmp_path / "killed")
    assert {name: data for name, data in made.items() if not name.endswith(".tmp")} == {
        name: data for name, data in _bytes(tmp_path / "whole").items() if "report" not in name
    }
