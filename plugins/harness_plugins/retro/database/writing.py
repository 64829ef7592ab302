"""Adds documents to a database, or begins one: a shard is written first and listed last, so that a stop loses one at most."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec

from harness.errors import InputError
from harness.records import Example
from harness.whole_files import replace_file, sync_folder
from harness_plugins.retro.database.layout import INFO, DatabaseInfo, DocumentEntry, ShardInfo, read_info
from harness_plugins.retro.database.tokenizers import Tokenizer

_AT_ONCE = 256  # documents that are tokenised in one go
SHARD = 250_000  # chunks, at most but for the last document


def extend(
    folder: Path, documents: Iterable[tuple[str, str, str]], tokenizer: Tokenizer, *, chunk: int, shard: int = SHARD
) -> DatabaseInfo:
    """The database in `folder` with these documents (id, text, language) behind those it has; ids it has already are passed
    over. Memory is bounded by one shard. Raises InputError for another tokenizer or chunk length than the database's, and for
    an id whose text has changed."""
    info = _opened(folder, tokenizer, chunk)
    known = {entry.id: entry.sha256 for entry in _entries(folder, info)}
    waiting: list[tuple[DocumentEntry, list[int]]] = []
    held = 0
    for entry, tokens in _tokenised(_new(documents, known), tokenizer, chunk):
        waiting.append((entry, tokens))
        held += entry.chunks
        if held >= shard:
            info = _add(folder, info, waiting)
            waiting, held = [], 0
    return _add(folder, info, waiting) if waiting else info


def text_of(example: Example) -> str:
    """The text of a document: that of its messages, in order."""
    parts = [part.text for message in example.messages for part in message.parts if hasattr(part, "text")]
    return "\n\n".join(parts)


def _opened(folder: Path, tokenizer: Tokenizer, chunk: int) -> DatabaseInfo:
    if not (folder / INFO).exists():
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer.save(folder / "tokenizer")
        info = DatabaseInfo(chunk=chunk, tokenizer=tokenizer.info)
        replace_file(folder / INFO, msgspec.json.format(msgspec.json.encode(info)))
        return info
    info = read_info(folder)
    if info.tokenizer.digest != tokenizer.info.digest:
        raise InputError(
            f"{folder} was made with the tokenizer {info.tokenizer.name!r}, and {tokenizer.info.name!r} is another; "
            "extend it with its own, or give another folder"
        )
    if info.chunk != chunk:
        raise InputError(f"{folder} has chunks of {info.chunk} tokens, not {chunk}; give another folder")
    return info


def _entries(folder: Path, info: DatabaseInfo) -> Iterator[DocumentEntry]:
    decoder = msgspec.json.Decoder(DocumentEntry)
    for shard in info.shards:
        yield from decoder.decode_lines((folder / "shards" / shard.name / "documents.jsonl").read_bytes())


def _new(documents: Iterable[tuple[str, str, str]], known: dict[str, str]) -> Iterator[tuple[str, str, str, str]]:
    for id, text, language in documents:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        before = known.setdefault(id, digest)
        if before is not digest and before != digest:
            raise InputError(f"document {id!r} is in the database with another text; give the database another folder")
        if before is digest:
            yield id, text, language, digest


def _tokenised(
    documents: Iterator[tuple[str, str, str, str]], tokenizer: Tokenizer, chunk: int
) -> Iterator[tuple[DocumentEntry, list[int]]]:
    while some := list(islice(documents, _AT_ONCE)):
        for (id, _, language, digest), tokens in zip(some, tokenizer.encode([one[1] for one in some]), strict=True):
            chunks = -(-len(tokens) // chunk)
            yield DocumentEntry(id=id, sha256=digest, language=language, first=0, chunks=chunks), tokens


def _add(folder: Path, info: DatabaseInfo, rows: list[tuple[DocumentEntry, list[int]]]) -> DatabaseInfo:
    """Writes a shard and lists it."""
    import numpy as np

    name = f"{len(info.shards):05d}"
    place = folder / "shards" / name
    shutil.rmtree(place, ignore_errors=True)  # of a run that was stopped before it listed it
    place.mkdir(parents=True)
    total = sum(entry.chunks for entry, _ in rows)
    tokens = np.zeros((total, info.chunk), np.uint16 if info.tokenizer.vocabulary <= 2**16 else np.int32)
    lengths, documents = np.zeros(total, np.int32), np.zeros(total, np.int32)
    at, lines = 0, []
    for number, (entry, found) in enumerate(rows):
        lines.append(msgspec.json.encode(msgspec.structs.replace(entry, first=at)))
        flat = tokens[at : at + entry.chunks].reshape(-1)
        flat[: len(found)] = found
        lengths[at : at + entry.chunks] = np.clip(len(found) - info.chunk * np.arange(entry.chunks), 0, info.chunk)
        documents[at : at + entry.chunks] = number
        at += entry.chunks
    for array, what in ((tokens, "tokens"), (lengths, "lengths"), (documents, "documents")):
        np.save(place / f"{what}.npy", array)
    (place / "documents.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    sync_folder(place)
    digest = hashlib.sha256()
    for file in sorted(place.iterdir()):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    listed = ShardInfo(name=name, documents=len(rows), chunks=total, tokens=int(lengths.sum()), digest=digest.hexdigest())
    made = msgspec.structs.replace(info, shards=(*info.shards, listed))
    replace_file(folder / INFO, msgspec.json.format(msgspec.json.encode(made)))
    return made
