"""Directions of a database's chunks on disk: encoded once, shard by shard, in bounded memory; stopped, it goes on.

indexes/<name>/index.json       encoder, pooling, prefix, and the shards that are encoded, with digests; replaced whole
               00000.f16        the shard's directions (n, D), float16, row by row
               00000.part       those of a shard that is being encoded, and how many are sound in 00000.progress
"""

import fcntl
import hashlib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

import msgspec

from harness.errors import InputError
from harness.whole_files import replace_file, sync_folder
from harness_plugins.retro.database.reading import Database, Shard
from harness_plugins.retro.retrievers.base import Report
from harness_plugins.retro.retrievers.sentence_encoder import SentenceEncoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = 1
INFO = "index.json"
_TAKEN = ("-ivf", "-ivf-pq")  # of its inverted lists
_AT_ONCE = 1024  # chunks that are encoded in one go, which is what a kill can lose
_log = logging.getLogger("harness.retro")


class EncodedShard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shard's directions: the shard's name and digest, its chunks, how many were cut, and the sha256 of the file."""

    name: str
    shard: str
    chunks: int
    cut: int
    sha256: str


class DenseInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `index.json` says: what the directions are, how many chunks were cut for the encoder, and which shards are there."""

    format: int = FORMAT
    encoder: str
    encoder_digest: str
    pooling: str
    prefix: str
    longest: int
    dimension: int
    tokenizer: str
    cut: int = 0
    shards: tuple[EncodedShard, ...] = ()

    @property
    def signature(self) -> str:
        """`key:value` pairs of all that decides about directions."""
        said = f"encoder:{self.encoder}@{self.encoder_digest[:12]}|pooling:{self.pooling}"
        return said + (f"|prefix:{quote(self.prefix, safe='')}" if self.prefix else "")


@dataclass(frozen=True)
class Embeddings:
    """A database's directions: `parts` of its shards, mapped (n, D) float16, in order."""

    folder: Path
    info: DenseInfo
    parts: "list[NDArray[np.float16]]"

    def rows(self, numbers: "NDArray[np.int64]") -> "NDArray[np.float16]":
        """The directions (N, D) of the chunks."""
        import numpy as np

        found = np.zeros((len(numbers), self.info.dimension), np.float16)
        first = 0
        for part in self.parts:
            mine = np.flatnonzero((numbers >= first) & (numbers < first + len(part)))
            found[mine] = part[numbers[mine] - first]
            first += len(part)
        return found


def open_embeddings(database: Database, encoder: SentenceEncoder, name: str, report: Report | None = None) -> Embeddings:
    """The directions of all chunks; those that are missing are encoded first. Two processes take turns.

    Raises InputError where the index of that name was made with another encoder or for another database, or is damaged.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,99}", name) or name.startswith("bm25") or name.endswith(_TAKEN):
        raise ValueError(f"name {name!r}: an index is called by lower-case letters, digits and -, not bm25… nor …-ivf, …-ivf-pq")
    folder = database.folder / "indexes" / name
    info = _agreed(folder, database, encoder)
    if len(info.shards) < len(database.info.shards):
        encoder.load()
        folder.mkdir(parents=True, exist_ok=True)
        with alone(folder):
            info = _agreed(folder, database, encoder)  # another process may have gone on meanwhile
            for shard in database.shards[len(info.shards) :]:
                info = _encode(folder, info, database, shard, encoder, report)
            _tell_cut(info, database)
    return Embeddings(folder, info, [_mapped(folder, info, shard) for shard in info.shards])


def read_index(folder: Path) -> DenseInfo:
    """What the folder's `index.json` says. Raises InputError where it cannot be read."""
    path = folder / INFO
    try:
        found = msgspec.json.decode(path.read_bytes(), type=DenseInfo)
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}; {_anew(folder)}") from error
    if found.format != FORMAT:
        raise InputError(f"{path} is of format {found.format}, this program reads {FORMAT}; {_anew(folder)}")
    return found


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """No other process builds in the folder meanwhile; a killed one's lock goes with it."""
    with (folder / "lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _agreed(folder: Path, database: Database, encoder: SentenceEncoder) -> DenseInfo:
    """The index's info, or that of a new one; InputError where it is not this encoder's and this database's."""
    offered = DenseInfo(
        encoder=encoder.name,
        encoder_digest=encoder.digest,
        pooling=encoder.pooling,
        prefix=encoder.prefix,
        longest=encoder.longest,
        dimension=encoder.dimension,
        tokenizer=database.info.tokenizer.digest,
    )
    if not (folder / INFO).exists():
        return offered
    stored = read_index(folder)
    if msgspec.structs.replace(stored, shards=(), cut=0) != offered:
        if stored.tokenizer != offered.tokenizer:
            raise InputError(f"{folder} was made for a database with another tokenizer; {_anew(folder)}")
        raise InputError(
            f"{folder} was made with {_said(stored)}; asked for is {_said(offered)}. Ask with the former, give `name` another "
            f"value to keep both, or {_anew(folder)}"
        )
    for one, shard in zip(stored.shards, database.info.shards, strict=False):
        if one.shard != shard.digest:
            raise InputError(
                f"{folder} was made for other chunks than {database.folder} has in shard {shard.name}; {_anew(folder)}"
            )
    if len(stored.shards) > len(database.info.shards):
        raise InputError(f"{folder} covers more shards than {database.folder} has; {_anew(folder)}")
    return stored


def _encode(
    folder: Path, info: DenseInfo, database: Database, shard: Shard, encoder: SentenceEncoder, report: Report | None
) -> DenseInfo:
    """Encodes a shard, from where it was left, and lists it."""
    part, progress = folder / f"{shard.info.name}.part", folder / f"{shard.info.name}.progress"
    width = 2 * info.dimension
    key = hashlib.sha256(
        msgspec.json.encode(msgspec.structs.replace(info, shards=(), cut=0)) + shard.info.digest.encode()
    ).hexdigest()
    done, cut = _left(progress, key)
    with part.open("ab", buffering=0) as file:  # what could not be written is not kept to be written later
        if file.tell() < done * width:
            done = cut = 0
        file.truncate(done * width)
        try:
            while done < shard.info.chunks:
                end = min(done + _AT_ONCE, shard.info.chunks)
                vectors, were_cut = encoder.encode(_texts(database, shard, done, end))
                _check(vectors, (end - done, info.dimension), database, shard.first_chunk + done)
                _append(file, vectors.astype("<f2").tobytes())
                done, cut = end, cut + int(were_cut.sum())
                replace_file(progress, msgspec.json.encode([key, done, cut]))
                if report:
                    report(f"encoding chunks ({folder.name})", shard.first_chunk + done, database.chunks)
        except OSError as error:
            file.truncate(_left(progress, key)[0] * width)
            said = f"{error.strerror}; what was encoded is kept, and the same command goes on"
            raise OSError(error.errno, said, str(part)) from error
    part.rename(folder / f"{shard.info.name}.f16")
    sync_folder(folder)
    listed = EncodedShard(
        name=shard.info.name,
        shard=shard.info.digest,
        chunks=shard.info.chunks,
        cut=cut,
        sha256=_sha256(folder / f"{shard.info.name}.f16"),
    )
    made = msgspec.structs.replace(info, shards=(*info.shards, listed), cut=info.cut + cut)
    replace_file(folder / INFO, msgspec.json.format(msgspec.json.encode(made)))
    progress.unlink()
    return made


def _append(file: IO[bytes], data: bytes) -> None:
    """Writes all of it, onto the disk; OSError where there is no room."""
    left = memoryview(data)
    while len(left):
        left = left[file.write(left) :]
    os.fsync(file.fileno())


def texts_of(database: Database, tokens: "NDArray[np.int32]", lengths: "NDArray[np.int32]") -> list[str]:
    """The texts of rows of tokens."""
    return [database.tokenizer.decode(row[:length].tolist()) for row, length in zip(tokens, lengths, strict=True)]


def _texts(database: Database, shard: Shard, start: int, end: int) -> list[str]:
    return texts_of(database, shard.tokens[start:end], shard.lengths[start:end])


def _left(progress: Path, key: str) -> tuple[int, int]:
    """How many chunks a stopped process has encoded, and how many of them were cut."""
    try:
        said, done, cut = msgspec.json.decode(progress.read_bytes(), type=tuple[str, int, int])
    except (FileNotFoundError, msgspec.DecodeError):
        return 0, 0
    return (done, cut) if said == key else (0, 0)


def _check(vectors: "NDArray[np.float16]", shape: tuple[int, int], database: Database, first: int) -> None:
    import numpy as np

    if vectors.shape != shape:
        raise InputError(f"the encoder gave an array of shape {vectors.shape} for {shape[0]} chunks, not {shape}")
    wrong = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(wrong):
        number = first + int(wrong[0])
        document = database.entries[int(database.document_of(np.array([number]))[0])].id
        raise InputError(f"the encoder gives no finite direction for chunk {number} (document {document!r}); use another encoder")


def _mapped(folder: Path, info: DenseInfo, shard: EncodedShard) -> "NDArray[np.float16]":
    import numpy as np

    path, expected = folder / f"{shard.name}.f16", shard.chunks * info.dimension * 2
    size = path.stat().st_size if path.exists() else 0
    if size != expected:
        raise InputError(f"{path} has {size} bytes, not {expected}; {_anew(folder)}")
    if not shard.chunks:
        return np.zeros((0, info.dimension), np.float16)
    return np.memmap(path, np.dtype("<f2"), "r", shape=(shard.chunks, info.dimension))


def _tell_cut(info: DenseInfo, database: Database) -> None:
    if info.cut:
        _log.warning(
            "%d of %d chunks (%.1f %%) are longer than the %d tokens that encoder %s reads: what is cut off counts for nothing",
            *(info.cut, database.chunks, 100 * info.cut / database.chunks, info.longest, info.encoder),
        )


def _said(info: DenseInfo) -> str:
    return (
        f"encoder {info.encoder}@{info.encoder_digest[:12]} (dimension {info.dimension}, pooling {info.pooling}, "
        f"prefix {info.prefix!r}, at most {info.longest} tokens)"
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _anew(folder: Path) -> str:
    return f"delete the folder {folder}: the index is then built anew"
