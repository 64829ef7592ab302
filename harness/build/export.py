"""A build's examples as files by split: JSON Lines and Parquet with columns that tools for fine-tuning read.

The folder `data` is written beside itself and swapped in whole; of the old one only the files go that a build wrote, by the list
that it left (`WRITTEN`), and whatever else lies there moves into the new one. Equal examples make equal bytes. Rows stand in the
order of their ids, but for a few that stand first: for each column the first row that has it, since readers of JSON Lines take
the columns' types from the first rows they see.
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from harness.build.export_rows import Survey, columns, row_of, schema
from harness.errors import InputError
from harness.records import Example
from harness.tables import PARQUET_OPTIONS
from harness.whole_files import replace_file, sync_folder

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

SHARD_BYTES = 256 * 2**20  # of JSON, before compression
GROUP_ROWS = 5_000
GROUP_BYTES = 32 * 2**20
FOLDER = "data"
WRITTEN = ".data-files.json"
USUAL_SPLITS = ("train", "validation", "test")
_USUAL = re.compile(rf"(?:{'|'.join(USUAL_SPLITS)})(?:\.jsonl|-\d{{5}}(?:-of-\d{{5}})?\.parquet)")


def write_files(
    folder: Path, survey: Survey, examples: Iterable[Example], shard_bytes: int = SHARD_BYTES
) -> dict[str, list[str]]:
    """Writes `data/` in the build folder; its Parquet files by split, as paths within the folder. A split without rows has none.

    `survey` has seen these very examples. InputError where a file that no build wrote stands in the way.
    """
    beside, old, final = folder / f".{FOLDER}.new", folder / f".{FOLDER}.old", folder / FOLDER
    _mend(folder, old, final)
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        files = _write(beside, survey, examples, shard_bytes)
        sync_folder(beside)
        new = {path.name for path in beside.iterdir()}
        before = _own(folder, final)
        for name in sorted(new - before):
            if os.path.lexists(final / name):
                raise InputError(f"{final / name}: no build wrote this file, and this one makes one of that name; move it away")
        _note_own(folder, before | new)
        if final.exists():
            os.replace(final, old)
        os.replace(beside, final)
        _mend(folder, old, final)
        _note_own(folder, new)
        sync_folder(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return files


def _mend(folder: Path, old: Path, final: Path) -> None:
    """Finishes a swap, also one that was cut off: what no build wrote moves out of the old folder into the new one."""
    for path in (old, final):
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise InputError(f"{path}: a folder of a build is written here, and this is none (or a link); move it away")
    if not old.exists():
        return
    if not final.exists():
        os.replace(old, final)
        return
    own = _own(folder, old)
    for path in sorted(old.iterdir()):
        if path.name in own and not path.is_dir():
            path.unlink()
        elif os.path.lexists(final / path.name):
            raise InputError(f"{path}: there is one of that name in {final}, too; move one of them away")
        else:
            os.replace(path, final / path.name)
    old.rmdir()


def _own(folder: Path, data: Path) -> set[str]:
    """Names of the files in `data` that a build wrote; where one has left its card but no list, those of the usual names."""
    try:
        return set(msgspec.json.decode((folder / WRITTEN).read_bytes(), type=list[str]))
    except FileNotFoundError:
        if not data.is_dir() or not (folder / "card.html").exists():
            return set()
        return {path.name for path in data.iterdir() if _USUAL.fullmatch(path.name)}
    except msgspec.DecodeError as error:
        raise InputError(f"{folder / WRITTEN}: no list of the files that a build wrote ({error}); delete it") from error


def _note_own(folder: Path, names: set[str]) -> None:
    replace_file(folder / WRITTEN, msgspec.json.encode(sorted(names)) + b"\n")


def splits_in_order(names: Iterable[str]) -> list[str]:
    """Training first, then validation and test, then others by name."""
    return sorted(names, key=lambda name: (USUAL_SPLITS.index(name) if name in USUAL_SPLITS else len(USUAL_SPLITS), name))


def _write(folder: Path, survey: Survey, examples: Iterable[Example], shard_bytes: int) -> dict[str, list[str]]:
    writers: dict[str, _Split] = {}
    with ExitStack() as stack:
        for split in splits_in_order(survey.rows):
            writers[split] = stack.enter_context(_Split(folder, split, survey, shard_bytes))
        for example in _fullest_first(survey, examples):
            writers[survey.split_of(example)].add(row_of(example, survey))
    return {split: writer.names for split, writer in writers.items()}


def _fullest_first(survey: Survey, examples: Iterable[Example]) -> Iterator[Example]:
    first = {example.id for kept in survey.first.values() for example in kept}
    for kept in survey.first.values():
        yield from kept
    yield from (example for example in examples if example.id not in first)


class _Split:
    """The files of one split, rows written as they come; shards get their final names on leaving, when their number is known."""

    def __init__(self, folder: Path, split: str, survey: Survey, shard_bytes: int) -> None:
        self.names: list[str] = []
        self._folder, self._split, self._survey, self._most = folder, split, survey, shard_bytes
        self._schema = schema(survey)
        self._encoder = msgspec.json.Encoder()
        self._waiting: list[dict[str, Any]] = []
        self._waiting_bytes = self._shard_bytes = 0
        self._shards: list[Path] = []
        self._parquet: pq.ParquetWriter | None = None
        self._sink: IO[bytes] | None = None

    def __enter__(self) -> "_Split":
        self._lines = (self._folder / f"{self._split}.jsonl").open("wb")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._flush()
                self._rename()
            self._close_shard()
        finally:
            _close(self._lines)

    def add(self, row: dict[str, Any]) -> None:
        line = self._encoder.encode(row)
        self._lines.write(line + b"\n")
        self._waiting.append(row)
        self._waiting_bytes += len(line)
        if len(self._waiting) >= GROUP_ROWS or self._waiting_bytes >= min(GROUP_BYTES, self._most):
            self._flush()

    def _flush(self) -> None:
        import pyarrow.parquet as pq

        if not self._waiting:
            return
        if self._parquet is None:
            path = self._folder / f"{self._split}-{len(self._shards):05d}.parquet"
            self._shards.append(path)
            self._sink = path.open("wb")
            self._parquet = pq.ParquetWriter(self._sink, self._schema, **PARQUET_OPTIONS)
        self._parquet.write_table(_table(self._waiting, columns(self._survey), self._schema))
        self._shard_bytes += self._waiting_bytes
        self._waiting, self._waiting_bytes = [], 0
        if self._shard_bytes >= self._most:
            self._close_shard()

    def _close_shard(self) -> None:
        if self._parquet is not None and self._sink is not None:
            self._parquet.close()
            _close(self._sink)
        self._parquet, self._sink, self._shard_bytes = None, None, 0

    def _rename(self) -> None:
        self._close_shard()
        for number, path in enumerate(self._shards):
            named = path.with_name(f"{self._split}-{number:05d}-of-{len(self._shards):05d}.parquet")
            os.replace(path, named)
            self.names.append(f"{FOLDER}/{named.name}")


def _table(rows: Sequence[dict[str, Any]], names: Sequence[str], schema: "pa.Schema") -> "pa.Table":
    import pyarrow as pa

    return pa.Table.from_arrays([pa.array([row[name] for row in rows], schema.field(name).type) for name in names], schema=schema)


def _close(file: IO[bytes]) -> None:
    if not file.closed:
        file.flush()
        os.fsync(file.fileno())
        file.close()
