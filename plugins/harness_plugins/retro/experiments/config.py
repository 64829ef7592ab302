"""What an experiment is, read from a YAML file: every wrong key or value is named with its line before anything is computed."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from harness.config_parts import check_keys, section_of
from harness.errors import ConfigError, did_you_mean
from harness.yaml_lines import Document, read_yaml

KINDS = ("overlap", "paraphrase", "retrievers")
LEVELS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.8)
NATURAL = "natural"
PARAPHRASED = "paraphrased"
_UNASKED = (
    "no questions are named: leave questions out, read `text: {planted: {questions: true}}`, or name those of the text, "
    "`text: {questions: swequad-mc}`"
)


class Text(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is read. `planted`: parameters of the builder `planted-neighbours`; or `sources`: native text, of which the share
    `held_out` of the documents (at most `limit` documents, drawn by `seed`) is for validation. `tokens`: of the vocabulary that
    is trained on them, or `tokenizer`: one by name; `chunk`: tokens of a chunk; `length`: of a sequence. `questions`: about
    documents of the sources, a file or `swequad-mc`; those are asked whose document is in the database."""

    planted: dict[str, Any] | None = None
    sources: list[Any] | None = None
    questions: str | None = None
    language: str = "sv"
    held_out: float = 0.1
    limit: int | None = None
    tokens: int = 1200
    tokenizer: str | None = None
    chunk: int = 16
    length: int = 128
    seed: int = 0

    def __post_init__(self) -> None:
        if self.planted is not None and self.sources is not None:
            raise ValueError("give planted or sources, not both")
        if self.questions is not None and self.planted is not None:
            raise ValueError("questions is for sources; of planted text write `planted: {questions: true}`")
        if not 0 < self.held_out < 1:
            raise ValueError(f"held_out is a share between 0 and 1, got {self.held_out}")
        if self.chunk < 1 or self.length < 2 * self.chunk or self.length % self.chunk:
            raise ValueError(f"length is at least two chunks of {self.chunk} tokens, and whole ones, got {self.length}")
        if self.tokens < 300:
            raise ValueError(f"tokens of a vocabulary are at least 300, got {self.tokens}")


class Training(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How each model is trained, from scratch: `preset`, `decoder` and `model` as the trainer `retro` takes them; `retriever`
    finds the `neighbours` of each chunk. `beta2`: of AdamW; of short trainings with .999 attention to neighbours learns nothing,
    since its first gradients are its largest. Held-out losses are computed every `evaluate_every` steps."""

    preset: str = "tiny"
    decoder: dict[str, Any] = {}
    model: dict[str, Any] = {}
    retriever: str = "bm25"
    retriever_params: dict[str, Any] = {}
    neighbours: int = 2
    steps: int = 300
    batch: int = 16
    batch_tokens: int = 8192
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    warmup: float = 0.2
    beta2: float = 0.98
    schedule: Literal["linear", "cosine", "constant"] = "constant"
    evaluate_every: int = 25

    def __post_init__(self) -> None:
        for name in ("neighbours", "steps", "batch", "batch_tokens", "evaluate_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1, got {getattr(self, name)}")
        if not 0 < self.beta2 < 1:
            raise ValueError(f"beta2 lies between 0 and 1, got {self.beta2}")
        if not 0 < self.learning_rate < 1:
            raise ValueError(f"learning_rate lies between 0 and 1, got {self.learning_rate}")


class Measures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is measured of each model. `target_loss`: a held-out loss whose step is sought; None: the lowest that every seed of
    the first arm reaches. `retrievers`: swapped at inference, name → `retriever` and parameters; `encoder`: whose distances are
    held against overlap, None for none. `questions`: short ones asked at most, of text that has them."""

    target_loss: float | None = None
    retrievers: dict[str, dict[str, Any]] = {}
    encoder: str | None = None
    questions: int = 0
    resamples: int = 1000
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.target_loss is not None and not (math.isfinite(self.target_loss) and self.target_loss > 0):
            raise ValueError(f"target_loss is a number above 0, got {self.target_loss}")
        if self.questions < 0:
            raise ValueError(f"questions is 0 or more, got {self.questions}")
        if not 0.5 <= self.level < 1:
            raise ValueError(f"level lies between .5 and 1, got {self.level}")
        if self.resamples < 100:
            raise ValueError(f"resamples is at least 100, got {self.resamples}")


class Experiment(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment. `kind`: "overlap" (arms: `levels`), "paraphrase" (arms: natural and paraphrased neighbours; `paraphrases`
    says whose) or "retrievers" (one arm, several retrievers at inference)."""

    name: str
    kind: str
    seeds: tuple[int, ...]
    levels: tuple[float, ...] = ()
    paraphrases: Any = None
    text: Text = Text()
    training: Training = Training()
    measure: Measures = Measures()

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of what is compared, in order."""
        if self.kind == "overlap":
            return tuple(f"overlap-{level:g}" for level in self.levels)
        return (NATURAL, PARAPHRASED) if self.kind == "paraphrase" else (NATURAL,)


def read_experiment(path: Path) -> Experiment:
    """The experiment in the file. ConfigError names file, line and key of what cannot be."""
    document = read_yaml(path)
    check_keys(document, document.value, Experiment.__struct_fields__)
    value = document.value
    kind = value.get("kind")
    if kind not in KINDS:
        raise document.error(f"kind is one of {', '.join(KINDS)}, got {kind!r:.40}.{did_you_mean(str(kind), KINDS)}", "kind")
    found = Experiment(
        name=_name(document, path),
        kind=kind,
        seeds=_seeds(document),
        levels=_levels(document) if kind == "overlap" else (),
        paraphrases=_paraphrases(document) if kind == "paraphrase" else None,
        text=section_of(document, "text", Text),
        training=section_of(document, "training", Training),
        measure=section_of(document, "measure", Measures),
    )
    for key, only in (("levels", "overlap"), ("paraphrases", "paraphrase")):
        if key in value and kind != only:
            raise document.error(f"{key} belongs to experiments of the kind {only}, this one is of the kind {kind}", key)
    if found.text.planted is None and found.text.sources is None:
        raise document.error("say what is read: `planted: {families: 1000}`, or `sources: [swequad-mc]`", "text")
    if found.measure.questions and not (found.text.questions or (found.text.planted or {}).get("questions")):
        raise document.error(_UNASKED, "measure", "questions")
    if kind == "retrievers" and not found.measure.retrievers:
        raise document.error("name at least one retriever, such as `retrievers: {bm25: {retriever: bm25}}`", "measure")
    for name, one in found.measure.retrievers.items():
        if not isinstance(one, Mapping) or "retriever" not in one or set(one) - {"retriever", "params"}:
            raise document.error(f"{name}: expected `retriever` and, where there are any, `params`", "measure", "retrievers")
    return found


def _name(document: Document, path: Path) -> str:
    name = document.value.get("name", path.stem)
    if not isinstance(name, str) or not name.replace("-", "").replace("_", "").isalnum():
        raise document.error(f"name is a folder's name: letters, digits and hyphens, got {name!r:.60}", "name")
    return name


def _seeds(document: Document) -> tuple[int, ...]:
    seeds = document.value.get("seeds", [1, 2, 3])
    if not isinstance(seeds, list) or not seeds or any(isinstance(one, bool) or not isinstance(one, int) for one in seeds):
        raise document.error(f"seeds is a list of whole numbers, got {seeds!r:.80}", "seeds")
    if min(seeds) < 0:
        raise document.error(f"seeds are 0 or more, got {min(seeds)}", "seeds")
    if len(set(seeds)) < len(seeds):
        raise document.error("a seed is named twice: its runs would be equal, and an interval over them of width 0", "seeds")
    return tuple(seeds)


def _levels(document: Document) -> tuple[float, ...]:
    levels = document.value.get("levels", list(LEVELS))
    if not isinstance(levels, list) or not levels:
        raise document.error(f"levels is a list of shares from 0 to 1, got {levels!r:.80}", "levels")
    for place, level in enumerate(levels):
        if isinstance(level, bool) or not isinstance(level, int | float) or not 0 <= level <= 1:
            raise document.error(f"a level of overlap is a share from 0 to 1, got {level!r:.40}", "levels", place)
    if len(set(levels)) < len(levels):
        raise document.error("a level is named twice", "levels")
    return tuple(float(level) for level in levels)


def _paraphrases(document: Document) -> Any:
    said = document.value.get("paraphrases", "planted")
    known = ("planted", "table", "back", "llm", "own")
    if said == "planted":
        return said
    if isinstance(said, dict) and len(said) == 1 and next(iter(said)) in known[1:]:
        return said
    raise document.error(
        "paraphrases is `planted`, `{table: FILE}`, `{llm: {model: NAME, base_url: URL}}`, "
        f"`{{back: {{pivot: da, to: TRANSLATOR, from: TRANSLATOR}}}}` or `{{own: package.module:name}}`, got {said!r:.80}",
        "paraphrases",
    )


def as_plain(experiment: Experiment) -> dict[str, Any]:
    """The experiment as plain values, all defaults said."""
    found = msgspec.to_builtins(experiment)
    if not isinstance(found, dict):
        raise ConfigError("an experiment is keys and values")
    return found
