"""What a preview page holds: segments with their frames, what their tokens draw, and figures of the whole."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import InputError
from harness.records import Example, MediaPart
from harness_plugins.video.broken import BrokenVideo
from harness_plugins.video.preview.choosing import Chosen, choose
from harness_plugins.video.store import VideoTokens, aligned_text, local_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness_plugins.video.tokenizer.tokenizer import Tokenizer

_RATE = 2.0  # frames a second where no tokens say theirs
_HEIGHT = 132  # pixels


@dataclass(frozen=True)
class Shown:
    """A frame: its address, time in seconds and size in pixels; `told`: the address of what its tokens draw."""

    address: str
    time: float
    width: int
    height: int
    told: str | None = None


@dataclass(frozen=True)
class Card:
    """A segment: its id, video, language, text, span in seconds, some of its `count` frames, facts, and a note where frames are
    missing."""

    id: str
    video: str
    language: str
    text: str
    start: float | None
    end: float | None
    count: int | None
    frames: tuple[Shown, ...]
    facts: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Preview:
    """The page: facts as (what, how much), and the segments."""

    title: str
    facts: tuple[tuple[str, str], ...]
    cards: tuple[Card, ...]
    drawn: bool


def preview(
    title: str,
    read: Callable[[], Iterable[Example]],
    tokens: VideoTokens | None,
    *,
    segments: int = 12,
    frames: int = 6,
    seed: int = 0,
    beside: Path | None = None,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Preview:
    """At most `segments` segments with at most `frames` frames each. `tokens`: their folder, for the times of frames and what the
    tokens draw. `beside`: a folder to look for videos in that are not where they were. InputError where no segment has video."""
    chosen = choose(read, segments, seed)
    if not chosen.shown:
        raise InputError(f"{title}: none of its {chosen.segments:,} examples has a video; a build of `video-text` has")
    tokenizer = _drawing(tokens)
    cards: dict[str, Card] = {}
    groups: dict[str, list[tuple[Example, MediaPart]]] = {}
    for example, part in chosen.shown:
        groups.setdefault(part.uri, []).append((example, part))
    for done, some in enumerate(groups.values()):
        progress("videos read", done, len(groups))
        for card in _cards(some, tokens, tokenizer, frames, beside):
            cards[card.id] = card
    progress("videos read", len(groups), len(groups))
    return Preview(title, _facts(chosen, tokens), tuple(cards[one.id] for one, _ in chosen.shown), tokenizer is not None)


def _cards(
    some: Sequence[tuple[Example, MediaPart]],
    tokens: VideoTokens | None,
    tokenizer: "Tokenizer | None",
    most: int,
    beside: Path | None,
) -> list[Card]:
    """The cards of segments of one video."""
    import numpy as np

    from harness_plugins.video.preview.pictures import address, enlarged, frames_at, spread

    times: list[NDArray[np.float64]] = []
    told: list[NDArray[np.uint8] | None] = []
    counts: list[int] = []
    notes: list[str] = []
    for _, part in some:
        own, ids, note = _times(part, tokens)
        places = spread(len(own), most)
        times.append(own[places])
        told.append(tokenizer.decode(ids[places]) if tokenizer is not None and ids is not None else None)
        counts.append(len(own))
        notes.append(note)
    path = _found(some[0][1], beside)
    rate = _RATE if tokens is None else tokens.info.rate
    pictures = None if path is None else frames_at(path, rate, times, _HEIGHT)
    cards = []
    for number, (example, part) in enumerate(some):
        shown: list[Shown] = []
        if isinstance(pictures, list):
            drawn = told[number]
            for place, pixels in enumerate(pictures[number]):
                mine = None if drawn is None or len(drawn) != len(pictures[number]) else address(enlarged(drawn[place], pixels))
                shown.append(Shown(address(pixels), float(times[number][place]), pixels.shape[1], pixels.shape[0], mine))
        note = notes[number]
        if path is None:
            note = f"{part.uri} is not there any more; with --videos it is looked for elsewhere"
        elif isinstance(pictures, BrokenVideo):
            note = f"cannot be read: {pictures.detail}"
        cards.append(_card(example, part, counts[number], shown, note))
    return cards


def _times(part: MediaPart, tokens: VideoTokens | None) -> "tuple[NDArray[np.float64], NDArray[np.int32] | None, str]":
    """Times and tokens of a part's frames, or times alone by the grid, and what is missing."""
    import numpy as np

    note = ""
    if tokens is not None:
        try:
            times, ids = tokens.of(part)
            return times, ids, ""
        except InputError as error:
            note = str(error)
    rate = _RATE if tokens is None else tokens.info.rate
    start, end = part.start or 0.0, part.end if part.end is not None else (part.start or 0.0) + 10
    first = int(np.ceil(start * rate - 1e-6))
    last = max(int(np.ceil(end * rate - 1e-6)), first + 1)
    return np.arange(first, last) / rate, None, note


def _found(part: MediaPart, beside: Path | None) -> Path | None:
    path = local_path(part.uri)
    if path.is_file():
        return path
    if beside is not None:
        parts = path.parts[1:] if path.is_absolute() else path.parts
        for start in range(len(parts)):
            other = beside.joinpath(*parts[start:])
            if other.is_file():
                return other
    return None


def _card(example: Example, part: MediaPart, count: int, shown: Sequence[Shown], note: str) -> Card:
    meta: Any = example.meta
    facts = [f"{len(meta['cues'])} cues"] if isinstance(meta.get("cues"), list) and len(meta["cues"]) > 1 else []
    facts += [f"split {example.split}"] if example.split else []
    speakers = meta.get("speakers")
    facts += [f"said by {', '.join(map(str, speakers))}"] if isinstance(speakers, list) and speakers else []
    video = meta.get("video")
    name = video if isinstance(video, str) else Path(part.uri).name
    text = aligned_text(example)
    return Card(example.id, name, example.language, text, part.start, part.end, count, tuple(shown), tuple(facts), note)


def _drawing(tokens: VideoTokens | None) -> "Tokenizer | None":
    """The tokenizer of the tokens, if it can draw."""
    from harness_plugins.video.store import TOKENIZER
    from harness_plugins.video.tokenizer.files import load_tokenizer, read_description

    if tokens is None or read_description(tokens.folder / TOKENIZER).settings.kind != "patches":
        return None
    tokenizer = load_tokenizer(tokens.folder / TOKENIZER)
    return tokenizer if tokenizer.features.drawn else None


def _facts(chosen: Chosen, tokens: VideoTokens | None) -> tuple[tuple[str, str], ...]:
    languages = ", ".join(f"{tag} {count:,}" for tag, count in chosen.languages.most_common())
    facts = [("Segments", f"{chosen.segments:,} of {chosen.videos:,} videos ({languages})")]
    if chosen.without_video:
        facts.append(("Without video", f"{chosen.without_video:,}"))
    if tokens is None:
        return (*facts, ("Video tokens", f"none given; frames are shown at {_RATE:g} a second"))
    from harness_plugins.video.folder import quality

    info = tokens.info
    grid = f", {info.grid[0]} rows of {info.grid[1]}" if info.grid else ""
    levels = f" on {info.levels} levels" if info.levels > 1 else ""
    facts.append(
        ("Frames", f"{info.rate:g} a second, {info.width}×{info.height} pixels, {info.tokens} tokens each{grid}{levels}")
    )
    return (*facts, *quality(tokens.folder))
