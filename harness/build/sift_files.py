"""What does not fit into memory while rows are sifted: rows and keys in files, in parts that are read one at a time."""

import os
import struct
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.text.streams import Ints, offsets

_MOST_ENTRIES = 100_000
_MOST_BYTES = 4 * 2**20
_AT_ONCE = 16 * 2**20  # bytes of a part that is read in one go
_SPAN = 256  # rows of which the bounds are read for one that is wanted, at most
Numbers = NDArray[np.uint64]
ThingT = TypeVar("ThingT")
GivenT = TypeVar("GivenT")


class KeyFiles:
    """(key, row) pairs in files by the key's highest bits: all pairs of one key are read together."""

    _ENTRY = np.dtype([("key", "<u8"), ("row", "<u4")])

    def __init__(self, folder: Path, bits: int = 4) -> None:
        self._files = _Parts(folder)
        self._bits = bits
        self._counts = np.zeros(1 << bits, np.int64)

    def add(self, keys: Numbers, rows: Ints) -> None:
        """Adds pairs."""
        parts = (keys >> np.uint64(64 - self._bits)).astype(np.uint8)
        order = np.argsort(parts, kind="stable")
        entries = np.empty(len(keys), self._ENTRY)
        entries["key"], entries["row"] = keys[order], rows[order]
        bounds = np.searchsorted(parts[order], np.arange((1 << self._bits) + 1))
        for part in np.flatnonzero(np.diff(bounds)).tolist():
            self._files[part].write(entries[bounds[part] : bounds[part + 1]].view(np.uint8).data)
        self._counts += np.diff(bounds)

    def sorted_parts(self, most: int = _MOST_ENTRIES) -> Iterator[tuple[Numbers, Ints]]:
        """Keys in ascending order with their rows, at most about `most` at a time (more where one key has more)."""
        for part in np.flatnonzero(self._counts).tolist():
            count = int(self._counts[part])
            deeper = ((count - 1) // most).bit_length()
            for turn in range(1 << deeper):
                yield self._sorted(self._files[part], count, deeper, turn, most)

    def close(self) -> None:
        """Gives the space back."""
        self._files.close()

    def _sorted(self, file: IO[bytes], count: int, deeper: int, turn: int, most: int) -> tuple[Numbers, Ints]:
        file.seek(0)
        found_keys, found_rows = [], []
        while count > 0:
            entries = np.fromfile(file, self._ENTRY, min(count, most))
            count -= len(entries)
            keys = entries["key"].copy()
            if deeper:
                mine = (keys << np.uint64(self._bits)) >> np.uint64(64 - deeper) == turn
                entries, keys = entries[mine], keys[mine]
            found_keys.append(keys)
            found_rows.append(entries["row"].astype(np.int64))
        keys, rows = np.concatenate(found_keys), np.concatenate(found_rows)
        order = np.argsort(keys)
        return keys[order], rows[order]


class Lines(NamedTuple):
    """Rows as they were written, in their order: the numbers that give them their places, their own numbers, and their bytes."""

    places: Numbers
    rows: Ints
    data: list[bytes]


class LineFiles:
    """Rows as bytes, in files by the highest bits of the number that gives each its place: read back in that order."""

    _HEAD = np.dtype([("place", "<u8"), ("row", "<u4"), ("length", "<u4")])

    def __init__(self, folder: Path, bits: int = 6) -> None:
        folder.mkdir()
        self._bits = bits
        self._heads, self._data = _Parts(folder / "heads"), _Parts(folder / "data")
        self._counts, self._sizes = np.zeros(1 << bits, np.int64), np.zeros(1 << bits, np.int64)

    def add(self, places: Numbers, first_row: int, lines: Sequence[bytes]) -> None:
        """Adds rows, numbered from `first_row` on."""
        heads = np.empty(len(lines), self._HEAD)
        heads["place"], heads["row"] = places, np.arange(first_row, first_row + len(lines))
        heads["length"] = np.fromiter(map(len, lines), np.int64, len(lines))
        parts = (places >> np.uint64(64 - self._bits)).astype(np.uint8)
        order = np.argsort(parts, kind="stable")
        heads = heads[order]
        bounds = np.searchsorted(parts[order], np.arange((1 << self._bits) + 1)).tolist()
        chosen = order.tolist()
        for part, (begin, end) in enumerate(pairwise(bounds)):
            if begin < end:
                data = b"".join([lines[number] for number in chosen[begin:end]])
                self._heads[part].write(heads[begin:end].view(np.uint8).data)
                self._data[part].write(data)
                self._counts[part] += end - begin
                self._sizes[part] += len(data)

    def ordered(self, most: int = _MOST_BYTES) -> Iterator[Lines]:
        """All rows in the order of their places, those of one place together and in the order of their bytes; about `most` bytes
        at a time."""
        for part in np.flatnonzero(self._counts).tolist():
            self._heads[part].seek(0)
            heads = np.fromfile(self._heads[part], self._HEAD, self._counts[part])
            starts = offsets(heads["length"])
            deeper = ((int(self._sizes[part]) - 1) // most).bit_length()
            turns = (
                (heads["place"] << np.uint64(self._bits)) >> np.uint64(64 - deeper) if deeper else np.zeros(len(heads), np.uint64)
            )
            self._data[part].flush()
            whole = os.pread(self._data[part].fileno(), int(starts[-1]), 0) if starts[-1] <= _AT_ONCE else None
            for turn in range(1 << deeper):
                yield self._lines(self._data[part], whole, heads, starts, np.flatnonzero(turns == turn))

    def close(self) -> None:
        """Gives the space back."""
        self._heads.close()
        self._data.close()

    def _lines(self, file: IO[bytes], whole: bytes | None, heads: Any, starts: Ints, chosen: Ints) -> Lines:
        chosen = chosen[np.argsort(heads["place"][chosen], kind="stable")]
        begins, ends = starts[chosen].tolist(), starts[chosen + 1].tolist()
        if whole is not None:
            data = [whole[begin:end] for begin, end in zip(begins, ends, strict=True)]
        else:
            source = file.fileno()
            data = [os.pread(source, end - begin, begin) for begin, end in zip(begins, ends, strict=True)]
        places, rows = heads["place"][chosen], heads["row"][chosen].astype(np.int64)
        if (places[1:] == places[:-1]).any():
            by = places.tolist()
            order = sorted(range(len(data)), key=lambda number: (by[number], data[number]))
            places, rows, data = places[order], rows[order], [data[number] for number in order]
        return Lines(places, rows, data)


class RowFile:
    """Bytes of each row, written in the order of rows and read by row."""

    def __init__(self, path: Path) -> None:
        self._data = path.open("w+b")
        self._bounds = path.with_suffix(".bounds").open("w+b")
        self._bounds.write(struct.pack("<q", 0))
        self._end = 0

    def add(self, data: bytes | memoryview, starts: Ints) -> None:
        """Adds rows that lie after one another in `data`: row r is data[starts[r] : starts[r + 1]] (in bytes)."""
        self._data.write(data)
        (starts[1:] - starts[0] + self._end).astype("<i8").tofile(self._bounds)
        self._end += int(starts[-1] - starts[0])

    def read(self, rows: Sequence[int]) -> list[bytes]:
        """The bytes of some rows."""
        self._data.flush()
        self._bounds.flush()
        data = self._data.fileno()
        return [os.pread(data, end - begin, begin) for begin, end in self._spans(rows)]

    def _spans(self, rows: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Where rows begin and end: read at once where they lie close enough."""
        bounds, first = self._bounds.fileno(), min(rows, default=0)
        many = max(rows, default=0) - first + 2
        if many <= _SPAN * len(rows):
            held = np.frombuffer(os.pread(bounds, 8 * many, 8 * first), "<i8")
            places = np.fromiter(rows, np.int64, len(rows)) - first
            return zip(held[places].tolist(), held[places + 1].tolist(), strict=True)
        return (struct.unpack("<qq", os.pread(bounds, 16, 8 * row)) for row in rows)

    def close(self) -> None:
        """Gives the space back."""
        _give_back(self._data, self._bounds)


class Reasons:
    """Why rows are set aside, written in any order and read by row."""

    def __init__(self, path: Path) -> None:
        self._data = path.open("w+b")
        self._places = path.with_suffix(".places").open("w+b", buffering=0)
        self._end = 0

    def put(self, row: int, stage: str, reason: str, detail: str) -> None:
        """Keeps the reason of a row; the last word counts."""
        data = "\0".join((stage, reason, detail.replace("\0", "\ufffd"))).encode("utf-8", "replace")
        self._data.write(struct.pack("<I", len(data)) + data)
        os.pwrite(self._places.fileno(), struct.pack("<q", self._end), 8 * row)
        self._end += 4 + len(data)

    def get(self, row: int) -> tuple[str, str, str]:
        """Stage, reason and detail of a row."""
        self._data.flush()
        (place,) = struct.unpack("<q", os.pread(self._places.fileno(), 8, 8 * row))
        (size,) = struct.unpack("<I", os.pread(self._data.fileno(), 4, place))
        stage, reason, detail = os.pread(self._data.fileno(), size, place + 4).decode().split("\0", 2)
        return stage, reason, detail

    def close(self) -> None:
        """Gives the space back."""
        _give_back(self._data, self._places)


def prefetched(source: Iterator[ThingT]) -> Iterator[ThingT]:
    """The same things; while one is used the next one is made, in another thread."""
    with ThreadPoolExecutor(1, thread_name_prefix="prefetch") as pool:
        coming = pool.submit(next, source, None)
        while (thing := coming.result()) is not None:
            coming = pool.submit(next, source, None)
            yield thing


def computed_ahead(work: Callable[[GivenT], ThingT], given: Iterator[GivenT], threads: int = 2) -> Iterator[ThingT]:
    """`work` of each, in the order given; as many of the next ones as there are threads are under way, one more is ready."""
    waiting: deque[Future[ThingT]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="ahead") as pool:
        try:
            for one in given:
                waiting.append(pool.submit(work, one))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def in_short_turns(source: Iterator[ThingT], seconds: float = 0.0005) -> Generator[ThingT, None, None]:
    """The same things; while they are made, threads that wait for Python's lock ask for it sooner than after the 5 ms that are
    usual: one that comes out of a compiled loop or has read some bytes has little to do before the next ones, and would wait
    longer for a thread that reads rows than the work took."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, seconds))
    try:
        yield from source
    finally:
        sys.setswitchinterval(before)


class _Parts:
    """The files of parts, each made when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._files: dict[int, IO[bytes]] = {}

    def __getitem__(self, part: int) -> IO[bytes]:
        if part not in self._files:
            self._files[part] = (self._folder / f"{part:02d}").open("w+b")
        return self._files[part]

    def close(self) -> None:
        _give_back(*self._files.values())


def _give_back(*files: IO[bytes]) -> None:
    for file in files:
        if not file.closed:
            file.flush()
            os.ftruncate(file.fileno(), 0)
            file.close()
