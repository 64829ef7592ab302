"""The trainer `video-mlm`: a masked language model that reads video beside its text, and the controls that it is held against."""

import json
import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import Example, TrainerSpec, hookimpl
from harness_plugins.metrics.encoders import quiet
from harness_plugins.trainers.around import Around
from harness_plugins.trainers.checks import check_base, given, memory_told
from harness_plugins.trainers.distributed import joined
from harness_plugins.trainers.facts import speed
from harness_plugins.trainers.loop import fit
from harness_plugins.video.bases import TokenizerChoice
from harness_plugins.video.parameters import check_beginning, check_masks, check_numbers
from harness_plugins.video.presets import TRAINING


class VideoMlm:
    """Trains a masked language model on aligned text and video: examples without a split and those of the split `train`.

    `base`: a pretrained masked language model (a folder, `owner/name[@revision]` on the hub, or the folder of an earlier training
    with video), which brings its tokenizer. From scratch: `preset` (tiny, mini, small, medium, base) or `config` (a config of
    transformers with its `model_type`), or both, the config changing the preset; `tokenizer`: a name or folder, or `{train:
    wordpiece, size: 8000, lowercase: true}`, trained on the texts that are learned from.

    `tokens`: the folder of video tokens that a builder left. `video`: real; or a control: none (text only), shuffled (each text
    beside another clip's video, of its split, by the seed) or blank (as many tokens that show nothing). Arms with one seed learn
    the same words of the same texts in the same order and begin with the same weights. `frames` of a video are read, chosen
    evenly where there are more, and `length` tokens of a text, whatever its video; `time`: frames are told by number or by
    seconds. `missing`: an example whose video has no tokens is refused (refuse), learned without it (text) or left out
    (leave-out).

    `mask_share` of the words is masked in each step, whole words all; of the tokens of a masked word `replace` says how often
    they become mask tokens, random ones, or stay. `masked_video`: the share of video tokens that are to be found out too, places
    through all frames or whole frames (`video_mask` tubes or frames), whose loss is weighed by `video_loss`.

    The rest is as in `sft`: `batch` sequences a step over all processes, `batch_tokens` of a micro-batch, which changes no
    result; `dtype` float32 or bfloat16; `best_by: loss` keeps the best checkpoint by the split `held_out`. The checkpoint,
    `model`, is a transformers folder with the tokenizer, beside it `video.json`, `video.safetensors` and `facts.json`. Raises
    PluginError or ValueError for parameters that cannot be used, InputError for video tokens that are not there or do not fit.
    """

    splits = (None, "train")

    def __init__(
        self,
        base: str | None = None,
        *,
        tokens: str,
        preset: str | None = None,
        config: Mapping[str, Any] | None = None,
        tokenizer: str | Mapping[str, Any] | None = None,
        video: str = "real",
        frames: int = 8,
        length: int | None = None,
        time: str = "frames",
        missing: str = "refuse",
        mask_share: float = 0.15,
        replace: Sequence[float] = (0.8, 0.1, 0.1),
        masked_video: float = 0.0,
        video_mask: str = "tubes",
        video_loss: float = 1.0,
        epochs: float | None = None,
        steps: int | None = None,
        batch: int | None = None,
        batch_tokens: int = 8192,
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        beta2: float | None = None,
        warmup: float | None = None,
        schedule: str = "linear",
        clip: float = 1.0,
        dtype: str = "float32",
        gradient_checkpointing: bool = False,
        save_every: int = 100,
        seed: int = 0,
        device: str = "auto",
        parallel: str = "auto",
        best_by: str | None = None,
        evaluate_every: int | None = None,
        patience: int = 0,
        held_out: str = "validation",
        held_out_limit: int | None = None,
        report_to: str | Sequence[str] = (),
    ) -> None:
        from harness_plugins.video.training import Masking

        check_beginning(base, preset, config, tokenizer, tokens, video)
        check_numbers(
            {
                "schedule": schedule,
                "dtype": dtype,
                "time": time,
                "missing": missing,
                "frames": frames,
                "length": length,
                "steps": steps,
                "batch": batch,
                "batch_tokens": batch_tokens,
                "save_every": save_every,
                "seed": seed,
                "best_by": best_by,
                "beta2": beta2,
            }
        )
        check_masks(mask_share, replace, masked_video, video_mask, video)
        self.base: str | None = None if base is None else str(base)
        self.preset, self.config, self.tokens = preset, dict(config or {}), Path(tokens).expanduser()
        self.tokenizer = TokenizerChoice.of(tokenizer)
        self.video, self.frames, self.length, self.missing = video, frames, length, missing
        self.time: Any = time
        first, second, third = (float(one) for one in replace)
        self.masking = Masking(mask_share, seed, (first, second, third), masked_video, video_mask)
        self.video_loss = given("video_loss", video_loss, {}, 1.0, least=0)
        self.dtype, self.checkpointing, self.seed, self.device = dtype, gradient_checkpointing, seed, device
        held = TRAINING["scratch" if base is None else "base"]
        self.settings: dict[str, Any] = {
            "epochs": given("epochs", epochs, {}, 3.0, least=0, open_end=True),
            "steps": steps,
            "batch": batch or 32,
            "tokens": batch_tokens,
            "rate": given("learning_rate", learning_rate, held, 0, least=0, open_end=True),
            "decay": given("weight_decay", weight_decay, held, 0, least=0),
            "beta2": given("beta2", beta2, held, 0, least=0),
            "warmup": given("warmup", warmup, held, 0, least=0),
            "schedule": schedule,
            "clip": given("clip", clip, {}, 1.0, least=0),
            "seed": seed,
            "save_every": save_every,
        }
        self.around = Around(
            parallel=parallel,
            best_by=best_by,
            evaluate_every=evaluate_every,
            patience=patience,
            held_out=held_out,
            held_out_limit=held_out_limit,
            answer_tokens=1,
            report_to=report_to,
        )

    def use_report(self, report: Callable[[int, int], None]) -> None:
        """Takes what is told how many steps are done."""
        self.around.use_report(report)

    def check(self, examples: Iterable[Example]) -> None:
        """PluginError or InputError where base, video tokens or examples cannot be used; no weights are loaded."""
        from harness_plugins.video.store import VideoTokens
        from harness_plugins.video.training import check_examples

        if self.base is not None:
            check_base(self.base)
        tokens, choice = VideoTokens(self.tokens), self.around.choice
        self._beginning().check(tokens)
        splits = [*self.splits, choice.split] if choice else list(self.splits)
        check_examples(list(examples), tokens, self.masking, splits=splits, video=self.video, missing=self.missing)

    def train(self, examples: Iterable[Example], folder: Path) -> Path:
        """The folder of the trained model, `folder/model`; what was begun in `folder` is gone on with."""
        from harness_plugins.video.learner import VideoLearner
        from harness_plugins.video.store import VideoTokens, aligned_text
        from harness_plugins.video.training import facts_of, kept_by_loss, material_of, notes_of, with_tokens

        begins, tokens, choice = self._beginning(), VideoTokens(self.tokens), self.around.choice
        begins.check(tokens)
        wanted = [*self.splits, choice.split] if choice else list(self.splits)
        every, lacking = with_tokens([one for one in examples if one.split in wanted], tokens, self.missing)
        with joined(self.around.parallel) as processes, memory_told(folder, self.settings["tokens"]):
            for turn in (processes.rank == 0, processes.rank != 0):  # the first writes, the others then read
                if turn:
                    texts = (aligned_text(example) for example in every if example.split in self.splits)
                    tokenizer = begins.text_tokenizer(texts, folder, writes=processes.rank == 0)
                processes.wait()
            model, notes = begins.model(tokenizer, tokens)
            length = begins.text_length(model, tokenizer)
            material = material_of(
                every,
                tokens,
                tokenizer,
                self.masking,
                splits=self.splits,
                choice=choice,
                video=self.video,
                frames=self.frames,
                length=length,
            )
            how = self._settings(model, tokenizer, tokens, material, length)
            learner = VideoLearner(self._prepared(model), dtype=self.dtype, video_loss=self.video_loss)
            selection = kept_by_loss(choice, material, folder, processes, how)
            told = {"base": self.base or self.preset or "", "video": self.video}
            with self.around.watching(selection, folder, processes, how=how, told=told) as watching:
                done = fit(learner, material.rows, how, folder, processes=processes, watchers=watching.all)
                chosen = watching.finish(learner, done)
            whole = processes.assembled(model, lambda: begins.model(tokenizer, tokens)[0])
            if processes.rank == 0:
                facts = {"base": self.base or "", "preset": self.preset or ""} | facts_of(learner, material, done, how)
                facts |= speed(learner.model, done, self.dtype, processes.world) | chosen
                facts["notes"] = notes + notes_of(material, lacking, self.missing, how)
                with quiet():
                    whole.save_pretrained(folder / "model")
                    tokenizer.save_pretrained(folder / "model")
                (folder / "model" / "facts.json").write_text(json.dumps(facts, indent=2), encoding="utf-8")
            processes.wait()
        return folder / "model"

    def _beginning(self) -> Any:
        from harness_plugins.video.beginning import Beginning

        return Beginning(
            base=self.base,
            preset=self.preset,
            config=self.config,
            tokenizer=self.tokenizer,
            frames=self.frames,
            time=self.time,
            head=self.masking.video_share > 0,
            sees=self.video != "none",
            length=self.length,
            seed=self.seed,
        )

    def _settings(self, model: Any, tokenizer: Any, tokens: Any, material: Any, length: int) -> Any:
        """What a checkpoint is held to."""
        import msgspec

        from harness_plugins.video.training import VideoSettings, tokenizer_digest

        said = {"text": model.config.to_diff_dict(), "video": msgspec.to_builtins(model.video)}
        return VideoSettings(
            **self.settings,
            video=self.video,
            data=material.digest,
            video_tokens=tokens.digest,
            tokenizer=tokenizer_digest(tokenizer),
            frames=self.frames,
            length=length,
            mask_share=self.masking.share,
            replace=" ".join(f"{one:g}" for one in self.masking.replace),
            masked_video=self.masking.video_share,
            video_mask=self.masking.video_mask,
            video_loss=self.video_loss,
            model=json.dumps(said, sort_keys=True, default=str),
        )

    def _prepared(self, model: Any) -> Any:
        if self.checkpointing:
            with warnings.catch_warnings():  # later versions of transformers have another name for it
                warnings.simplefilter("ignore", FutureWarning)
                model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        return model.to(self._device())

    def _device(self) -> str:
        import torch

        if self.device != "auto":
            return self.device
        return f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if torch.cuda.is_available() else "cpu"


def _reads(base: Any = None, tokens: Any = None, tokenizer: Any = None, **_: Any) -> list[Path] | None:
    """The base's files, and what is said of the video tokens: those of one video never change under one tokenizer."""
    from harness_plugins.judges.local_reads import model_files
    from harness_plugins.metrics.encoders import PACKAGED
    from harness_plugins.video.store import INFO

    if not isinstance(tokens, (str, Path)):
        return None
    found = [Path(tokens).expanduser() / INFO]
    for name in (base, tokenizer):
        if name is None or isinstance(name, Mapping) or name in PACKAGED:
            continue
        files = model_files(base=name)
        if files is None:
            return None
        found += files
    return found


@hookimpl
def harness_trainers() -> list[TrainerSpec]:
    return [
        TrainerSpec(
            "video-mlm",
            build=VideoMlm,
            help="a masked language model that reads video beside its text, and the controls none, shuffled and blank",
            extra="video",
            argument="base",
            accepts=("aligned", "document"),
            free=("batch_tokens", "gradient_checkpointing", "parallel", "report_to", "save_every"),
            reads=_reads,
        )
    ]
