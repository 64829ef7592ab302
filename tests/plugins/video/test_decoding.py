"""Decoded frames equal those of the ffmpeg program to the bit; pictures equal its pictures, and arithmetic by hand."""

import numpy as np
import pytest
from harness_plugins.video.decoding import decoded, opened
from harness_plugins.video.frames import inspect, sampled
from real_clips import CLIPS, CODED, ffmpeg, real_clip


def planes(path):
    with opened(path) as video:
        found = [(one.time, one.frame.format.name, one.frame.to_ndarray().tobytes()) for one in decoded(video)]
    return found


def theirs(path, pixels):
    return ffmpeg(
        "-noautorotate", "-i", path, "-map", "0:V:0", "-fps_mode", "passthrough", "-pix_fmt", pixels, "-f", "rawvideo", "-"
    )


@pytest.mark.parametrize("name", [pytest.param(CLIPS[0], marks=pytest.mark.slow), *CLIPS[1:]])
def test_every_frame_of_the_real_clips_equals_ffmpegs(name):
    found = planes(real_clip(name))
    assert b"".join(frame for *_, frame in found) == theirs(real_clip(name), found[0][1])


@pytest.mark.parametrize("name", [*CODED, "cut"])
def test_every_frame_equals_ffmpegs_however_it_was_coded(coded_clips, name):
    found = planes(coded_clips[name])
    assert len(found) > 15
    assert b"".join(frame for *_, frame in found) == theirs(coded_clips[name], found[0][1])
    assert found[0][0] == 0
    assert [time for time, *_ in found] == sorted({time for time, *_ in found})


@pytest.mark.parametrize(("height", "width"), [(128, 700), (544, 1280)])
def test_enlarged_pictures_equal_ffmpegs_with_the_same_flags(height, width):
    clip = real_clip("bikes")
    info = inspect(clip)
    kind = "area" if height < info.height or width < info.width else "bilinear"
    flags = f"flags={kind}+accurate_rnd+bitexact+full_chroma_int"
    where = "in_h_chr_pos=0:in_v_chr_pos=128"  # of 4:2:0, as the standard has it; ffmpeg 5 takes another unless it is told
    scale = f"scale={width}:{height}:{flags}:{where},format=rgb24"
    data = ffmpeg("-i", clip, "-vf", scale, "-frames:v", "20", "-f", "rawvideo", "-")
    wanted = np.frombuffer(data, np.uint8).reshape(20, height, width, 3)
    found = np.stack([frame.pixels for frame in sampled(clip, info.rate, height, width, end=20 / info.rate)])
    assert (found == wanted).all()


def test_colours_by_hand():
    """ITU-R BT.601, limited range; chroma between its samples, which lie beside every second pixel and between two rows."""
    clip = real_clip("carphone_pristine")
    with opened(clip) as video:
        frame = next(decoded(video)).frame
        luma, *chroma = (
            np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width].astype(float)
            for plane in frame.planes
        )
    y = (luma - 16) * 255 / 219
    u, v = ((_twice(_twice(plane, 0, 0.5), 1, 0.0) - 128) * 255 / 224 for plane in chroma)
    wanted = np.stack([y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u], -1).round().clip(0, 255)
    difference = np.abs(next(sampled(clip, 1)).pixels - wanted)
    assert difference.max() <= 1
    assert difference.mean() < 0.01


def _twice(plane, axis, first):
    """Twice as many samples along an axis, linear between them; the first sample lies at `first` pixels."""
    places = np.clip((np.arange(2 * plane.shape[axis]) - first) / 2, 0, plane.shape[axis] - 1)
    low = np.floor(places).astype(int)
    weight = (places - low).reshape([-1, 1] if axis == 0 else [1, -1])
    high = np.minimum(low + 1, plane.shape[axis] - 1)
    return np.take(plane, low, axis) * (1 - weight) + np.take(plane, high, axis) * weight


@pytest.mark.parametrize(("matrix", "range_"), [("bt709", "tv"), ("smpte170m", "tv"), ("bt709", "pc")])
def test_the_matrix_and_the_range_that_a_video_names_are_heeded(tmp_path, matrix, range_):
    """A plain colour comes back as itself under each matrix and range."""
    path = tmp_path / "x.mkv"
    names = ("-colorspace", matrix, "-color_range", range_)
    scale = f"scale=out_color_matrix={matrix}:out_range={range_},format=yuv444p"
    ffmpeg("-f", "lavfi", "-i", "color=0xC83214:s=64x48:d=0.2,format=rgb24", "-vf", scale, *names, "-c:v", "ffv1", path)
    assert np.abs(next(sampled(path, 1)).pixels.astype(int) - (200, 50, 20)).max() <= 2
