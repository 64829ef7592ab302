"""The data of a task that lie in files here: what they are now, so that a result is known to be of other data."""

import glob
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.cache import Cache, cache_key
from harness.data import data_home
from harness.integrity import file_digest
from harness.leaderboard.models import kept_digest

_PIN = "sha256"  # `sha256` pins `file`, and `KEY_sha256` pins what stands under KEY


def data_digest(content: Mapping[str, Any], folder: Path, cache: Cache | None) -> str | None:
    """sha256 over the local files that the task's `dataset_path` and `dataset_kwargs` name, None where they name none.

    `folder`: where the task's file lies. A name is looked for there, in the current directory, in the data home and in the
    folders that the task reads its data from; a folder stands for all files in it, and a pattern for what it matches. Files whose
    sha256 the task itself says are left out: reading other data fails. Data that a function reads without a name here are unseen.
    """
    given = content.get("dataset_kwargs")
    kwargs: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    path = content.get("dataset_path")
    homes = [Path(), folder, data_home()]
    homes += [Path(one).expanduser() for one in (path, kwargs.get("data_dir")) if isinstance(one, str)]
    named = [text for key, value in kwargs.items() if not _pinned(key, kwargs) for text in _texts(value)]
    if isinstance(path, str) and "data_files" not in kwargs:
        named.append(path)
    found = {name: sorted({file.resolve() for file in _files(name, homes)}) for name in sorted(set(named))}
    told = [
        [name, file_digest(file) if cache is None else kept_digest(file, cache)]
        for name, files in found.items()
        for file in files
    ]
    return cache_key(files=sorted(told)) if told else None


def lacking_data(content: Any) -> str | None:
    """What a task lacks in the data home that says how to get its data (`dataset_kwargs: {get: NAME, file: …}`), and how to get
    it; None where it lacks nothing, or gets its data in another way."""
    kwargs = content.get("dataset_kwargs") if isinstance(content, Mapping) else None
    if not isinstance(kwargs, Mapping) or not isinstance(kwargs.get("get"), str):
        return None
    for name in (name for key in ("file", "other") for name in _texts(kwargs.get(key))):
        if not (data_home() / name).is_file():
            how = f"run `harness data get {kwargs['get']}`, or set HARNESS_DATA to a folder that holds it"
            return f"needs {data_home() / name}, which is absent: {how}"
    return None


def _pinned(key: Any, kwargs: Mapping[str, Any]) -> bool:
    pin = kwargs.get(_PIN if key == "file" else f"{key}_{_PIN}")
    return all(pin) if isinstance(pin, list) else bool(pin)


def _texts(value: Any) -> Iterator[str]:
    """Every text in lists and mappings of them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)


def _files(name: str, homes: list[Path]) -> Iterator[Path]:
    if not name.strip():
        return
    for home in homes:
        try:
            path = home / Path(name).expanduser()
            if path.is_dir():
                yield from (file for file in path.rglob("*") if file.is_file())
            elif path.is_file():
                yield path
            elif glob.has_magic(name):
                yield from (file for one in glob.iglob(str(path), recursive=True) if (file := Path(one)).is_file())
        except (OSError, ValueError, RuntimeError):  # no name of a file: too long, with a NUL, of nobody's home
            continue
