"""Parts of a training with video: its rows under a control, what its checkpoints are held to, how the best is kept, what is told.

torch is imported inside functions alone.
"""

import hashlib
import math
from collections.abc import Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import InputError
from harness.records import Example, MediaPart, Message
from harness_plugins.trainers.distributed import Processes
from harness_plugins.trainers.loop import Progress, Settings
from harness_plugins.trainers.selection import Asked, Choice, Selection
from harness_plugins.video.controls import shown, tokens_for
from harness_plugins.video.model.masking import MaskedRows
from harness_plugins.video.model.sequences import Rows, check_readable, rows_of
from harness_plugins.video.store import VideoTokens, aligned_text, video_parts

MISSING = ("refuse", "text", "leave-out")  # what becomes of an example whose video has no tokens
_NAMED = 3


@dataclass(frozen=True)
class VideoSettings(Settings):
    """Under what a checkpoint is gone on with: the settings of the loop, and what decides about rows, masks and model."""

    beta2: float = 0.98
    video: str = "real"
    data: str = ""
    video_tokens: str = ""
    tokenizer: str = ""
    frames: int = 0
    length: int = 0
    mask_share: float = 0.15
    replace: str = ""
    masked_video: float = 0.0
    video_mask: str = ""
    video_loss: float = 1.0
    model: str = ""


@dataclass(frozen=True)
class Masking:
    """What is masked in a row: settings of `MaskedRows`."""

    share: float
    seed: int
    replace: tuple[float, float, float]
    video_share: float
    video_mask: str

    def of(self, rows: Rows, tokenizer: Any) -> MaskedRows:
        """The rows as they are drawn; InputError where nothing can be learned of any."""
        return MaskedRows(
            rows.rows,
            tokenizer,
            share=self.share,
            seed=self.seed,
            replace=self.replace,
            video_share=self.video_share,
            video_mask=self.video_mask,
        )


def with_tokens(examples: Sequence[Example], tokens: VideoTokens, missing: str) -> tuple[list[Example], list[str]]:
    """The examples that have tokens for their videos, and the ids of those that have not: with `missing` refuse an InputError
    names them, with text they stay without video, with leave-out they go."""
    there: dict[str, bool] = {}

    def has(part: MediaPart) -> bool:
        if part.sha256 is None:
            return False
        if part.sha256 not in there:
            there[part.sha256] = tokens.has(part.sha256)
        return there[part.sha256]

    lacking = [example.id for example in examples if not all(map(has, video_parts(example)))]
    if not lacking:
        return list(examples), []
    if missing == "refuse":
        first = next(example for example in examples if example.id == lacking[0])
        sha256 = next(part.sha256 or "(without sha256)" for part in video_parts(first) if not has(part))
        videos = {part.sha256 or part.uri for example in examples for part in video_parts(example) if not has(part)}
        raise InputError(
            f"{tokens.folder} has no tokens of {_count(videos, 'video')} in {_count(lacking, 'example')}; the first: "
            f"{lacking[0]}, sha256 {sha256}. Build them into this folder, or say missing: text (learned without video) or "
            "missing: leave-out"
        )
    names = set(lacking)
    if missing == "leave-out":
        return [example for example in examples if example.id not in names], lacking
    return [_only(example, has) if example.id in names else example for example in examples], lacking


def check_examples(
    examples: Sequence[Example],
    tokens: VideoTokens,
    masking: Masking,
    *,
    splits: Sequence[str | None],
    video: str,
    missing: str,
) -> None:
    """InputError where nothing can be learned of the examples under the control `video`, or video tokens that the `splits` need
    are missing, damaged or none of the codebook's: their files are read."""
    held, _ = with_tokens(examples, tokens, missing)
    masks_video = masking.video_share > 0 and any(video_parts(example) for example in held)
    if not masks_video and not any(aligned_text(example).strip() for example in held):
        raise InputError("there is nothing to learn from: no example has text; give examples with text beside their video")
    controlled = shown(held, video, masking.seed)
    check_readable([one for one in controlled if one.split in splits], tokens_for(video, tokens))


@dataclass(frozen=True)
class Material:
    """What a training learns from: `told` of its rows, the rows as steps draw them, and those of the held-out split, None where
    nothing is held out. `digest` changes with every token, word boundary, time and video token of them."""

    told: Rows
    rows: Any  # MaskedRows: the loop takes them as `loop.DrawnRows`
    held: list[Any] | None
    digest: str


def material_of(
    examples: Sequence[Example],
    tokens: VideoTokens,
    tokenizer: Any,
    masking: Masking,
    *,
    splits: Sequence[str | None],
    choice: Choice | None,
    video: str,
    frames: int,
    length: int,
) -> Material:
    """The examples of the splits as rows under the control `video`, and those that a choice looks at.

    Raises InputError where nothing can be learned, or nothing is held out."""
    seen = tokens_for(video, tokens)
    controlled = shown(examples, video, masking.seed)
    told = rows_of([one for one in controlled if one.split in splits], tokenizer, seen, frames=frames, length=length)
    rows = masking.of(told, tokenizer)
    held = None
    kept: list[Any] = []
    if choice is not None:
        some = [one for one in controlled if one.split == choice.split][: choice.limit]
        looked = rows_of(some, tokenizer, seen, frames=frames, length=length)
        kept = looked.rows
        if not any(row.word_count for row in kept):
            raise InputError(f"best_by looks at examples of the split {choice.split!r}, and there are none with a word")
        masks = masking.of(looked, tokenizer)
        held = masks.drawn(range(len(masks)), -1)  # the same masks at every look
    return Material(told, rows, held, _digest([*rows.rows, *kept]))


def kept_by_loss(
    choice: Choice | None, material: Material, folder: Path, processes: Processes, how: VideoSettings
) -> Selection | None:
    """What keeps the best weights by the loss of the held-out rows; None without a choice."""
    if choice is None or material.held is None:
        return None
    nothing: Any = None  # is answered: there are no prompts
    return Selection(
        choice,
        Asked([], []),
        material.held,
        None,
        folder,
        processes,
        prompts=nothing,
        every=choice.every or max(1, math.ceil(len(material.rows) / how.batch)),
        tokens=how.tokens,
        longest=how.length,
    )


def facts_of(learner: Any, material: Material, done: Progress, how: VideoSettings) -> dict[str, Any]:
    """What is told of a training that is done, but for its speed."""
    import torch

    model = learner.model
    device = next(model.parameters()).device
    own = {id(parameter) for parameter in model.base.parameters()}
    return {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "text_parameters": sum(parameter.numel() for parameter in model.parameters() if id(parameter) in own),
        "trained_parameters": sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "dtype": learner.dtype,
        "attention": learner.attention,
        "video": how.video,
        "steps": done.step,
        "losses": done.losses,
        "learned_tokens": done.learned,
        "read_tokens": done.read,
        "length": how.length,
        "frames": how.frames,
        "video_tokens": how.video_tokens,
        "tokenizer": how.tokenizer,
        **material.told.facts(),
        "nothing_to_mask": len(material.rows.left_out),
    }


def notes_of(material: Material, lacking: Sequence[str], missing: str, how: VideoSettings) -> list[str]:
    """Sentences on what could not be learned as it is, the first ids among them."""
    told = material.told
    treated = "learned without video" if missing == "text" else "left out"
    kinds: list[tuple[Sequence[str], str]] = [
        (told.cut, f"texts cut at {how.length:,} tokens ({told.cut_tokens:,} tokens are not read)"),
        (told.thinned, f"videos of which {how.frames:,} frames are read, evenly chosen ({told.thinned_frames:,} are not)"),
        (told.without_video if how.video != "none" else [], "without video"),
        (material.rows.left_out + told.empty, "left out, with no word that can be masked"),
        (material.rows.without_words, "no word that can be masked, learned from their masked video alone"),
        (lacking, f"videos without tokens, {treated}"),
    ]
    return [
        f"{what}: {_count(ids, 'example')} ({', '.join(ids[:_NAMED])}{' …' * (len(ids) > _NAMED)})" for ids, what in kinds if ids
    ]


def tokenizer_digest(tokenizer: Any) -> str:
    """sha256 of what decides about tokens."""
    return hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest()


def _count(found: Sized, what: str) -> str:
    return f"{len(found):,} {what}{'s' * (len(found) != 1)}"


def _only(example: Example, has: Any) -> Example:
    """The example without the videos that have no tokens."""
    messages = [
        Message(
            role=message.role,
            parts=tuple(
                part for part in message.parts if not (isinstance(part, MediaPart) and part.media == "video") or has(part)
            ),
        )
        for message in example.messages
    ]
    return msgspec.structs.replace(example, messages=tuple(messages))


def _digest(rows: Sequence[Any]) -> str:
    sha = hashlib.sha256()
    for row in rows:
        sha.update(f"{row.id}\0{row.video.shape}\0{len(row.text)}\0".encode())
        for part in (row.text, row.words, row.video, row.times):
            sha.update(part.tobytes())
    return sha.hexdigest()
