"""Which videos a folder of tokens was made from: it says when one of them has changed under its name.

`<folder>/videos.json`: names of videos with the sha256 that they had, and of those on which the tokenizer was fitted.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from harness.errors import InputError
from harness.whole_files import replace_file
from harness_plugins.video.store import INFO, TOKENIZER, VIDEOS, path_of
from harness_plugins.video.tokenizer.files import DESCRIPTION

FILE = "videos.json"


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """sha256 by name: of the videos that were used, and of those on which the tokenizer was fitted."""

    videos: dict[str, str] = {}
    fitted: dict[str, str] = {}


def read_known(folder: Path) -> Known:
    """What is known of a folder, nothing where nothing was written. InputError where it cannot be read."""
    path = folder / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Known)
    except FileNotFoundError:
        return Known()
    except (msgspec.DecodeError, OSError) as error:
        raise InputError(f"{path}: not a list of videos ({error}); delete {folder}, and build again") from error


def remember(folder: Path, now: Mapping[str, str], *, fitted: bool) -> None:
    """Writes which videos are used; `fitted`: the tokenizer is the folder's own, and was fitted on these if on none before."""
    before = read_known(folder)
    known = Known({**before.videos, **now}, before.fitted or dict(now) if fitted else {})
    if known != before:
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / FILE, msgspec.json.format(msgspec.json.encode(known, order="sorted")) + b"\n")


def forget_if_changed(folder: Path, now: Mapping[str, str]) -> list[str]:
    """Where a video on which the tokenizer was fitted is another one now, tokens and tokenizer go, for they are made anew; where
    there are only more or fewer, all stays. Returns sentences that say so."""
    fitted = read_known(folder).fitted
    if not fitted or not (folder / TOKENIZER / DESCRIPTION).is_file():
        return []
    changed = sorted(name for name, sha256 in fitted.items() if now.get(name, sha256) != sha256)
    if changed:
        (folder / INFO).unlink(missing_ok=True)
        (folder / FILE).unlink(missing_ok=True)
        for name in (TOKENIZER, VIDEOS):
            shutil.rmtree(folder / name, ignore_errors=True)
        said = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if len(changed) > 3 else "")
        return [f"the tokenizer was fitted anew, for files on which it had been fitted have changed: {said}"]
    more = sorted(now.keys() - fitted.keys())
    if more:
        return [
            f"the tokenizer in {folder / TOKENIZER} was fitted before {len(more)} of the {len(now)} videos came ({more[0]}, for "
            "one), and stays as it is; delete the folder to fit it on all of them"
        ]
    return []


def token_files(folder: Path) -> list[Path]:
    """The files that a finished build leaves in the folder."""
    try:
        known = read_known(folder)
    except InputError:
        known = Known()
    return [folder / INFO, *(path_of(folder, sha256) for sha256 in sorted(set(known.videos.values())))]
