"""Supervised fine-tuning of a causal language model on instructions: all weights, or low-rank adapters."""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from harness import Example, TrainerSpec, hookimpl
from harness.cache import Cache
from harness.errors import InputError
from harness.protocols import Scorer
from harness_plugins.generators.styles import check_style
from harness_plugins.judges.local_files import LocalModel, find_model, load_tokenizer, longest_prompt
from harness_plugins.judges.local_prompts import Prompts
from harness_plugins.judges.local_reads import model_files
from harness_plugins.trainers.around import Around
from harness_plugins.trainers.attention import KINDS
from harness_plugins.trainers.checks import check_answers, check_base, check_template, given, left_out, memory_told
from harness_plugins.trainers.distributed import Processes, joined
from harness_plugins.trainers.facts import speed
from harness_plugins.trainers.loop import Progress, Settings, fit
from harness_plugins.trainers.tokenised import Tokenised, tokenise
from harness_plugins.trainers.weights import Weights

_SCHEDULES = ("linear", "cosine", "constant")
# Holmström & Doostmohammadi 2023: 2 sequences × 16 accumulations, AdamW, linear schedule with 10 % warm-up, six epochs.
PRESETS: dict[str, dict[str, Any]] = {
    "sweinstruct": {
        "style": "sweinstruct",
        "epochs": 6.0,
        "batch": 32,
        "learning_rate": 2e-5,
        "weight_decay": 0.01,
        "warmup": 0.1,
        "max_length": 2048,
    }
}


class Sft:
    """Tunes `base` (a folder, `owner/name[@revision]` on the hub, a GGUF file or `smollm2`) on the split `train` of the examples.

    The loss is on the answer and its end token only. `preset` fills in what is not given; `lora` is the rank of adapters on all
    linear layers (merged at the end; the adapters are kept beside), 0 tunes every weight. `batch`: sequences of a step over all
    processes; `batch_tokens`: of a micro-batch with padding, which changes memory and speed, and no result. Examples of other
    splits than `train` are not learned from. Where several processes are started (`torchrun`, `accelerate launch`), they share
    every step; `parallel`: each holds the whole model (ddp) or a part of it (fsdp).

    `best_by`: a metric of this harness (`rouge-l:stemmer=swedish`), or loss, by which the best checkpoint is kept, and not the
    last: the split `held_out` (its first `held_out_limit` examples) is answered, greedily and in up to `answer_tokens` tokens,
    every `evaluate_every` steps (by default once an epoch). Where `patience` looks bring nothing better, training ends.
    `report_to`: tensorboard, wandb, mlflow, or a list of them.

    `dtype`: float32 or bfloat16, in which products are computed; what is tuned is float32 in both. `quantize`: 4bit or 8bit, in
    which the base is held beneath adapters, on GPUs. `packing`: examples stand one behind the other without padding, and none
    sees another; by default wherever the model can. `attention`: auto, sdpa, eager, flash_attention_2 or flash_attention_3.
    `kernels`: auto (Liger's on GPUs where installed), none, liger or compile. Packing, attention and kernels change what is
    learned in the last digits alone. `compat`: batches and masks as the published code of Holmström & Doostmohammadi 2023 has
    them.

    The checkpoint is a transformers folder with `facts.json`. Raises PluginError for parameters or a base that cannot be used,
    InputError where no example is left to learn from.
    """

    splits = (None, "train")

    def __init__(
        self,
        base: str,
        *,
        preset: str | None = None,
        style: str | None = None,
        epochs: float | None = None,
        steps: int | None = None,
        batch: int | None = None,
        batch_tokens: int = 4096,
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        warmup: float | None = None,
        schedule: str = "linear",
        clip: float = 1.0,
        max_length: int | None = None,
        lora: int = 0,
        lora_alpha: float | None = None,
        dtype: str = "float32",
        gradient_checkpointing: bool = False,
        quantize: str | None = None,
        packing: bool | None = None,
        attention: str = "auto",
        kernels: str = "auto",
        compat: bool = False,
        save_every: int = 100,
        seed: int = 0,
        device: str = "auto",
        parallel: str = "auto",
        best_by: str | None = None,
        evaluate_every: int | None = None,
        patience: int = 0,
        held_out: str = "validation",
        held_out_limit: int | None = None,
        answer_tokens: int = 128,
        report_to: str | Sequence[str] = (),
    ) -> None:
        if preset is not None and preset not in PRESETS:
            raise ValueError(f"preset is one of {', '.join(PRESETS)}, got {preset!r}")
        held = PRESETS.get(preset or "", {})
        self.style = check_style(style or held.get("style", "chat"))
        if schedule not in _SCHEDULES:
            raise ValueError(f"schedule is one of {', '.join(_SCHEDULES)}, got {schedule!r}")
        if attention not in KINDS:
            raise ValueError(f"attention is one of {', '.join(KINDS)}, got {attention!r}")
        if compat and (packing or self.style != "sweinstruct"):
            raise ValueError("compat is the published code's way: it has style=sweinstruct, and does not pack")
        self.max_length = given("max_length", max_length, held, 2048, least=2)
        self.settings = Settings(
            epochs=given("epochs", epochs, held, 3.0, least=0, open_end=True),
            steps=steps,
            batch=given("batch", batch, held, 32, least=1),
            tokens=given("batch_tokens", batch_tokens, {}, 4096, least=1),
            rate=given("learning_rate", learning_rate, held, 2e-4 if lora else 2e-5, least=0, open_end=True),
            decay=given("weight_decay", weight_decay, held, 0.01, least=0),
            warmup=given("warmup", warmup, held, 0.1, least=0),
            schedule=schedule,
            clip=given("clip", clip, {}, 1.0, least=0),
            seed=seed,
            save_every=given("save_every", save_every, {}, 100, least=1),
        )
        if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 1):
            raise ValueError(f"steps is a whole number of at least 1, got {steps!r}")
        rank: Any = given("lora", lora, {}, 0, least=0)
        if lora_alpha is not None:
            given("lora_alpha", lora_alpha, {}, None, least=0, open_end=True)
        self.weights = Weights(rank, lora_alpha, quantize, dtype, kernels, gradient_checkpointing)
        self.packing, self.attention, self.compat = packing, attention, compat
        self.base, self.device = base, device
        self.around = Around(
            parallel=parallel,
            best_by=best_by,
            evaluate_every=evaluate_every,
            patience=patience,
            held_out=held_out,
            held_out_limit=held_out_limit,
            answer_tokens=answer_tokens,
            report_to=report_to,
        )

    def use_scorer(self, scorer: Scorer) -> None:
        """Takes what asks the metrics of this harness, for `best_by`; PluginError for a metric that there is not."""
        self.around.use_scorer(scorer)

    def use_report(self, report: Callable[[int, int], None]) -> None:
        """Takes what is told how many steps are done."""
        self.around.use_report(report)

    def check(self, examples: Iterable[Example]) -> None:
        """PluginError where the base is not there, InputError where no example has an answer; nothing is downloaded or loaded."""
        check_base(str(self.base))
        check_answers(examples)

    def train(self, examples: Iterable[Example], folder: Path) -> Path:
        """The folder of the tuned model, `folder/model`; what was begun in `folder` is gone on with."""
        import torch

        base = find_model(str(self.base), Cache(), gguf=True)
        tokenizer = load_tokenizer(base)
        check_template(tokenizer, self.style, base.name)
        held = list(examples)
        with joined(self.around.parallel) as processes, memory_told(folder, self.settings.tokens):
            torch.manual_seed(self.settings.seed)  # adapters begin with random numbers
            model = self.weights.load(base, self._device(processes))
            longest = min(self.max_length, longest_prompt(model.config) or self.max_length)
            told = self._tokenised([example for example in held if example.split in self.splits], tokenizer, base, longest)
            learner = self._learner(model, longest)
            with self.around.watchers(
                held,
                Prompts(tokenizer, base.name),
                self.style,
                folder,
                processes,
                how=self.settings,
                rows=len(told.sequences),
                longest=longest,
                tokenise=lambda some: self._tokenised(some, tokenizer, base, longest).sequences,
                told={"base": base.name, "style": self.style},
            ) as watching:
                done = fit(learner, told.sequences, self.settings, folder, processes=processes, watchers=watching.all)
                chosen = watching.finish(learner, done)
            whole = processes.assembled(model, lambda: self.weights.load(base, "cpu"))
            if processes.rank == 0:
                facts = self._facts(learner, told, done, base, processes.world) | chosen | {"notes": left_out(told, longest)}
                self.weights.save(whole, base, tokenizer, folder / "model")
                (folder / "model" / "facts.json").write_text(json.dumps(facts, indent=2), encoding="utf-8")
            processes.wait()
        return folder / "model"

    def _tokenised(self, examples: list[Example], tokenizer: Any, base: LocalModel, longest: int) -> Tokenised:
        if self.compat:
            from harness_plugins.trainers.compat import tokenise_as_published

            told: Tokenised = tokenise_as_published(examples, tokenizer, longest)
        else:
            told = tokenise(examples, Prompts(tokenizer, base.name), self.style, longest)
        if not told.sequences:
            raise InputError(f"no example is left to learn from: {told.facts()}; raise max_length, or give other examples")
        return told

    def _learner(self, model: Any, longest: int) -> Any:
        from harness_plugins.trainers.learner import Learner

        if not self.compat:
            return Learner(model, packing=self.packing, kind=self.attention, longest=longest, dtype=self.weights.dtype)
        from harness_plugins.trainers.compat import PublishedLearner

        kind = self.attention if self.attention != "auto" else model.config._attn_implementation  # which masks answers
        return PublishedLearner(model, packing=False, kind=kind, longest=longest, dtype=self.weights.dtype)

    def _facts(self, learner: Any, told: Tokenised, done: Progress, base: LocalModel, world: int) -> dict[str, Any]:
        import torch

        model = learner.model
        device = next(model.parameters()).device
        return {
            "base": f"{base.name}@hf:{base.digest[:12]}",
            "style": self.style,
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
            "trained_parameters": sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad),
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
            "dtype": self.weights.dtype,
            "packing": learner.packing,
            "attention": learner.attention,
            "steps": done.step,
            "losses": done.losses,
            "learned_tokens": done.learned,
            "read_tokens": done.read,
            **speed(model, done, self.weights.dtype, world),
            **told.facts(),
        }

    def _device(self, processes: Processes) -> str:
        import torch

        if self.device != "auto":
            return self.device
        return f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if torch.cuda.is_available() else "cpu"


@hookimpl
def harness_trainers() -> list[TrainerSpec]:
    return [
        TrainerSpec(
            "sft",
            build=Sft,
            help="instruction tuning of a causal language model, all weights or adapters",
            extra="train",
            argument="base",
            accepts=("instruction", "chat"),
            free=(
                "attention",
                "batch_tokens",
                "gradient_checkpointing",
                "kernels",
                "packing",
                "parallel",
                "report_to",
                "save_every",
            ),
            reads=model_files,
        )
    ]
