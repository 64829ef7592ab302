"""Scenes: what a clip shows and what is said of it, drawn from the seed and the clip's number alone."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness_plugins.video.world.lexicon import Entries
from harness_plugins.video.world.settings import World
from harness_plugins.video.world.words import SHOWN, Term


@dataclass(frozen=True, slots=True)
class Scene:
    """One clip: `said`, class → term; `visible`, class → visibility of what is said; `shown`, class → key of the term whose
    picture is seen; `beside`: there is a second thing.

    What no word tells of: `side` (−1 or 1) where the thing is, `scale` of it, `place` (x, y) as a share of its room, `way`
    (−1 or 1) in which it goes where a motion has two ways, `pixels`: seed of the noise.
    """

    said: Mapping[str, Term]
    visible: Mapping[str, float]
    shown: Mapping[str, str]
    beside: bool
    side: int
    scale: float
    place: tuple[float, float]
    way: int
    pixels: int


def draw_scene(world: World, entries: Mapping[str, Entries], clip: int) -> Scene:
    """The scene of the clip of this number."""
    rng = np.random.default_rng([world.seed, 1, clip])
    beside, opening, closing = rng.random(3)
    said: dict[str, Term] = {}
    visible: dict[str, float] = {}
    shown: dict[str, str] = {}
    second = bool(beside < world.second) and ("size" in entries or "landmark" in entries)
    for name in SHOWN:
        word, true, other = rng.random(3)  # drawn for every class, so that one more class changes nothing of the others
        if name in ("size", "landmark") and not second:
            continue
        if name not in entries:
            shown[name] = SHOWN[name].neutral
            continue
        column = entries[name]
        chosen = _drawn(column.frequency, word)
        said[name], visible[name] = column.terms[chosen], float(column.visibility[chosen])
        place = chosen if true < column.visibility[chosen] else _drawn(column.shown, other)
        shown[name] = column.terms[place].key
    words = rng.random(3)
    day, mood = entries["day"].share, entries["mood"].share
    if opening < day:
        said["day"] = _term(entries["day"], words[0])
    elif opening < day + entries["name"].share:
        said |= {name: _term(entries[name], u) for name, u in zip(("name", "opinion"), words[:2], strict=True)}
    if closing < mood + entries["weather"].share:
        name = "mood" if closing < mood else "weather"
        said[name] = _term(entries[name], words[2])
    side, way = rng.choice((-1, 1), 2)
    scale, x, y = world.jitter * rng.uniform(-1, 1, 3)
    return Scene(
        said=said,
        visible={name: visible.get(name, 0.0) for name in said},
        shown=shown,
        beside=second,
        side=int(side) if world.jitter else -1,
        scale=float(scale),
        place=(float(x), float(y)),
        way=int(way),
        pixels=int(rng.integers(2**32)),
    )


def _term(column: Entries, u: float) -> Term:
    return column.terms[_drawn(column.frequency, u)]


def _drawn(shares: np.ndarray, u: float) -> int:
    """The place at which a share of `u` is reached; never one of share 0."""
    return int(np.searchsorted(np.cumsum(shares), u * shares.sum(), side="right").clip(0, np.flatnonzero(shares)[-1]))
