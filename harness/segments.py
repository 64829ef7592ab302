"""Segments: what a stage has finished so far, one JSON line a record (of the scoring stage, a batch), safe on disk at once."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from harness.errors import InputError
from harness.records import RecordT, from_json, to_json
from harness.whole_files import sync_folder

SEGMENT_BYTES = 256 * 2**20
_NAME = re.compile(r"(?P<writer>[A-Za-z0-9_]+)-(?P<n>\d+)\.jsonl\Z")


class Segments:
    """The segments of one stage: files `<writer>-<n>.jsonl`, to which one writer each appends.

    Whoever opens them holds the run's lock, so no other process is writing. A last line without a newline is what a kill leaves
    behind: it is cut off on opening, and `notices` says so.
    """

    def __init__(self, folder: Path, writer: str = "main") -> None:
        self.folder = folder
        self.writer = writer
        self.notices: list[str] = []
        for path in self._files():
            notice = _cut_torn_line(path)
            if notice:
                self.notices.append(notice)

    def read(self, record_type: type[RecordT]) -> Iterator[RecordT]:
        """The records of all writers, in the order of writing; raises InputError naming the file and line of a corrupt one."""
        for path in self._files():
            with path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    yield _decoded(path, number, line, record_type)

    @staticmethod
    def peek(folder: Path, record_type: type[RecordT]) -> Iterator[RecordT]:
        """The records of all whole lines, for a look that changes nothing and needs no lock."""
        for path in sorted(folder.glob("*.jsonl")):
            with path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    if line.endswith(b"\n"):
                        yield _decoded(path, number, line, record_type)

    def append(self, batch: Sequence[msgspec.Struct]) -> None:
        """Adds the records; when it returns they are on disk, and when it raises none of them is."""
        if not batch:
            return
        data = b"".join(to_json(record) + b"\n" for record in batch)
        path = self._current()
        new = not path.exists()
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            before = os.fstat(descriptor).st_size
            try:
                _write_all(descriptor, data)
                os.fsync(descriptor)
            except BaseException:  # a full disk or Ctrl-C leaves half a line, which the next line must not be glued to
                os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)
        if new:
            sync_folder(self.folder)
            sync_folder(self.folder.parent)

    def _files(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        named = [(match["writer"], int(match["n"]), path) for path in self.folder.iterdir() if (match := _NAME.match(path.name))]
        return [path for _, _, path in sorted(named)]

    def _current(self) -> Path:
        own = [path for path in self._files() if path.name.startswith(f"{self.writer}-")]
        if own and own[-1].stat().st_size < SEGMENT_BYTES:
            return own[-1]
        return self.folder / f"{self.writer}-{len(own)}.jsonl"


def _decoded(path: Path, number: int, line: bytes, record_type: type[RecordT]) -> RecordT:
    try:
        return from_json(line, record_type)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            f"{path}, line {number}: not a {record_type.__name__} ({error}); delete the line (or the file), "
            "and the next run computes again what it held"
        ) from error


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _cut_torn_line(path: Path) -> str | None:
    with path.open("rb+") as file:
        end = size = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - 65536)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end == size:
            return None
        file.truncate(end)
        os.fsync(file.fileno())
    return f"{path}: the last line was torn ({size - end} bytes without a line end) and is dropped; its record is computed again"
