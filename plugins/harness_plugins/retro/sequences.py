"""A corpus cut into sequences, and sequences with their chunks' neighbours as the tensors that a model reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import InputError
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.neighbours import NeighbourTable, Texts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

IGNORED = -100  # a label without a loss, as in transformers


@dataclass(frozen=True)
class Sequences:
    """Stretches of documents, in the corpus's order: the number of each one's `first` chunk, its `chunks` and its `tokens`.

    A sequence of t tokens has t - 1 targets: its first token is not predicted.
    """

    first: "NDArray[np.int64]"
    chunks: "NDArray[np.int64]"
    tokens: "NDArray[np.int64]"

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, which: Any) -> "Sequences":
        """Some of them: by an array of numbers, a slice, or a mask."""
        return Sequences(*(array[which] for array in (self.first, self.chunks, self.tokens)))

    def batches(self, size: int) -> "Iterator[Sequences]":
        """All of them in order, so many at a time."""
        return (self[start : start + size] for start in range(0, len(self), size))


def cut(corpus: Database, length: int) -> Sequences:
    """Every document of the corpus cut into sequences of `length` tokens, the last one as long as what is left: every token is
    in exactly one. Raises InputError where `length` is not a multiple of the corpus's chunk."""
    import numpy as np

    if length < 1 or length % corpus.chunk:
        raise InputError(
            f"a sequence is a number of whole chunks: its length must be a multiple of {corpus.chunk}, the chunk of "
            f"{corpus.folder}; got {length}"
        )
    parts = [_cut_shard(shard.documents, shard.lengths, length // corpus.chunk, shard.first_chunk) for shard in corpus.shards]
    empty = [np.empty(0, np.int64)] * 3
    return Sequences(*(np.concatenate(columns) for columns in zip(empty, *parts, strict=True)))


def batch(
    rows: Sequences, corpus: Database, database: Texts | None = None, table: NeighbourTable | None = None, k: int = 0
) -> dict[str, Any]:
    """The sequences as tensors: `input_ids`, `attention_mask` and `labels` (B, S), padded on the right to whole chunks, S = L·m;
    with a table and k > 0 also `neighbour_ids` and `neighbour_mask` (B, L, k, 2m), the neighbours of chunk u in column u.

    Labels are those of transformers: not shifted, -100 at padding. A chunk that is not complete, or not there, has no
    neighbours. `database`: what the table's numbers are numbers of, None: the table's own.
    """
    import numpy as np
    import torch

    most = int(rows.chunks.max(initial=0))
    places = np.arange(most)
    numbers = np.where(places < rows.chunks[:, None], rows.first[:, None] + places, -1)  # (B, L)
    tokens, lengths = corpus.tokens(numbers.ravel())
    shape = (len(rows), most * corpus.chunk)
    ids = tokens.astype(np.int64).reshape(shape)
    real = (np.arange(corpus.chunk) < lengths[:, None]).reshape(shape)
    found = {"input_ids": ids, "attention_mask": real.astype(np.int64), "labels": np.where(real, ids, IGNORED)}
    if table is not None and k > 0:
        complete = (lengths == corpus.chunk).reshape(numbers.shape)
        neighbours = np.where(complete[..., None], table.first(k).numbers[numbers], -1)  # row -1 is read, and thrown away
        their, may = (table.database if database is None else database).with_continuation(neighbours)
        found |= {"neighbour_ids": their.astype(np.int64), "neighbour_mask": may}
    return {name: torch.from_numpy(array) for name, array in found.items()}


def _cut_shard(
    documents: "NDArray[np.int32]", lengths: "NDArray[np.int32]", chunks: int, first: int
) -> "tuple[NDArray[np.int64], ...]":
    """First chunk, chunks and tokens of the sequences of a shard: no document lies in two shards."""
    import numpy as np

    starts = np.flatnonzero(np.diff(documents, prepend=-1))  # of documents
    place = np.arange(len(documents)) - np.repeat(starts, np.diff(starts, append=len(documents)))
    begins = np.flatnonzero(place % chunks == 0)
    tokens = np.add.reduceat(lengths, begins, dtype=np.int64) if len(begins) else np.empty(0, np.int64)
    return begins + first, np.diff(begins, append=len(documents)), tokens
