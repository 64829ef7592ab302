"""Pictures of a made-up world: areas by geometry, what moves and how, and video files that other programs read."""

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from harness_plugins.video.world.forms import COLOURS, FORMS, LANDMARKS, polygon, star
from harness_plugins.video.world.lexicon import lexicon
from harness_plugins.video.world.motions import MOTIONS
from harness_plugins.video.world.render import encoded, frames_of
from harness_plugins.video.world.scenes import Scene, draw_scene
from harness_plugins.video.world.settings import world_of

pytest.importorskip("av")


def world(**settings):
    return world_of({"noise": 0.0, "jitter": 0.0, **settings})[0]


def scene(**shown):
    fields = {name: shown.pop(name) for name in ("side", "scale", "place", "way", "beside") if name in shown}
    everything = {"colour": "red", "form": "circle", "motion": "rests", "size": "big", "landmark": "house", **shown}
    usual = {"beside": True, "side": 1, "scale": 0.0, "place": (0.0, 0.0), "way": 1, "pixels": 0}
    return Scene(said={}, visible={}, shown=everything, **{**usual, **fields})


def cover(frames, colour):
    """How much of each frame (F,) has this colour, and where its middle is (F, 2): rows, columns."""
    close = np.abs(frames.astype(int) - COLOURS[colour]).sum(-1) < 60
    places = [np.argwhere(one) for one in close]
    return close.sum((1, 2)), np.array([one.mean(0) if len(one) else (np.nan, np.nan) for one in places])


def area(inside):
    """Of the plane within ±1, the part that lies inside."""
    side = (np.arange(400) + 0.5) / 200 - 1
    return inside(side[None], side[:, None]).mean() * 4


def shoelace(corners):
    x, y = np.array(corners).T
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def test_areas():
    assert area(FORMS["circle"]) == pytest.approx(np.pi, abs=0.01)
    assert area(FORMS["ring"]) == pytest.approx(np.pi * (1 - 0.58**2), abs=0.02)
    assert area(FORMS["diamond"]) == pytest.approx(1.2, abs=0.01)
    assert area(FORMS["triangle"]) == pytest.approx(1.85, abs=0.01)
    bolt = [(0.35, -1), (-0.6, 0.15), (-0.05, 0.15), (-0.35, 1), (0.6, -0.2), (0.05, -0.2)]
    assert area(polygon(*bolt)) == area(FORMS["bolt"]) == pytest.approx(shoelace(bolt), abs=0.01)
    assert area(star(4, 0.5)) == pytest.approx(4 * 0.5 * np.sin(np.pi / 4), abs=0.01)


def test_no_two_things_look_alike():
    side = (np.arange(64) + 0.5) / 32 - 1
    for known in (FORMS, LANDMARKS):
        pictures = {key: form(side[None], side[:, None]) for key, form in known.items()}
        assert all(picture.any() for picture in pictures.values())
        for one in pictures:
            for other in pictures:
                assert one == other or (pictures[one] ^ pictures[other]).mean() > 0.05
    colours = list(COLOURS.values())
    assert min(np.abs(np.subtract(a, b)).sum() for n, a in enumerate(colours) for b in colours[:n]) > 100


def test_a_still_scene():
    frames = frames_of(world(height=96, width=128, frames=3), scene(colour="yellow"))
    assert frames.shape == (3, 96, 128, 3)
    assert frames.dtype == np.uint8
    assert (frames == frames[0]).all()
    pixels, middles = cover(frames, "yellow")
    row, column = middles[0]
    assert row == pytest.approx(47.5, abs=1)
    # a room of .6 of the width, the picture 2.67 half-heights wide: the thing's middle lies at .7 of it
    assert column == pytest.approx(0.7 * 128, abs=1.5)
    radius = 0.5 * 0.8 * 48  # half its room times 48 pixels
    assert pixels[0] == pytest.approx(np.pi * radius**2, rel=0.06)
    mirrored = frames_of(world(height=96, width=128, frames=3), scene(colour="yellow", side=-1))
    assert cover(mirrored, "yellow")[1][0][1] == pytest.approx(0.3 * 128, abs=1.5)


def paths(motion, **settings):
    return cover(frames_of(world(**settings), scene(motion=motion)), "red")


def test_motions():
    _, falls = paths("falls")
    assert (np.diff(falls[:, 0]) > 0).all()
    assert np.ptp(falls[:, 1]) < 1
    assert (np.diff(paths("rises")[1][:, 0]) < 0).all()
    _, glides = paths("glides")
    assert (np.diff(glides[:, 1]) > 0).all()
    back = cover(frames_of(world(), scene(motion="glides", way=-1)), "red")[1]
    assert (np.diff(back[:, 1]) < 0).all()
    assert np.ptp(paths("rests")[1]) < 60  # rows and columns of one place
    assert np.ptp(paths("rests")[1], axis=0).max() == 0
    grows, _ = paths("grows")
    assert (np.diff(grows) > 0).all()
    assert grows[-1] > 6 * grows[0]
    assert (np.diff(paths("shrinks")[0]) < 0).all()
    blinks, _ = paths("blinks")
    assert (blinks[:4] > 0).all()
    assert (blinks[4:8] == 0).all()
    assert np.ptp(paths("bounces")[1][:, 0]) > 15
    assert np.ptp(paths("sways")[1][:, 1]) > 8
    assert np.ptp(paths("shakes")[1][:, 1]) > 3


def test_motions_differ_at_four_frames_as_well():
    pictures = {motion: frames_of(world(), scene(motion=motion))[::4].astype(int) for motion in MOTIONS}
    for one in pictures:
        for other in pictures:
            assert one == other or np.abs(pictures[one] - pictures[other]).mean() > 0.5


def test_sizes_of_the_second_thing():
    def extent(size):
        frames = frames_of(world(), scene(size=size, landmark="window", colour="black"))
        close = np.argwhere(np.abs(frames[0].astype(int) - (176, 178, 182)).sum(-1) < 40)
        return np.ptp(close, axis=0) + 1

    big, small, tall, low, wide, narrow = map(extent, ("big", "small", "tall", "low", "wide", "narrow"))
    assert (small < 0.6 * big).all()
    assert tall[0] == big[0] > tall[1]
    assert low[0] < low[1]
    assert wide[1] == big[1] > wide[0]
    assert narrow[1] < 0.5 * narrow[0]
    alone = frames_of(world(), scene(beside=False))
    assert not (np.abs(alone[0].astype(int) - (176, 178, 182)).sum(-1) < 20).any()


@pytest.mark.parametrize(("height", "width"), [(16, 16), (36, 128), (64, 114), (96, 32), (16, 256)])
def test_pictures_of_any_shape(height, width):
    setting = world(height=height, width=width, frames=5)
    for motion in set(MOTIONS) - {"grows", "shrinks", "blinks"}:
        frames = frames_of(setting, scene(motion=motion, landmark="window", colour="black", place=(1.0, -1.0), scale=1.0))
        darkness = (92 - frames.astype(int)[..., 0]).clip(0).sum((1, 2))
        assert np.ptp(darkness) < 0.12 * darkness.max()  # nothing of the thing is cut, wherever it goes
        second = np.abs(frames.astype(int) - (176, 178, 182)).sum(-1) < 40
        assert second.any((1, 2)).all()
        assert not second[:, [0, -1]].any()
        assert not second[:, :, [0, -1]].any()


def test_noise_and_jitter():
    still, noisy = (frames_of(replace_world(noise), scene()).astype(float) for noise in (0.0, 0.04))
    assert np.std(noisy - still) == pytest.approx(0.04 * 255, rel=0.03)
    again = frames_of(replace_world(0.04), scene()).astype(float)
    assert (noisy == again).all()
    setting = world(jitter=1.0, seed=9, classes=("colour",), levels=(1.0,), unseen=0)
    entries = lexicon(setting)
    scenes = [draw_scene(setting, entries, clip) for clip in range(40)]
    assert len({one.place for one in scenes}) == 40
    calm = world(seed=9)
    assert {draw_scene(calm, lexicon(calm), clip).place for clip in range(5)} == {(0.0, 0.0)}
    # nothing ever leaves the picture
    for one in scenes:
        pixels, _ = cover(frames_of(setting, replace(one, shown={**one.shown, "colour": "red", "motion": "glides"})), "red")
        assert np.ptp(pixels) < 0.2 * pixels.max()


def replace_world(noise):
    return world(noise=noise)


@pytest.mark.parametrize("codec", ["mpeg4", "libx264"])
def test_files(codec, tmp_path):
    import av

    setting = world(codec=codec, rate=5, frames=11, height=48, width=80)
    frames = frames_of(setting, scene(motion="falls"))
    data = encoded(setting, frames)
    assert data == encoded(setting, frames)
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        assert (stream.width, stream.height, stream.average_rate) == (80, 48, 5)
        shown = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in file.decode(stream)]
    assert [time for time, _ in shown] == pytest.approx([number / 5 for number in range(11)])
    error = np.mean((np.stack([picture for _, picture in shown]).astype(float) - frames) ** 2)
    assert 10 * np.log10(255**2 / error) > 24  # chroma has half the resolution: edges of colours are blurred
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed")
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    raw = subprocess.run(command, capture_output=True, check=True)
    assert not raw.stderr
    assert len(raw.stdout) == 11 * 48 * 80
