"""The trainer `retro`: a language model that reads neighbours of its own text, from scratch or out of a pretrained decoder."""

import json
import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import Example, TrainerSpec, hookimpl
from harness.cache import Cache
from harness.errors import InputError
from harness_plugins.judges.local_files import find_model, load_model, load_tokenizer, longest_prompt
from harness_plugins.judges.local_reads import model_files
from harness_plugins.retro.presets import PRESETS, TRAINING
from harness_plugins.retro.presets import preset as check_preset
from harness_plugins.trainers.around import Around
from harness_plugins.trainers.checks import check_base, given, memory_told
from harness_plugins.trainers.distributed import joined
from harness_plugins.trainers.facts import speed
from harness_plugins.trainers.loop import fit
from harness_plugins.trainers.selection import LOSS
from harness_plugins.trainers.weights import DTYPES

_SCHEDULES = ("linear", "cosine", "constant")
_LENGTH = 1024  # tokens of a sequence, where nothing says less (Norlund et al. 2023)


class Retro:
    """Trains a retrieval-augmented model (RETRO) on documents: those without a split and those of the split `train`.

    From scratch: `preset` (norlund, small, tiny) says which shape, `decoder` (the config of a decoder of transformers, with its
    `model_type`) changes or replaces the preset's decoder, and `model` what is around it (`cross_layers`, `encoder_layers`,
    `encoder_width`, `encoder_heads`, `encoder_hidden`, `encoder_cross_layers`, `dropout` …). Retrofitted: `base` (a folder,
    `owner/name[@revision]` on the hub, a GGUF file or `smollm2`), with whose tokenizer the database must have been made;
    `freeze`: the base's own weights do not learn.

    `database`: the folder of a retrieval database (builder `retrieval-db`); its tokenizer and chunks are the model's. Neighbours
    are sought in it by `retriever` (bm25, dense, hybrid or `package.module:name`) with `retriever_params`: `neighbours` of each
    chunk, never of the chunk's own document; 0 trains without retrieval (OFF). They are kept beside the corpus: sought once.
    `length`: tokens of a sequence at most, whole chunks; no sequence has tokens of two documents. `end`: behind a document's
    last token the tokenizer's end is learned, so that the model ends what it writes; without, it writes until it is stopped.

    `beta2`: AdamW's second decay, .95; with .999 short trainings from scratch did not learn to read neighbours, the gradients of
    what is added being largest at first. The rest is as in `sft`: `batch` sequences a step over all processes, `batch_tokens` of
    a micro-batch, which changes no result; `dtype` float32 or bfloat16; `best_by: loss` keeps the best checkpoint by the split
    `held_out`.

    The checkpoint, `model`, is a transformers folder with the tokenizer, `retrieval.json` and `facts.json`. Raises PluginError or
    ValueError for parameters that cannot be used, InputError for a database that is not there or does not fit.
    """

    splits = (None, "train")

    def __init__(
        self,
        base: str | None = None,
        *,
        database: str,
        preset: str | None = None,
        decoder: Mapping[str, Any] | None = None,
        model: Mapping[str, Any] | None = None,
        freeze: bool = False,
        retriever: str = "bm25",
        retriever_params: Mapping[str, Any] | None = None,
        neighbours: int = 2,
        length: int | None = None,
        end: bool = False,
        epochs: float | None = None,
        steps: int | None = None,
        batch: int | None = None,
        batch_tokens: int = 8192,
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        beta2: float | None = None,
        warmup: float | None = None,
        schedule: str | None = None,
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
        from harness_plugins.retro.shapes import check_model_settings

        if (base is None) == (preset is None and decoder is None):
            raise ValueError("give either base (a pretrained decoder to retrofit), or preset or decoder (a model from scratch)")
        if freeze and (base is None or neighbours == 0):
            raise ValueError("freeze keeps a base's weights as they are: it needs base, and neighbours above 0 to learn from")
        if not isinstance(database, (str, Path)) or not str(database).strip():
            raise ValueError(f"database is the folder of a retrieval database, got {database!r:.80}")
        if preset is not None:
            check_preset(preset)
        held = TRAINING.get(preset or "", {})
        self.schedule = schedule or held.get("schedule", "linear")
        for name, value, known in (("schedule", self.schedule, _SCHEDULES), ("dtype", dtype, DTYPES)):
            if value not in known:
                raise ValueError(f"{name} is one of {', '.join(known)}, got {value!r}")
        for name, number, least in (("neighbours", neighbours, 0), ("length", length, 1), ("steps", steps, 1)):
            if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < least):
                raise ValueError(f"{name} is a whole number of at least {least}, got {number!r}")
        if not isinstance(end, bool):
            raise ValueError(f"end is true or false, got {end!r}")
        if best_by not in (None, LOSS):
            raise ValueError(f"best_by of the trainer retro is loss, got {best_by!r}")
        if beta2 is not None and not 0 <= beta2 < 1:
            raise ValueError(f"beta2 is a number from 0 to below 1, got {beta2!r}")
        for name, settings in (("decoder", decoder), ("model", model), ("retriever_params", retriever_params)):
            if settings is not None and not isinstance(settings, Mapping):
                raise ValueError(f"{name} is settings by their names, got {settings!r:.80}")
        check_model_settings(model or {})
        self.base, self.database, self.preset, self.decoder, self.model = base, Path(database), preset, decoder, dict(model or {})
        self.freeze, self.neighbours, self.length, self.end = freeze, neighbours, length, end
        self.retriever, self.params = retriever, dict(retriever_params or {})
        self.dtype, self.checkpointing, self.seed, self.device = dtype, gradient_checkpointing, seed, device
        self.settings: dict[str, Any] = {
            "epochs": given("epochs", epochs, held, 1.0, least=0, open_end=True),
            "steps": steps,
            "batch": given("batch", batch, held, 16, least=1),
            "tokens": given("batch_tokens", batch_tokens, {}, 8192, least=1),
            "rate": given("learning_rate", learning_rate, held, 1e-3 if base is None else 1e-4, least=0, open_end=True),
            "decay": given("weight_decay", weight_decay, held, 0.1, least=0),
            "beta2": given("beta2", beta2, held, 0.95, least=0),
            "warmup": given("warmup", warmup, held, 0.05, least=0),
            "schedule": self.schedule,
            "clip": given("clip", clip, {}, 1.0, least=0),
            "seed": seed,
            "save_every": given("save_every", save_every, {}, 100, least=1),
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
        """PluginError or InputError where base, database, retriever or documents cannot be used, or no model can be made of the
        shape. No weights are made or loaded, and no hub is asked."""
        from harness_plugins.retro.database.reading import Database
        from harness_plugins.retro.database.writing import text_of
        from harness_plugins.retro.retrievers.base import check_parameters

        database = Database(self.database)
        if self.neighbours:
            check_parameters(self.retriever, self.params)
        if self.base is not None:
            check_base(str(self.base))
        self._check_end(database)
        config = self._shape(database)
        self._length(database.chunk, None if config is None else longest_prompt(config))
        if not any(text_of(example).strip() for example in examples):
            raise InputError("there is nothing to learn from: every document is empty; give documents with text")

    def train(self, examples: Iterable[Example], folder: Path) -> Path:
        """The folder of the trained model, `folder/model`; what was begun in `folder` is gone on with."""
        from harness_plugins.retro.database.reading import Database
        from harness_plugins.retro.learner import RetroLearner, near, stretches
        from harness_plugins.retro.material import check_readable, corpus_of, neighbours_of
        from harness_plugins.retro.training import RetroSettings, facts_of, kept_by_loss, save

        database, every = Database(self.database), list(examples)
        self._check_end(database)
        wanted = [*self.splits, self.around.choice.split] if self.around.choice else list(self.splits)
        held = [example for example in every if example.split in wanted]
        with joined(self.around.parallel) as processes, memory_told(folder, self.settings["tokens"]):
            model = self._model(database)
            length = self._length(database.chunk, longest_prompt(model.config))
            for turn in (processes.rank == 0, processes.rank != 0):  # the first writes, the others then read
                if turn:
                    corpus = corpus_of(held, database, folder / "corpus")
                    table = (
                        neighbours_of(corpus.database, database, self.retriever, self.params, self.neighbours)
                        if self.neighbours
                        else None
                    )
                processes.wait()
            rows: Any = stretches(corpus.database, length, corpus.of(self.splits), ends=self.end)
            if not rows:
                raise InputError(f"there is nothing to learn from: {len(held):,} documents, and none has two tokens")
            if table is not None:
                check_readable(rows, table, database.chunk)
            device = self._device()
            learner = RetroLearner(
                self._prepared(model, device),
                corpus.database,
                None if table is None else near(table, self.neighbours),
                neighbours=self.neighbours,
                dtype=self.dtype,
                end=database.tokenizer.end if self.end else None,
            )
            how = RetroSettings(
                **self.settings,
                corpus=corpus.database.digest,
                database=database.digest,
                retriever="" if table is None else table.info.signature,
                neighbours=self.neighbours,
                length=length,
                freeze=self.freeze,
                end=self.end or None,
                model=json.dumps(model.config.to_diff_dict(), sort_keys=True, default=str),
            )
            selection = kept_by_loss(self.around.choice, corpus, len(rows), folder, processes, how)
            told = {"base": self.base or self.preset or "", "retrieval": self.retriever if self.neighbours else "off"}
            with self.around.watching(selection, folder, processes, how=how, told=told) as watching:
                done = fit(learner, rows, how, folder, processes=processes, watchers=watching.all)
                chosen = watching.finish(learner, done)
            whole = processes.assembled(model, lambda: self._model(database))
            if processes.rank == 0:
                tokenizer = None if self.base is None else load_tokenizer(find_model(str(self.base), Cache(), gguf=True))
                save(whole, database, folder / "model", tokenizer, self.retriever, self.params, self.neighbours)
                facts = {"base": self.base or "", "preset": self.preset or ""} | facts_of(learner, len(rows), table, done, how)
                facts |= speed(learner.model, done, self.dtype, processes.world) | chosen
                (folder / "model" / "facts.json").write_text(json.dumps(facts, indent=2), encoding="utf-8")
            processes.wait()
        return folder / "model"

    def _model(self, database: Any) -> Any:
        """The model as it is before the training, in main memory."""
        from harness_plugins.retro.shapes import from_scratch, retrofit

        if self.base is None:
            return from_scratch(database, self.preset, self.decoder, self.model, neighbours=self.neighbours, seed=self.seed)
        base = self._found_base(database)
        return retrofit(
            load_model(base, "cpu", "float32"),
            database,
            self.model,
            neighbours=self.neighbours,
            freeze=self.freeze,
            seed=self.seed,
            name=base.name,
        )

    def _found_base(self, database: Any) -> Any:
        """The base's files. InputError where the database was made with another tokenizer."""
        from harness_plugins.retro.database.tokenizers import Tokenizer

        base = find_model(str(self.base), Cache(), gguf=True)
        tokenizer = Tokenizer(base.name, load_tokenizer(base))
        if tokenizer.info.digest != database.info.tokenizer.digest:
            raise InputError(
                f"{database.folder} was made with the tokenizer {database.info.tokenizer.name!r}, and the base {base.name} reads "
                f"with its own; build a database with `tokenizer: {self.base}`"
            )
        return base

    def _shape(self, database: Any) -> Any:
        """The model's config, of which one was made without weights; None for a base that is not in a folder."""
        from harness_plugins.retro.shapes import check_retrofit, checked_shape, tokens_of

        if self.base is None:
            how = {"neighbours": self.neighbours, **tokens_of(database)}
            return checked_shape(self.preset, self.decoder, self.model, **how)
        if not Path(self.base).expanduser().is_dir():
            return None
        base = self._found_base(database)
        how = {"neighbours": self.neighbours, "freeze": self.freeze, "seed": self.seed}
        return check_retrofit(base, database, self.model, **how).config

    def _check_end(self, database: Any) -> None:
        if self.end and database.tokenizer.end is None:
            raise InputError(f"end: the tokenizer of {database.folder} has no token that ends a text; leave `end` out")

    def _prepared(self, model: Any, device: str) -> Any:
        if self.checkpointing:
            with warnings.catch_warnings():  # later versions of transformers have another name for it
                warnings.filterwarnings("ignore", "`gradient_checkpointing_enable`", FutureWarning)
                model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        return model.to(device)

    def _length(self, chunk: int, longest: int | None) -> int:
        """Tokens of a sequence. InputError where they are not whole chunks, or more than the model reads."""
        wanted = self.length
        if wanted is None:
            held = PRESETS[self.preset]["length"] if self.preset is not None else _LENGTH
            return max(chunk, min(held, longest or held) // chunk * chunk)
        if wanted % chunk:
            raise InputError(f"length: a sequence is whole chunks of {chunk} tokens, not {wanted} tokens; give a multiple")
        if longest is not None and wanted > longest:
            raise InputError(f"length: the model reads {longest:,} tokens at most, not sequences of {wanted:,}")
        return wanted

    def _device(self) -> str:
        import torch

        if self.device != "auto":
            return self.device
        return f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if torch.cuda.is_available() else "cpu"


def _reads(base: Any = None, database: Any = None, **_: Any) -> list[Path] | None:
    """The base's files and the database's listing, which changes with all that it lists."""
    from harness_plugins.retro.database.layout import INFO

    files = [] if base is None else model_files(base=base)
    if files is None or not isinstance(database, (str, Path)):
        return None
    return [*files, Path(database).expanduser() / INFO]


@hookimpl
def harness_trainers() -> list[TrainerSpec]:
    return [
        TrainerSpec(
            "retro",
            build=Retro,
            help="a retrieval-augmented model (RETRO) on documents, from scratch or out of a pretrained decoder",
            extra="retro",
            argument="base",
            accepts=("document",),
            free=("batch_tokens", "gradient_checkpointing", "parallel", "report_to", "save_every"),
            reads=_reads,
        )
    ]
