"""Instruction tuning of a 1B-class model on a GPU, random weights, bfloat16: tokens a second, MFU, memory; TRL beside it.

python benchmarks/gpu_training.py [--steps 3] [--seconds 540] [--tiny] [--device cuda]

A Llama of 1.1 billion random weights (no download), kept in float32 and computed in bfloat16 on both sides; rows with
the lengths of instruction data. Every setting makes a step to warm up (two where it compiles) and `--steps` that count. MFU is
that of the products which the rows need (`harness_plugins/trainers/flops.py`), on both sides by the same count, against the data
sheet's dense bfloat16 figure. A setting that runs out of memory says so, and the next one runs. Settings are tried in the order
of what is likely best, until `--seconds` are over. `--tiny`: a small model, on any device: does it run?
"""

import argparse
import contextlib
import gc
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from side_by_side import version
from training import Peer, make_rows, make_trainer, quiet

WORDS = 32_000
AT_LEAST = 0.4


def main() -> None:
    """Runs our settings and TRL's in turn until the time is over, and prints the best of both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--steps", type=int, default=3, help="that count (default: 3)")
    parser.add_argument("--seconds", type=float, default=540, help="after which no further setting is begun (default: 540)")
    parser.add_argument("--tiny", action="store_true")
    arguments = parser.parse_args()
    device = check_device(arguments.device, arguments.tiny)
    until = time.perf_counter() + arguments.seconds
    tokens = 1024 if arguments.tiny else 65_536
    rows = make_rows(4 * tokens, WORDS)
    operations, source = peak_of(device)
    print(f"{tokens} tokens a step; {operations / 1e12:.1f} TFLOP/s of bfloat16 ({source})", flush=True)
    best: dict[str, float] = {}
    for side, how in in_turn(ours(arguments.tiny), theirs(arguments.tiny, device)):
        if time.perf_counter() > until:
            print("the time is over; settings that are left were not tried")
            break
        speed, each, memory, failure = (our_run if side == "sft" else trl_run)(how, rows, tokens, arguments, device)
        if failure:
            print(f"  {side}: {how}: {failure}", flush=True)
            continue
        mfu = speed * each / operations
        print(f"  {side}: {speed:9.0f} tokens/s  MFU {mfu:6.1%}  {memory / 2**30:5.1f} GiB  {how}", flush=True)
        best[side] = max(best.get(side, 0.0), mfu)
    for side, mfu in best.items():
        wanted = "" if side != "sft" or arguments.tiny else f" (wanted ≥ {AT_LEAST:.0%}: {'yes' if mfu >= AT_LEAST else 'NO'})"
        print(f"best of {side if side == 'sft' else version('trl')}: MFU {mfu:.1%}{wanted}")
    if len(best) == 2:
        print(f"ratio {best['sft'] / best['TRL']:.2f}")


def check_device(device: str, tiny: bool) -> Any:
    """The device; ends the script where torch has no such one."""
    import torch

    if device.partition(":")[0] == "cuda" and not torch.cuda.is_available():
        if not tiny:
            sys.exit(f"torch {torch.__version__} finds no GPU here; --tiny shows that the script runs")
        device = "cpu"
    return torch.device(device)


def peak_of(device: Any) -> tuple[float, str]:
    """What the device could do in bfloat16."""
    from harness_plugins.trainers.flops import peak

    return peak(device, "bfloat16")


def ours(tiny: bool) -> list[dict[str, Any]]:
    """Settings of the trainer: kernels, tokens of a micro-batch, checkpointing, packing."""
    if tiny:
        return [{"kernels": "none", "tokens": 512, "checkpointing": False, "packing": packing} for packing in (True, False)]
    found = [
        {"kernels": kernels, "tokens": size, "checkpointing": False, "packing": True}
        for size, kernels in itertools.product((16_384, 32_768, 8_192), ("compile", "auto"))
    ]
    found.append({"kernels": "auto", "tokens": 32_768, "checkpointing": True, "packing": True})
    found.append({"kernels": "auto", "tokens": 16_384, "checkpointing": False, "packing": False})
    return found


def theirs(tiny: bool, device: Any) -> list[tuple[Peer, dict[str, Any]]]:
    """Settings of TRL: packing, batch size, attention, checkpointing, Liger's kernels where they are installed, torch.compile."""
    if tiny:
        return [(Peer("bfd", 256, 1), {}), (Peer(None, 1024, 2), {})]
    flash = "flash_attention_2" if has("flash_attn") else "sdpa"
    liger = {"use_liger_kernel": True} if has("liger_kernel") else {}
    found: list[tuple[Peer, dict[str, Any]]] = [
        (Peer("bfd", 2048, 8, flash), liger),
        (Peer("wrapped", 2048, 8, flash), liger),
        (Peer("wrapped", 2048, 8, flash), {**liger, "torch_compile": True}),
        (Peer("bfd", 8192, 2, flash), liger),
        (Peer("wrapped", 1024, 16, flash), liger),
        (Peer(None, 2048, 32, flash), liger),
        (Peer("bfd", 2048, 16, flash, checkpointing=True), liger),
    ]
    return found


def has(package: str) -> bool:
    """Whether a package is installed."""
    from importlib.util import find_spec

    return find_spec(package) is not None


def in_turn(one: list[Any], other: list[Any]) -> list[tuple[str, Any]]:
    """The settings of both sides, ours first, alternating."""
    pairs = itertools.zip_longest([("sft", how) for how in one], [("TRL", how) for how in other])
    return [setting for pair in pairs for setting in pair if setting is not None]


def make_model(tiny: bool, device: Any, attention: str = "sdpa") -> Any:
    """The model, float32, on the device."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=WORDS,
        hidden_size=64 if tiny else 2048,
        intermediate_size=128 if tiny else 8192,
        num_hidden_layers=2 if tiny else 16,
        num_attention_heads=2 if tiny else 16,
        num_key_value_heads=1 if tiny else 8,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        attn_implementation=attention,
        pad_token_id=0,
    )
    with torch.device(device):
        return LlamaForCausalLM(config)


def our_run(
    how: dict[str, Any], rows: list[Any], tokens: int, arguments: Any, device: Any
) -> tuple[float, float, float, str | None]:
    """(tokens a second, operations a token, peak memory, why it failed)."""
    import torch
    from harness_plugins.trainers.learner import Learner
    from harness_plugins.trainers.loop import Settings, fit
    from harness_plugins.trainers.weights import Weights

    clock = Clock(device)
    mean = sum(len(row.tokens) for row in rows) / len(rows)
    warm = 2 if how["kernels"] == "compile" else 1
    settings = Settings(
        steps=warm + arguments.steps, batch=round(tokens / mean), tokens=how["tokens"], schedule="constant", save_every=10**6
    )
    each = 0.0
    try:
        with tempfile.TemporaryDirectory() as folder, fresh(device):
            model = make_model(arguments.tiny, device)
            if how["checkpointing"]:
                model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
            learner = Learner(model, packing=how["packing"], longest=1024, dtype="bfloat16")
            Weights(kernels=how["kernels"]).quicken(model, str(device))
            each = learner.flops(rows) / sum(len(row.tokens) for row in rows)
            with contextlib.suppress(Enough):
                fit(learner, rows, settings, Path(folder), watchers=[clock])
            return clock.speed(warm), each, memory_of(device), None
    except torch.OutOfMemoryError:
        return 0.0, each, 0.0, "out of memory"


def trl_run(
    how: tuple[Peer, dict[str, Any]], rows: list[Any], tokens: int, arguments: Any, device: Any
) -> tuple[float, float, float, str | None]:
    """The same of TRL."""
    import torch
    from harness_plugins.trainers.flops import arithmetic
    from transformers import TrainerCallback

    peer, more = how
    clock = Clock(device)
    mean = sum(len(row.tokens) for row in rows) / len(rows)
    sequences = max(peer.batch, round(tokens / (peer.length if peer.packing else mean)))
    warm = 2 if more.get("torch_compile") else 1

    class Marks(TrainerCallback):
        def on_step_end(self, *some: Any, **named: Any) -> None:
            clock.mark(trainer.tokens)

    try:
        with fresh(device), quiet():
            model = make_model(arguments.tiny, device, peer.attention)
            counted = arithmetic(model)
            each = counted.of(rows) / sum(len(row.tokens) for row in rows)
            named = {"bf16": True, "use_cpu": device.type == "cpu", **more}
            trainer = make_trainer(model, rows, peer, sequences, warm + arguments.steps, **named)
            trainer.add_callback(Marks())
            trainer.train()
            return clock.speed(warm), each, memory_of(device), None
    except torch.OutOfMemoryError:
        return 0.0, 0.0, 0.0, "out of memory"
    except (ImportError, ValueError) as error:  # a setting that this installation has no kernels for
        return 0.0, 0.0, 0.0, str(error).splitlines()[0]


class Enough(Exception):
    """The steps that count are made; the checkpoint behind them is not wanted."""


class Clock:
    """Times and tokens behind every step."""

    def __init__(self, device: Any) -> None:
        self._device = device
        self._marks: list[tuple[float, int]] = []

    def on_step(self, learner: Any, progress: Any) -> bool:
        """As a watcher of our loop."""
        self.mark(progress.read)
        if progress.step == progress.total:
            raise Enough
        return False

    def mark(self, tokens: int) -> None:
        """Now, so many tokens had been learned from."""
        if self._device.type == "cuda":
            import torch

            torch.cuda.synchronize(self._device)
        self._marks.append((time.perf_counter(), tokens))

    def speed(self, warm: int) -> float:
        """Tokens a second behind the first `warm` steps."""
        (start, before), (end, after) = self._marks[warm - 1], self._marks[-1]
        return (after - before) / (end - start)


@contextlib.contextmanager
def fresh(device: Any) -> Iterator[None]:
    """Memory as it is when nothing has been computed yet."""
    import torch

    gc.collect()  # of the setting before, which may have failed
    torch.compiler.reset()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    yield


def memory_of(device: Any) -> float:
    """Bytes that the device held at most; 0 on a CPU."""
    import torch

    return float(torch.cuda.max_memory_reserved(device)) if device.type == "cuda" else 0.0


if __name__ == "__main__":
    main()
