"""All directions of a database, compared block by block: nothing to learn, nothing on disk beside the directions, exact."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from harness_plugins.retro.retrievers.embeddings import Embeddings
from harness_plugins.retro.retrievers.exact import candidates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Block = Callable[[], NDArray[np.float32]]

_BLOCK = 65_536  # chunks that are compared in one go
_KEPT = 2**30  # bytes of float32 directions up to which they stay in memory between searches


class Flat:
    """Finds candidates among all chunks."""

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self._kept: list[NDArray[np.float32]] | None = None

    def whole(self, nprobe: int) -> bool:
        """True: all chunks are looked at."""
        return True

    def candidates(
        self, queries: "NDArray[np.float16]", depth: int, nprobe: int
    ) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
        """The `depth` chunks (N, depth) that are nearest in float32, and what another's product is at most (N,)."""
        import numpy as np

        return candidates(queries.astype(np.float32), self._blocks(), depth)

    def _blocks(self) -> "Iterator[NDArray[np.float32]]":
        embeddings = self._embeddings
        if self._kept is None and 4 * embeddings.info.dimension * sum(map(len, embeddings.parts)) <= _KEPT:
            self._kept = list(_read(embeddings))
        return iter(self._kept) if self._kept is not None else _read(embeddings)


def _read(embeddings: Embeddings) -> "Iterator[NDArray[np.float32]]":
    for part in embeddings.parts:
        for start in range(0, len(part), _BLOCK):
            yield part[start : start + _BLOCK].astype("float32")
