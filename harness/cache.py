"""One content-addressed cache a user, for every expensive call: small values in SQLite, arrays in mapped files beside it.

A key says everything that the value depends on; one that involves a model holds the digest of its files, or its name and
revision. The cache can be shared by processes, and killed, deleted or damaged at any moment: it then forgets, says so once
(logger `harness.cache`), and never gives back anything but what was put.

    <folder>/cache.sqlite   values, and where each array lies
    <folder>/shards/*.bin   the arrays' bytes
    <folder>/models/        models converted for local use (see `models`)
"""

import hashlib
import json
import math
import os
import shutil
import time
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from harness.cache_database import NAME, Database
from harness.cache_upkeep import MODELS, CacheStat, Pruned, drop, measure, remove_partial_models, tidy
from harness.errors import InputError
from harness.shards import Place, Shards

if TYPE_CHECKING:
    import sqlite3

    import numpy as np

K = TypeVar("K", bound=str | bytes)

ENVIRONMENT = "HARNESS_CACHE"
LIMIT = "HARNESS_CACHE_GB"
GIGABYTES = 20.0  # of arrays, where LIMIT says nothing: BERTScore's embeddings of some 400,000 sentences
DAY = 86_400.0
OLD = 30 * DAY  # what was not used for so long makes room for new arrays
RESERVE = 10**9
_INSERT = f"INSERT OR REPLACE INTO entries VALUES ({','.join('?' * 10)})"


def default_folder() -> Path:
    """The folder that `HARNESS_CACHE` names, else `harness` in the user's cache folder (`XDG_CACHE_HOME`, or `~/.cache`)."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "harness"


def array_limit() -> float:
    """Bytes of arrays that a cache keeps: `HARNESS_CACHE_GB` gigabytes, by default 20; InputError where that is no number."""
    named = os.environ.get(LIMIT, "").strip()
    try:
        limit = float(named or GIGABYTES)
    except ValueError:
        limit = math.nan
    if not limit >= 0:
        raise InputError(f"{LIMIT} is a number of gigabytes, such as 5 or 0.5 (0 keeps no arrays), got {named!r}")
    return limit * 10**9


def cache_key(**parts: Any) -> str:
    """sha256, as hex, of the parts as canonical JSON: equal parts give equal keys, in any order, process and version.

    Parts are what JSON holds, with text as keys; TypeError or ValueError otherwise (a set, an object, NaN).
    """
    _check_keys(parts)
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)  # ASCII, so lone surrogates pass too
    return hashlib.sha256(text.encode("ascii")).hexdigest()


class Cache:
    """The cache in a folder, which need not exist yet (by default `default_folder()`). Safe for threads and after a fork.

    Keys of different namespaces never meet. No method raises for a cache that cannot be read or written: `problem` then says
    why, after one warning. `timeout`: seconds to wait for another process's lock. `limit`: bytes of arrays that it keeps, by
    default `array_limit()`; when they are there, what was not used for 30 days makes room, and else nothing more is kept.
    """

    def __init__(self, folder: str | Path | None = None, *, timeout: float = 10.0, limit: float | None = None) -> None:
        self.folder = Path(folder) if folder is not None else default_folder()
        self._database = Database(self.folder, timeout)
        self._shards = Shards(self.folder / "shards")
        self._limit = array_limit() if limit is None else limit
        self._made_room = False
        self._timeout = timeout

    def __reduce__(self) -> tuple[Any, ...]:
        """Sent to another process it is a cache of the same folder, opened there."""
        return _opened, (self.folder, self._timeout, self._limit)

    @property
    def problem(self) -> str | None:
        """Why the cache, or a part of it, cannot be used; None while all is well."""
        return self._database.problem

    @property
    def models(self) -> Path:
        """Where converted models lie. A folder there is written under a name that holds `PARTIAL`, then renamed."""
        return self.folder / MODELS

    def get(self, key: str | bytes, *, namespace: str = "default") -> bytes | None:
        """The bytes last put under the key, or None."""
        sql = "SELECT key, value, crc, used FROM entries WHERE namespace = ? AND key = ? AND shard IS NULL"
        rows: list[tuple] = self._database.read(lambda db: db.execute(sql, (namespace, _raw(key))).fetchall(), [])
        for raw, value, crc, used in rows:
            if isinstance(value, bytes) and crc == _checksum(raw, value):
                self._touch(namespace, [raw] if used < time.time() - DAY else [])
                return value
            self._forget(namespace, [raw])
        return None

    def put(self, key: str | bytes, value: bytes, *, namespace: str = "default") -> None:
        """Keeps the bytes under the key, in place of what was there."""
        raw = _raw(key)
        row = (namespace, raw, value, None, None, len(value), None, None, _checksum(raw, value), time.time())
        self._database.write(lambda db: db.execute(_INSERT, row), None)

    def get_arrays(self, keys: Collection[K], *, namespace: str = "default") -> "dict[K, np.ndarray]":
        """Those of the keys that are there, with their arrays: read-only, mapped from disk, checked against their checksums."""
        wanted: dict[bytes, K] = {_raw(key): key for key in keys}

        def look(db: "sqlite3.Connection") -> list[tuple]:
            rows: list[tuple] = []
            for some in _portions(list(wanted), 500):
                sql = (
                    "SELECT key, shard, offset, size, dtype, shape, crc, used FROM entries "
                    f"WHERE namespace = ? AND shard IS NOT NULL AND key IN ({','.join('?' * len(some))})"
                )
                for raw, shard, offset, size, *rest in db.execute(sql, [namespace, *some]):
                    rows.append((raw, self._shards.read(Place(shard, offset, size)), *rest))
            return rows

        found: dict[K, np.ndarray] = {}
        old: list[bytes] = []
        damaged: list[bytes] = []
        rows: list[tuple] = self._database.read(look, [])
        for raw, data, dtype, shape, crc, used in rows:
            if data is None or crc != _checksum(raw, data, dtype, shape):
                damaged.append(raw)
                continue
            found[wanted[raw]] = _array(data, dtype, shape)
            if used < time.time() - DAY:
                old.append(raw)
        self._forget(namespace, damaged)
        self._touch(namespace, old)
        return found

    def put_arrays(self, arrays: "Mapping[K, np.ndarray]", *, namespace: str = "default") -> None:
        """Keeps numeric arrays of any shape under their keys; TypeError for an array of objects."""
        import numpy as np

        entries: list[tuple[bytes, bytes, str, str]] = []
        for key, array in arrays.items():
            if array.dtype.hasobject:
                raise TypeError("the cache keeps arrays of numbers, not of Python objects")
            entries.append((_raw(key), np.ascontiguousarray(array).tobytes(), array.dtype.str, json.dumps(array.shape)))

        def add(db: "sqlite3.Connection") -> None:
            places = self._shards.append([data for _, data, _, _ in entries])  # first the bytes, then what leads to them
            now = time.time()
            rows = [
                [namespace, raw, None, *place, dtype, shape, _checksum(raw, data, dtype, shape), now]
                for (raw, data, dtype, shape), place in zip(entries, places, strict=True)
            ]
            db.executemany(_INSERT, rows)

        if entries and self._database.writable and self._has_room(sum(len(data) for _, data, _, _ in entries)):
            self._database.write(add, None)

    def stat(self) -> CacheStat:
        """What the cache holds, by namespace, and what lies on disk."""
        nothing: list[tuple[str, int, int, float]] = []
        rows = self._database.read(measure, nothing) if self._exists() else nothing
        return CacheStat.of(self.folder, rows, self.problem)

    def prune(
        self,
        *,
        older_than: float | None = None,
        max_bytes: int | None = None,
        namespace: str | None = None,
        dry_run: bool = False,
    ) -> Pruned:
        """Drops what was not used for `older_than` seconds, then the least recently used beyond `max_bytes`.

        With a namespace, of that one only; with nothing else, all of it. Files that hold nothing any more, and what killed
        processes left, go too. With `dry_run` it only counts.
        """
        if not self._exists():
            return Pruned()
        if dry_run:
            return self._database.read(lambda db: drop(db, older_than, max_bytes, namespace, dry_run=True), Pruned())
        pruned = self._database.write(lambda db: drop(db, older_than, max_bytes, namespace), Pruned())
        no_files: dict[str, int] = {}
        freed = remove_partial_models(self.folder)
        for name in self._database.read(lambda _: self._shards.sizes(), no_files):
            freed += self._database.write(lambda db, name=name: tidy(db, self._shards, name), 0)  # type: ignore[misc]  # a lambda's default
        self._database.read(lambda db: db.execute("PRAGMA incremental_vacuum").fetchall(), [])
        return Pruned(pruned.entries, pruned.bytes, freed)

    def say(self, problem: str) -> None:
        """Warns that `the cache <folder> <problem>`, once for each problem; for those who keep files in its folder."""
        self._database.say(problem)

    def __enter__(self) -> "Cache":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection and this process's file; the next call opens them again."""
        self._database.close()
        self._shards.close()

    def _has_room(self, size: int) -> bool:
        """Whether the cache stays within its limit and leaves `RESERVE` bytes of the disk: a cache must not be what fills it."""
        if not self._within_limit(size):
            return False
        folder = next((path for path in (self.folder, *self.folder.parents) if path.is_dir()), None)
        if folder is None or shutil.disk_usage(folder).free - size >= RESERVE:
            return True
        self.say(
            f"keeps no more arrays, since its disk has less than {RESERVE // 10**9} GB left; see `harness cache prune --help`"
        )
        return False

    def _within_limit(self, size: int) -> bool:
        if self._array_bytes() + size <= self._limit:
            return True
        # Once: what this run puts must not push out what it put before, or the next run finds nothing at all.
        if not self._made_room:
            self._made_room = True
            self.prune(older_than=OLD)
            if self._array_bytes() + size <= self._limit:
                return True
        self.say(
            f"keeps no more arrays, since it holds {self._array_bytes() / 1e9:.1f} of {self._limit / 1e9:g} GB; "
            f"`harness cache prune --older-than 7d` makes room, {LIMIT} sets another limit"
        )
        return False

    def _array_bytes(self) -> int:
        no_files: dict[str, int] = {}
        return sum(self._database.read(lambda _: self._shards.sizes(), no_files).values())

    def _exists(self) -> bool:
        return (self.folder / NAME).exists()

    def _forget(self, namespace: str, keys: Sequence[bytes]) -> None:
        """Drops entries that are not what was put."""
        if keys:
            self._database.say("holds damaged entries; they are dropped, and computed again when they are needed")
            sql = "DELETE FROM entries WHERE namespace = ? AND key = ?"
            self._database.write(lambda db: db.executemany(sql, [(namespace, key) for key in keys]), None)

    def _touch(self, namespace: str, keys: Sequence[bytes]) -> None:
        """Notes that the entries were used, at most once a day, for `prune`."""
        if keys:
            rows = [(time.time(), namespace, key) for key in keys]
            sql = "UPDATE entries SET used = ? WHERE namespace = ? AND key = ?"
            self._database.write(lambda db: db.executemany(sql, rows), None)


def _opened(folder: Path, timeout: float, limit: float) -> Cache:
    return Cache(folder, timeout=timeout, limit=limit)


def _checksum(key: bytes, data: bytes | memoryview, dtype: str = "", shape: str = "") -> int:
    """Of everything that makes up an entry, so that damage to the database is noticed as well as damage to a file."""
    return zlib.crc32(f"{dtype}{shape}".encode(), zlib.crc32(key, zlib.crc32(data)))


def _array(data: memoryview, dtype: str, shape: str) -> "np.ndarray":
    import numpy as np

    flat = np.frombuffer(data, np.dtype(dtype)) if len(data) else np.empty(0, np.dtype(dtype))
    return flat.reshape(json.loads(shape))


def _raw(key: str | bytes) -> bytes:
    return key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key


def _portions(items: list[bytes], size: int) -> Iterator[list[bytes]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _check_keys(value: Any) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"a cache key's parts have text as keys, got {key!r}")  # JSON would make 1 and "1" the same
            _check_keys(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check_keys(inner)
