"""Small pictures of large frames: exact means of areas, by matrices that are written out."""

import numpy as np
import pytest
from harness_plugins.video.areas import Areas
from harness_plugins.video.decoding import decoded, opened
from harness_plugins.video.pictures import Orientation, Pictures
from real_clips import real_clip

STEPS = {"yuv420p": (2, 2), "yuv422p": (2, 1), "yuv444p": (1, 1), "yuv411p": (4, 1), "yuvj420p": (2, 2)}


def frame_of(name, height, width, seed=0, kind="noise"):
    """A frame of random samples, and its planes."""
    import av

    across, down = STEPS[name]
    rng = np.random.default_rng(seed)
    frame = av.VideoFrame(width, height, name)
    planes = []
    for plane, (rows, columns) in zip(
        frame.planes, [(height, width)] + 2 * [(-(-height // down), -(-width // across))], strict=True
    ):
        values = rng.integers(0, 256, (rows, columns), np.uint8) if kind == "noise" else np.full((rows, columns), 255, np.uint8)
        padded = rng.integers(0, 256, (rows, plane.line_size), np.uint8)  # what stands behind a line is not looked at
        padded[:, :columns] = values
        plane.update(padded.tobytes())
        planes.append(values)
    return frame, planes


def overlaps(size, samples, step, shift, target):
    """(target, samples): how much of each sample's stretch of the axis lies in each pixel, the outermost ones to the edges."""
    starts = np.arange(samples + 1) * step - shift
    starts[0], starts[-1] = 0, size
    edges = np.arange(target + 1) * size / target
    lows, highs = np.maximum(edges[:-1, None], starts[None, :-1]), np.minimum(edges[1:, None], starts[None, 1:])
    return np.maximum(highs - lows, 0) * target / size


def by_hand(planes, name, height, width, to_height, to_width):
    across, down = STEPS[name]
    means = []
    for number, plane in enumerate(planes):
        step_x, step_y = (across, down) if number else (1, 1)
        columns = overlaps(width, plane.shape[1], step_x, (step_x - 1) / 2, to_width)  # beside every second pixel
        means.append(overlaps(height, plane.shape[0], step_y, 0, to_height) @ plane.astype(float) @ columns.T)
    luma, blue, red = means
    if name.startswith("yuvj"):
        grey, u, v = luma, blue - 128, red - 128
    else:
        grey, u, v = (luma - 16) * 255 / 219, (blue - 128) * 255 / 224, (red - 128) * 255 / 224
    picture = np.stack([grey + 1.402 * v, grey - 0.344136286 * u - 0.714136286 * v, grey + 1.772 * u], -1)
    return np.clip(picture, 0, 255)


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize(
    ("height", "width", "to_height", "to_width"),
    [(48, 64, 16, 16), (47, 61, 13, 60), (144, 176, 64, 64), (719, 37, 64, 5), (9, 1030, 9, 3), (2, 2, 1, 1)],
)
def test_pictures_are_means_of_areas(name, height, width, to_height, to_width):
    frame, planes = frame_of(name, height, width)
    found = Areas(to_height, to_width).of(frame)
    wanted = by_hand(planes, name, height, width, to_height, to_width)
    assert np.abs(found - wanted).max() < 0.5001  # rounded once


def test_a_lone_colour_comes_out_as_it_is_however_large_the_frame():
    """The largest sums: of 2,160 lines in 7, which 16 bits do not hold."""
    frame, _ = frame_of("yuvj420p", 2160, 3840, kind="white")
    assert (Areas(7, 11).of(frame) == (255, 121, 255)).all()  # 255 - (.344136 + .714136) * 127 = 120.6


@pytest.mark.parametrize("kind", ["noise", "white"])
@pytest.mark.parametrize(
    ("height", "width", "to_height", "to_width"), [(144, 176, 63, 64), (271, 641, 64, 31), (720, 1280, 5, 64)]
)
def test_lines_that_are_summed_side_by_side_are_those_summed_alone(monkeypatch, kind, height, width, to_height, to_width):
    from harness_plugins.video import areas

    frame, _ = frame_of("yuv420p", height, width, kind=kind)
    together = Areas(to_height, to_width)
    found = together.of(frame)
    assert together._tables.lanes > 1
    monkeypatch.setattr(areas, "_LANES", 1)
    areas._tables.cache_clear()
    try:
        alone = Areas(to_height, to_width)
        assert np.array_equal(alone.of(frame), found)
        assert alone._tables.lanes == 1
    finally:
        areas._tables.cache_clear()


def test_frames_that_are_not_for_it():
    import av

    frame, _ = frame_of("yuv420p", 48, 64)
    assert Areas(48, 64).of(frame) is None  # nothing to shrink
    assert Areas(96, 32).of(frame) is None
    assert Areas(16, 16).of(av.VideoFrame(64, 48, "rgb24")) is None
    assert Areas(16, 16).of(av.VideoFrame(64, 48, "yuv420p10le")) is None


def test_it_goes_over_to_another_kind_of_frame():
    areas = Areas(8, 8)
    for name, height, width in (("yuv420p", 48, 64), ("yuv444p", 48, 64), ("yuv420p", 97, 31)):
        frame, planes = frame_of(name, height, width)
        assert np.abs(areas.of(frame) - by_hand(planes, name, height, width, 8, 8)).max() < 0.5001


@pytest.mark.parametrize(("name", "side"), [("bikes", 64), ("carphone_pristine", 64)])
def test_pictures_are_nearly_those_of_ffmpegs_scaler(name, side):
    """It rounds weights to 14 bits, and between steps."""
    with opened(real_clip(name)) as video:
        frame = next(decoded(video)).frame
    pictures = Pictures(side, side, Orientation())
    difference = np.abs(pictures.of(frame).astype(int) - pictures._scaled(frame))
    assert difference.max() <= 1
    assert difference.mean() < 0.02
