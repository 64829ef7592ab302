"""Which captions belong to which video, by their names."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harness.build.rows import SetAside
from harness.errors import InputError
from harness_plugins.video.captions.cues import Captions
from harness_plugins.video.captions.reading import SUFFIXES
from harness_plugins.video.sources import File, Listing, beside, files_of, in_unicode, is_unread, sorted_out

STAGE = "video-text"
TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")
_KINDS = ("forced", "sdh", "cc", "default")  # what players' names of caption files say beside the language


class Track(NamedTuple):
    """Captions of a video in one language (None: not said): a file of them, or the cues themselves; `name` in ids."""

    language: str | None
    name: str
    path: Path | None = None
    cues: Captions | None = None


class Pair(NamedTuple):
    """A video, by its name in ids, with its captions by language; `cluster`: what it is resampled with, None: it alone."""

    name: str
    video: Path
    tracks: tuple[Track, ...]
    cluster: str | None = None


class Pairs(NamedTuple):
    """Videos with captions by name; what is not used, each with its reason; and what a user is to know."""

    pairs: tuple[Pair, ...]
    aside: tuple[SetAside, ...]
    notes: tuple[str, ...] = ()


def pairs_of(
    videos: Sequence[str | Path], captions: str | Path | None, language: str | None, languages: Sequence[str] = ()
) -> Pairs:
    """The videos of these folders, patterns and files with the captions beside them, or those of the folder or file `captions`.

    Captions carry the video's name: `film.srt`, `film.mp4.srt`, or with a language `film.sv.srt`. `language`: of captions whose
    name says none; `languages`: those that are used, all where none is named. InputError where nothing is there to be paired.
    """
    listing = sorted_out(files_of(videos))
    if not listing.videos:
        where = ", ".join(map(str, videos))
        raise InputError(f"{where}: no video in it{_passed_over(listing)}; a file of another ending can be given by itself")
    if captions is None:
        around = beside(listing.videos)
        texts = [*listing.captions, *(file for file in around if file.ending in SUFFIXES)]
        unread = [*listing.unread, *(file for file in around if is_unread(file))]
        own, near = set(listing.captions), set(texts)
    else:
        one = Path(captions).expanduser()
        if one.is_file():
            return _one_file(listing.videos, one, language)
        found = files_of([one])
        texts, unread = [file for file in found if file.ending in SUFFIXES], [file for file in found if is_unread(file)]
        if not texts:
            raise InputError(f"captions: {one} holds no file that ends in {', '.join(SUFFIXES)}")
        own, near = set(texts), set()
    return _by_name(listing, texts, unread, own, near, language, tuple(languages))


def _by_name(
    listing: Listing,
    texts: Sequence[File],
    unread: Sequence[File],
    own: set[File],
    around: set[File],
    language: str | None,
    languages: tuple[str, ...],
) -> Pairs:
    """`own`: caption files that were asked for, and of which it is said when they belong to no video; `around`: those that must
    lie in the folder of their video."""
    aside: list[SetAside] = []
    tracks: dict[str, list[tuple[str | None, int, File]]] = {}
    stems = {file.stem for file in listing.videos}
    for file in texts:
        stem, said = _split(file.stem, stems, listing.videos)
        if stem is None:
            if file in own:
                aside.append(_aside(file.name, "captions-without-video", "no video has its name"))
            continue
        tag, kinds = _suffix(said)
        if kinds is None:
            if file in own:
                detail = f"between the video's name and its ending stands {said!r}, which is no language tag (such as sv)"
                aside.append(_aside(file.name, "captions-without-video", detail))
            continue
        matching = [video for video in listing.videos if stem in (video.stem, _composed_name(video))]
        beside_it = [video for video in matching if _below(video) == _below(file)]
        if not beside_it and (file in around or len(matching) > 1):
            if file in own:
                detail = (
                    f"{len(matching)} videos have its name, and none of them lies in the same folder"
                    if len(matching) > 1
                    else "the video of its name lies in another folder"
                )
                aside.append(_aside(file.name, "captions-without-video", detail))
            continue
        for video in beside_it or matching:
            tracks.setdefault(video.name, []).append((tag or language, len(kinds), file))
    found: list[Pair] = []
    for video in listing.videos:
        if not video.path.exists() and video.path.is_symlink():
            aside.append(_aside(video.name, "cannot-open", "a link to a file that does not exist"))
            continue
        chosen, passed = _chosen(tracks.get(video.name, []), languages)
        aside += passed
        if chosen:
            found.append(Pair(video.name, video.path, tuple(Track(tag, file.name, file.path) for tag, file in chosen)))
        else:
            aside.append(without(video.name, _why_none(video, unread, bool(passed))))
    return Pairs(tuple(found), tuple(aside), _notes(listing))


def _chosen(
    found: Sequence[tuple[str | None, int, File]], languages: Sequence[str]
) -> tuple[list[tuple[str | None, File]], list[SetAside]]:
    """Of each language one file: without `forced` and the like before one with it, then `.srt`, `.vtt`, `.jsonl`."""
    chosen: dict[str | None, File] = {}
    passed: list[SetAside] = []
    order = sorted(found, key=lambda one: (one[0] or "", one[1], SUFFIXES.index(one[2].ending), one[2].name))
    for tag, _, file in order:
        if not wanted(tag, languages):
            passed.append(
                _aside(file.name, "other-language", f"{tag or 'its language is not said'}; asked for: {', '.join(languages)}")
            )
        elif tag in chosen:
            passed.append(
                _aside(file.name, "captions-not-used", f"{chosen[tag].name} is of the same video and language and is used")
            )
        else:
            chosen[tag] = file
    return list(chosen.items()), passed


def _one_file(videos: Sequence[File], path: Path, language: str | None) -> Pairs:
    if len(videos) != 1:
        raise InputError(
            f"captions: {path} is one file, and there are {len(videos)} videos; give the folder that their captions are in"
        )
    _, said = _split(File(path, path.name, True).stem, {videos[0].stem}, videos)
    tag, _ = _suffix(said)
    return Pairs((Pair(videos[0].name, videos[0].path, (Track(tag or language, in_unicode(path.name), path),)),), ())


def _split(stem: str, stems: set[str], videos: Sequence[File]) -> tuple[str | None, str]:
    """The longest name of a video that the captions' name begins with, and what follows; None where there is none."""
    names = stems | {_composed_name(video) for video in videos}
    parts = stem.split(".")
    for count in range(len(parts), 0, -1):
        head = ".".join(parts[:count])
        if head in names:
            return head, ".".join(parts[count:])
    return None, ""


def _suffix(said: str) -> tuple[str | None, tuple[str, ...] | None]:
    """The language and the kinds in `sv.forced`; kinds None where it is something else."""
    parts = said.split(".") if said else []
    kinds = tuple(part.lower() for part in parts if part.lower() in _KINDS)
    tags = [part for part in parts if part.lower() not in _KINDS]
    if len(tags) > 1 or any(not TAG.match(tag) for tag in tags):
        return None, None
    return (tags[0] if tags else None), kinds


def _composed_name(video: File) -> str:
    """The name with its ending, composed, for captions that are named `film.mp4.srt`."""
    return video.stem + video.path.suffix


def _below(file: File) -> str:
    """Where a file lies below the folder that was given."""
    return file.place.partition("/")[2]


def _why_none(video: File, unread: Sequence[File], passed: bool) -> str:
    near = [in_unicode(file.path.name) for file in unread if file.place == video.place and file.stem.startswith(video.stem)]
    if near:
        return f"{', '.join(near)} is of a kind that is not read; captions end in {', '.join(SUFFIXES)}"
    if passed:
        return "none of its captions is in a language that was asked for"
    return f"no file of its name that ends in {', '.join(SUFFIXES)}"


def _notes(listing: Listing) -> tuple[str, ...]:
    """What was passed over in silence otherwise: files that are neither videos nor captions."""
    return (f"neither videos nor captions{_passed_over(listing)}",) if listing.other else ()


def _passed_over(listing: Listing) -> str:
    endings = Counter(file.ending or "no ending" for file in listing.other).most_common(6)
    names = ", ".join(in_unicode(file.path.name) for file in listing.other[:3]) + (" …" if len(listing.other) > 3 else "")
    said = ", ".join(f"{ending} {count}" for ending, count in endings)
    return f" ({len(listing.other)} other files: {names}; by ending: {said})" if endings else ""


def wanted(tag: str | None, languages: Sequence[str]) -> bool:
    """Whether captions in this language are asked for."""
    return not languages or tag in languages


def without(name: str, detail: str) -> SetAside:
    """A video that has no captions that are used."""
    return _aside(name, "no-captions", detail)


def _aside(name: str, reason: str, detail: str) -> SetAside:
    return SetAside(id=name, stage=STAGE, reason=reason, detail=detail)
