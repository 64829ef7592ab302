"""Videos become video tokens in a folder (`store`): one at a time in each worker, in any number of workers, and none twice."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import InputError
from harness_plugins.video.broken import BrokenVideo
from harness_plugins.video.store import TOKENIZER, Info, made_with, path_of, write_info, write_video
from harness_plugins.video.tokenizer.files import load_tokenizer, save_tokenizer
from harness_plugins.video.workers import Died, side_by_side

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness_plugins.video.tokenizer.tokenizer import Tokenizer

_FRAMES = 32  # that are held at a time, before they are tokens


@dataclass(frozen=True)
class Tokenised:
    """What became of a video: `frames` sampled, in `seconds`; `reused`: its tokens were there. `broken`: why it has none."""

    path: Path
    sha256: str
    frames: int = 0
    seconds: float = 0.0
    reused: bool = False
    broken: BrokenVideo | None = None


@dataclass(frozen=True)
class _Job:
    path: Path
    sha256: str
    folder: Path
    digest: str
    rate: float
    device: str


def tokenise_videos(
    videos: Sequence[tuple[Path, str]],
    tokenizer: "Tokenizer",
    *,
    rate: float,
    folder: Path,
    workers: int = 1,
    report: Callable[..., None] | None = None,
) -> Iterator[Tokenised]:
    """Writes the tokens of `videos` (path, sha256) and says what became of each, in their order; a video that is named twice is
    read once. Frames are sampled `rate` a second. A video that cannot be read to its end gets no tokens.

    What is there is not done again, so that the same call goes on after a stop. InputError where the folder holds tokens of
    another tokenizer, size or rate.
    """
    save_tokenizer(tokenizer, folder / TOKENIZER)
    info = tokenizer.info(float(rate))
    write_info(folder, info)
    known = {sha256: path for path, sha256 in reversed(videos)}
    there = {sha256: frames for sha256 in known if (frames := _there(folder, sha256, info)) is not None}
    jobs = [
        _Job(path, sha256, folder, tokenizer.digest, rate, tokenizer.device)
        for sha256, path in known.items()
        if sha256 not in there
    ]
    jobs.reverse()  # as they were named
    work = _in_process(tokenizer) if workers <= 1 or len(jobs) <= 1 else _in_worker
    made: dict[str, Tokenised] = {}
    results = side_by_side(work, jobs, workers)
    for place, (path, sha256) in enumerate(videos):
        if sha256 in there:
            yield Tokenised(path, sha256, there[sha256], reused=True)
        else:
            while sha256 not in made:
                job = jobs[len(made)]
                found = next(results)
                broken = BrokenVideo(job.path, "damaged", "killed the process that read it")
                made[job.sha256] = Tokenised(job.path, job.sha256, broken=broken) if isinstance(found, Died) else found
            yield made[sha256]
        if report is not None:
            report("videos tokenised", place + 1, len(videos), reused=len(there))


def tokens_of(path: Path, tokenizer: "Tokenizer", rate: float) -> "tuple[NDArray[np.float64], NDArray[np.int32]]":
    """Times (F,) in seconds and tokens (F, P) of a video's frames, sampled `rate` a second; BrokenVideo where it has none."""
    import numpy as np

    from harness_plugins.video.frames import sampled

    times: list[float] = []
    pictures: list[NDArray[np.uint8]] = []
    shown: list[int] = []  # for each time, the number of the picture that is shown
    parts: list[NDArray[np.int32]] = []
    count = 0
    for frame in sampled(path, rate, tokenizer.features.height, tokenizer.features.width):
        times.append(frame.time)
        if not frame.repeated or not count:
            if len(pictures) == _FRAMES:
                parts.append(tokenizer.encode(np.stack(pictures)))
                pictures = []
            pictures.append(frame.pixels)
            count += 1
        shown.append(count - 1)
    parts.append(tokenizer.encode(np.stack(pictures)))
    return np.array(times), np.concatenate(parts)[shown]


def _there(folder: Path, sha256: str, info: Info) -> int | None:
    """How many frames of a video have their tokens in the folder; None where it has none, or its file is damaged or holds those
    of another tokenizer or rate."""
    from safetensors import SafetensorError, safe_open

    path = path_of(folder, sha256)
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            made_by = file.metadata()
            times, found = file.get_slice("times").get_shape(), file.get_slice("tokens").get_shape()
    except (SafetensorError, OSError, ValueError):
        return None
    right = made_by == made_with(info) and len(times) == 1 and found == [times[0], info.tokens]
    return times[0] if right else None


def _in_process(tokenizer: "Tokenizer") -> Callable[[_Job], Tokenised]:
    return lambda job: _made(job, tokenizer)


def _in_worker(job: _Job) -> Tokenised:
    tokenizer = _loaded(job.folder / TOKENIZER, job.device)
    if tokenizer.digest != job.digest:
        raise InputError(f"{job.folder / TOKENIZER} was changed while videos were tokenised; begin again")
    return _made(job, tokenizer)


def _made(job: _Job, tokenizer: "Tokenizer") -> Tokenised:
    begun = time.perf_counter()
    try:
        times, tokens = tokens_of(job.path, tokenizer, job.rate)
    except BrokenVideo as error:
        return Tokenised(job.path, job.sha256, seconds=time.perf_counter() - begun, broken=error)
    write_video(job.folder, job.sha256, times, tokens, tokenizer.info(float(job.rate)))
    return Tokenised(job.path, job.sha256, len(times), time.perf_counter() - begun)


@lru_cache(maxsize=1)  # a worker reads the tokenizer once, not for every video
def _loaded(folder: Path, device: str) -> "Tokenizer":
    return load_tokenizer(folder, device)
