"""What a world is like: its size, its pictures, its words."""

from collections.abc import Mapping
from typing import Any

import msgspec

from harness.errors import did_you_mean
from harness_plugins.video.world.words import LANGUAGES, SHOWN

CODECS = ("mpeg4", "libx264")


class World(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A world's settings; two worlds of equal settings have equal clips and captions.

    `frames` of `height` × `width` pixels, `rate` a second. `noise`: standard deviation of the pixels, as a share of white;
    `jitter`: how much places and sizes vary, 0 to 1. `classes`: those that captions name (of `words.SHOWN`); `words`: how many
    of each that can be shown, at most; `unseen`: how many beside them that cannot. `levels`: the visibilities that the former
    are given in turn. `second`: share of clips with a second thing, which the classes `size` and `landmark` are about. `told`:
    about the share of captions with an opening (day, or somebody's opinion), and of those with a closing (mood, or weather); it
    is such that their words are as frequent as others. `zipf`: the words of a class have frequencies ∝ rank^-zipf. `confound`:
    see `lexicon`. The clips of a world do not depend on how many there are.
    """

    seed: int = 0
    frames: int = 16
    rate: int = 8
    height: int = 64
    width: int = 64
    codec: str = "mpeg4"
    noise: float = 0.02
    jitter: float = 0.5
    classes: tuple[str, ...] = tuple(SHOWN)
    words: int = 10
    unseen: int = 3
    levels: tuple[float, ...] = (1.0, 0.75, 0.5, 0.25)
    second: float = 1.0
    told: float = 0.5
    zipf: float = 0.0
    confound: bool = False
    version: int = 2  # changes when the same settings make another world


def world_of(given: Mapping[str, Any], languages: Any = LANGUAGES) -> tuple[World, tuple[str, ...]]:
    """The world of these settings, and its captions' languages. ValueError names a setting that cannot be, and what it may be."""
    values: dict[str, Any] = {field: getattr(World(), field) for field in World.__struct_fields__} | dict(given)
    least: Mapping[str, int] = {"seed": 0, "frames": 1, "rate": 1, "height": 16, "width": 16, "words": 2, "unseen": 0}
    for name, low in least.items():
        whole(name, values[name], low)
    for name in ("height", "width"):
        if values[name] % 2 or values[name] > 2048:
            raise ValueError(f"{name} is an even number of pixels from 16 to 2048, got {values[name]}")
    for name in ("noise", "jitter", "second", "told"):
        values[name] = _number(name, values[name], 1.0)
    values["zipf"] = _number("zipf", values["zipf"], 10.0)
    if not isinstance(values["confound"], bool):
        raise ValueError(f"confound is true or false, got {values['confound']!r:.80}")
    if values["codec"] not in CODECS:
        raise ValueError(f"codec is one of {', '.join(CODECS)}, got {values['codec']!r:.80}")
    values["classes"] = _chosen("classes", values["classes"], tuple(SHOWN))
    values["levels"] = tuple(_number("levels", one, 1.0) for one in _listed("levels", values["levels"]))
    fewest = min(values["words"], *(len(SHOWN[name].seen) for name in values["classes"]))
    if not any(values["levels"][:fewest]):
        raise ValueError("levels: of those that words are given at least one is above 0, else nothing is shown")
    if values["confound"] and values["words"] < 4:
        raise ValueError(f"words is at least 4 in a world that is confounded, got {values['words']}")
    return World(**values), _chosen("languages", languages, LANGUAGES)


def whole(name: str, value: Any, least: int) -> int:
    """The value, if it is a whole number of at least so much; else ValueError by this name."""
    if type(value) is not int or value < least:
        raise ValueError(f"{name} is a whole number from {least}, got {value!r:.80}")
    return value


def _number(name: str, value: Any, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ValueError(f"{name} lies between 0 and {most:g}, got {value!r:.80}")
    return float(value)


def _listed(name: str, value: Any) -> list[Any]:
    found = list(value) if isinstance(value, list | tuple) else [value]
    if not found:
        raise ValueError(f"{name}: give at least one")
    return found


def _chosen(name: str, value: Any, known: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `known` that are named, in its order."""
    found = _listed(name, value)
    for one in found:
        if one not in known:
            raise ValueError(f"{name} are of {', '.join(known)}; got {one!r:.80}.{did_you_mean(str(one), known)}")
    return tuple(one for one in known if one in found)
