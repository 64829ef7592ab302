"""What earlier builds left in a build's folder: rows of builders that were dropped from the config, or were asked otherwise."""

import re
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

_STAGE = re.compile(r"[0-9a-f]{16}\Z")
_OWN = re.compile(r"(?:[A-Za-z0-9_]+-\d+\.jsonl|complete\.json)\Z")  # what builders' stages consist of
_GOING = "going-"  # what is about to be deleted: no stage has such a name, so half of one is never taken for the whole


class Leftovers(NamedTuple):
    """Folders below `segments` that the present build does not read, and how many bytes they hold."""

    folders: tuple[Path, ...]
    bytes: int


def leftovers(folder: Path, needed: Collection[str]) -> Leftovers:
    """What a run folder's segments hold beside the stages that are needed; folders with anything in them that no builder wrote
    are not counted, and stay."""
    found = []
    for path in sorted((folder / "segments").glob("*")):
        name = path.name.removeprefix(_GOING)
        if path.is_dir() and not path.is_symlink() and _STAGE.match(name) and path.name not in needed and _is_own(path):
            found.append(path)
    return Leftovers(tuple(found), sum(file.stat().st_size for path in found for file in path.iterdir()))


def prune(found: Leftovers) -> None:
    """Deletes them. Each is renamed first: killed in between, the next call deletes the rest, and no build reads half a stage."""
    for path in sorted(found.folders, key=lambda path: not path.name.startswith(_GOING)):  # a name is free once its half is gone
        going = path if path.name.startswith(_GOING) else path.with_name(_GOING + path.name)
        if going != path:
            path.rename(going)
        shutil.rmtree(going)


def _is_own(path: Path) -> bool:
    return all(file.is_file() and not file.is_symlink() and _OWN.match(file.name) for file in path.iterdir())
