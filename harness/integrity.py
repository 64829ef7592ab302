"""Finished tables are what a run wrote: their sha256 stands in the manifest and is checked before numbers are read from them."""

import hashlib
from pathlib import Path

from harness.errors import InputError
from harness.records import Manifest


def file_digest(path: Path) -> str:
    """sha256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_intact(path: Path, manifest: Manifest | None) -> bool:
    """Whether the manifest knows this table and the file is the one it knows."""
    known = None if manifest is None else manifest.fingerprints.get(path.name)
    return known is not None and path.is_file() and file_digest(path) == known


def check_tables(folder: Path, manifest: Manifest) -> None:
    """Raises InputError naming the first table of a finished run that is missing or no longer what the run wrote."""
    for name in sorted(manifest.fingerprints):
        path = folder / name
        if not name.endswith(".parquet") or is_intact(path, manifest):
            continue
        state = "is not what the run wrote (its sha256 differs)" if path.exists() else "is missing"
        raise InputError(f"{path} {state}; run the same command again to write it anew")
