"""Which videos a folder of tokens was made from: it says when one of them has changed under its name.

`<folder>/videos.json`: names of videos with the sha256 that they had, and of those on which the tokenizer was fitted. Where one
of those has changed, what the folder held is kept in `<folder>/earlier/<digest of the tokenizer>/`, itself a folder of tokens.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from harness.errors import InputError
from harness.whole_files import replace_file
from harness_plugins.video.sources import in_unicode
from harness_plugins.video.store import INFO, TOKENIZER, VIDEOS, path_of
from harness_plugins.video.tokenizer.files import DESCRIPTION, read_description

FILE, EARLIER = "videos.json", "earlier"
Videos = Mapping[str, tuple[Path, str]]  # path and sha256 by name


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By name: the sha256 of the videos that were used, and of those on which the tokenizer was fitted, and where those lay."""

    videos: dict[str, str] = {}
    fitted: dict[str, str] = {}
    paths: dict[str, str] = {}


def read_known(folder: Path) -> Known:
    """What is known of a folder, nothing where nothing was written. InputError where it cannot be read."""
    path = folder / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Known)
    except FileNotFoundError:
        return Known()
    except (msgspec.DecodeError, OSError) as error:
        raise InputError(f"{path}: not a list of videos ({error}); delete {folder}, and build again") from error


def remember(folder: Path, now: Videos, *, fitted: bool = False) -> None:
    """Writes which videos are used; `fitted`: the tokenizer that comes was fitted on these."""
    before = read_known(folder)
    videos = {name: sha256 for name, (_, sha256) in now.items()}
    known = Known(
        {**before.videos, **videos},
        videos if fitted else before.fitted,
        {name: _place(path) for name, (path, _) in now.items()} if fitted else before.paths,
    )
    if known != before:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder, known)


def keep_if_changed(folder: Path, now: Videos) -> list[str]:
    """Where a video on which the tokenizer was fitted has changed in its place, tokens and tokenizer are put aside, for they are
    made anew; where there are only more or fewer, all stays. Nothing is deleted. Returns sentences that say so.

    InputError where a video of the same name lies in another place: it is another one, and the tokens of the first are in use."""
    known = read_known(folder)
    if not (folder / TOKENIZER / DESCRIPTION).is_file():
        if known.fitted:  # that tokenizer is gone: the next one is fitted on what there is now
            _write(folder, Known(known.videos))
        return []
    if not known.fitted:
        return [f"the tokenizer in {folder / TOKENIZER} was there before; on which videos it was fitted is not known"]
    changed = sorted(name for name, sha256 in known.fitted.items() if name in now and now[name][1] != sha256)
    if changed:
        for name in changed:
            if known.paths.get(name) != _place(now[name][0]):
                raise InputError(
                    f"folder: {folder} was made from another {name} ({known.paths.get(name, 'its path is not known')}) than "
                    f"{now[name][0]}, and its tokenizer was fitted on it; give another `folder`, or delete {folder}"
                )
        aside = _put_aside(folder)
        said = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if len(changed) > 3 else "")
        return [
            f"the tokenizer was fitted anew, for files that it had been fitted or measured on have changed: {said}; the earlier "
            f"one and its tokens, for models that were trained on them, are kept in {aside}"
        ]
    more = sorted(now.keys() - known.fitted.keys())
    if more:
        return [
            f"the tokenizer in {folder / TOKENIZER} was fitted before {len(more)} of the {len(now)} videos came ({more[0]}, for "
            "one), and stays as it is; delete the folder to fit it on all of them"
        ]
    return []


def _put_aside(folder: Path) -> Path:
    """Moves what the folder holds. Whenever it is stopped, the next call goes on: what says that there is something to move, the
    tokenizer and the list of videos, goes last."""
    aside = folder / EARLIER / read_description(folder / TOKENIZER).digest[:16]
    (aside / TOKENIZER).mkdir(parents=True, exist_ok=True)
    (aside / VIDEOS).mkdir(exist_ok=True)
    for file in [folder / INFO, folder / FILE, *sorted((folder / TOKENIZER).iterdir())]:
        if file.is_file():  # that an earlier call moved is none
            replace_file(aside / file.relative_to(folder), file.read_bytes())
    if (folder / VIDEOS).is_dir():
        for file in sorted((folder / VIDEOS).iterdir()):
            os.replace(file, aside / VIDEOS / file.name)
    (folder / INFO).unlink(missing_ok=True)
    shutil.rmtree(folder / TOKENIZER)
    (folder / FILE).unlink(missing_ok=True)
    return aside


def _place(path: Path) -> str:
    """Where a video lies: its folder with links followed, and its name, for a link of that name may lead to another file now."""
    return in_unicode(str(path.parent.resolve() / path.name))


def _write(folder: Path, known: Known) -> None:
    replace_file(folder / FILE, msgspec.json.format(msgspec.json.encode(known, order="sorted")) + b"\n")


def token_files(folder: Path) -> list[Path]:
    """The files that a finished build leaves in the folder."""
    try:
        known = read_known(folder)
    except InputError:
        known = Known()
    return [folder / INFO, *(path_of(folder, sha256) for sha256 in sorted(set(known.videos.values())))]
