"""Versions of what metrics rest on: for the history of a baseline, and in signatures."""

import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata

_OWN = "metaeval-harness"
# Packages in which a number is made, or a text cut into tokens, for this program's own metrics and most others.
_MATTER = (
    _OWN,
    "numpy",
    "numba",
    "sacrebleu",
    "snowballstemmer",
    "rouge-score",
    "torch",
    "transformers",
    "tokenizers",
    "safetensors",
    "msgspec",
    "pyarrow",
)


def versions(plugins: Iterable[str] = ()) -> dict[str, str]:
    """Package → version of what is installed, with Python's own: a fixed list, the distributions of the `plugins` that offer the
    metrics, and what these require (without their extras)."""
    asked = [*_MATTER, *sorted({name for plugin in plugins for name in _with_required(plugin)} - {*_MATTER})]
    found = {name: held for name in asked if (held := installed(name)) is not None}
    return {"python": platform.python_version(), **found}


def differing(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """`package 1.0 → 1.1` for each that is another; one that is new or gone is `none` on the other side."""
    return [
        f"{name} {before.get(name, 'none')} → {now.get(name, 'none')}"
        for name in {**before, **now}
        if before.get(name) != now.get(name)
    ]


def _with_required(plugin: str) -> Iterator[str]:
    """The distribution and what it requires, by normalized names; nothing of a plain file, nor of this program itself."""
    if installed(plugin) is None or _normal(plugin) == _OWN:
        return
    yield _normal(plugin)
    for line in metadata.requires(plugin) or ():
        name = re.match(r"[A-Za-z0-9._-]+", line)
        if name is not None and "extra ==" not in line.partition(";")[2]:
            yield _normal(name.group())


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(name: str) -> str | None:
    """The version of a distribution; None if it is not installed."""
    try:
        return metadata.version(name)
    except (metadata.PackageNotFoundError, ValueError):  # ValueError: no name that a distribution could have
        return None


def drifted(before: str, now: str) -> list[str]:
    """`package 1.0 → 1.1` for each version by which the signatures differ; empty if they are equal or differ in anything else.

    A part `package:VERSION`, or `key:package-VERSION`, counts as a version where the present one is that of what is installed.
    """
    old, new = before.split("|"), now.split("|")
    if len(old) != len(new):
        return []
    found = []
    for one, other in zip(old, new, strict=True):
        if one == other:
            continue
        told = _version_of(one, other)
        if told is None:
            return []
        found.append(told)
    return found


def _version_of(before: str, now: str) -> str | None:
    (key, _, was), (other, _, is_now) = before.partition(":"), now.partition(":")
    if key != other or not was:
        return None
    if installed(key) == is_now:
        return f"{key} {was} → {is_now}"
    (package, _, then), (same, _, there) = was.rpartition("-"), is_now.rpartition("-")
    return f"{package} {then} → {there}" if package and package == same and installed(package) == there else None
