"""Instruction tuning beside TRL: tokens a second on this machine's cores, TRL's settings and ours found by a sweep first.

python benchmarks/training.py [--rounds 5] [--tokens 4096] [--tiny] [--write]

A Llama of 10 million random weights, float32; rows of random tokens with the lengths of instruction data (log-normal, median 150
tokens; 30 to 70 % of a row is its prompt, on which there is no loss). A token counts where it is one of a row: padding does not.
First loss and gradient norm of one step over the same rows are compared with TRL's. Then every setting makes two steps
(the first warms up), the best of TRL's kinds are tried with eager attention and gradient checkpointing too, the best three (two
of ours) make three steps more, and the best of both sides take turns. TRL's `wrapped` packing cuts examples in two and lets
them see each other; it is compared with all the same.
"""

import argparse
import contextlib
import io
import itertools
import logging
import random
import statistics
import sys
import tempfile
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from side_by_side import Measured, line, version, write

WORDS = 16_384
AT_LEAST = 1.3


@dataclass(frozen=True)
class Peer:
    """A setting of TRL. `packing`: None, bfd or wrapped; `length`: tokens of a packed row; `batch`: rows of a micro-batch."""

    packing: str | None
    length: int
    batch: int
    attention: str = "sdpa"
    checkpointing: bool = False

    def __str__(self) -> str:
        kind = f"packing {self.packing} of {self.length}" if self.packing else "no packing, grouped by length"
        more = ", gradient checkpointing" if self.checkpointing else ""
        return f"{kind}, {self.batch} a micro-batch, {self.attention}{more}"


@dataclass(frozen=True)
class Ours:
    """A setting of the trainer sft."""

    packing: bool
    tokens: int

    def __str__(self) -> str:
        return f"packing={self.packing}, batch_tokens={self.tokens}"


def main() -> None:
    """Compares one step, sweeps both sides, lets the best take turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=4096, help="of a step (default: 4096); half of it in the sweep")
    parser.add_argument("--tiny", action="store_true", help="a model of two small layers and few settings: does it run?")
    parser.add_argument("--write", action="store_true", help="keep the figures for the documentation's table")
    arguments = parser.parse_args()
    tokens = 1024 if arguments.tiny else arguments.tokens
    rows = make_rows(8 * tokens)
    with quiet():
        same = compared(make_model(True), rows[:6])
    print(f"one step over the same rows: {same}", flush=True)
    theirs = sweep_trl(arguments.tiny, rows, tokens // 2)
    ours = sweep_ours(arguments.tiny, rows, tokens // 2)
    found = take_turns(ours, theirs, rows, tokens, 1 if arguments.tiny else arguments.rounds, arguments.tiny, same)
    print(line(found))
    if arguments.write:
        write("training", [asdict(found)])


def make_rows(tokens: int, words: int = WORDS) -> list[Any]:
    """Rows of random tokens, as many as hold that many tokens."""
    from harness_plugins.trainers.tokenised import Row

    rng = random.Random(0)
    found: list[Any] = []
    while sum(len(row.tokens) for row in found) < tokens:
        length = min(1024, max(24, round(rng.lognormvariate(5.0, 0.6))))
        prompt = round(length * rng.uniform(0.3, 0.7))
        found.append(Row(str(len(found)), tuple(rng.randrange(3, words) for _ in range(length)), prompt))
    return found


def make_model(tiny: bool, attention: str = "sdpa") -> Any:
    """The model, always the same."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=WORDS,
        hidden_size=32 if tiny else 256,
        intermediate_size=64 if tiny else 704,
        num_hidden_layers=2 if tiny else 8,
        num_attention_heads=8,
        num_key_value_heads=4,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        attn_implementation=attention,
        pad_token_id=0,
    )
    return LlamaForCausalLM(config)


def compared(model: Any, rows: list[Any]) -> str:
    """Loss and gradient norm of one step over the rows, TRL's and ours; SystemExit where they differ."""
    from harness_plugins.trainers.learner import Learner
    from harness_plugins.trainers.steps import accumulate

    trainer = make_trainer(model, rows, Peer(None, 2048, len(rows)), len(rows), 1, log=True)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    trainer.train()
    theirs = next(entry for entry in trainer.state.log_history if "grad_norm" in entry)
    model.load_state_dict(before)
    model.zero_grad()
    learner = Learner(model)
    loss = float(accumulate(learner, rows, 512, learner.units(rows)))
    norm = sum(float(parameter.grad.norm()) ** 2 for parameter in model.parameters()) ** 0.5
    difference = max(abs(loss / float(theirs["loss"]) - 1), abs(norm / float(theirs["grad_norm"]) - 1))
    if difference > 1e-3:
        sys.exit(f"loss {loss} and norm {norm} are not TRL's {theirs['loss']} and {theirs['grad_norm']}")
    return f"loss and gradient norm differ from TRL's by {difference:.0e} at most (relative)"


def make_trainer(model: Any, rows: list[Any], how: Peer, sequences: int, steps: int, *, log: bool = False, **more: Any) -> Any:
    """TRL's trainer over the rows, `sequences` rows (or packed rows) a step; it counts the tokens that it learns from.

    `more`: further settings of TRL.
    """
    from datasets import Dataset
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast
    from trl import SFTConfig, SFTTrainer

    class Counting(SFTTrainer):
        tokens = 0

        def compute_loss(self, model: Any, inputs: Any, *more: Any, **named: Any) -> Any:
            mask = inputs.get("attention_mask")
            self.tokens += int(inputs["input_ids"].numel() if mask is None else mask.sum())
            return super().compute_loss(model, inputs, *more, **named)

    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel({"<pad>": 0, "<s>": 1, "</s>": 2}, unk_token="<pad>")),
        pad_token="<pad>",
        eos_token="</s>",
    )
    table = {
        "input_ids": [list(row.tokens) for row in rows],
        "completion_mask": [[0] * row.answer + [1] * row.learned for row in rows],
    }
    settings: dict[str, Any] = dict(
        output_dir=tempfile.mkdtemp(),
        packing=how.packing is not None,
        packing_strategy=how.packing or "bfd",
        completion_only_loss=True,
        max_length=how.length,
        per_device_train_batch_size=how.batch,
        gradient_accumulation_steps=max(1, sequences // how.batch),
        gradient_checkpointing=how.checkpointing,
        train_sampling_strategy="random" if how.packing else "group_by_length",
        max_steps=steps,
        learning_rate=1e-5,
        lr_scheduler_type="constant",
        optim="adamw_torch_fused",
        bf16=False,
        use_cpu=True,
        save_strategy="no",
        report_to="none",
        logging_steps=1 if log else 1000,
        disable_tqdm=True,
        dataloader_num_workers=0,
    )
    config = SFTConfig(**{**settings, **more})
    return Counting(model=model, args=config, train_dataset=Dataset.from_dict(table), processing_class=tokenizer)


def trl_speed(how: Peer, rows: list[Any], tokens: int, steps: int, tiny: bool) -> float:
    """Tokens a second of `steps` steps behind the first."""
    from transformers import TrainerCallback

    mean = sum(len(row.tokens) for row in rows) / len(rows)
    sequences = max(how.batch, round(tokens / (how.length if how.packing else mean)))

    class Clock(TrainerCallback):
        marks: list[tuple[float, int]] = []

        def on_step_end(self, *some: Any, **named: Any) -> None:
            self.marks.append((time.perf_counter(), trainer.tokens))

    with quiet():
        trainer = make_trainer(make_model(tiny, how.attention), rows, how, sequences, steps + 1)
        Clock.marks = []
        trainer.add_callback(Clock())
        trainer.train()
    (start, before), (end, after) = Clock.marks[0], Clock.marks[-1]
    return (after - before) / (end - start)


def our_speed(how: Ours, rows: list[Any], tokens: int, steps: int, tiny: bool) -> float:
    """The same of the trainer's loop."""
    from harness_plugins.trainers.learner import Learner
    from harness_plugins.trainers.loop import Settings, fit

    class Clock:
        marks: list[tuple[float, int]] = []

        def on_step(self, learner: Any, progress: Any) -> bool:
            self.marks.append((time.perf_counter(), progress.read))
            return False

    mean = sum(len(row.tokens) for row in rows) / len(rows)
    settings = Settings(
        steps=steps + 1, batch=round(tokens / mean), tokens=how.tokens, rate=1e-5, schedule="constant", save_every=10**6
    )
    Clock.marks = []
    with tempfile.TemporaryDirectory() as folder:
        fit(Learner(make_model(tiny), packing=how.packing), rows, settings, Path(folder), watchers=[Clock()])
    (start, before), (end, after) = Clock.marks[0], Clock.marks[-1]
    return (after - before) / (end - start)


def sweep_trl(tiny: bool, rows: list[Any], tokens: int) -> Peer:
    """The fastest of TRL's settings: batch size and packing first, then attention and checkpointing of the best of each kind."""
    first = [Peer(None, 2048, batch) for batch in ((1, 4) if tiny else (1, 2, 4, 8))]
    lengths = (512,) if tiny else (512, 1024, 2048)
    first += [Peer("bfd", length, 1) for length in lengths]
    first += [
        Peer("wrapped", length, batch) for length, batch in itertools.product((256, *lengths), (1, 4)) if length * batch <= tokens
    ]
    speeds = {how: told(how, trl_speed(how, rows, tokens, 1, tiny)) for how in first}
    for packing in (None, "bfd", "wrapped"):
        best = max((how for how in speeds if how.packing == packing), key=speeds.__getitem__)
        for changes in ({"attention": "eager"}, {"checkpointing": True}):
            how = Peer(**{**asdict(best), **changes})
            speeds[how] = told(how, trl_speed(how, rows, tokens, 1, tiny))
    best_ones = sorted(speeds, key=speeds.__getitem__, reverse=True)[: 1 if tiny else 3]
    again = {how: told(how, trl_speed(how, rows, tokens, 3, tiny)) for how in best_ones}
    return max(again, key=again.__getitem__)


def sweep_ours(tiny: bool, rows: list[Any], tokens: int) -> Ours:
    """The fastest of ours."""
    settings = [Ours(packing, size) for packing in (True, False) for size in ((512,) if tiny else (512, 1024, 2048, 4096))]
    speeds = {how: told(how, our_speed(how, rows, tokens, 1, tiny)) for how in settings}
    best_ones = sorted(speeds, key=speeds.__getitem__, reverse=True)[: 1 if tiny else 2]
    again = {how: told(how, our_speed(how, rows, tokens, 3, tiny)) for how in best_ones}
    return max(again, key=again.__getitem__)


def take_turns(ours: Ours, theirs: Peer, rows: list[Any], tokens: int, rounds: int, tiny: bool, same: str) -> Measured:
    """The two in turn."""
    pairs = []
    for number in range(rounds):
        sides = [lambda: our_speed(ours, rows, tokens, 2, tiny), lambda: trl_speed(theirs, rows, tokens, 2, tiny)]
        order = (0, 1) if number % 2 == 0 else (1, 0)
        speeds = {side: sides[side]() for side in order}
        pairs.append((speeds[0], speeds[1]))
    ratios = [mine / other for mine, other in pairs]
    return Measured(
        job="instruction tuning, Llama of 10 M weights, float32",
        peer=f"{version('trl')} ({theirs})",
        ours_per_second=statistics.median(mine for mine, _ in pairs),
        peer_per_second=statistics.median(other for _, other in pairs),
        unit="tokens",
        ratio=statistics.median(ratios),
        ratio_low=min(ratios),
        ratio_high=max(ratios),
        at_least=AT_LEAST,
        rounds=rounds,
        equality=same,
        note=str(ours),
    )


def told(how: Peer | Ours, speed: float) -> float:
    """Prints a setting's speed and returns it."""
    print(f"  {speed:8.0f} tokens/s  {'TRL' if isinstance(how, Peer) else 'sft'}: {how}", flush=True)
    return speed


@contextlib.contextmanager
def quiet() -> Any:
    """Without what the libraries print."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


if __name__ == "__main__":
    main()
