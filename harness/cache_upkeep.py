"""What a cache holds, and how it is cut down."""

import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.shards import Place, Shards

if TYPE_CHECKING:
    import sqlite3

MODELS = "models"  # the folder of converted models, below the cache's
PARTIAL = ".partial"  # in the name of a model folder that is being written
STALE = 86_400.0  # seconds after which such a folder was left behind by a killed process


@dataclass(frozen=True)
class NamespaceStat:
    """One namespace: `last_used` is seconds since the epoch, exact to a day."""

    namespace: str
    entries: int
    bytes: int
    last_used: float


@dataclass(frozen=True)
class CacheStat:
    """A cache's namespaces, what its files take on disk in bytes, and why it cannot be used, if so."""

    folder: str
    namespaces: tuple[NamespaceStat, ...]
    database_bytes: int
    shard_bytes: int
    models: dict[str, int]
    problem: str | None = None

    @classmethod
    def of(cls, folder: Path, rows: Iterable[tuple[str, int, int, float]], problem: str | None) -> "CacheStat":
        """From the rows that `measure` returned and the files that lie in the folder."""
        models = sorted(path for path in (folder / MODELS).glob("*") if path.is_dir())
        return cls(
            str(folder),
            tuple(NamespaceStat(*row) for row in rows),
            sum(map(_size, folder.glob("cache.sqlite*"))),
            _size(folder / "shards"),
            {path.name: _size(path) for path in models},
            problem,
        )

    @property
    def bytes_on_disk(self) -> int:
        """All files together."""
        return self.database_bytes + self.shard_bytes + sum(self.models.values())


@dataclass(frozen=True)
class Pruned:
    """How many entries went, how many bytes they had, and how many bytes of files were freed on disk."""

    entries: int = 0
    bytes: int = 0
    freed: int = 0


def measure(db: "sqlite3.Connection") -> list[tuple[str, int, int, float]]:
    """Namespace, entries, bytes and last use of each namespace, sorted."""
    sql = "SELECT namespace, count(*), sum(size), max(used) FROM entries GROUP BY namespace ORDER BY namespace"
    return db.execute(sql).fetchall()


def drop(
    db: "sqlite3.Connection",
    older_than: float | None,
    max_bytes: int | None,
    namespace: str | None,
    *,
    dry_run: bool = False,
) -> Pruned:
    """Deletes entries as `Cache.prune` says, or only counts them; the arrays' bytes stay until `tidy`."""
    everything = older_than is None and max_bytes is None and namespace is not None
    where, values = ("WHERE namespace = ?", [namespace]) if namespace is not None else ("", [])
    sql = f"SELECT namespace, key, size, used FROM entries {where} ORDER BY used DESC, namespace, key"
    doomed, kept, freed = [], 0, 0
    for owner, key, size, used in db.execute(sql, values):
        too_old = older_than is not None and used < time.time() - older_than
        too_much = max_bytes is not None and kept + size > max_bytes
        if everything or too_old or too_much:
            doomed.append((owner, key))
            freed += size
        else:
            kept += size
    if not dry_run:
        db.executemany("DELETE FROM entries WHERE namespace = ? AND key = ?", doomed)
    return Pruned(len(doomed), freed)


def tidy(db: "sqlite3.Connection", shards: Shards, shard: str) -> int:
    """Removes a file that no process writes and of which over half is unused, after moving the rest; returns the bytes freed."""
    with shards.unwritten(shard) as free:
        size = shards.sizes().get(shard, 0)
        rows = db.execute("SELECT namespace, key, offset, size FROM entries WHERE shard = ?", (shard,)).fetchall()
        live = sum(row[3] for row in rows)
        if not free or live * 2 > size:
            return 0
        live = _move(db, shards, shard, rows)
        shards.remove(shard)
        return max(size - live, 0)


def clear(folder: Path) -> int:
    """Deletes every file of a cache, converted models too, and nothing else in the folder; returns the bytes freed.

    Works for a cache that is damaged. A process that uses the cache meanwhile goes on without what is gone.
    """
    paths = [*folder.glob("cache.sqlite*"), folder / "shards", folder / MODELS]
    freed = sum(map(_size, paths))
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    return freed


def remove_partial_models(folder: Path) -> int:
    """Deletes model folders that a killed process left half written; returns the bytes freed."""
    freed = 0
    for path in (folder / MODELS).glob(f"*{PARTIAL}*"):
        if path.stat().st_mtime < time.time() - STALE:
            freed += _size(path)
            shutil.rmtree(path, ignore_errors=True)
    return freed


def _move(db: "sqlite3.Connection", shards: Shards, shard: str, rows: Sequence[tuple[str, bytes, int, int]]) -> int:
    """Copies the entries that are still whole into this process's file; returns their bytes."""
    moved = 0
    for namespace, key, offset, size in rows:
        data = shards.read(Place(shard, offset, size))
        if data is None:
            continue
        (place,) = shards.append([data])
        sql = "UPDATE entries SET shard = ?, offset = ?, size = ? WHERE namespace = ? AND key = ?"
        db.execute(sql, (*place, namespace, key))
        moved += size
    return moved


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(_size(inner) for inner in path.iterdir())
    try:
        return path.stat().st_size
    except FileNotFoundError:  # another process removed it meanwhile
        return 0
