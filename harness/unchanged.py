"""Whether a run rests on exactly what it rested on when it finished: then its results are taken over, and nothing is built.

What is not known to be the same counts as changed: the run then goes the long way, which finds out by itself.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from harness.errors import HarnessError
from harness.file_states import FileState, States, TooManyError, file_state, named_files, same, same_file, states, with_digests
from harness.installed import code_digest, code_roots, surroundings_digest, watched_variables
from harness.protocols import JudgmentSourceSpec, PluginSpec
from harness.registry import PluginRef, Registry
from harness.whole_files import replace_file

NAME = "unchanged.json"
FORMAT = 1
_STARTING = 5.0  # seconds that a process may take from loading its first module to asking what the run rests on


class Remembered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a finished run rested on, the files that it wrote, and what its command prints beside the tables."""

    format: int
    asked: dict[str, Any]
    surroundings: str
    code_roots: list[str]
    code: str
    inputs: States
    tables: dict[str, FileState]
    pages: dict[str, FileState]
    said: dict[str, Any]


class Rests(NamedTuple):
    """What a run is about to read, as it is before it reads. `variables`: of the environment, of which `surroundings` knows."""

    since: float
    surroundings: str
    inputs: States
    variables: dict[str, str]


def look(registry: Registry, refs: Iterable[tuple[str, PluginRef]]) -> Rests | None:
    """What a run with these plugins (kind and reference) will rest on; None where that is not known, and nothing can be kept."""
    since = time.time()
    if registry.problems:
        return None
    try:
        paths = [path for kind, ref in refs for path in _reads(registry.find(kind, ref.name).spec, ref.params)]
        variables = watched_variables()
        return Rests(since, surroundings_digest(variables), states(paths), variables)
    except (_UnknownError, TooManyError, OSError):
        return None


def remember(
    folder: Path, rests: Rests | None, *, asked: Mapping[str, Any], said: Mapping[str, Any], pages: Iterable[Path] = ()
) -> None:
    """Keeps what the finished run in the folder rests on, if that is known and was not changed while the run read it."""
    from harness.store import TABLES

    if rests is None:
        return
    try:
        roots = code_roots()
        code, changed = code_digest(roots)
        now = surroundings_digest(rests.variables)  # of what libraries have set since then, the next run knows nothing
        if changed > rests.since - _STARTING or now != rests.surroundings or not same(rests.inputs):
            return
        own = ["manifest.json", "config.yaml", *(table.file for table in TABLES.values())]
        held = Remembered(
            format=FORMAT,
            asked=_plain(asked),
            surroundings=rests.surroundings,
            code_roots=roots,
            code=code,
            inputs=with_digests(rests.inputs),
            tables=dict(_written(folder / name for name in own)),
            pages=dict(_written(pages)),
            said=_plain(said),
        )
        replace_file(folder / NAME, msgspec.json.encode(held, order="sorted") + b"\n")
    except (OSError, TooManyError):
        return  # a full disk, or code that is being replaced: the run is finished, and the next one goes the long way


def recall(folder: Path, asked: Mapping[str, Any]) -> Remembered | None:
    """What was kept of the run in the folder, if the same was asked then and everything that it rests on is still the same."""
    try:
        held = msgspec.json.decode((folder / NAME).read_bytes(), type=Remembered)
        if held.format != FORMAT or held.asked != _plain(asked) or not still_there(folder, held):
            return None
        if held.surroundings != surroundings_digest() or held.code != code_digest(held.code_roots)[0]:
            return None
        return held if same(held.inputs) else None
    except (OSError, ValueError, RecursionError, TooManyError):  # ValueError: no JSON, other fields, a NUL in a name
        return None


def still_there(folder: Path, held: Remembered) -> bool:
    """Whether the run's own files are those that it wrote. To be asked again after reading them: another process may write."""
    return bool(held.tables) and all(same_file(folder / name, state) for name, state in held.tables.items())


def pages_hold(folder: Path, held: Remembered) -> bool:
    """Whether the files of the run's report are those that it wrote."""
    return all(same_file(folder / name, state) for name, state in held.pages.items())


def refresh_pages(folder: Path, held: Remembered, pages: Iterable[Path]) -> None:
    """Keeps the states of a report that was written again."""
    try:
        held = msgspec.structs.replace(held, pages=dict(_written(pages)))
        replace_file(folder / NAME, msgspec.json.encode(held, order="sorted") + b"\n")
    except OSError:
        return  # a folder that may not be written any more: the report is written once more next time


class _UnknownError(Exception):
    """A plugin that does not say what it reads."""


def _reads(spec: PluginSpec, params: Mapping[str, Any]) -> Iterator[Path]:
    if spec.reads is not None:
        try:
            paths = spec.reads(**params)
        except (HarnessError, TypeError, ValueError, OSError) as error:  # parameters that do not fit: building it will say so
            raise _UnknownError from error
        if paths is None:
            raise _UnknownError(spec.name)
        yield from map(Path, paths)
    elif isinstance(spec, JudgmentSourceSpec) and spec.data is not None:
        from harness.data import data_home

        folder = data_home() / spec.data.folder
        yield from (folder / path for path in spec.data.files)
        yield from named_files(**params)
    else:
        raise _UnknownError(spec.name)


def _written(paths: Iterable[Path]) -> Iterator[tuple[str, FileState]]:
    now = time.time()
    for path in paths:
        state = file_state(path, now)
        if state is not None:
            yield path.name, state


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON gives it back."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(dict(value), enc_hook=str))
    return plain
