"""Sections that analyses leave in a run's folder for its report: `sections/<name>.json`, checked when they are read.

An analysis that looks at a run (the imageability probe, say) writes its section with `leave_section`; `harness report RUN` shows
it behind the report's own. A damaged file is a warning in the report, never a failure of it.
"""

import re
from pathlib import Path
from typing import Literal

import msgspec

from harness.errors import InputError
from harness.report.contents import Section
from harness.whole_files import replace_file

FOLDER = "sections"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,60}\Z")
_LARGEST = 64_000_000  # bytes of a file
_MOST = 50  # sections of a run


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section as it is kept; `warnings`: what a reader must know before trusting it."""

    section: Section
    warnings: tuple[str, ...] = ()
    version: Literal[1] = 1


def leave_section(run: Path, name: str, section: Section, warnings: tuple[str, ...] = ()) -> Path:
    """Writes the section for the report of the run, in place of an earlier one of the name; returns its path.

    Raises InputError where the folder is none, or the name is no lower-case word with hyphens; ValueError for a section that
    could not be read again (a number that is none, where one must be; a section of more than 64 MB).
    """
    if not _NAME.match(name):
        raise InputError(f"the name of a section is lower-case letters, digits and hyphens, got {name!r:.80}")
    if not run.is_dir():
        raise InputError(f"{run} is no folder; a section is left in the folder of a run")
    data = msgspec.json.encode(Kept(section=section, warnings=warnings)) + b"\n"
    try:
        _checked(data)
    except msgspec.ValidationError as error:
        raise ValueError(f"the section {name} cannot be kept: {error} (nan and infinity are kept as missing)") from error
    path = run / FOLDER / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    replace_file(path, data)
    return path


def kept_sections(run: Path) -> tuple[list[Section], list[str]]:
    """The sections left in a run's folder by name, and the warnings: theirs, and of files that cannot be shown."""
    found: list[Section] = []
    warnings: list[str] = []
    paths = sorted((run / FOLDER).glob("*.json")) if (run / FOLDER).is_dir() else []
    if len(paths) > _MOST:
        warnings.append(f"{run / FOLDER} holds {len(paths)} sections; the first {_MOST} are shown.")
    for path in paths[:_MOST]:
        try:
            kept = _read(path)
        except (msgspec.DecodeError, OSError, ValueError, RecursionError) as error:
            warnings.append(
                f"A section of this report cannot be shown: {FOLDER}/{path.name} is damaged ({error}); run the analysis again."
            )
            continue
        found.append(kept.section)
        warnings += [f"{kept.section.title}: {warning}" for warning in kept.warnings]
    return found, warnings


def _read(path: Path) -> Kept:
    size = path.stat().st_size
    if size > _LARGEST:
        raise ValueError(f"{size:,} bytes, at most {_LARGEST:,} are read")
    return _checked(path.read_bytes())


def _checked(data: bytes) -> Kept:
    if len(data) > _LARGEST:
        raise ValueError(f"{len(data):,} bytes, at most {_LARGEST:,} are kept")
    return msgspec.json.decode(data, type=Kept)
