"""A small world for trainings with video: texts of which one word can be seen, and a folder of video tokens without videos."""

from pathlib import Path
from typing import Any

import numpy as np
from harness_plugins.video.store import Info, VideoTokens, write_info, write_video

from harness.records import Example, MediaPart, Message, TextPart

COLOURS = ("röd", "blå", "grön", "gul")
FORMS = ("cirkel", "ruta", "ring")
FRAMES, PLACES, CODES = 6, 4, 12
TINY = {
    "model_type": "bert",
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "hidden_dropout_prob": 0.05,
}
HOW = {
    "config": TINY,
    "tokenizer": {"train": "wordpiece", "size": 60},
    "frames": 4,
    "length": 24,
    "steps": 4,
    "batch": 8,
    "save_every": 2,
    "learning_rate": 0.01,
}


def sha256_of(number: int) -> str:
    """The name of a video that is none."""
    return f"{number:064x}"


def tokens_of(folder: Path, videos: int = 24, tokenizer: str = "a" * 64) -> VideoTokens:
    """Tokens of so many videos: those of number n show colour n mod 4 everywhere, among noise by n."""
    info = Info(rate=2.0, height=16, width=16, tokens=PLACES, codes=CODES, tokenizer=tokenizer, grid=(2, 2))
    write_info(folder, info)
    for number in range(videos):
        noise = np.random.default_rng(number).integers(4, CODES, (FRAMES, PLACES)).astype(np.int32)
        noise[:, : PLACES // 2] = number % len(COLOURS)
        write_video(folder, sha256_of(number), np.arange(FRAMES) / 2, noise, info)
    return VideoTokens(folder)


def example(number: int, split: str | None = "train", *, text: str | None = None, video: bool = True) -> Example:
    """One text of a colour, a form and a day, beside its video."""
    days = ("måndag", "tisdag", "onsdag")
    said = f"en {COLOURS[number % 4]} {FORMS[number % 3]} rullar på en {days[number * 7 % 3]}."
    parts: list[Any] = [TextPart(text=said if text is None else text)]
    if video:
        parts.append(MediaPart(media="video", uri=f"{number}.mp4", sha256=sha256_of(number), start=0.0, end=FRAMES / 2))
    return Example(
        id=f"tiny/{number:03}",
        kind="aligned",
        language="sv",
        messages=(Message(role="document", parts=tuple(parts)),),
        cluster_id=f"video/{number}",
        split=split,
    )


def examples(count: int = 20, held_out: int = 4) -> list[Example]:
    """So many to learn from, and more that are held out."""
    return [example(number, "train" if number < count else "validation") for number in range(count + held_out)]


def train_quietly(tokens: str, folder: Path, kind: str) -> None:
    """Trains without dropout with real, without and with masked video, in this process (`one`) or as one of several.

    With several, sums are in another order: Adam makes much of gradients that are next to nothing, so the rate keeps them small.
    """
    from harness_plugins.video.trainer import VideoMlm

    quiet = {**TINY, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    rows = [example(0, video=False), *examples()[1:]]
    for video, more in (("real", {}), ("none", {"video": "none"}), ("masked", {"masked_video": 0.4})):
        how = {**HOW, "config": quiet, "learning_rate": 1e-4, "batch": 5, "batch_tokens": 60, "weight_decay": 0.1, **more}
        parallel = "auto" if kind == "one" else kind
        trainer = VideoMlm(tokens=tokens, parallel=parallel, gradient_checkpointing=kind == "fsdp", **how)
        trainer.train(rows, folder / f"{kind}-{video}")
