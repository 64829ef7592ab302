"""Append-only files of raw bytes that any number of processes share: each process writes its own file and maps all of them.

Bytes that were appended never change or move, so that a place (file name, offset, size) is good until the file is removed.
A process that is killed while it writes leaves a tail that nobody holds a place for.
"""

import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import mmap

ALIGNMENT = 64  # bytes; so that a mapped array can be used in place
FULL = 256 * 2**20  # bytes after which a process begins another file


class Place(NamedTuple):
    """Where bytes lie."""

    shard: str
    offset: int
    size: int


class Shards:
    """The files of one folder. Not safe for several threads at once: the caller holds a lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._maps: dict[str, mmap.mmap] = {}
        self._writer: _Writer | None = None

    def append(self, blobs: Sequence[bytes | memoryview]) -> list[Place]:
        """Writes the blobs to this process's own file and says where they lie; OSError where the disk is full or read-only."""
        places = []
        for blob in blobs:
            writer = self._open_writer()
            offset = -(-writer.size() // ALIGNMENT) * ALIGNMENT
            writer.write(bytes(offset - writer.size()))
            writer.write(blob)
            places.append(Place(writer.name, offset, len(blob)))
        return places

    def read(self, place: Place) -> memoryview | None:
        """The bytes there, mapped and read-only; None where the file is gone or too short."""
        end = place.offset + place.size
        mapped = self._maps.get(place.shard)
        if mapped is None or len(mapped) < end:
            mapped = self._map(place.shard)
        if mapped is None or len(mapped) < end:
            return None
        return memoryview(mapped)[place.offset : end]

    def sizes(self) -> dict[str, int]:
        """Bytes of every file, by name."""
        sizes = {}
        for path in sorted(self.folder.glob("*.bin")):
            with suppress(FileNotFoundError):  # another process removed it meanwhile
                sizes[path.name] = path.stat().st_size
        return sizes

    @contextmanager
    def unwritten(self, shard: str) -> Iterator[bool]:
        """True while no process can append to the file: its own writer has ended, and `remove` is safe."""
        if self._writer is not None and self._writer.name == shard:
            self._end_writer()
        try:
            descriptor = os.open(self.folder / shard, os.O_RDONLY)
        except FileNotFoundError:  # another process removed it meanwhile
            yield False
            return
        try:
            yield _lock(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, shard: str) -> None:
        """Deletes the file; arrays that are mapped from it stay readable until they are dropped."""
        self._maps.pop(shard, None)
        if Path(shard).name == shard and shard.isprintable():
            (self.folder / shard).unlink(missing_ok=True)

    def close(self) -> None:
        """Ends this process's file; the next `append` begins another."""
        self._maps.clear()
        self._end_writer()

    def _map(self, shard: str) -> "mmap.mmap | None":
        import mmap

        if Path(shard).name != shard or not shard.isprintable():  # a damaged name
            return None
        try:
            with open(self.folder / shard, "rb") as file:
                if not os.fstat(file.fileno()).st_size:
                    return None
                self._maps[shard] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError:
            return None
        return self._maps[shard]

    def _open_writer(self) -> "_Writer":
        if self._writer is not None and self._writer.pid == os.getpid() and self._writer.size() < FULL:
            return self._writer
        self._end_writer()
        self.folder.mkdir(parents=True, exist_ok=True)
        while self._writer is None:
            writer = _Writer(self.folder)
            if writer.listed():  # else another process took it for a leftover before it was locked
                self._writer = writer
            else:
                writer.close()
        return self._writer

    def _end_writer(self) -> None:
        if self._writer is not None and self._writer.pid == os.getpid():  # after a fork the file is still the parent's
            self._writer.close()
        self._writer = None


class _Writer:
    def __init__(self, folder: Path) -> None:
        self.pid = os.getpid()
        self.name = f"{uuid.uuid4().hex}.bin"
        self._descriptor = os.open(folder / self.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        _lock(self._descriptor)

    def listed(self) -> bool:
        return os.fstat(self._descriptor).st_nlink > 0

    def size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def write(self, blob: bytes | memoryview) -> None:
        left = memoryview(blob).cast("B")
        while left:
            left = left[os.write(self._descriptor, left) :]

    def close(self) -> None:
        os.close(self._descriptor)


def _lock(descriptor: int) -> bool:
    """Takes the file's lock, which the system frees when its holder ends in whatever way; False where another has it."""
    try:
        import fcntl
    except ImportError:  # no such locks on this system: nothing is ever taken for free
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
