"""Which files there are to be videos and captions: of folders, patterns and single files, in a fixed order, each once."""

import os
import re
import unicodedata
from collections.abc import Sequence
from glob import glob
from pathlib import Path
from typing import Any, NamedTuple

from harness.errors import InputError
from harness_plugins.video.captions.reading import SUFFIXES

# Files of a folder that are tried as videos; a file of any other name is, too, where captions carry its name
_VIDEO = re.compile(
    r"\.(3gp|apng|asf|avi|divx|dv|f4v|flv|gif|h26[45]|hevc|ivf|m1v|m2ts|m2v|m4v|mj2|mjpe?g|mkv|mov|mp4|mpe?g|mts|mxf|nut|obu|ogm|ogv"
    r"|qt|rm|rmvb|ts|vob|webm|wmv|y4m)\Z"
)
_UNREAD = re.compile(r"\.(ass|dfxp|lrc|sbv|smi|ssa|stl|sub|ttml)\Z")  # captions of kinds that are not read


class File(NamedTuple):
    """A file: its path, and its name in ids: `folder/below/file.mp4`, where `folder` is the one that was given, or that it is
    in; `asked`: given by itself, not found in a folder."""

    path: Path
    name: str
    asked: bool

    @property
    def place(self) -> str:
        """The folder in `name`."""
        return self.name.rpartition("/")[0]

    @property
    def stem(self) -> str:
        """The file's name without its ending, composed (NFC): file systems decompose names, people do not."""
        return unicodedata.normalize("NFC", in_unicode(self.path.stem))

    @property
    def ending(self) -> str:
        """The ending of its name, in small letters."""
        return self.path.suffix.lower()


class Listing(NamedTuple):
    """What was found, each kind by name: `unread` captions are of kinds that are not read, `other` is everything else."""

    videos: tuple[File, ...]
    captions: tuple[File, ...]
    unread: tuple[File, ...]
    other: tuple[File, ...]


def listed(value: Any) -> list[Any]:
    """A list as it is, one value as a list of it, None as no value."""
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def says_which(videos: Any, pairs: Any) -> bool:
    """Whether one of the two is given: videos, at least one, or a file of pairs."""
    return (videos is None) != (pairs is None) and (videos is None or bool(listed(videos)))


def check_place(folder: Path) -> None:
    """InputError where no folder of video tokens can be made there, for it or one that it lies in is a file."""
    there = next((one for one in (folder, *folder.parents) if one.exists()), None)
    if there is not None and not there.is_dir():
        raise InputError(f"folder: {there} is a file; give the folder that video tokens are written to")


def files_of(given: Sequence[str | Path]) -> list[File]:
    """All files of these folders (and what lies below), patterns and files, by name.

    Links are followed, each folder is walked once; names that begin with a point are passed over. InputError for what is not
    there, and for two files of one name."""
    found: dict[str, File] = {}
    for one in given:
        for file in _files(Path(os.path.expanduser(one))):
            path = os.path.abspath(file.path)
            if path not in found or (file.asked and not found[path].asked):
                found[path] = file._replace(path=Path(path), name=found[path].name if path in found else file.name)
    named: dict[str, File] = {}
    for file in (one._replace(name=in_unicode(one.name)) for one in found.values()):
        other = named.setdefault(file.name, file)
        if other is not file:
            raise InputError(f"{other.path} and {file.path} would both be named {file.name}; give the folder that holds both")
    return [named[name] for name in sorted(named)]


def sorted_out(files: Sequence[File]) -> Listing:
    """The files by kind. Given by itself is a video whatever its name; so is a file that has a caption file of its name."""
    captions = [file for file in files if file.ending in SUFFIXES and not file.asked]
    told = {(file.place, stem) for file in captions for stem in (file.stem, Path(file.stem).stem)}
    videos, unread, other = [], [], []
    for file in files:
        if file.asked or _VIDEO.match(file.ending):
            videos.append(file)
        elif file.ending in SUFFIXES:
            continue
        elif is_unread(file):
            unread.append(file)
        elif (file.place, file.stem) in told:
            videos.append(file)
        else:
            other.append(file)
    return Listing(tuple(videos), tuple(captions), tuple(unread), tuple(other))


def in_unicode(name: str) -> str:
    """A file's name as a text: names are bytes to the system, and what is no UTF-8 in one becomes U+FFFD."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def is_unread(file: File) -> bool:
    """Whether a file holds captions of a kind that is not read."""
    return _UNREAD.match(file.ending) is not None


def beside(files: Sequence[File]) -> list[File]:
    """The other files of the folders in which files that were given by themselves lie: captions are looked for there."""
    known = {file.path for file in files}
    found: dict[Path, File] = {}
    for file in files:
        if file.asked:
            for path in sorted(file.path.parent.iterdir()):
                if path not in known and path.is_file() and not path.name.startswith("."):
                    found[path] = File(path, in_unicode(f"{file.place}/{path.name}"), False)
    return list(found.values())


def _files(given: Path) -> list[File]:
    if given.is_dir():
        return _walk(given)
    if not os.path.lexists(given) and any(sign in str(given) for sign in "*?["):
        matches = [Path(match) for match in sorted(glob(str(given), recursive=True))]
        if not matches:
            raise InputError(f"{given}: no file or folder fits this pattern")
        return [file for match in matches for file in (_walk(match) if match.is_dir() else [_alone(match)])]
    if not os.path.lexists(given):
        raise InputError(f"{given}: there is no such file or folder")
    return [_alone(given)]


def _alone(path: Path) -> File:
    folder = Path(os.path.abspath(path)).parent.name
    return File(path, f"{folder}/{path.name}" if folder else path.name, True)


def _walk(root: Path) -> list[File]:
    """The files below a folder, links followed; a folder that was walked under another name is not walked again."""
    found: list[File] = []
    top = Path(os.path.abspath(root)).name or "root"
    seen: set[tuple[int, int]] = set()
    waiting = [(root, top)]
    while waiting:
        folder, name = waiting.pop(0)
        state = folder.stat()
        if (state.st_dev, state.st_ino) in seen:
            continue
        seen.add((state.st_dev, state.st_ino))
        # Folders in their own place come before links to them, so that files have the names that they are known by
        entries = sorted(folder.iterdir(), key=lambda path: (path.is_symlink(), path.name))
        for path in entries:
            if path.name.startswith("."):
                continue
            if path.is_dir():
                waiting.append((path, f"{name}/{path.name}"))
            else:
                found.append(File(path, f"{name}/{path.name}", False))
    return found
