"""Frames are those that a player shows at the times asked for, in every container, at the size and the way up of the video."""

import hashlib

import numpy as np
import pytest
from barred_video import bars, number_of, write_barred, write_base
from harness_plugins.video.broken import BrokenVideo
from harness_plugins.video.frames import inspect, sampled
from real_clips import ffmpeg, real_clip

FIVES = list(range(0, 100, 5))


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_base(tmp_path_factory.mktemp("base"))


def numbers(path, *rest, **named):
    return [number_of(frame.pixels) for frame in sampled(path, *rest, **named)]


def test_what_a_file_says_of_itself(base):
    info = inspect(base)
    assert info.sha256 == hashlib.sha256(base.read_bytes()).hexdigest()
    assert (info.duration, info.rate, info.frames, info.codec) == (4.0, 25.0, 100, "h264")
    assert (info.height, info.width, info.rotation) == (48, 64, 0)
    assert (info.audio, info.begins, info.timed, info.streams) == (False, 0.0, True, 1)


def test_a_grid_coarser_as_fine_and_finer_than_the_video(base):
    assert numbers(base, 5) == FIVES
    assert numbers(base, 25) == list(range(100))
    fine = list(sampled(base, 50))
    assert [number_of(frame.pixels) for frame in fine] == [number for number in range(100) for _ in range(2)]
    assert [frame.repeated for frame in fine] == [False, True] * 100
    assert all(after.pixels is before.pixels for before, after in zip(fine[::2], fine[1::2], strict=True))
    assert [frame.time for frame in fine] == [number / 50 for number in range(200)]
    assert [frame.since for frame in fine[:4]] == [0, 0, 0.04, 0.04]


def test_a_part_of_a_video_has_the_frames_that_the_whole_has_there(base):
    whole = {frame.time: number_of(frame.pixels) for frame in sampled(base, 5)}
    part = list(sampled(base, 5, start=1.0, end=2.0))
    assert [(frame.time, number_of(frame.pixels)) for frame in part] == [
        (time, number) for time, number in whole.items() if 1 <= time < 2
    ]
    assert numbers(base, 2, start=3.9) == [97]
    assert numbers(base, 5, start=4.0) == []
    assert numbers(base, 5, start=3.0, end=100) == FIVES[15:]


def test_sizes(base):
    shape = next(sampled(base, 1)).pixels.shape
    assert shape == (48, 64, 3)
    assert next(sampled(base, 1, 24)).pixels.shape == (24, 32, 3)
    assert next(sampled(base, 1, None, 128)).pixels.shape == (96, 128, 3)
    assert next(sampled(base, 1, 30, 20)).pixels.shape == (30, 20, 3)
    for height, width in ((64, 64), (24, 32), (96, 128)):
        assert numbers(base, 5, height, width) == FIVES
    first = next(sampled(base, 1))
    assert first.pixels.dtype == np.uint8
    assert first.pixels.flags.c_contiguous


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"rate": 0}, "rate"),
        ({"rate": -1}, "rate"),
        ({"rate": True}, "rate"),
        ({"rate": float("nan")}, "rate"),
        ({"rate": float("inf")}, "rate"),
        ({"rate": "5"}, "rate"),
        ({"height": 0}, "height"),
        ({"height": 2.5}, "height"),
        ({"width": True}, "width"),
        ({"start": -1}, "start"),
        ({"start": 2, "end": 2}, "end"),
        ({"end": float("nan")}, "end"),
    ],
)
def test_what_is_no_rate_size_or_time_is_refused_before_the_file_is_opened(wrong, named):
    with pytest.raises(ValueError, match=named):
        sampled("nowhere.mp4", **{"rate": 5, **wrong})


@pytest.mark.parametrize(
    ("ending", "codec", "pixels"),
    [
        ("mkv", "libx264", "yuv420p"),
        ("mp4", "libx265", "yuv420p"),
        ("avi", "mpeg4", "yuv420p"),
        ("webm", "libvpx-vp9", "yuv420p"),
        ("ts", "mpeg2video", "yuv420p"),
        ("flv", "flv", "yuv420p"),
        ("mov", "mjpeg", "yuvj420p"),
        ("mkv", "ffv1", "yuv444p"),
        ("mp4", "libx264", "yuv420p10le"),
        ("mov", "prores_ks", "yuva444p10le"),
    ],
)
def test_containers_codecs_and_depths(tmp_path, base, ending, codec, pixels):
    options = {"libx265": {"x265-params": "log-level=none:pools=1"}, "libvpx-vp9": {"deadline": "realtime"}}.get(codec, {})
    if codec in ("mpeg4", "mpeg2video", "flv", "mjpeg"):
        options = {"b": "2M"}
    path = write_barred(tmp_path / f"x.{ending}", codec=codec, pixels=pixels, options=options)
    assert numbers(path, 5) == FIVES
    assert inspect(path).duration == pytest.approx(4.0, abs=0.05)
    ours, like = (np.array([frame.pixels for frame in sampled(one, 1)], float) for one in (path, base))
    assert np.abs(ours - like).mean() < 8


def test_a_picture_that_moves_as_gif(tmp_path):
    path = write_barred(tmp_path / "x.gif", codec="gif", pixels="rgb8", options={})
    assert numbers(path, 5) == FIVES


def test_frames_of_uneven_rate_go_by_their_times(tmp_path):
    kept = [*range(50), *range(50, 100, 10)]
    for ending in ("mkv", "mp4"):
        path = write_barred(tmp_path / f"x.{ending}", kept, times=[number / 25 for number in kept])
        found = [(frame.time, number_of(frame.pixels)) for frame in sampled(path, 5)]
        assert found[:18] == [(time / 5, max(n for n in kept if n <= time * 5)) for time in range(18)]


@pytest.mark.parametrize("ending", ["mp4", "gif", "mkv"])
def test_one_frame(tmp_path, ending):
    codec, pixels = ("gif", "rgb8") if ending == "gif" else ("libx264", "yuv420p")
    path = write_barred(tmp_path / f"x.{ending}", [3], codec=codec, pixels=pixels, options={})
    assert numbers(path, 5) == [3]
    info = inspect(path)
    assert info.duration is not None
    assert 0 < info.duration < 0.2


def test_an_uneven_size_is_not_sheared(tmp_path):
    path = write_barred(tmp_path / "x.mkv", size=(99, 177), codec="ffv1", pixels="yuv444p", options={})
    assert numbers(path, 5) == FIVES
    assert np.abs(next(sampled(path, 5, start=3.8)).pixels.astype(int) - bars(95, 99, 177)).max() <= 2


def test_a_clear_picture_lies_on_black(tmp_path):
    import av

    path = tmp_path / "x.mov"
    picture = np.zeros((48, 64, 4), np.uint8)
    picture[..., :3] = (200, 100, 50)
    picture[:, 32:, 3], picture[24:, :32, 3] = 255, 128
    with av.open(str(path), "w") as container:
        stream = container.add_stream("qtrle", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "argb"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgba")))
        container.mux(stream.encode(None))
    made = next(sampled(path, 1)).pixels
    assert (made[:24, :32] == 0).all()
    assert (made[:, 32:] == (200, 100, 50)).all()
    assert (made[24:, :32] == (100, 50, 25)).all()  # times 128 / 255, to the nearest


def test_sound_changes_nothing_unless_it_comes_first(tmp_path, base):
    with_sound, late = tmp_path / "sound.mp4", tmp_path / "late.mkv"
    ffmpeg("-i", base, "-f", "lavfi", "-i", "sine=440", "-c:v", "copy", "-c:a", "aac", "-shortest", with_sound)
    assert inspect(with_sound).audio
    assert numbers(with_sound, 5) == FIVES
    assert [frame.time for frame in sampled(with_sound, 5)] == [number / 5 for number in range(20)]
    sound = ("-f", "lavfi", "-i", "sine=440:d=6")
    ffmpeg(*sound, "-itsoffset", "2", "-i", base, "-map", "0", "-map", "1", "-c:v", "copy", "-c:a", "aac", late)
    info = inspect(late)
    assert info.begins == pytest.approx(2, abs=0.05)
    assert info.duration == pytest.approx(6, abs=0.05)
    found = [(frame.time, number_of(frame.pixels)) for frame in sampled(late, 5)]
    assert found[0][0] >= info.begins - 1e-3
    assert all(number == int((time - info.begins) * 25 + 1e-6) for time, number in found)
    assert list(sampled(late, 5, end=1.9)) == []


def test_a_clock_that_does_not_start_at_nought(tmp_path, base):
    for name, options in (("x.ts", ("-output_ts_offset", "10")), ("x.mkv", ("-copyts",))):
        moved = tmp_path / name
        ffmpeg("-itsoffset", "10", "-i", base, "-c", "copy", *options, moved)
        assert numbers(moved, 5) == FIVES
        assert [frame.time for frame in sampled(moved, 5)] == [number / 5 for number in range(20)]
        assert inspect(moved).duration == pytest.approx(4.0)


def test_pictures_without_times_are_reckoned_from_the_rate_and_it_is_said(tmp_path, base):
    raw = tmp_path / "x.h264"
    ffmpeg("-i", base, "-c", "copy", raw)
    info = inspect(raw)
    assert not info.timed
    assert info.duration == pytest.approx(4.0)
    assert numbers(raw, 5) == FIVES


def test_the_first_of_two_streams_is_read_and_a_cover_is_no_video(tmp_path, base):
    other = write_barred(tmp_path / "other.mp4", inverted=True)
    two, covered, cover = tmp_path / "two.mkv", tmp_path / "covered.mp4", tmp_path / "cover.png"
    ffmpeg("-i", base, "-i", other, "-map", "0", "-map", "1", "-c", "copy", two)
    assert inspect(two).streams == 2
    assert numbers(two, 5) == FIVES
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64:d=0.04", "-frames:v", "1", cover)
    as_cover = ("-c:v:0", "mjpeg", "-disposition:v:0", "attached_pic")
    ffmpeg("-i", base, "-i", cover, "-map", "1", "-map", "0", "-c", "copy", *as_cover, covered)
    assert inspect(covered).streams == 1
    assert numbers(covered, 5) == FIVES


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_turned_video_is_upright_as_ffmpeg_turns_it(tmp_path, angle):
    clip, turned = real_clip("carphone_pristine"), tmp_path / "turned.mp4"
    ffmpeg("-i", clip, "-c", "copy", "-metadata:s:v:0", f"rotate={angle}", turned)
    info = inspect(turned)
    assert (info.height, info.width) == ((176, 144) if angle != 180 else (144, 176))
    assert info.rotation == (360 - angle) % 360  # ffmpeg 5 names the angle the other way round than its display matrix has it
    ours = next(sampled(turned, 1)).pixels.astype(int)
    theirs = np.frombuffer(ffmpeg("-i", turned, "-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"), np.uint8)
    assert ours.shape == (info.height, info.width, 3)
    assert np.abs(ours - theirs.reshape(ours.shape)).mean() < 2
    assert np.abs(next(sampled(turned, 1, info.height // 2)).pixels - ours[::2, ::2]).shape == (
        info.height // 2,
        info.width // 2,
        3,
    )


def test_names(tmp_path, base):
    for name in ("en röd cirkel", "日本", "a#b?c%20d", "-y", 'it\'s "x"', "å" * 100, "a:b", "concat:x|y"):
        path = tmp_path / f"{name}.mp4"
        path.write_bytes(base.read_bytes())
        assert numbers(path, 1) == [0, 25, 50, 75], name
    assert numbers(str(base), 1) == [0, 25, 50, 75]


def test_a_size_that_changes_midway_becomes_the_first_ones(tmp_path):
    parts = [write_barred(tmp_path / f"{at}.ts", range(50), size=size) for at, size in enumerate([(48, 64), (96, 128)])]
    later, joined = tmp_path / "later.ts", tmp_path / "x.ts"
    ffmpeg("-i", parts[1], "-c", "copy", "-output_ts_offset", "3.4", "-muxdelay", "0", later)
    joined.write_bytes(parts[0].read_bytes() + later.read_bytes())
    found = list(sampled(joined, 60))
    assert {frame.pixels.shape for frame in found} == {(48, 64, 3)}
    assert [number_of(frame.pixels) for frame in found if not frame.repeated] == 2 * list(range(50))


def test_a_clock_that_jumps_back_or_far_ahead_is_named(tmp_path, base):
    stream = tmp_path / "x.ts"
    ffmpeg("-i", base, "-c", "copy", stream)
    (tmp_path / "twice.ts").write_bytes(2 * stream.read_bytes())
    far = write_barred(tmp_path / "far.mkv", range(3), times=[0, 1, 200_000])
    for path, jump in (
        (tmp_path / "twice.ts", "times go back from 3.96 to 0.00 s"),
        (far, "times jump from 1.00 to 200000.00 s"),
    ):
        for rate in (1, 25):
            with pytest.raises(BrokenVideo, match=jump) as caught:
                for _ in sampled(path, rate):
                    pass
            assert caught.value.reason == "damaged"


def test_all_real_clips():
    for name, frames, rate in (
        ("bikes", 250, 25),
        ("carphone_pristine", 120, 30000 / 1001),
        ("carphone_distorted", 120, 30000 / 1001),
    ):
        clip = real_clip(name)
        info = inspect(clip)
        assert (info.frames, info.rate) == (frames, pytest.approx(rate))
        found = list(sampled(clip, rate, 16, 16))
        assert len(found) == frames
        assert not any(frame.repeated for frame in found)
        half = list(sampled(clip, rate / 2, 16, 16))
        assert all((a.pixels == b.pixels).all() for a, b in zip(found[::2], half, strict=True))
