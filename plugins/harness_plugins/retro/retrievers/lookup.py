"""Which chunk of a database a row of tokens is, if any: neighbours of a database's own chunks need no encoder."""

from typing import TYPE_CHECKING

from harness_plugins.retro.database.reading import Database

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AT_ONCE = 65_536


class ChunkLookup:
    """Finds chunks by their tokens: sorted 64-bit sums of tokens times random odd numbers, and what they point to is compared."""

    def __init__(self, database: Database) -> None:
        import numpy as np

        self._database = database
        self._factors = np.random.default_rng(0).integers(0, 2**63, database.chunk + 1, np.uint64) * np.uint64(2) + np.uint64(1)
        sums = [np.zeros(0, np.uint64)]
        for shard in database.shards:
            for start in range(0, shard.info.chunks, _AT_ONCE):
                part = slice(start, start + _AT_ONCE)
                sums.append(self._sums(np.asarray(shard.tokens[part]), np.asarray(shard.lengths[part])))
        found = np.concatenate(sums)
        self._numbers = np.argsort(found, kind="stable")
        self._sorted = found[self._numbers]

    def find(self, tokens: "NDArray[np.int32]", lengths: "NDArray[np.int32]") -> "NDArray[np.int64]":
        """The lowest number of a chunk with these tokens (N,), -1 where there is none."""
        import numpy as np

        size = self._database.chunk
        found = np.full(len(tokens), -1, np.int64)
        if not len(self._sorted) or not len(tokens):
            return found
        rows = np.zeros((len(tokens), size), np.int32)
        width = min(size, tokens.shape[1])
        rows[:, :width] = np.where(np.arange(width) < lengths[:, None], tokens[:, :width], 0)
        sums = self._sums(rows, lengths)
        places = np.minimum(np.searchsorted(self._sorted, sums), len(self._sorted) - 1)
        numbers = self._numbers[places].astype(np.int64)
        chunks, sizes = self._database.tokens(numbers)
        same = (sizes == lengths) & (chunks == rows).all(axis=1)
        found[same] = numbers[same]
        return found

    def _sums(self, tokens: "np.ndarray", lengths: "NDArray[np.int32]") -> "NDArray[np.uint64]":
        return tokens.astype("uint64") @ self._factors[:-1] + lengths.astype("uint64") * self._factors[-1]
