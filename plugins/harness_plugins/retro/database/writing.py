"""Adds documents to a database, or begins one: a shard is written first and listed last, so that a stop loses one at most.

Processes that write to the same database take turns: each adds whole shards, behind what the others have listed by then.
"""

import fcntl
import hashlib
import os
import shutil
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec

from harness.errors import InputError
from harness.records import Example, TextPart
from harness.whole_files import replace_file, sync_folder
from harness_plugins.retro.database.known import Known
from harness_plugins.retro.database.layout import (
    ARRAYS,
    DOCUMENTS,
    INFO,
    DatabaseInfo,
    DocumentEntry,
    ShardInfo,
    read_entries,
    read_info,
    shard_digest,
)
from harness_plugins.retro.database.tokenizers import Tokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T")
SHARD = 250_000  # chunks, at most but for the last document
_AT_ONCE = 256  # documents that are tokenised in one go,
_CHARACTERS = 2_000_000  # and their characters, at most but for the last document
_LOCK = ".lock"


def extend(
    folder: Path, documents: Iterable[tuple[str, str, str]], tokenizer: Tokenizer, *, chunk: int, shard: int = SHARD
) -> DatabaseInfo:
    """The database in `folder` with these documents (id, text, language) behind those it has; ids it has already are passed
    over. Memory is bounded by one shard. Raises InputError for another tokenizer or chunk length than the database's, and for
    an id whose text has changed."""
    writer = Writer(folder, tokenizer, chunk=chunk, shard=shard)
    for some in portions(documents, lambda document: document[1]):
        fresh = [document for document in some if not writer.has(document[0], text_digest(document[1]))]
        encoded = tokenizer.encode([text for _, text, _ in fresh])
        for (id, text, language), tokens in zip(fresh, encoded, strict=True):
            writer.add(id, text, language, tokens)
    return writer.finish()


class _Waiting(NamedTuple):
    """A document that waits for its shard."""

    entry: DocumentEntry
    tokens: "NDArray[np.int32]"
    decomposed: bool


class Writer:
    """Adds documents to the database in `folder`, which is begun with the first shard where there is none: `add` each, and
    `finish`. A shard is written as soon as it is full.

    Raises InputError for another tokenizer or chunk length than the database's, for an id whose text has changed, and where
    nothing can be written.
    """

    def __init__(self, folder: Path, tokenizer: Tokenizer, *, chunk: int, shard: int = SHARD) -> None:
        if chunk < 1:
            raise ValueError(f"chunk is a number of tokens from 1, got {chunk}")
        self.folder = folder
        self._tokenizer, self._shard = tokenizer, shard
        self._known = Known()
        there = (folder / INFO).exists()
        self.info = _checked(folder, tokenizer, chunk) if there else DatabaseInfo(chunk=chunk, tokenizer=tokenizer.info)
        if there and not os.access(folder, os.W_OK):
            raise InputError(f"{folder} cannot be written to, so no document can be added to it; nothing in it has changed")
        for listed in self.info.shards:
            self._known.add((entry.id, entry.sha256) for entry in read_entries(folder, listed))
        self._waiting: list[_Waiting] = []
        self._held = 0

    def has(self, id: str, sha256: str) -> bool:
        """Whether the database has the document, or will have it; InputError where it has another text under this id."""
        same = self._known.same(id, sha256)
        if same is False:
            raise _changed(id, self.folder)
        return same is True

    def add(self, id: str, text: str, language: str, tokens: Sequence[int]) -> None:
        """Adds a document unless the database has it."""
        import numpy as np

        sha256 = text_digest(text)
        if self.has(id, sha256):
            return
        self._known.add([(id, sha256)])
        chunks = -(-len(tokens) // self.info.chunk)
        entry = DocumentEntry(id=id, sha256=sha256, language=language, first=0, chunks=chunks)
        decomposed = not unicodedata.is_normalized("NFC", text)
        self._waiting.append(_Waiting(entry, np.asarray(tokens, np.int32), decomposed))
        self._held += chunks
        if self._held >= self._shard:
            self._write()

    def finish(self) -> DatabaseInfo:
        """Writes what is left; the database as it then is."""
        self._write()
        return self.info

    def _write(self) -> None:
        try:
            with _locked(self.folder):
                self._catch_up()
                if self._waiting:
                    self.info = _add(self.folder, self.info, self._waiting)
        except OSError as error:
            raise InputError(
                f"{error.filename or self.folder}: documents cannot be added to the database: {error.strerror or error}. What "
                f"{self.folder} held is as it was, and the same command goes on from there"
            ) from error
        self._waiting, self._held = [], 0

    def _catch_up(self) -> None:
        """Takes over the shards that another process has listed since, and leaves out the documents that it has added."""
        now = _opened(self.folder, self._tokenizer, self.info.chunk)
        count = len(self.info.shards)
        if now.shards[:count] != self.info.shards:
            raise InputError(f"{self.folder} has become another database since it was opened here; run the same command again")
        added = Known()
        for listed in now.shards[count:]:
            entries = [(entry.id, entry.sha256) for entry in read_entries(self.folder, listed)]
            added.add(entries)
            self._known.add(entries)
        waiting, self._waiting = self._waiting, []
        for row in waiting:
            same = added.same(row.entry.id, row.entry.sha256)
            if same is False:
                raise _changed(row.entry.id, self.folder)
            if same is None:
                self._waiting.append(row)
        self.info = now


def portions(documents: Iterable[T], text: Callable[[T], str]) -> Iterator[list[T]]:
    """Documents that are tokenised in one go: few enough for their tokens to need little memory."""
    some: list[T] = []
    characters = 0
    for document in documents:
        some.append(document)
        characters += len(text(document))
        if len(some) >= _AT_ONCE or characters >= _CHARACTERS:
            yield some
            some, characters = [], 0
    if some:
        yield some


def text_digest(text: str) -> str:
    """sha256 of the text, as hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def text_of(example: Example) -> str:
    """The text of a document: that of its messages, in order; neighbours that it carries are not its own."""
    own = [message for message in example.messages if message.role != "neighbour"]
    return "\n\n".join(part.text for message in own for part in message.parts if isinstance(part, TextPart))


def _changed(id: str, folder: Path) -> InputError:
    return InputError(
        f"document {id!r:.200} is in the database {folder} with another text; give the changed document another id, or give the "
        "database another folder"
    )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Holds the database for this process alone; waits for another one that does."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _opened(folder: Path, tokenizer: Tokenizer, chunk: int) -> DatabaseInfo:
    """The database as it is now, begun where there is none."""
    if (folder / INFO).exists():
        return _checked(folder, tokenizer, chunk)
    if any((folder / "shards").glob("*/tokens.npy")):
        raise InputError(f"{folder} holds shards of a database whose {INFO} is gone; give another folder, or empty this one")
    shutil.rmtree(folder / "tokenizer", ignore_errors=True)  # of a run that was stopped before there was a database
    tokenizer.save(folder / "tokenizer")
    _sync(folder / "tokenizer")
    info = DatabaseInfo(chunk=chunk, tokenizer=tokenizer.info)
    replace_file(folder / INFO, msgspec.json.format(msgspec.json.encode(info)))
    return info


def _checked(folder: Path, tokenizer: Tokenizer, chunk: int) -> DatabaseInfo:
    info = read_info(folder)
    its, given = info.tokenizer, tokenizer.info
    if its.digest != given.digest:
        raise InputError(
            f"{folder} was made with the tokenizer {its.name!r} ({its.vocabulary:,} tokens, {its.digest[:12]}), and "
            f"{given.name!r} ({given.vocabulary:,} tokens, {given.digest[:12]}) is another; extend it with its own, or give "
            "another folder for a new database"
        )
    if info.chunk != chunk:
        raise InputError(f"{folder} has chunks of {info.chunk} tokens, not {chunk}; give another folder for a new database")
    return info


def _add(folder: Path, info: DatabaseInfo, rows: "Sequence[_Waiting]") -> DatabaseInfo:
    """Writes a shard, and lists it when it is whole."""
    place = folder / "shards" / f"{len(info.shards):05d}"
    shutil.rmtree(place, ignore_errors=True)  # of a run that was stopped before it listed it
    try:
        place.mkdir(parents=True)
        listed = _shard(place, info, rows)
    except BaseException:  # a full disk, mostly: what is not listed is of no use, and takes room
        shutil.rmtree(place, ignore_errors=True)
        raise
    made = msgspec.structs.replace(info, shards=(*info.shards, listed))
    replace_file(folder / INFO, msgspec.json.format(msgspec.json.encode(made)))
    return made


def _shard(place: Path, info: DatabaseInfo, rows: "Sequence[_Waiting]") -> ShardInfo:
    import numpy as np

    total = sum(row.entry.chunks for row in rows)
    tokens = np.zeros((total, info.chunk), np.uint16 if info.tokenizer.vocabulary <= 2**16 else np.int32)
    lengths, documents = np.zeros(total, np.int32), np.zeros(total, np.int32)
    at, lines = 0, []
    for number, (entry, found, _) in enumerate(rows):
        lines.append(msgspec.json.encode(msgspec.structs.replace(entry, first=at)))
        flat = tokens[at : at + entry.chunks].reshape(-1)
        flat[: len(found)] = found
        lengths[at : at + entry.chunks] = np.clip(len(found) - info.chunk * np.arange(entry.chunks), 0, info.chunk)
        documents[at : at + entry.chunks] = number
        at += entry.chunks
    for array, what in zip((tokens, lengths, documents), ARRAYS, strict=True):
        _save(place / f"{what}.npy", array)
    (place / DOCUMENTS).write_bytes(b"".join(line + b"\n" for line in lines))
    _sync(place)
    sync_folder(place.parent)
    return ShardInfo(
        name=place.name,
        documents=len(rows),
        chunks=total,
        tokens=int(lengths.sum()),
        decomposed=sum(row.decomposed for row in rows),
        digest=shard_digest(place),
    )


def _save(path: Path, array: "np.ndarray") -> None:
    """As numpy saves an array, but a full disk is told as such."""
    import numpy as np

    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
        file.write(array.data)


def _sync(folder: Path) -> None:
    """Makes the folder's files survive a power cut."""
    for file in folder.iterdir():
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
    sync_folder(folder)
