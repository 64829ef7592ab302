"""Tables of neighbours on disk: Parquet, keyed by chunk, written in parts that a stop leaves behind, and joined at the end."""

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

import msgspec

from harness.errors import InputError
from harness.whole_files import replace_file, sync_folder
from harness_plugins.retro.retrievers.base import Found

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = 1
CHANGED = "its numbers or scores are not those that were written (sha256); remove the file, and compute the neighbours anew"
_KEY = b"harness.neighbours"
_DIGESTS = b"harness.neighbours.sha256"  # apart from what the table is of: tables of before have none


class TableInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a table was made of: digests of corpus and database, the retriever by name and signature, and how much it holds."""

    format: int = FORMAT
    corpus: str
    database: str
    retriever: str
    signature: str
    k: int
    chunks: int


def table_path(folder: Path, info: TableInfo) -> Path:
    """Where a table is kept: a name for each corpus, database and retriever, and then k."""
    return folder / f"{_stem(info)}-k{info.k}.parquet"


def served(folder: Path, info: TableInfo) -> Path | None:
    """The table that holds what is asked, with the fewest neighbours that are enough; None where there is none."""
    found = []
    for path in folder.glob(f"{_stem(info)}-k*.parquet"):
        k = path.stem.rpartition("-k")[2]
        if k.isdecimal() and int(k) >= info.k:
            found.append((int(k), path))
    return min(found)[1] if found else None


def earlier(folder: Path, info: TableInfo) -> list[tuple[Path, TableInfo]]:
    """The tables by the same retriever that are of another state of the corpus, and what they say of themselves; one that cannot
    be read is left out."""
    found = []
    for path in sorted(folder.glob(f"{_name(info)}-*-k*.parquet")):
        try:
            then = read_info(path)
        except InputError:
            continue
        if then.signature == info.signature and then.corpus != info.corpus:
            found.append((path, then))
    return found


def read_table(path: Path) -> "tuple[TableInfo, NDArray[np.int64], NDArray[np.float64], bool | None]":
    """What the table says of itself, its numbers (chunks, k), its scores, and whether these two are as they were written: by the
    sha256 that was written with them, None where there was none. Raises InputError for one that cannot be read."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path.absolute(), page_checksum_verification=True)
        said = table.schema.metadata or {}
        info = msgspec.json.decode(said[_KEY], type=TableInfo)
        found = _arrays(table, info.k)
        if not np.array_equal(table["chunk"].to_numpy(), np.arange(info.chunks)):
            raise ValueError(f"its chunks are not 0 to {info.chunks - 1}")
        whole = said[_DIGESTS] == _digests([found]) if _DIGESTS in said else None
    except FileNotFoundError as error:
        raise InputError(f"there is no table of neighbours {path}; compute it with `harness retro neighbours`") from error
    except (OSError, KeyError, ValueError, pa.ArrowException, msgspec.DecodeError) as error:
        raise InputError(f"{path} cannot be read as a table of neighbours: {error}; remove it, and compute it anew") from error
    return info, found[0], found[1], whole


def table_problems(folder: Path, report: Callable[[str, int, int], None] | None = None) -> tuple[dict[str, str], list[str]]:
    """Of the tables in a folder, those that are not as they were written, a sentence each by the file's name, and the names of
    those of which nobody can tell, as no sha256 was written with them."""
    wrong: dict[str, str] = {}
    unknown: list[str] = []
    paths = sorted(folder.glob("*.parquet"))
    for number, path in enumerate(paths, 1):
        try:
            whole = read_table(path)[3]
        except InputError as error:
            wrong[path.name] = str(error)
        else:
            if whole is None:
                unknown.append(path.name)
            elif not whole:
                wrong[path.name] = f"{path}: {CHANGED}"
        if report is not None:
            report("tables checked", number, len(paths))
    return wrong, unknown


def read_info(path: Path) -> TableInfo:
    """What the table says of itself, without reading it. Raises InputError for one that cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return msgspec.json.decode((pq.read_schema(path.absolute()).metadata or {})[_KEY], type=TableInfo)
    except (OSError, KeyError, ValueError, pa.ArrowException, msgspec.DecodeError) as error:
        raise InputError(f"{path} cannot be read as a table of neighbours: {error}; remove it, and compute it anew") from error


class Parts:
    """The parts of a table under way, in a folder beside it that one process at a time may use: the next one waits.

    A part is there whole or not at all.
    """

    def __init__(self, path: Path, info: TableInfo) -> None:
        self.path = path
        self.info = info
        self.folder = path.with_suffix(".parts")
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self._lock = self.path.with_suffix(".lock").open("ab")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        if not self.path.is_file():
            self.folder.mkdir(exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if self.path.is_file():  # joined, by this process or by one that was stopped right after
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()

    def has(self, start: int, end: int) -> bool:
        """Whether the part is there, and in order."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            part = pq.read_table(self._part(start).absolute(), page_checksum_verification=True)
            said = part.schema.metadata or {}
            of_this = part.num_rows == end - start and msgspec.json.decode(said[_KEY], type=TableInfo) == self.info
            return of_this and (_DIGESTS not in said or said[_DIGESTS] == _digests([_arrays(part, self.info.k)]))
        except (OSError, KeyError, ValueError, pa.ArrowException, msgspec.DecodeError):
            return False

    def keep(self, start: int, found: Found) -> None:
        """Writes the part of the chunks from `start` on. Raises InputError where it cannot be written."""
        import pyarrow.parquet as pq

        buffer = BytesIO()
        pq.write_table(_arrow(start, found, self.info), buffer, compression="zstd", write_page_checksum=True)
        try:
            replace_file(self._part(start), buffer.getvalue())
        except OSError as error:
            raise self._unwritten(error) from error

    def join(self, starts: Sequence[int]) -> None:
        """Writes the table of these parts beside itself, and puts it in its place. Raises InputError where it cannot."""
        import pyarrow.parquet as pq

        beside = self.path.with_name(self.path.name + ".tmp")
        try:
            schema = _schema(self.info, _digests(_arrays(part, self.info.k) for part in self._parts(starts)))
            with beside.open("wb") as file:
                with pq.ParquetWriter(file, schema, compression="zstd", write_page_checksum=True) as writer:
                    for part in self._parts(starts):
                        writer.write_table(part)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, self.path)
            sync_folder(self.path.parent)
        except BaseException as error:  # a full disk or Ctrl-C: the parts are there, half a table is of no use
            beside.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise self._unwritten(error) from error
            raise

    def _unwritten(self, error: OSError) -> InputError:
        return InputError(
            f"{self.path} cannot be written: {error.strerror or error}; what was found is kept beside it, and the same command "
            "goes on from there"
        )

    def _parts(self, starts: Sequence[int]) -> Iterator[Any]:
        import pyarrow.parquet as pq

        return (pq.read_table(self._part(start).absolute(), page_checksum_verification=True) for start in starts)

    def _part(self, start: int) -> Path:
        return self.folder / f"{start:012d}.parquet"


def _stem(info: TableInfo) -> str:
    said = "\n".join([info.corpus, info.database, info.signature])
    return f"{_name(info)}-{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def _name(info: TableInfo) -> str:
    """The retriever's name as part of a file's."""
    return re.sub(r"[^0-9A-Za-z]+", "-", info.retriever).strip("-")


def _schema(info: TableInfo, digests: bytes) -> Any:
    import pyarrow as pa

    fields = [
        pa.field("chunk", pa.int64(), False),
        pa.field("neighbours", pa.list_(pa.int64(), info.k), False),
        pa.field("scores", pa.list_(pa.float64(), info.k), False),
    ]
    return pa.schema(fields, metadata={_KEY: msgspec.json.encode(info), _DIGESTS: digests})


def _arrow(start: int, found: Found, info: TableInfo) -> Any:
    import numpy as np
    import pyarrow as pa

    numbers, scores = np.ascontiguousarray(found.numbers, np.int64), np.ascontiguousarray(found.scores, np.float64)
    columns = [
        pa.array(np.arange(start, start + len(numbers))),
        pa.FixedSizeListArray.from_arrays(pa.array(numbers.ravel()), info.k),
        pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel()), info.k),
    ]
    return pa.Table.from_arrays(columns, schema=_schema(info, _digests([(numbers, scores)])))


def _arrays(table: Any, k: int) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
    """The numbers (rows, k) and the scores of a table; ValueError where they are not k each."""
    numbers, scores = (table[name].combine_chunks().flatten().to_numpy() for name in ("neighbours", "scores"))
    return numbers.reshape(table.num_rows, k), scores.reshape(table.num_rows, k)


def _digests(blocks: "Iterable[tuple[NDArray[np.int64], NDArray[np.float64]]]") -> bytes:
    """sha256 of all numbers (int64, little-endian, row by row) and of all scores (float64), however they are cut into blocks."""
    import numpy as np

    of_numbers, of_scores = hashlib.sha256(), hashlib.sha256()
    for numbers, scores in blocks:
        of_numbers.update(np.ascontiguousarray(numbers, "<i8").data)
        of_scores.update(np.ascontiguousarray(np.where(np.isnan(scores), np.nan, scores), "<f8").data)  # one nan for all
    return msgspec.json.encode({"neighbours": of_numbers.hexdigest(), "scores": of_scores.hexdigest()})
