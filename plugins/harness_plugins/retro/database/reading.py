"""A database opened: chunks, their continuations and their documents by number, read from disk as they are asked for."""

import bisect
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import InputError
from harness_plugins.retro.database.layout import ARRAYS, DatabaseInfo, DocumentEntry, ShardInfo, read_entries, read_info
from harness_plugins.retro.database.tokenizers import Tokenizer, read_tokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Shard:
    """A shard's arrays, mapped: `tokens` (n, m), `lengths` (n,), `documents` (n,), numbers within the shard."""

    info: ShardInfo
    tokens: "np.ndarray"
    lengths: "NDArray[np.int32]"
    documents: "NDArray[np.int32]"
    first_chunk: int
    first_document: int


class Database:
    """A retrieval database. Chunks are numbered 0 … `chunks` - 1, documents 0 … `documents` - 1; -1 is "none".

    Raises InputError where the folder holds none, or a damaged one.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).expanduser()
        self.info: DatabaseInfo = read_info(self.folder)
        self.chunk = self.info.chunk
        self.chunks = sum(shard.chunks for shard in self.info.shards)
        self.documents = sum(shard.documents for shard in self.info.shards)

    @cached_property
    def digest(self) -> str:
        """Of all that decides about chunks and their order: tokenizer, chunk length and shards."""
        import hashlib

        said = [str(self.chunk), self.info.tokenizer.digest, *(shard.digest for shard in self.info.shards)]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer that the database was made with."""
        return read_tokenizer(self.folder / "tokenizer", self.info.tokenizer)

    @cached_property
    def shards(self) -> list[Shard]:
        """All shards, in order."""
        found: list[Shard] = []
        chunks = documents = 0
        for info in self.info.shards:
            found.append(self.open_shard(info, chunks, documents))
            chunks, documents = chunks + info.chunks, documents + info.documents
        return found

    @cached_property
    def entries(self) -> list[DocumentEntry]:
        """All documents, in order; `first` within their shard."""
        return [entry for shard in self.info.shards for entry in read_entries(self.folder, shard)]

    @cached_property
    def number_of(self) -> dict[str, int]:
        """Document id → its number."""
        return {entry.id: number for number, entry in enumerate(self.entries)}

    def tokens(self, numbers: "NDArray[np.int64]") -> "tuple[NDArray[np.int32], NDArray[np.int32]]":
        """Tokens (N, m) and lengths (N,) of the chunks; 0 and 0 for -1."""
        import numpy as np

        found = np.zeros((len(numbers), self.chunk), np.int32)
        lengths = np.zeros(len(numbers), np.int32)
        for shard, mine in self._by_shard(numbers):
            places = numbers[mine] - shard.first_chunk
            found[mine] = shard.tokens[places]
            lengths[mine] = shard.lengths[places]
        if found.size and not 0 <= int(found.min()) <= int(found.max()) < self.info.tokenizer.vocabulary:
            raise InputError(
                f"{self.folder} holds tokens that its tokenizer does not know, so it is damaged: "
                f"`harness retro info {self.folder} --check` names the file"
            )
        return found, lengths

    def document_of(self, numbers: "NDArray[np.int64]") -> "NDArray[np.int64]":
        """The document of each chunk (N,); -1 for -1."""
        import numpy as np

        found = np.full(len(numbers), -1, np.int64)
        for shard, mine in self._by_shard(numbers):
            found[mine] = shard.documents[numbers[mine] - shard.first_chunk] + shard.first_document
        return found

    def with_continuation(self, numbers: "NDArray[np.int64]") -> "tuple[NDArray[np.int32], NDArray[np.bool_]]":
        """Tokens (N, 2m) of each chunk and of the one that follows it in its document, and which of them are tokens; none
        for -1. `numbers` may have any shape, which comes before 2m."""
        import numpy as np

        flat = np.asarray(numbers, np.int64).ravel()
        following = np.where((flat >= 0) & (flat + 1 < self.chunks), flat + 1, -1)
        following = np.where(self.document_of(following) == self.document_of(flat), following, -1)
        parts = [self.tokens(flat), self.tokens(following)]
        mask = np.concatenate([np.arange(self.chunk) < lengths[:, None] for _, lengths in parts], axis=1)
        tokens = np.concatenate([tokens for tokens, _ in parts], axis=1)
        shape = (*np.shape(numbers), 2 * self.chunk)
        return tokens.reshape(shape), mask.reshape(shape)

    def text(self, number: int) -> str:
        """A chunk's text."""
        import numpy as np

        tokens, lengths = self.tokens(np.array([number], np.int64))
        return self.tokenizer.decode(tokens[0, : lengths[0]].tolist())

    def _by_shard(self, numbers: "NDArray[np.int64]") -> "list[tuple[Shard, NDArray[np.int64]]]":
        import numpy as np

        if len(numbers) and (int(numbers.max()) >= self.chunks or int(numbers.min()) < -1):
            raise IndexError(f"chunks are numbered 0 to {self.chunks - 1}, got {int(numbers.min())} to {int(numbers.max())}")
        starts = [shard.first_chunk for shard in self.shards]
        places = np.searchsorted(np.array(starts), numbers, side="right") - 1
        return [(self.shards[place], np.flatnonzero(places == place)) for place in np.unique(places) if place >= 0]

    def shard_of(self, number: int) -> Shard:
        """The shard that holds the chunk."""
        return self.shards[bisect.bisect_right([shard.first_chunk for shard in self.shards], number) - 1]

    def open_shard(self, info: ShardInfo, chunks: int, documents: int) -> Shard:
        """A shard before which there are so many chunks and documents."""

        shapes = ((info.chunks, self.chunk), (info.chunks,), (info.chunks,))
        folder = self.folder / "shards" / info.name
        arrays = [_array(folder / f"{name}.npy", shape) for name, shape in zip(ARRAYS, shapes, strict=True)]
        return Shard(info, arrays[0], arrays[1], arrays[2], chunks, documents)


def _array(path: Path, shape: tuple[int, ...]) -> "np.ndarray":
    """The array, mapped. Raises InputError for a file that does not hold whole numbers of this shape."""
    import numpy as np

    wrong = f"{path} is damaged: it is to hold {' × '.join(map(str, shape))} whole numbers"
    advice = "`harness retro info --check` names all that is damaged; remove the database, and build it anew"
    try:
        found: np.ndarray = np.load(path, mmap_mode="r" if 0 not in shape else None, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        size = f"it has {path.stat().st_size:,} bytes" if path.is_file() else "it is not there"
        raise InputError(f"{wrong}, and {size}; {advice}") from error
    if found.shape != shape or found.dtype.kind not in "iu":
        raise InputError(f"{wrong}, and holds {' × '.join(map(str, found.shape))} of {found.dtype}; {advice}")
    return found
