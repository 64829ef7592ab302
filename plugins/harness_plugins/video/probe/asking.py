"""Asks checkpoints about the words of a subject under each condition. torch is imported inside functions alone."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.stages.train import FACTS
from harness_plugins.video.bases import LENGTH
from harness_plugins.video.controls import KINDS
from harness_plugins.video.probe.conditions import rows_shown
from harness_plugins.video.probe.config import ModelAt, Probing
from harness_plugins.video.probe.inputs import model_folder
from harness_plugins.video.probe.results import Answers, Asked, answers_of
from harness_plugins.video.probe.subject import Subject
from harness_plugins.video.store import VideoTokens


def kinds_shown(trained: str, shown: Sequence[str]) -> tuple[str, ...]:
    """The conditions under which a model is asked: those of the config, and what it was trained with. A model that was trained on
    text alone is asked with text alone: what it was never shown would be noise to it."""
    return ("none",) if trained == "none" else tuple(dict.fromkeys((trained, *shown)))


def asked(
    at: ModelAt,
    subject: Subject,
    probe: Probing,
    tokens: VideoTokens,
    *,
    device: str = "auto",
    report: Callable[[int, int], None] | None = None,
) -> dict[Asked, Answers]:
    """What a checkpoint says under each condition. InputError or PluginError for one that cannot be read, or that learned from
    other video tokens."""
    import torch

    from harness_plugins.video.model.sequences import rows_of
    from harness_plugins.video.probe.measure import measured

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    check_video_part(at, tokens)
    model, tokenizer, _ = loaded(at, device)
    examples = list(subject.examples.values())
    needs_video = at.trained != "none"
    longest = text_length(at.path, model)
    told = rows_of(examples, tokenizer, tokens if needs_video else None, frames=model.video.frames, length=longest)
    rows = {row.id: row for row in told.rows}
    kinds = kinds_shown(at.trained, probe.shown)
    found = {}
    for place, kind in enumerate(kinds):
        shown = rows_shown(rows, examples, kind, probe.seed)
        parts = None if report is None else (lambda done, total, place=place: report(place * total + done, len(kinds) * total))
        said = measured(
            model,
            shown,
            subject.occurrences,
            tokenizer.mask_token_id,
            unknown=tokenizer.unk_token_id,
            how=probe.how,
            batch_tokens=probe.batch_tokens,
            name=at.path,
            report=parts,
        )
        found[Asked(size=at.size, seed=at.seed, trained=at.trained, shown=kind)] = answers_of(said)
    return found


def tokenizer_digest(path: str | Path) -> str:
    """Changes with the vocabulary of a checkpoint: log-probabilities of unlike vocabularies are not compared.

    InputError where it has none, PluginError where there is no such checkpoint."""
    file = model_folder(str(path)) / "tokenizer.json"
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{file}: the tokenizer of a checkpoint cannot be read ({error.strerror}); check `path`") from error


def text_length(path: str | Path, model: Any) -> int:
    """Tokens of a text that a checkpoint is asked with at most: as long as those that it was trained on, where it says so, else
    all that it has positions for."""
    most, trained = model.text_positions or LENGTH, facts_in(path).get("length")
    return min(most, trained) if isinstance(trained, int) and not isinstance(trained, bool) and trained > 0 else most


def parameters_by_size(models: Sequence[ModelAt]) -> dict[str, int | None]:
    """How many parameters the models of each size have that were trained on text alone, by what they say of themselves; None
    where none says it. Sizes are in the order of the models."""
    found: dict[str, int | None] = dict.fromkeys(one.size for one in models)
    for one in models:
        said = facts_in(one.path).get("parameters")
        if one.trained == "none" and isinstance(said, int) and not isinstance(said, bool) and said > 0:
            found[one.size] = said
    return found


def check_trained(at: ModelAt) -> None:
    """InputError where a checkpoint says itself that it was trained with another video than the config says."""
    said = facts_in(at.path).get("video")
    if said in KINDS and said != at.trained:
        raise InputError(
            f"{at.path} was trained with the video {said!r}, as its {FACTS} says, not {at.trained!r}; mend `trained`"
        )


def check_video_part(at: ModelAt, tokens: VideoTokens) -> None:
    """InputError where a checkpoint that was trained with video cannot read video, or where it learned from other video tokens;
    its weights are not read."""
    from harness_plugins.video.model.config import check_tokens
    from harness_plugins.video.model.files import is_video_model, read_config

    if is_video_model(at.path):
        check_tokens(read_config(at.path), tokens.info, str(tokens.folder))
    elif at.trained != "none":
        folder = Path(at.path).expanduser()
        if not folder.is_dir():
            raise InputError(f"{at.path}: there is no such folder; give the folder `model` that the trainer video-mlm left")
        if is_video_model(folder / "model"):
            raise InputError(f"{at.path} is the folder of a training; its model is {Path(at.path) / 'model'}")
        raise InputError(f"{at.path} has no video part, so it was not trained with {at.trained} video; say `trained: none`")


def check_same_tokenizer(models: Sequence[ModelAt]) -> None:
    """InputError naming two models whose tokenizers differ."""
    by_digest: dict[str, ModelAt] = {}
    for one in models:
        by_digest.setdefault(tokenizer_digest(one.path), one)
    if len(by_digest) > 1:
        first, other = list(by_digest.values())[:2]
        raise InputError(
            f"{first.path} ({first.name}) and {other.path} ({other.name}) have different tokenizers: log-probabilities of unlike "
            "vocabularies are not compared; train both with one tokenizer"
        )


def facts_in(path: str | Path) -> dict[str, Any]:
    """What a checkpoint says of its training; empty where it says nothing."""
    try:
        found = json.loads((Path(path).expanduser() / FACTS).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def loaded(at: ModelAt, device: str) -> tuple[Any, Any, bool]:
    """(model, tokenizer, whether the checkpoint has a video part)."""
    from transformers import AutoTokenizer

    from harness_plugins.metrics.encoders import quiet
    from harness_plugins.video.bases import find_base, read_base
    from harness_plugins.video.model.config import VideoConfig
    from harness_plugins.video.model.files import is_video_model, load_video_model
    from harness_plugins.video.model.model import with_video

    if is_video_model(at.path):
        place, model, held = Path(at.path).expanduser(), load_video_model(at.path, device=device), True
    elif at.trained != "none":
        raise InputError(f"{at.path} has no video part, so it was not trained with {at.trained} video; say `trained: none`")
    else:
        base = find_base(at.path)
        place, held = base.folder, False
        model = with_video(read_base(base, 0)[0], VideoConfig(codes=1, places=1, frames=1)).eval().to(device)
    with quiet():
        tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=True, trust_remote_code=False)
    return model, tokenizer, held
