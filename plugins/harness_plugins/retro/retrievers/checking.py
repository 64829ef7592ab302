"""Whether the indexes of a database are what was written: the files that state their sha256 are read and held against it."""

import json
from pathlib import Path
from typing import Any

from harness_plugins.retro.retrievers.base import Report


def index_problems(database: Path, report: Report | None = None) -> list[str]:
    """What is wrong with the indexes in a database's folder, a sentence for each damaged one, with what to do."""
    found: list[str] = []
    folders = sorted(path.parent for path in (database / "indexes").glob("*/index.json"))
    for number, folder in enumerate(folders, 1):
        if not _is_whole(folder):
            found.append(f"{folder}: its files are not those that were written (sha256); delete it, and it is built anew")
        if report is not None:
            report("indexes checked", number, len(folders))
    return found


def _is_whole(folder: Path) -> bool:
    try:
        said: dict[str, Any] = json.loads((folder / "index.json").read_bytes())
        suffix, trained = (".faiss", said["centroids"]) if "centroids" in said else (".f16", None)
        expected = {f"{shard['name']}{suffix}": shard["sha256"] for shard in said.get("shards", ()) if "sha256" in shard}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if trained is not None:
        expected["trained.faiss"] = trained
    return all(_sha256(folder / name) == digest for name, digest in expected.items())


def _sha256(path: Path) -> str | None:
    import hashlib

    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
