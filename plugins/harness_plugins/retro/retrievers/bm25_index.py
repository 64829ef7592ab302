"""BM25's index on disk: how often each chunk has which terms, a part for each shard; k1, b and idf come in at search.

    indexes/bm25-<terms>/00000/starts.npy   (n + 1,), int64: where a chunk's terms begin
                               terms.npy    term numbers, ascending within a chunk
                               counts.npy   how often the chunk has the term
                               words.txt    words that no part before has, one a line (terms "words")
                               part.json    what it covers; a folder with this name is whole

A part says which shards it and those before it cover: words are numbered through all of them.
"""

import errno
import fcntl
import hashlib
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from harness.errors import InputError
from harness.whole_files import sync_folder
from harness_plugins.retro.database.reading import Database, Shard
from harness_plugins.retro.retrievers.bm25_terms import Rows, token_rows, word_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FORMAT = 1
_AT_ONCE = 16_384  # chunks whose terms are counted in one go


class PartInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a part holds; `covers`: sha256 of the tokenizer's and the shards' digests up to its own; `files`: their sha256."""

    format: int = _FORMAT
    covers: str
    files: dict[str, str]
    chunks: int
    postings: int
    words: int = 0


@dataclass(frozen=True)
class Index:
    """All chunks' terms, and for terms "words" the number of each word."""

    rows: Rows
    words: dict[str, int]


def open_index(database: Database, terms: str) -> Index:
    """The index of a database, whose missing parts are built first, in bounded memory; it is built once and then extended.

    In a folder that may not be written, missing parts are built for this time only. Raises InputError where the index was made
    for another database or tokenizer, or is damaged, and OSError for a full disk: what was built before it is kept.
    """
    folder = database.folder / "indexes" / f"bm25-{terms}"
    words: dict[str, int] | None = {} if terms == "words" else None
    parts = []
    for shard, covers in zip(database.shards, _covers(database), strict=True):
        place = folder / shard.info.name
        if not place.exists():
            try:
                _build(place, database, shard, covers, None if words is None else dict(words))
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EROFS, errno.EPERM):
                    raise
                parts.append(_ready(_counted(database, shard, words)))
                continue
        parts.append(_read(place, shard, covers, words))
    return Index(_joined(parts), words or {})


def _covers(database: Database) -> Iterator[str]:
    state = hashlib.sha256(database.info.tokenizer.digest.encode())
    for shard in database.info.shards:
        state.update(shard.digest.encode())
        yield state.hexdigest()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(place: Path, database: Database, shard: Shard, covers: str, words: dict[str, int] | None) -> None:
    """Writes a part beside its place and renames it, so that a stop leaves none or a whole one."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with _alone(place.parent):
        if place.exists():  # another process has built it meanwhile
            return
        before = len(words or ())
        rows = _counted(database, shard, words)
        beside = place.with_name("building")
        shutil.rmtree(beside, ignore_errors=True)  # of a process that was stopped
        beside.mkdir()
        try:
            _write(beside, rows, covers, None if words is None else list(words)[before:])
            beside.rename(place)
        except OSError as error:  # a full disk: half a part is of no use
            shutil.rmtree(beside, ignore_errors=True)
            raise error if error.filename else OSError(error.errno, error.strerror, str(place)) from error
        sync_folder(place.parent)


def _counted(database: Database, shard: Shard, words: dict[str, int] | None) -> Rows:
    """The terms of a shard's chunks; new words get numbers."""
    import numpy as np

    found = []
    for start in range(0, shard.info.chunks, _AT_ONCE):
        tokens = np.asarray(shard.tokens[start : start + _AT_ONCE], np.int32)
        lengths = np.asarray(shard.lengths[start : start + _AT_ONCE])
        if words is None:
            found.append(token_rows(tokens, lengths))
        else:
            found.append(word_rows(tokens, lengths, database.tokenizer, words, learn=True))
    return _joined(found)


def _write(folder: Path, rows: Rows, covers: str, words: list[str] | None) -> None:
    import numpy as np

    for name, array in (("starts", rows.starts), ("terms", rows.terms), ("counts", rows.counts)):
        smallest = array if name == "starts" else array.astype(np.min_scalar_type(int(array.max(initial=0))))
        data = io.BytesIO()
        np.save(data, smallest)  # into a file it would say nothing of a disk that is full (numpy 2.4)
        (folder / f"{name}.npy").write_bytes(data.getbuffer())
    if words is not None:
        (folder / "words.txt").write_text("".join(f"{word}\n" for word in words), "utf-8")
    files = {file.name: sha256_of(file) for file in sorted(folder.iterdir())}
    info = PartInfo(covers=covers, files=files, chunks=rows.size, postings=len(rows.terms), words=len(words or ()))
    (folder / "part.json").write_bytes(msgspec.json.format(msgspec.json.encode(info)))
    sync_folder(folder)


def _read(place: Path, shard: Shard, covers: str, words: dict[str, int] | None) -> Rows:
    """A part, and its words among the others. All of it is checked: the compiled loops trust what they are given."""
    import numpy as np

    again = f"delete the folder {place.parent}: the index is then built anew"
    try:
        info = msgspec.json.decode((place / "part.json").read_bytes(), type=PartInfo)
        if info.format != _FORMAT or info.covers != covers or info.chunks != shard.info.chunks:
            raise InputError(f"{place} was made for other chunks or with another tokenizer than the database has now; {again}")
        for name, digest in info.files.items():
            if sha256_of(place / name) != digest:
                raise InputError(f"{place / name} is damaged: its sha256 is not the one that {place / 'part.json'} says; {again}")
        starts, terms, counts = (np.load(place / f"{name}.npy") for name in ("starts", "terms", "counts"))
        if words is not None:
            for word in (place / "words.txt").read_text("utf-8").splitlines():
                words.setdefault(word, len(words))
    except (OSError, ValueError, msgspec.DecodeError) as error:
        raise InputError(f"{place}: a part of the BM25 index cannot be read: {error}; {again}") from error
    return _ready(Rows(starts, terms, counts))


def _ready(rows: Rows) -> Rows:
    """The rows in the types that the compiled loops know: others would have them compiled anew."""
    import numpy as np

    narrow = int(rows.counts.max(initial=0)) < 2**16
    return Rows(rows.starts, rows.terms.astype(np.int32), rows.counts.astype(np.uint16 if narrow else np.uint32))


def _joined(parts: list[Rows]) -> Rows:
    import numpy as np

    if len(parts) == 1:
        return parts[0]
    starts: list[NDArray[np.int64]] = [np.zeros(1, np.int64)]
    for part in parts:
        starts.append(part.starts[1:] + starts[-1][-1])
    return Rows(
        np.concatenate(starts),
        np.concatenate([np.zeros(0, np.int32), *(part.terms for part in parts)]),
        np.concatenate([np.zeros(0, np.uint16), *(part.counts for part in parts)]),
    )


def sha256_of(file: Path) -> str:
    """The file's sha256."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
