"""Features to fit a tokenizer on: of some frames of some videos, drawn so that neither the order of the videos nor the number of
workers matters."""

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness_plugins.video.broken import BrokenVideo
from harness_plugins.video.tokenizer.settings import Settings
from harness_plugins.video.workers import Died, side_by_side

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness_plugins.video.tokenizer.features import Features

VIDEOS = 1000  # are read for a fit, at most
_OF_A_FRAME = 4  # one in so many of a frame's places is taken, where a video has frames enough


@dataclass(frozen=True)
class Sample:
    """Features (N, D), not standardised, with the energy (N,) of what they leave out of each patch's pixels, None where unknown;
    `videos` and `frames` that they are of; `broken`: what could not be read, by sha256."""

    rows: "NDArray[np.float32]"
    left_out: "NDArray[np.float64] | None"
    videos: int
    frames: int
    broken: dict[str, BrokenVideo]


@dataclass(frozen=True)
class _Job:
    path: Path
    sha256: str
    settings: Settings
    rate: float
    patches: int
    device: str


def draw_sample(
    videos: Sequence[tuple[Path, str]],
    settings: Settings,
    rate: float,
    workers: int = 1,
    report: Callable[..., None] | None = None,
    device: str = "cpu",
) -> Sample:
    """`settings.sample` patches, or all where there are fewer, about as many of each video; of `videos` (path, sha256) at most
    1,000 are read, drawn by `settings.seed`. PluginError, before any is read, for an encoder that cannot be had."""
    import numpy as np

    _features(settings, device)
    known = {sha256: path for path, sha256 in reversed(videos)}
    chosen = sorted(known)
    if len(chosen) > VIDEOS:
        draw = np.random.default_rng([settings.seed, 0])
        chosen = [chosen[place] for place in np.sort(draw.choice(len(chosen), VIDEOS, replace=False))]
    quota = math.ceil(2 * settings.sample / max(len(chosen), 1))
    jobs = [_Job(known[sha256], sha256, settings, rate, quota, device) for sha256 in chosen]
    rows, energies, frames, broken = [], [], 0, {}
    for place, (job, found) in enumerate(zip(jobs, side_by_side(_of_video, jobs, workers), strict=True)):
        if isinstance(found, Died):
            found = BrokenVideo(job.path, "damaged", "killed the process that read it")
        if isinstance(found, BrokenVideo):
            broken[job.sha256] = found
        else:
            rows.append(found[0])
            energies.append(found[1])
            frames += found[2]
        if report is not None:
            report("videos sampled", place + 1, len(jobs))
    if not rows:
        return Sample(np.empty((0, 1), np.float32), None, 0, 0, broken)
    total, left_out = np.concatenate(rows), np.concatenate([one for one in energies if one is not None] or [np.empty(0)])
    if len(total) > settings.sample:
        taken = np.sort(np.random.default_rng([settings.seed, 1]).choice(len(total), settings.sample, replace=False))
        total, left_out = total[taken], left_out[taken] if len(left_out) else left_out
    return Sample(total, left_out if len(left_out) else None, len(rows), frames, broken)


def _of_video(job: _Job) -> "tuple[NDArray[np.float32], NDArray[np.float64] | None, int] | BrokenVideo":
    """Features of some patches of a video's frames, and how many frames they are of."""
    import numpy as np

    features = _features(job.settings, job.device)
    draw = np.random.default_rng([job.settings.seed, int(job.sha256[:16], 16)])
    most = math.ceil(job.patches / max(features.positions // _OF_A_FRAME, 1))
    try:
        frames = _some_frames(job, features, most, draw)
    except BrokenVideo as error:
        return error
    rows = np.concatenate([features.extract(frames[start : start + 32]) for start in range(0, len(frames), 32)])
    energies = None
    if features.drawn:
        energies = np.concatenate([left_out(features, frames[n : n + 1], rows[n : n + 1]) for n in range(len(frames))])
    flat = rows.reshape(-1, rows.shape[-1])
    if len(flat) > job.patches:
        taken = np.sort(draw.choice(len(flat), job.patches, replace=False))
        return flat[taken], None if energies is None else energies[taken], len(frames)
    return flat, energies, len(frames)


def _some_frames(job: _Job, features: "Features", most: int, draw: "np.random.Generator") -> "NDArray[np.uint8]":
    """At most so many of a video's frames, each with the same chance, in their order; none twice."""
    import numpy as np

    from harness_plugins.video.frames import sampled

    kept: list[tuple[float, int, NDArray[np.uint8]]] = []
    for number, frame in enumerate(sampled(job.path, job.rate, features.height, features.width)):
        if frame.repeated:
            continue
        chance = draw.random()
        if len(kept) < most:
            heapq.heappush(kept, (-chance, number, frame.pixels.copy()))
        elif -chance > kept[0][0]:
            heapq.heapreplace(kept, (-chance, number, frame.pixels.copy()))
    return np.stack([pixels for _, _, pixels in sorted(kept, key=lambda one: one[1])])


def left_out(features: "Features", frames: "NDArray[np.uint8]", rows: "NDArray[np.float32]") -> "NDArray[np.float64]":
    """The squared pixels (N × P,) of each patch that its features do not tell, in all colours together."""
    import numpy as np

    assert features.grid is not None
    down, across = features.grid
    apart = np.square(frames.astype(np.float64) - 128).reshape(len(frames), down, features.height // down, across, -1)
    energy = apart.sum(axis=(2, 4)).ravel() - np.square(rows, dtype=np.float64).reshape(-1, rows.shape[-1]).sum(axis=1)
    total: NDArray[np.float64] = np.maximum(energy, 0.0)
    return total


@lru_cache(maxsize=1)  # a worker reads an encoder once, not for every video
def _features(settings: Settings, device: str) -> "Features":
    from harness_plugins.video.tokenizer.features import open_features

    return open_features(settings, device)
