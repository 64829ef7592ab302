"""Training of a masked language model that reads video on a GPU, random data, bfloat16: tokens a second, MFU, memory, going on.

python benchmarks/gpu_video.py [--steps 3] [--seconds 420] [--cpu]

BERT's base size (12 layers of 768, 30,522 words; Devlin et al. 2019) with random weights, 120 tokens of text beside 8 frames of
49 video tokens (8,192 codes): 512 vectors a sequence, 256 sequences a step; nothing is downloaded. Weights are float32, products
bfloat16. It runs in the loop of the trainer `video-mlm`. Every setting makes a step to warm up and `--steps` that count; settings
are tried in the order of what is likely best until `--seconds` are over. The best one is run without video, too, on texts of 512
tokens with as many of them masked. MFU is that of the products which the sequences need (`harness_plugins/video/model/flops.py`),
against the data sheet's dense bfloat16 figure. At the end a training is stopped and gone on with, and held against one that was
not; and activations that are computed again against those that are kept. A setting that runs out of memory says so, and the next
one runs. `--cpu`: a tiny model on the processor: does it run?
"""

import argparse
import contextlib
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gpu_training import Clock, Enough, check_device, fresh, memory_of, peak_of

SHARE = 0.15


@dataclass(frozen=True)
class Shape:
    """A model and what it reads: `text` tokens and `frames` of `side` × `side` video tokens out of `codes`."""

    layers: int
    width: int
    words: int
    text: int
    frames: int
    side: int
    codes: int
    rows: int

    @property
    def length(self) -> int:
        """Vectors of a sequence."""
        return self.text + self.frames * self.side**2

    def without_video(self) -> "Shape":
        """As long a sequence, of text alone."""
        return replace(self, text=self.length, frames=0)


BASE = Shape(12, 768, 30_522, text=120, frames=8, side=7, codes=8192, rows=256)
TINY = Shape(2, 64, 500, text=16, frames=2, side=4, codes=32, rows=8)


@dataclass(frozen=True)
class Setting:
    """`rows`: sequences of a micro-batch; `video`: share of the video tokens that is masked, too."""

    rows: int
    checkpointing: bool = False
    video: float = 0.0

    def __str__(self) -> str:
        said = [f"{self.rows} sequences a micro-batch"]
        said += ["gradient checkpointing"] if self.checkpointing else []
        return ", ".join(said + ([f"{self.video:.0%} of the video masked"] if self.video else []))


@dataclass(frozen=True)
class Run:
    """What came of a setting: tokens a second, operations a token, peak memory in bytes, or why it failed."""

    speed: float = 0.0
    each: float = 0.0
    memory: float = 0.0
    failure: str = ""


class Vocabulary:
    """As much of a tokenizer as masking needs."""

    all_special_ids = (0, 1, 2, 3, 4)
    mask_token_id = 4

    def __init__(self, words: int) -> None:
        self._words = {str(number): number for number in range(words)}

    def get_vocab(self) -> dict[str, int]:
        """Words by number."""
        return self._words


def main() -> None:
    """Runs the settings until the time is over; prints the best, what text alone takes, and whether going on is exact."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=3, help="that count (default: 3)")
    parser.add_argument("--seconds", type=float, default=420, help="after which no further setting is begun (default: 420)")
    parser.add_argument("--cpu", action="store_true", help="a tiny model on the processor")
    arguments = parser.parse_args()
    device = check_device("cpu" if arguments.cpu else "cuda", arguments.cpu)
    until = time.perf_counter() + arguments.seconds
    shape = TINY if arguments.cpu else BASE
    operations, source = peak_of(device)
    print(f"{shape.rows * shape.length} tokens a step; {operations / 1e12:.1f} TFLOP/s of bfloat16 ({source})", flush=True)
    found: dict[Setting, Run] = {}
    for how in settings(arguments.cpu):
        if time.perf_counter() > until:
            print("the time is over; settings that are left were not tried")
            break
        found[how] = run(shape, how, arguments.steps, device)
        print(f"  video: {told(found[how], operations)}  {how}", flush=True)
    done = {how: one for how, one in found.items() if not one.failure and not how.video}
    if not done:
        sys.exit("no setting ran")
    best = max(done, key=lambda how: done[how].speed)
    alone = run(shape.without_video(), best, arguments.steps, device)
    print(f"  text:  {told(alone, operations)}  {best}")
    print(f"best with video: {told(done[best], operations)}  {best}")
    if not alone.failure:
        print(f"with video {done[best].speed / alone.speed:.2f} times the tokens a second of text alone, at equal length")
    goes_on(shape, best, device)


def settings(tiny: bool) -> list[Setting]:
    """What is tried, the likely best first."""
    if tiny:
        return [Setting(4), Setting(8, checkpointing=True), Setting(4, video=0.5)]
    return [Setting(64), Setting(128), Setting(32), Setting(256, checkpointing=True), Setting(64, video=0.5)]


def told(one: Run, operations: float) -> str:
    """A run in words."""
    if one.failure:
        return one.failure
    return f"{one.speed:9,.0f} tokens/s  MFU {one.speed * one.each / operations:6.1%}  {one.memory / 2**30:5.1f} GiB"


def run(shape: Shape, how: Setting, steps: int, device: Any) -> Run:
    """One setting, in a fresh model."""
    import torch
    from harness_plugins.trainers.loop import fit

    clock = Clock(device)
    try:
        with tempfile.TemporaryDirectory() as folder, fresh(device):
            rows, learner = material(shape, how.video), taught(shape, how, device)
            each = learner.flops(rows.drawn(range(len(rows)), 0)) / (shape.rows * shape.length)
            with contextlib.suppress(Enough):
                fit(learner, rows, plan(shape, how, 1 + steps), Path(folder), watchers=[clock])
            return Run(clock.speed(1), each, memory_of(device))
    except torch.OutOfMemoryError:
        return Run(failure="out of memory")


def goes_on(shape: Shape, how: Setting, device: Any) -> None:
    """Prints by how much a training that was stopped differs from one that was not, and one that computes activations again."""
    from harness_plugins.trainers.loop import fit

    rows = material(shape, 0.0)
    losses, weights = [], []
    for kind in ("uninterrupted", "stopped", "again"):
        with tempfile.TemporaryDirectory() as folder, fresh(device):
            setting = replace(how, checkpointing=kind == "again")
            if kind == "stopped":
                with contextlib.suppress(KeyboardInterrupt):
                    watchers: Any = [StopAt(2)]
                    fit(taught(shape, setting, device), rows, plan(shape, how, 4, every=2), Path(folder), watchers=watchers)
            learner = taught(shape, setting, device)
            done = fit(learner, rows, plan(shape, how, 4, every=2), Path(folder))
            losses.append(done.losses)
            weights.append({name: value.detach().float().cpu() for name, value in learner.model.state_dict().items()})
    for number, what in ((1, "stopped behind step 2 and gone on"), (2, "activations computed again")):
        apart = max(float((weights[0][name] - value).abs().max()) for name, value in weights[number].items())
        loss = max(abs(one - other) for one, other in zip(losses[0], losses[number], strict=True))
        print(f"{what}: losses differ by {loss:.2g} at most, weights by {apart:.2g}")


class StopAt:
    """A watcher that stops a training behind the checkpoint of a step."""

    def __init__(self, step: int) -> None:
        self._step = step

    def on_step(self, learner: Any, progress: Any) -> bool:
        """Stops in the step behind."""
        if progress.step > self._step:
            raise KeyboardInterrupt
        return False


def plan(shape: Shape, how: Setting, steps: int, *, every: int = 10**6) -> Any:
    """The settings of the loop."""
    from harness_plugins.video.training import VideoSettings

    return VideoSettings(
        steps=steps, batch=shape.rows, tokens=how.rows * shape.length, rate=1e-4, schedule="constant", save_every=every
    )


def taught(shape: Shape, how: Setting, device: Any) -> Any:
    """A fresh model as the trainer has it, in training mode, on the device."""
    import torch
    from harness_plugins.video.learner import VideoLearner
    from harness_plugins.video.model.config import VideoConfig
    from harness_plugins.video.model.model import with_video
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=shape.words,
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=max(1, shape.width // 64),
        intermediate_size=4 * shape.width,
        max_position_embeddings=512,
        pad_token_id=0,
    )
    sides = (shape.side, shape.side)
    seen = VideoConfig(codes=shape.codes, places=shape.side**2, frames=max(1, shape.frames), grid=sides, head=how.video > 0)
    with torch.device(device):
        model = BertForMaskedLM(config)
    model = with_video(model, seen).to(device)
    if not shape.frames:
        for name, parameter in model.named_parameters():
            parameter.requires_grad = name.startswith("base.")
    if how.checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return VideoLearner(model.train(), dtype="bfloat16")


def material(shape: Shape, video_share: float) -> Any:
    """Sequences of random words of one token, and of random video tokens; as many words are masked in texts of any length."""
    import numpy as np
    from harness_plugins.video.model.masking import MaskedRows
    from harness_plugins.video.model.sequences import Row

    found = []
    for number in range(2 * shape.rows):
        random = np.random.default_rng(number)
        ids = np.concatenate([[2], random.integers(5, shape.words, shape.text - 2), [3]]).astype(np.int32)
        words = np.concatenate([[-1], np.arange(shape.text - 2), [-1]]).astype(np.int32)
        codes = random.integers(0, shape.codes, (shape.frames, shape.side**2, 1)).astype(np.int32)
        found.append(Row(str(number), ids, words, np.zeros((shape.text, 2), np.int32), codes, np.arange(shape.frames) / 2.0))
    read = BASE.text if shape.text == BASE.length else TINY.text if shape.text == TINY.length else shape.text
    share = SHARE * (read - 2) / (shape.text - 2)
    return MaskedRows(found, Vocabulary(shape.words), share=share, video_share=video_share)


if __name__ == "__main__":
    main()
