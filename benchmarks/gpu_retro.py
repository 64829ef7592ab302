"""Training of the papers' retrieval-augmented model on a GPU, random data, bfloat16: tokens a second, MFU, memory; ON and OFF.

python benchmarks/gpu_retro.py [--steps 3] [--seconds 480] [--cpu]

The preset `norlund` (Norlund et al. 2023: decoder of 12 layers of 1,536, encoder of 2 of 896, cross-attention in layers 6, 9 and
12, chunks of 64 with two neighbours of 128 tokens, sequences of 1,024), 32,128 words, random weights, tokens and neighbours:
nothing is downloaded. Weights are float32, products bfloat16. It runs in the loop of the trainer `retro`. Every setting makes a
step to warm up (two where layers are compiled) and `--steps` that count; settings are tried in the order of what is likely best
until `--seconds` are over, each with retrieval (ON), and the best one without (OFF) too. MFU is that of the products which the
sequences need (`harness_plugins/retro/flops.py`), against the data sheet's dense bfloat16 figure. A setting that runs out of
memory says so, and the next one runs. `--cpu`: a tiny model on the processor: does it run?
"""

import argparse
import contextlib
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_training import Clock, Enough, check_device, fresh, memory_of, peak_of
from retro_shapes import NEIGHBOURS, Corpus, Shape, papers_model

WORDS = 32_128


@dataclass(frozen=True)
class Setting:
    """`rows`: sequences of a micro-batch; `kernels`: auto, or compile (torch.compile of every layer)."""

    rows: int
    kernels: str = "auto"
    checkpointing: bool = False
    dropout: bool = True

    def __str__(self) -> str:
        said = [f"{self.rows} sequences a micro-batch", f"kernels={self.kernels}"]
        said += ["gradient checkpointing"] if self.checkpointing else []
        return ", ".join(said + ([] if self.dropout else ["no dropout"]))


@dataclass(frozen=True)
class Run:
    """What came of a setting: tokens a second, operations a token, peak memory in bytes, or why it failed."""

    speed: float = 0.0
    each: float = 0.0
    memory: float = 0.0
    failure: str = ""


def main() -> None:
    """Runs the settings until the time is over; prints the best, and what OFF takes with it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=3, help="that count (default: 3)")
    parser.add_argument("--seconds", type=float, default=480, help="after which no further setting is begun (default: 480)")
    parser.add_argument("--cpu", action="store_true", help="a tiny model on the processor")
    arguments = parser.parse_args()
    device = check_device("cpu" if arguments.cpu else "cuda", arguments.cpu)
    until = time.perf_counter() + arguments.seconds
    shape = Shape(64, 2, words=500, length=128) if arguments.cpu else Shape(1536, 12, words=WORDS, length=1024)
    sequences = 2 if arguments.cpu else 64
    corpus = Corpus(shape, 2 * sequences)
    operations, source = peak_of(device)
    print(f"{sequences * shape.length} tokens a step; {operations / 1e12:.1f} TFLOP/s of bfloat16 ({source})", flush=True)
    found: dict[Setting, Run] = {}
    for how in settings(arguments.cpu):
        if time.perf_counter() > until:
            print("the time is over; settings that are left were not tried")
            break
        found[how] = run(shape, corpus, how, sequences, arguments.steps, device, on=True)
        print(f"  ON:  {told(found[how], operations)}  {how}", flush=True)
    done = {how: one for how, one in found.items() if not one.failure}
    if not done:
        sys.exit("no setting ran")
    best = max(done, key=lambda how: done[how].speed)
    off = run(shape, corpus, best, sequences, arguments.steps, device, on=False)
    print(f"  OFF: {told(off, operations)}  {best}")
    print(f"best with retrieval: {told(done[best], operations)}  {best}")
    if not off.failure:
        print(f"a step ON takes {off.speed / done[best].speed:.2f} times that of a step OFF")


def settings(tiny: bool) -> list[Setting]:
    """What is tried, the likely best first."""
    if tiny:
        return [Setting(1), Setting(2, checkpointing=True)]
    return [
        Setting(16),
        Setting(16, "compile"),
        Setting(8, "compile"),
        Setting(16, "compile", dropout=False),
        Setting(32, "compile"),
        Setting(8),
        Setting(32, checkpointing=True),
    ]


def told(one: Run, operations: float) -> str:
    """A run in words."""
    if one.failure:
        return one.failure
    return f"{one.speed:9,.0f} tokens/s  MFU {one.speed * one.each / operations:6.1%}  {one.memory / 2**30:5.1f} GiB"


def run(shape: Shape, corpus: Any, how: Setting, sequences: int, steps: int, device: Any, *, on: bool) -> Run:
    """One setting, in a fresh model."""
    import torch
    from harness_plugins.retro.learner import RetroLearner
    from harness_plugins.trainers.loop import Settings, fit
    from harness_plugins.trainers.weights import Weights

    clock, rows = Clock(device), corpus.rows()
    warm = 2 if how.kernels == "compile" else 1
    tokens = how.rows * shape.length
    plan = Settings(steps=warm + steps, batch=sequences, tokens=tokens, rate=1e-4, schedule="constant", save_every=10**6)
    try:
        with tempfile.TemporaryDirectory() as folder, fresh(device):
            with torch.device(device):
                model = papers_model(shape)
            if not how.dropout:
                without_dropout(model)
            if how.checkpointing:
                model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
            Weights(kernels="none" if how.kernels == "auto" else how.kernels).quicken(model, str(device))
            near = corpus.near if on else None
            learner = RetroLearner(model, corpus, near, neighbours=NEIGHBOURS, dtype="bfloat16")
            each = learner.flops(rows[:1]) / rows[0].length
            with contextlib.suppress(Enough):
                fit(learner, rows, plan, Path(folder), watchers=[clock])  # type: ignore[arg-type]  # rows of its own
            return Run(clock.speed(warm), each, memory_of(device))
    except torch.OutOfMemoryError:
        return Run(failure="out of memory")


def without_dropout(model: Any) -> None:
    """Sets every dropout of the model to zero."""
    import torch

    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        elif isinstance(getattr(module, "dropout", None), float):
            module.dropout = 0.0


if __name__ == "__main__":
    main()
