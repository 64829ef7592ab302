"""Videos and captions that were looked into: which of them can be used, before any is decoded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.build.rows import SetAside
from harness.errors import InputError
from harness_plugins.video.broken import BrokenVideo
from harness_plugins.video.captions.cues import Captions
from harness_plugins.video.frames import VideoInfo, inspect
from harness_plugins.video.pairing import STAGE, Pair, Track
from harness_plugins.video.sources import in_unicode
from harness_plugins.video.workers import Died, side_by_side


@dataclass(frozen=True)
class Material:
    """A video that opens, with what it says of itself and the captions that can be read."""

    pair: Pair
    info: VideoInfo
    tracks: tuple[tuple[Track, Captions], ...]


def look(
    pairs: Sequence[Pair], encoding: str | None, language: str | None, workers: int
) -> tuple[list[Material], list[SetAside]]:
    """What can be used, and what cannot, each with its reason. InputError where captions do not say their language."""
    aside: list[SetAside] = []
    told: list[tuple[Pair, tuple[tuple[Track, Captions], ...]]] = []
    for pair in pairs:
        tracks = []
        for track in pair.tracks:
            captions = _captions(pair, track, encoding)
            if isinstance(captions, SetAside):
                aside.append(captions)
            elif track.language is None:
                raise InputError(f"{track.name}: in which language is it? Say `language: sv`, or name it so ({_named(track)})")
            else:
                tracks.append((track, captions))
        if tracks:
            told.append((pair, tuple(tracks)))
    found: list[Material] = []
    for (pair, tracks_), info in zip(told, side_by_side(_look, [pair.video for pair, _ in told], workers), strict=True):
        if isinstance(info, Died):
            info = BrokenVideo(pair.video, "damaged", "killed the process that opened it")
        if isinstance(info, BrokenVideo):
            aside.append(SetAside(id=pair.name, stage=STAGE, reason=info.reason, detail=info.detail))
        elif str(pair.video) != in_unicode(str(pair.video)):
            detail = "its name, or that of a folder it is in, is no UTF-8; rename it"
            aside.append(SetAside(id=pair.name, stage=STAGE, reason="unreadable-name", detail=detail))
        else:
            found.append(Material(pair, info, tracks_))
    return found, aside


def _captions(pair: Pair, track: Track, encoding: str | None) -> Captions | SetAside:
    from harness_plugins.video.captions.reading import read_captions

    if track.path is None:
        assert track.cues is not None  # a track has one of the two
        return track.cues
    try:
        return read_captions(track.path, encoding)
    except InputError as error:
        return SetAside(id=f"{pair.name}/{track.name}", stage=STAGE, reason="captions-unreadable", detail=str(error))


def _look(path: Path) -> VideoInfo | BrokenVideo:
    try:
        return inspect(path)
    except BrokenVideo as error:
        return error


def _named(track: Track) -> str:
    stem, _, ending = track.name.rpartition(".")
    return f"{stem}.sv.{ending}"
