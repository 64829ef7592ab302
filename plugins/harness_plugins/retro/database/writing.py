"""Adds documents to a database, or begins one: a shard is written first and listed last, so that a stop loses one at most.

Processes that write to the same database take turns: each adds whole shards, behind what the others have listed by then.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

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
            writer.add(id, text_digest(text), language, tokens)
    return writer.finish()


class Writer:
    """Adds documents to the database in `folder`, which is begun where there is none: `add` each, and `finish`.

    Raises InputError for another tokenizer or chunk length than the database's, and for an id whose text has changed.
    """

    def __init__(self, folder: Path, tokenizer: Tokenizer, *, chunk: int, shard: int = SHARD) -> None:
        self.folder = folder
        self._shard = shard
        self._known = Known()
        with _locked(folder):
            self.info = _opened(folder, tokenizer, chunk)
        for listed in self.info.shards:
            self._known.add((entry.id, entry.sha256) for entry in read_entries(folder, listed))
        self._waiting: list[tuple[DocumentEntry, NDArray[np.int32]]] = []
        self._held = 0

    def has(self, id: str, sha256: str) -> bool:
        """Whether the database has the document, or will have it; InputError where it has another text under this id."""
        same = self._known.same(id, sha256)
        if same is False:
            raise _changed(id, self.folder)
        return same is True

    def add(self, id: str, sha256: str, language: str, tokens: Sequence[int]) -> None:
        """Adds a document unless the database has it; each shard is written as soon as it is full."""
        import numpy as np

        if self.has(id, sha256):
            return
        chunks = -(-len(tokens) // self.info.chunk)
        self._known.add([(id, sha256)])
        entry = DocumentEntry(id=id, sha256=sha256, language=language, first=0, chunks=chunks)
        self._waiting.append((entry, np.asarray(tokens, np.int32)))
        self._held += chunks
        if self._held >= self._shard:
            self._write()

    def finish(self) -> DatabaseInfo:
        """Writes what is left; the database as it then is."""
        if self._waiting:
            self._write()
        return self.info

    def _write(self) -> None:
        with _locked(self.folder):
            self._catch_up()
            if self._waiting:
                self.info = _add(self.folder, self.info, self._waiting)
        self._waiting, self._held = [], 0

    def _catch_up(self) -> None:
        """Takes over the shards that another process has listed since, and leaves out the documents that it has added."""
        now = read_info(self.folder)
        count = len(self.info.shards)
        if now.shards[:count] != self.info.shards or now.tokenizer != self.info.tokenizer or now.chunk != self.info.chunk:
            raise InputError(f"{self.folder} has become another database since it was opened here; run the same command again")
        if len(now.shards) == count:
            return
        added = Known()
        for listed in now.shards[count:]:
            entries = [(entry.id, entry.sha256) for entry in read_entries(self.folder, listed)]
            added.add(entries)
            self._known.add(entries)
        waiting, self._waiting = self._waiting, []
        for entry, tokens in waiting:
            same = added.same(entry.id, entry.sha256)
            if same is False:
                raise _changed(entry.id, self.folder)
            if same is None:
                self._waiting.append((entry, tokens))
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
    if not (folder / INFO).exists():
        if chunk < 1:
            raise ValueError(f"chunk is a number of tokens from 1, got {chunk}")
        if any((folder / "shards").glob("*/tokens.npy")):
            raise InputError(f"{folder} holds shards of a database whose {INFO} is gone; give another folder, or empty this one")
        tokenizer.save(folder / "tokenizer")
        _sync(folder / "tokenizer")
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


def _add(folder: Path, info: DatabaseInfo, rows: "Sequence[tuple[DocumentEntry, NDArray[np.int32]]]") -> DatabaseInfo:
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


def _shard(place: Path, info: DatabaseInfo, rows: "Sequence[tuple[DocumentEntry, NDArray[np.int32]]]") -> ShardInfo:
    import numpy as np

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
    for array, what in zip((tokens, lengths, documents), ARRAYS, strict=True):
        _save(place / f"{what}.npy", array)
    (place / DOCUMENTS).write_bytes(b"".join(line + b"\n" for line in lines))
    _sync(place)
    sync_folder(place.parent)
    return ShardInfo(name=place.name, documents=len(rows), chunks=total, tokens=int(lengths.sum()), digest=shard_digest(place))


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
