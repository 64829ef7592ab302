"""Checks of parameters of the trainer `video-mlm`: what cannot be used is refused by name before anything is read or loaded."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness_plugins.trainers.selection import LOSS
from harness_plugins.trainers.weights import DTYPES
from harness_plugins.video.controls import check_kind
from harness_plugins.video.presets import check_preset
from harness_plugins.video.training import MISSING

_CHOICES: dict[str, Sequence[str]] = {
    "schedule": ("linear", "cosine", "constant"),
    "dtype": DTYPES,
    "time": ("frames", "seconds"),
    "missing": MISSING,
}
_WHOLE = {"frames": 1, "length": 1, "steps": 1, "batch": 1, "batch_tokens": 1, "save_every": 1, "seed": 0}  # least values
_MOST = 2**63 - 1  # what generators of random numbers and counts of tensors take


def check_beginning(
    base: str | None, preset: str | None, config: Mapping[str, Any] | None, tokenizer: Any, tokens: Any, video: Any
) -> None:
    """ValueError where base, preset, config, tokenizer, video tokens or control cannot go together or are none."""
    if (base is None) == (preset is None and config is None):
        raise ValueError("give either base (a pretrained model), or preset or config (a model from scratch)")
    if config is not None and not isinstance(config, Mapping):
        raise ValueError(f"config holds keys and values of a config of transformers, got {config!r:.80}")
    if base is not None and tokenizer is not None:
        raise ValueError("tokenizer is for models from scratch: a base brings its own")
    if not isinstance(tokens, (str, Path)) or not str(tokens).strip():
        raise ValueError(f"tokens is the folder of video tokens that a builder left, got {tokens!r:.80}")
    if preset is not None:
        check_preset(preset)
    check_kind(video)


def check_numbers(given: Mapping[str, Any]) -> None:
    """ValueError naming the first of these parameters that is none of its choices, or no whole number as large as it must be."""
    for name, known in _CHOICES.items():
        if given[name] not in known:
            raise ValueError(f"{name} is one of {', '.join(known)}, got {given[name]!r}")
    for name, least in _WHOLE.items():
        number = given[name]
        if number is None:
            continue
        if isinstance(number, bool) or not isinstance(number, int) or number < least:
            raise ValueError(f"{name} is a whole number of at least {least}, got {number!r}")
        if number > _MOST:
            raise ValueError(f"{name} is a whole number of at most {_MOST:,}, got {number!r}")
    if given["best_by"] not in (None, LOSS):
        raise ValueError(f"best_by of the trainer video-mlm is loss, got {given['best_by']!r}")
    beta2 = given["beta2"]
    if beta2 is not None and (isinstance(beta2, bool) or not isinstance(beta2, (int, float)) or not 0 <= beta2 < 1):
        raise ValueError(f"beta2 is a number from 0 to below 1, got {beta2!r}")


def check_masks(share: Any, replace: Any, masked_video: Any, video_mask: Any, video: str) -> None:
    """ValueError for shares that are none, and for video that is to be found out where there is none."""
    from harness_plugins.video.model.masking import check_masking

    check_masking(share, replace, masked_video, video_mask)
    if masked_video and video in ("none", "blank"):
        raise ValueError(f"masked_video: with video: {video} there is no video to find out; leave it out")
