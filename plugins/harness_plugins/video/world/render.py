"""Pictures and files: a scene as frames, and frames as a video file."""

import io
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from harness_plugins.video.world.forms import COLOURS, FORMS, LANDMARKS, SIZES, Silhouette
from harness_plugins.video.world.motions import MOTIONS
from harness_plugins.video.world.scenes import Scene
from harness_plugins.video.world.settings import World

if TYPE_CHECKING:
    import av

Frames = NDArray[np.uint8]
Floats = NDArray[np.floating]
_FINE = 2  # points a pixel in each direction, which `_cover` adds up: edges are smooth
_BACKGROUND = (92, 96, 104)
_LANDMARK = (176, 178, 182)
_ROOM = 0.4  # of the picture's width that a landmark has; the thing has the rest
_RADIUS = 0.5  # of a thing, as a share of half its room


def frames_of(world: World, scene: Scene) -> Frames:
    """The clip's frames (F, H, W, 3), red green blue."""
    across, down = _grid(world.height, world.width)
    still = np.full((world.height, world.width, 3), _BACKGROUND, np.float32)
    ratio = world.width / world.height  # lengths are shares of half the height, so that a circle is round
    left, right = -ratio, ratio
    if scene.beside:
        room = 2 * ratio * _ROOM
        middle = scene.side * -1 * (ratio - room / 2)
        left, right = (left + room, right) if middle < 0 else (left, right - room)
        still = _over(still, _landmark(scene, across, down, middle, room), _LANDMARK)
    pictures = _over(still, _thing(world, scene, across, down, left, right), COLOURS[scene.shown["colour"]])
    if world.noise:
        rng = np.random.default_rng(scene.pixels)
        pictures += rng.standard_normal(pictures.shape, np.float32) * np.float32(255 * world.noise)
    return pictures.clip(0, 255, out=pictures).astype(np.uint8)


def _landmark(scene: Scene, across: Floats, down: Floats, middle: float, room: float) -> NDArray[np.float32]:
    """Cover (H, W) of the second thing, which stands on the ground in its room."""
    wide, high = SIZES[scene.shown["size"]]
    half = min(room / 2 * 0.94, 0.6)  # in a wide picture its height is what bounds it
    high, wide = half * high * 1.5, half * wide
    return _cover(LANDMARKS[scene.shown["landmark"]], (across - middle) / wide, (down - 0.9 + high) / high)


def _thing(world: World, scene: Scene, across: Floats, down: Floats, left: float, right: float) -> NDArray[np.float32]:
    """Cover (F, H, W) of the thing, which moves in the room between `left` and `right`."""
    time = np.arange(world.frames) / world.frames
    path = MOTIONS[scene.shown["motion"]](time, scene.way)
    half = min(right - left, 2.0) / 2
    radius = half * _RADIUS * (1 + 0.2 * scene.scale)
    slack_x, slack_y = max((right - left) / 2 - radius, 0.0), max(1 - radius, 0.0)
    x = (left + right) / 2 + slack_x * np.clip(0.9 * path.x + 0.25 * scene.place[0], -1, 1)
    y = slack_y * np.clip(0.9 * path.y + 0.25 * scene.place[1], -1, 1)
    size, x0, y0, seen = (one.astype(np.float32)[:, None, None] for one in (radius * path.size, x, y, path.seen))
    return _cover(FORMS[scene.shown["form"]], (across - x0) / size, (down - y0) / size) * seen


def _over(picture: NDArray[np.float32], cover: NDArray[np.float32], colour: tuple[int, int, int]) -> NDArray[np.float32]:
    """The picture, with this colour where it is covered."""
    return picture + cover[..., None] * (np.array(colour, np.float32) - picture)


def _cover(form: Silhouette, u: Floats, v: Floats) -> NDArray[np.float32]:
    """How much of each pixel lies inside: (…, H, W), 0 to 1."""
    inside = form(u, v)
    points = inside.view(np.uint8)
    rows = points[..., 0::2, :] + points[..., 1::2, :]
    return (rows[..., 0::2] + rows[..., 1::2]) * np.float32(1 / _FINE**2)


@lru_cache(maxsize=4)
def _grid(height: int, width: int) -> tuple[Floats, Floats]:
    """Points of the picture, `_FINE`² a pixel: (1, W) to the right from the middle, (H, 1) down; half the height is 1."""
    across, down = (((np.arange(size * _FINE) + 0.5) / _FINE - size / 2) / (height / 2) for size in (width, height))
    return across.astype(np.float32)[None], down.astype(np.float32)[:, None]


def encoded(world: World, frames: Frames) -> bytes:
    """The frames as an MP4 file. The same frames give the same bytes wherever the same FFmpeg makes them."""
    import av

    file = io.BytesIO()
    options = {"mpeg4": {"flags": "+bitexact+qscale", "global_quality": "236"}, "libx264": {"flags": "+bitexact", "crf": "12"}}
    with av.open(file, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream = cast("av.VideoStream", container.add_stream(world.codec, rate=world.rate, options=options[world.codec]))
        stream.height, stream.width, stream.pix_fmt = world.height, world.width, "yuv420p"
        stream.codec_context.thread_count = 1
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue()
