"""Versions of what metrics rest on: for the history of a baseline, and in signatures."""

import platform
from importlib import metadata

# Packages in which a number is made, or a text cut into tokens, for this program's own metrics and most others.
_MATTER = (
    "metaeval-harness",
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


def versions() -> dict[str, str]:
    """Package → version of what is installed, with Python's own."""
    found = {name: held for name in _MATTER if (held := installed(name)) is not None}
    return {"python": platform.python_version(), **found}


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
