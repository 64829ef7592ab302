"""Whether the indexes of a database are what was written: the files that state their sha256 are read and held against it."""

import json
from pathlib import Path
from typing import Any

from harness_plugins.retro.retrievers.base import Report


def index_problems(database: Path, report: Report | None = None) -> list[str]:
    """What is wrong with the indexes in a database's folder, a sentence for each damaged one, with what to do."""
    found: list[str] = []
    dense = {path.parent: _is_whole for path in (database / "indexes").glob("*/index.json")}
    bm25 = {path.parent.parent: _are_whole for path in (database / "indexes").glob("bm25-*/*/part.json")}
    for number, (folder, is_whole) in enumerate(sorted((dense | bm25).items(), key=lambda item: item[0]), 1):
        if not is_whole(folder):
            found.append(f"{folder}: its files are not those that were written (sha256); delete it, and it is built anew")
        if report is not None:
            report("indexes checked", number, len(dense | bm25))
    return found


def _are_whole(folder: Path) -> bool:
    """Whether all parts of a BM25 index are."""
    for path in folder.glob("*/part.json"):
        try:
            files: dict[str, str] = json.loads(path.read_bytes())["files"]
            if not all(_sha256(path.parent / name) == digest for name, digest in files.items()):
                return False
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False
    return True


def _is_whole(folder: Path) -> bool:
    """Whether a dense index, or one of inverted lists, is."""
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
