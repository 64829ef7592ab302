"""What a model knows of the video that it reads beside text."""

from typing import Literal

import msgspec

from harness.errors import InputError
from harness_plugins.video.store import Info

BLANK = -1  # a video token that shows nothing
MASKED = -2  # a video token that is to be found out

Time = Literal["frames", "seconds"]


class VideoConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The video part of a model.

    `codes`: kinds of video tokens over all levels, numbered from 0 (BLANK and MASKED have embeddings of their own); `places`:
    of a frame, each read as one vector; `levels`: tokens of a place, one behind the other in the store, whose embeddings are
    summed; `grid`: rows and columns of the places, None where they have none in the picture. `frames`: at most in a sequence.
    `time`: a frame is told by its number (`frames`) or by its seconds from the first (`seconds`). `head`: the model also says
    masked video tokens. `tokenizer`: digest of the video tokenizer, `rate`: frames a second; "" and 0: not known.
    """

    codes: int
    places: int
    frames: int
    levels: int = 1
    grid: tuple[int, int] | None = None
    time: Time = "frames"
    head: bool = False
    tokenizer: str = ""
    rate: float = 0.0
    version: int = 1

    def __post_init__(self) -> None:
        for name in ("codes", "places", "frames", "levels"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} of video is at least 1, got {getattr(self, name)}")
        if self.codes % self.levels:
            raise ValueError(f"{self.codes} kinds of video tokens are not {self.levels} levels of one size")
        if self.grid is not None and self.grid[0] * self.grid[1] != self.places:
            raise ValueError(f"a grid of {self.grid[0]} × {self.grid[1]} has not {self.places} places")


def config_of(info: Info, *, frames: int, time: Time = "frames", head: bool = False) -> VideoConfig:
    """The config for a folder of video tokens. Raises ValueError for what is not known or does not fit together."""
    if time not in ("frames", "seconds"):
        raise ValueError(f"time is frames or seconds, got {time!r}")
    if isinstance(frames, bool) or not isinstance(frames, int) or frames < 1:
        raise ValueError(f"frames is a whole number of at least 1, got {frames!r}")
    places, rest = divmod(info.tokens, info.levels)
    if rest:
        raise ValueError(f"{info.tokens} tokens of a frame are not places of {info.levels} levels")
    return VideoConfig(
        codes=info.codes,
        places=places,
        frames=frames,
        levels=info.levels,
        grid=info.grid,
        time=time,
        head=head,
        tokenizer=info.tokenizer,
        rate=info.rate,
    )


def check_tokens(config: VideoConfig, info: Info, where: str) -> None:
    """InputError where video tokens (of the folder `where`) are not of the tokenizer with which the model learned."""
    if config.tokenizer and info.tokenizer != config.tokenizer:
        raise InputError(
            f"{where} was made with the video tokenizer {info.tokenizer[:12]}…, and the model reads tokens of "
            f"{config.tokenizer[:12]}…: the same numbers stand for other pictures; make them with that tokenizer "
            "(`tokenizer: FOLDER`)"
        )
    same = config_of(info, frames=config.frames, time=config.time, head=config.head)
    for name in ("codes", "places", "levels", "grid"):
        mine, theirs = getattr(config, name), getattr(same, name)
        if mine != theirs:
            raise InputError(f"{where} has video tokens with {name} {theirs}, and the model reads {name} {mine}; make them anew")
