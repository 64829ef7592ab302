"""BM25's index on disk: how often each chunk has which terms, a part for each shard; k1, b and idf come in at search.

    indexes/bm25-<terms>/00000/starts.npy   (n + 1,), int64: where a chunk's terms begin
                               terms.npy    term numbers, ascending within a chunk
                               counts.npy   how often the chunk has the term
                               words.txt    words that no part before has, one a line (terms "words")
                               part.json    what it covers; a folder with this name is whole

A part says which shards it and those before it cover: words are numbered through all of them.
"""

import fcntl
import hashlib
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
    """What a part holds; `covers`: sha256 of the tokenizer's and the shards' digests up to its own."""

    format: int = _FORMAT
    covers: str
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

    Raises InputError where it was made for another database or tokenizer, or is damaged.
    """
    folder = database.folder / "indexes" / f"bm25-{terms}"
    words: dict[str, int] = {}
    parts = []
    for shard, covers in zip(database.shards, _covers(database), strict=True):
        place = folder / shard.info.name
        if not place.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with _alone(folder):
                if not place.exists():  # another process may have built it meanwhile
                    _build(place, database, shard, covers, dict(words) if terms == "words" else None)
        parts.append(_read(place, shard, covers, words if terms == "words" else None))
    return Index(_joined(parts), words)


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
    import numpy as np

    before = len(words or ())
    found = []
    for start in range(0, shard.info.chunks, _AT_ONCE):
        tokens = np.asarray(shard.tokens[start : start + _AT_ONCE], np.int32)
        lengths = np.asarray(shard.lengths[start : start + _AT_ONCE])
        if words is None:
            found.append(token_rows(tokens, lengths))
        else:
            found.append(word_rows(tokens, lengths, database.tokenizer, words, learn=True))
    rows = _joined(found)
    beside = place.with_name("building")
    shutil.rmtree(beside, ignore_errors=True)  # of a process that was stopped
    beside.mkdir()
    try:
        np.save(beside / "starts.npy", rows.starts)
        np.save(beside / "terms.npy", rows.terms.astype(np.min_scalar_type(int(rows.terms.max(initial=0)))))
        np.save(beside / "counts.npy", rows.counts.astype(np.min_scalar_type(int(rows.counts.max(initial=0)))))
        if words is not None:
            (beside / "words.txt").write_text("".join(f"{word}\n" for word in list(words)[before:]), "utf-8")
        info = PartInfo(covers=covers, chunks=rows.size, postings=len(rows.terms), words=len(words or ()) - before)
        (beside / "part.json").write_bytes(msgspec.json.format(msgspec.json.encode(info)))
        sync_folder(beside)
        beside.rename(place)
    except OSError:
        shutil.rmtree(beside, ignore_errors=True)  # a full disk: half a part is of no use
        raise
    sync_folder(place.parent)


def _read(place: Path, shard: Shard, covers: str, words: dict[str, int] | None) -> Rows:
    import numpy as np

    again = f"delete the folder {place.parent}: the index is then built anew"
    try:
        info = msgspec.json.decode((place / "part.json").read_bytes(), type=PartInfo)
        arrays = [np.load(place / f"{name}.npy") for name in ("starts", "terms", "counts")]
        new = [] if words is None else (place / "words.txt").read_text("utf-8").splitlines()
    except (OSError, ValueError, msgspec.DecodeError) as error:
        raise InputError(f"{place}: a part of the BM25 index cannot be read: {error}; {again}") from error
    if info.format != _FORMAT or info.covers != covers:
        raise InputError(f"{place} was made for other chunks or with another tokenizer than the database has now; {again}")
    if words is not None:
        for word in new:
            words.setdefault(word, len(words))
    starts, terms, counts = arrays
    known = len(words) if words is not None else max(int(shard.tokens.max(initial=0)) + 1, 1) if len(shard.tokens) else 0
    sound = (
        len(starts) == shard.info.chunks + 1
        and int(starts[0]) == 0
        and int(starts[-1]) == len(terms) == len(counts) == info.postings
        and bool((np.diff(starts) >= 0).all())
        and int(terms.max(initial=0)) < max(known, 1)
        and int(terms.min(initial=0)) >= 0
        and len(new) == info.words
    )
    if not sound:
        raise InputError(f"{place}: a part of the BM25 index is damaged; {again}")
    return Rows(starts.astype(np.int64), terms.astype(np.int32), counts.astype(np.uint16))


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
