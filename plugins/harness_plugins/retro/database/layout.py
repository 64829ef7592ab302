"""How a retrieval database lies on disk.

    database.json                what it is: chunk length, tokenizer, shards with their digests; replaced whole, always last
    tokenizer/                   the tokenizer's files, as transformers saves them
    shards/00000/tokens.npy      chunks (n, m), uint16 or int32, padded with 0
                 lengths.npy     tokens of each chunk, int32
                 documents.npy   number of each chunk's document within the shard, int32
                 documents.jsonl one DocumentEntry a line
    indexes/<name>/              one folder an index, with parts for shards; each says which shards it covers
    neighbours/                  tables of precomputed neighbours

Chunks are numbered through all shards in their order, and so are documents. A shard never changes once it is listed.
"""

import hashlib
from pathlib import Path

import msgspec

from harness.errors import InputError

FORMAT = 1
DOCUMENTS = "documents.jsonl"
ARRAYS = ("tokens", "lengths", "documents")
INFO = "database.json"


class TokenizerInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tokenizer: what it was called, the sha256 of its files, and how many tokens it knows."""

    name: str
    digest: str
    vocabulary: int


class ShardInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shard: its folder below `shards`, what it holds, and the sha256 of its files. `decomposed`: documents that are not in
    Unicode's NFC; texts are tokenised as they are."""

    name: str
    documents: int
    chunks: int
    tokens: int
    digest: str
    decomposed: int = 0

    def __post_init__(self) -> None:
        if not self.name.isdecimal():
            raise ValueError(f"a shard's name is a number, got {self.name!r:.200}")


class _Format(msgspec.Struct):
    format: int


class DatabaseInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `database.json` says. `chunk`: tokens of a whole chunk, m."""

    format: int = FORMAT
    chunk: int
    tokenizer: TokenizerInfo
    shards: tuple[ShardInfo, ...] = ()


class DocumentEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document of a shard: its id and the sha256 of its text, its first chunk within the shard, and how many it has."""

    id: str
    sha256: str
    language: str
    first: int
    chunks: int


def read_info(folder: Path) -> DatabaseInfo:
    """What the folder's `database.json` says. Raises InputError where there is none, or none of this format."""
    path = folder / INFO
    try:
        data = path.read_bytes()
        format = msgspec.json.decode(data, type=_Format).format
        if format == FORMAT:
            return msgspec.json.decode(data, type=DatabaseInfo)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"{folder} holds no retrieval database ({INFO} is absent); make one with the builder `retrieval-db`"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, OSError) as error:
        raise InputError(f"{path} cannot be read: {error}; build the database anew") from error
    advice = "upgrade metaeval-harness" if format > FORMAT else "build the database anew"
    raise InputError(f"{path} is of format {format}, and this program reads format {FORMAT}; {advice}")


def read_entries(folder: Path, shard: ShardInfo) -> list[DocumentEntry]:
    """The documents of a shard of the database in the folder, in order. Raises InputError where the file is damaged."""
    path = folder / "shards" / shard.name / DOCUMENTS
    try:
        found = msgspec.json.Decoder(DocumentEntry).decode_lines(path.read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}; build the database anew") from error
    if len(found) != shard.documents:
        raise InputError(f"{path} lists {len(found)} documents, not {shard.documents}; build the database anew")
    return found


def shard_digest(place: Path) -> str:
    """sha256 over those of a shard's files, by their names."""
    digest = hashlib.sha256()
    for name in (DOCUMENTS, *(f"{array}.npy" for array in sorted(ARRAYS))):
        with (place / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
