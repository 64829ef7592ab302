"""What stands in the video's place: itself, nothing, another clip's, or a blank. The controls of a training, and of a probe.

Controls change the records or the tokens and nothing below them, so that which words are masked, where a text is cut and in which
order rows come are the same with each.
"""

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from harness.errors import InputError
from harness.records import Example, MediaPart, Message
from harness_plugins.video.model.config import BLANK
from harness_plugins.video.store import VideoTokens, video_parts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KINDS = ("real", "none", "shuffled", "blank")
_NAMED = 3


def check_kind(kind: Any, name: str = "video") -> str:
    """The kind; ValueError where there is no such control."""
    if kind not in KINDS:
        raise ValueError(f"{name} is one of {', '.join(KINDS)}, got {kind!r}")
    return str(kind)


def shown(examples: Sequence[Example], kind: str, seed: int = 0) -> list[Example]:
    """The examples, in their order, with the video that a control shows: `real` and `blank` their own (`tokens_for` blanks it),
    `none` without, `shuffled` with that of another clip of the same split (`partners`). Those without a video stay without."""
    if check_kind(kind) in ("real", "blank"):
        return list(examples)
    if kind == "none":
        return [_with_video(example, ()) for example in examples]
    held = partners(examples, seed)
    return [_with_video(one, video_parts(examples[held[place]])) if place in held else one for place, one in enumerate(examples)]


def tokens_for(kind: str, tokens: VideoTokens) -> VideoTokens:
    """The tokens as a control shows them: for `blank` as many at the same times, all of them BLANK; otherwise as they are."""
    return _Blank(tokens.folder) if check_kind(kind) == "blank" else tokens


def partners(examples: Sequence[Example], seed: int = 0) -> dict[int, int]:
    """Whose video each example with a video is shown, both as places in the sequence: a derangement within every split.

    Nobody is shown a video of its own cluster, nor the same file under another cluster; everybody's is shown once, as long as no
    clip has more than half of a split's examples (otherwise some are shown more often). It depends on the seed, on ids and
    clusters, and not on the order of the examples. InputError where a split has videos of one clip only.
    """
    found: dict[int, int] = {}
    seen = [place for place, example in enumerate(examples) if video_parts(example)]
    for split in sorted({examples[place].split or "" for place in seen}):
        clips = _clips([place for place in seen if (examples[place].split or "") == split], examples)
        if len(clips) < 2:
            names = ", ".join(examples[place].id for place in clips[0][:_NAMED])
            names += " …" * (len(clips[0]) > _NAMED)
            raise InputError(
                f"video: shuffled shows another clip's video, and the split {split or '(none)'} has one clip only, in "
                f"{len(clips[0]):,} of its examples ({names}): none can be shown another's; give examples of more clips, or take "
                "the control blank"
            )
        random.Random(f"{seed} {split}").shuffle(clips)
        order = [place for clip in clips for place in clip]
        most = max(map(len, clips))
        if 2 * most <= len(order):  # as far on as the largest clip is long, nobody meets its own clip
            found |= {place: order[(number + most) % len(order)] for number, place in enumerate(order)}
            continue
        for clip in clips:
            others = [place for place in order if place not in clip]
            found |= {place: others[number % len(others)] for number, place in enumerate(clip)}
    return found


def _clips(places: Sequence[int], examples: Sequence[Example]) -> list[list[int]]:
    """The examples of each clip, sorted by id: what shares a cluster or a file, directly or through others, is one clip."""
    leader: dict[str, str] = {}

    def first(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    for place in places:
        names = list(_names(examples[place]))
        for name in names[1:]:
            one, other = sorted((first(names[0]), first(name)))
            leader[other] = one
    clips: dict[str, list[int]] = {}
    for place in sorted(places, key=lambda place: examples[place].id):
        clips.setdefault(first(next(_names(examples[place]))), []).append(place)
    return sorted(clips.values(), key=lambda clip: examples[clip[0]].id)


def _names(example: Example) -> Iterator[str]:
    yield f"cluster {example.cluster}"
    for part in video_parts(example):
        yield f"file {part.sha256 or part.uri}"


def _with_video(example: Example, video: Sequence[MediaPart]) -> Example:
    """The example with these parts where its first video was, and without its own."""
    messages, left = [], tuple(video)
    for message in example.messages:
        parts: list[Any] = []
        for part in message.parts:
            if not (isinstance(part, MediaPart) and part.media == "video"):
                parts.append(part)
            else:
                parts += left
                left = ()
        messages.append(Message(role=message.role, parts=tuple(parts)))
    return msgspec.structs.replace(example, messages=tuple(messages))


class _Blank(VideoTokens):
    """Tokens of videos of which nothing can be seen."""

    def video(self, sha256: str) -> "tuple[NDArray[np.float64], NDArray[np.int32]]":
        import numpy as np

        times, tokens = super().video(sha256)
        return times, np.full_like(tokens, BLANK)
