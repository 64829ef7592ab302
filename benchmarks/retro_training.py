"""Training with retrieval: tokens a second beside the package retro-pytorch, and a step with retrieval beside one without.

python benchmarks/retro_training.py [--rounds 5] [--width 384] [--layers 12] [--length 1024] [--sequences 2] [--tiny] [--write]

Both sides learn the same random tokens with the same random neighbours (two of 128 tokens to each chunk of 64), float32, AdamW in
its fused form. Both models have the same widths, layers, heads, and layers with cross-attention (6, 9 and 12 of 12; the encoder's
second layer reads the chunk), rotary positions, and as many weights: ours has gated feed-forward parts of two thirds the width.
Products of matrices in one step are counted on both and must agree within a tenth. Ours goes through the loop of the trainer
`retro`; theirs through the loop of their documentation, to which the fused optimizer is added. A sweep over sequences of a
micro-batch finds the best of either (with `--compile`, torch.compile of both too), then the best take turns.

The second figure is of the papers' own shape in small (preset `norlund`, with widths in its proportions): the time of a step with
retrieval (ON) divided by that of one without (OFF), by the same loop and the same model.

The package is installed beside its own requirements (`pip install --no-deps retro-pytorch einops`); of those, `autofaiss`, which
it imports for indexes that are not built here, is stood in for where it is missing.
"""

import argparse
import importlib.util
import statistics
import sys
import tempfile
import time
import types
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from retro_shapes import CHUNK, LONG, NEIGHBOURS, Corpus, Shape, papers_model
from side_by_side import Measured, line, version, write

AT_LEAST, AT_MOST = 1.5, 1.6
STEPS = 3  # timed in each turn


@dataclass(frozen=True)
class Speed:
    """One side's setting: sequences of a micro-batch, and whether torch.compile is used."""

    rows: int
    compiled: bool = False

    def __str__(self) -> str:
        return f"{self.rows} a micro-batch" + (", compiled" if self.compiled else "")


def main() -> None:
    """Holds the two sides together, sweeps both, lets the best take turns; then ON beside OFF."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--length", type=int, default=1024, help="tokens of a sequence")
    parser.add_argument("--sequences", type=int, default=2, help="of a step")
    parser.add_argument("--compile", action="store_true", help="try torch.compile on both sides too (minutes)")
    parser.add_argument("--only", choices=("peer", "on-off"), help="one of the two figures")
    parser.add_argument("--tiny", action="store_true", help="small models and one round: does it run?")
    parser.add_argument("--write", action="store_true", help="keep the figures for the documentation's table")
    arguments = parser.parse_args()
    shape = Shape(arguments.width, arguments.layers, length=arguments.length)
    rounds, sequences = arguments.rounds, arguments.sequences
    if arguments.tiny:
        shape, rounds, sequences = Shape(256, 2, words=500, length=128), 1, 1
    jobs, figures = [], []
    if arguments.only != "on-off":
        jobs.append(beside_peer(shape, sequences, rounds, compiled=arguments.compile))
        print(line(jobs[0]), flush=True)
    if arguments.only != "peer":
        figures.append(on_beside_off(shape, sequences, rounds))
        print(f"{figures[0]['job']}: {figures[0]['value']}", flush=True)
    if arguments.write:
        write("retro_training", [asdict(job) for job in jobs], figures)


def beside_peer(shape: Shape, sequences: int, rounds: int, *, compiled: bool = False) -> Measured:
    """Tokens a second of both sides."""
    corpus = Corpus(shape, 2 * sequences)
    same = compared(shape, corpus)
    print(f"the two sides: {same}", flush=True)
    sizes = [size for size in (1, 2, 4) if size <= sequences]
    settings = [Speed(size, how) for how in ((False, True) if compiled else (False,)) for size in sizes]
    best: list[Speed] = []
    for side, speed in (("retro", our_speed), ("retro-pytorch", peer_speed)):
        speeds = {}
        for how in settings:
            speeds[how] = speed(shape, corpus, how, sequences, 1)
            print(f"  {speeds[how]:8.0f} tokens/s  {side}: {how}", flush=True)
        best.append(max(speeds, key=speeds.__getitem__))
    pairs = in_turn(
        lambda: our_speed(shape, corpus, best[0], sequences, STEPS),
        lambda: peer_speed(shape, corpus, best[1], sequences, STEPS),
        rounds,
    )
    ratios = [mine / other for mine, other in pairs]
    return Measured(
        job=f"training with retrieval, width {shape.width}, {shape.layers} layers, sequences of {shape.length}",
        peer=f"{version('retro-pytorch')} ({best[1]})",
        ours_per_second=statistics.median(mine for mine, _ in pairs),
        peer_per_second=statistics.median(other for _, other in pairs),
        unit="tokens",
        ratio=statistics.median(ratios),
        ratio_low=min(ratios),
        ratio_high=max(ratios),
        at_least=AT_LEAST,
        rounds=rounds,
        equality=same,
        note=f"float32, {sequences} sequences a step, ours with {best[0]}",
    )


def on_beside_off(shape: Shape, sequences: int, rounds: int) -> dict[str, Any]:
    """The time of a step with retrieval by that of a step without, at the papers' shape in small."""
    corpus = Corpus(shape, 2 * sequences)
    model = papers_model(shape)
    how = Speed(1)
    for near in (corpus.near, None):
        loop_speed(model, corpus, near, how, sequences, 1)
    pairs = in_turn(
        lambda: loop_speed(model, corpus, None, how, sequences, STEPS),
        lambda: loop_speed(model, corpus, corpus.near, how, sequences, STEPS),
        rounds,
    )
    ratios = [off / on for off, on in pairs]
    ratio = statistics.median(ratios)
    weights = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    counted = products(model, corpus, corpus.near) / products(model, corpus, None)
    speed = statistics.median(on for _, on in pairs)
    return {
        "job": f"step time with retrieval (ON) by without (OFF), preset norlund in width {shape.width}, {shape.layers} layers",
        "value": f"{ratio:.2f} [{min(ratios):.2f}–{max(ratios):.2f} in {rounds} rounds] (wanted ≤ {AT_MOST}: "
        f"{'yes' if ratio <= AT_MOST else 'NO'}); {weights:.1f} M weights, {speed:,.0f} "
        f"tokens/s ON; by count of products it would be {counted:.2f}",
    }


def in_turn(one: Callable[[], float], other: Callable[[], float], rounds: int) -> list[tuple[float, float]]:
    """What both say, the order changing from round to round."""
    found = []
    for number in range(rounds):
        if number % 2:
            second = other()
            found.append((one(), second))
        else:
            found.append((one(), other()))
    return found


def our_model(shape: Shape) -> Any:
    """A Llama-like decoder with chunked cross-attention, the size of the peer's."""
    import torch
    from harness_plugins.retro.config import RetroConfig
    from harness_plugins.retro.model import RetroForCausalLM

    torch.manual_seed(0)
    config = RetroConfig(
        decoder={
            "model_type": "llama",
            "vocab_size": shape.words,
            "hidden_size": shape.width,
            "intermediate_size": shape.gated,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "max_position_embeddings": shape.length,
            "pad_token_id": 0,
        },
        chunk=CHUNK,
        neighbours=NEIGHBOURS,
        neighbour_length=LONG,
        cross_layers=shape.cross,
        encoder_layers=2,
        encoder_width=shape.width,
        encoder_heads=shape.heads,
        encoder_hidden=shape.gated,
        encoder_cross_layers=[2],
    )
    return RetroForCausalLM(config)


def peer_model(shape: Shape) -> Any:
    """retro-pytorch's."""
    import torch

    with_stand_in()
    from retro_pytorch import RETRO

    torch.manual_seed(0)
    return RETRO(
        num_tokens=shape.words,
        max_seq_len=shape.length,
        enc_dim=shape.width,
        enc_depth=2,
        enc_cross_attn_layers=(2,),
        dec_dim=shape.width,
        dec_depth=shape.layers,
        dec_cross_attn_layers=tuple(shape.cross),
        heads=shape.heads,
        dim_head=shape.width // shape.heads,
        chunk_size=CHUNK,
    )


def with_stand_in() -> None:
    """Lets retro-pytorch be imported without autofaiss, which builds indexes; ends the script where the package is missing."""
    for package in ("retro_pytorch", "einops"):
        if importlib.util.find_spec(package) is None:
            sys.exit(f"{package} is not installed: pip install --no-deps retro-pytorch==0.3.9 einops")
    if "autofaiss" not in sys.modules:  # installed or not: it does not import beside recent packages
        absent = types.ModuleType("autofaiss")
        absent.build_index = None  # type: ignore[attr-defined]
        sys.modules["autofaiss"] = absent


def compared(shape: Shape, corpus: Any) -> str:
    """Weights, products of a sequence and first losses of both; SystemExit where they are not of a size."""
    from harness_plugins.retro.learner import RetroLearner

    ours, peer = our_model(shape), peer_model(shape)
    weights = [sum(parameter.numel() for parameter in model.parameters()) / 1e6 for model in (ours, peer)]
    row = corpus.rows()[0]
    losses = [
        float(RetroLearner(ours, corpus, corpus.near, neighbours=NEIGHBOURS)([row]).detach()) / row.learned,
        float(peer_loss(peer, corpus, [row]).detach()),
    ]
    counts = [products(ours, corpus, corpus.near), products_of(lambda: peer_loss(peer, corpus, [row]).backward())]
    said = (
        f"{weights[0]:.1f} and {weights[1]:.1f} M weights, {counts[0] / 1e12:.3f} and {counts[1] / 1e12:.3f} TFLOP in products "
        f"a sequence, first loss {losses[0]:.2f} and {losses[1]:.2f}"
    )
    if any(abs(one / other - 1) > 0.1 for one, other in (weights, counts)) or abs(losses[0] - losses[1]) > 0.5:
        sys.exit(f"the two sides are not of a size: {said}")
    return said


def products(model: Any, corpus: Any, near: Any) -> float:
    """Operations in matrix products of a step over one sequence, ours."""
    from harness_plugins.retro.learner import RetroLearner

    learner = RetroLearner(model, corpus, near, neighbours=NEIGHBOURS)
    return products_of(lambda: learner(corpus.rows()[:1]).backward())


def products_of(work: Callable[[], Any]) -> float:
    """Operations in matrix products, counted as they run; attention as its two products of all pairs, on both sides."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        work()
    return float(counter.get_total_flops())


def our_speed(shape: Shape, corpus: Corpus, how: Speed, sequences: int, steps: int) -> float:
    """Tokens a second of a fresh model, behind a first step."""
    return loop_speed(our_model(shape), corpus, corpus.near, how, sequences, steps)


def loop_speed(model: Any, corpus: Any, near: Any, how: Speed, sequences: int, steps: int) -> float:
    """Tokens a second of the trainer's loop, behind a first step."""
    from harness_plugins.retro.learner import RetroLearner
    from harness_plugins.trainers.loop import Settings, fit

    marks: list[float] = []

    class Clock:
        def on_step(self, learner: Any, progress: Any) -> bool:
            marks.append(time.perf_counter())
            return False

    rows = corpus.rows()
    learner = RetroLearner(model, corpus, near, neighbours=NEIGHBOURS)
    if how.compiled:
        compile_layers(model)
    length = rows[0].length
    settings = Settings(
        steps=steps + 1, batch=sequences, tokens=how.rows * length, rate=1e-4, schedule="constant", clip=0.0, save_every=10**6
    )
    with tempfile.TemporaryDirectory() as folder:
        fit(learner, rows, settings, Path(folder), watchers=[Clock()])  # type: ignore[arg-type]  # rows of its own
    return steps * sequences * length / (marks[-1] - marks[0])


def peer_speed(shape: Shape, corpus: Corpus, how: Speed, sequences: int, steps: int) -> float:
    """The same of retro-pytorch, by the loop of its documentation."""
    import torch

    model = peer_model(shape).train()
    if how.compiled:
        compile_layers(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    rows, marks = corpus.rows(), []
    for step in range(steps + 1):
        chosen = [rows[(step * sequences + place) % len(rows)] for place in range(sequences)]
        for start in range(0, sequences, how.rows):
            part = chosen[start : start + how.rows]
            (peer_loss(model, corpus, part) * (len(part) / sequences)).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        marks.append(time.perf_counter())
    return steps * sequences * shape.length / (marks[-1] - marks[0])


def peer_loss(model: Any, corpus: Corpus, rows: list[Any]) -> Any:
    """Their mean loss of some sequences: like ours, the last token is only predicted, and its chunk's neighbours are left out."""
    import numpy as np
    import torch

    numbers = np.array([np.arange(row.first, row.first + row.chunks) for row in rows])
    tokens = torch.from_numpy(corpus.ids[numbers].reshape(len(rows), -1))
    return model(tokens, retrieved=torch.from_numpy(corpus.found[numbers[:, :-1]]), return_loss=True)


def compile_layers(model: Any) -> None:
    """torch.compile on every feed-forward and attention part: whole models of either kind break its graphs."""
    import torch

    for module in model.modules():
        if type(module).__name__ in ("FeedForward", "Attention", "LlamaMLP", "LlamaAttention", "RMSNorm", "LlamaRMSNorm"):
            module.compile(dynamic=False)
    torch._dynamo.config.recompile_limit = 64


if __name__ == "__main__":
    main()
