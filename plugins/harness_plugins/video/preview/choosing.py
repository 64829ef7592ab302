"""Which segments a preview shows: drawn by a seed, from as many videos as can be, the same for the same data."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

from harness.records import Example, MediaPart
from harness_plugins.video.store import video_parts


@dataclass
class Chosen:
    """The segments that are shown, each with its first video part, by video and time; and what there is in all."""

    shown: list[tuple[Example, MediaPart]] = field(default_factory=list)
    segments: int = 0
    videos: int = 0
    languages: Counter[str] = field(default_factory=Counter)
    without_video: int = 0


def choose(read: Callable[[], Iterable[Example]], count: int, seed: int) -> Chosen:
    """At most `count` segments. `read` gives all examples, and is asked twice; memory holds the chosen ones and a number for each
    video."""
    found = Chosen()
    videos: Counter[str] = Counter()
    for example in read():
        parts = video_parts(example)
        found.languages[example.language] += 1
        found.segments += 1
        if parts:
            videos[_video(parts[0])] += 1
        else:
            found.without_video += 1
    found.videos = len(videos)
    room = _room(videos, count, seed)
    kept: dict[str, list[tuple[int, str, Example]]] = {video: [] for video in room}
    for example in read():
        parts = video_parts(example)
        held = kept.get(_video(parts[0])) if parts else None
        if held is not None:
            heapq.heappush(held, (-_drawn(seed, example.id), example.id, example))
            if len(held) > room[_video(parts[0])]:
                heapq.heappop(held)
    some = [(one, video_parts(one)[0]) for held in kept.values() for _, _, one in held]
    found.shown = sorted(some, key=lambda one: (one[1].uri, one[1].start or 0.0, one[0].id))
    return found


def _room(videos: Counter[str], count: int, seed: int) -> dict[str, int]:
    """How many segments of each video are shown: one of each as long as there is room, then a second of each that has one …"""
    order = heapq.nsmallest(count, videos, key=lambda video: (_drawn(seed, video), video))
    room = dict.fromkeys(order, 0)
    left = min(count, sum(videos[video] for video in order))
    while left:
        for video in order:
            if left and room[video] < videos[video]:
                room[video] += 1
                left -= 1
    return room


def _video(part: MediaPart) -> str:
    return part.sha256 or part.uri


def _drawn(seed: int, name: str) -> int:
    return int.from_bytes(blake2b(f"{seed}\0{name}".encode(), digest_size=8).digest(), "big")
