"""Spherical k-means over float16 directions that gives the same centroids for any number of threads.

Assignments are by exact products (`exact`), and sums of float16 numbers in float64 are exact too, so that nothing depends on the
order in which they are taken. Dhillon & Modha 2001 (spherical k-means).
"""

from typing import TYPE_CHECKING

from harness_plugins.retro.retrievers.exact import nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROUNDS = 10
_AT_ONCE = 16_384


def centroids(rows: "NDArray[np.float16]", count: int, seed: int = 0) -> "NDArray[np.float16]":
    """`count` directions (count, D) around which the rows (n, D) lie; ValueError where there are fewer rows."""
    import numpy as np

    if not 1 <= count <= len(rows):
        raise ValueError(f"{count} lists cannot be made of {len(rows)} chunks")
    found = rows[np.sort(np.random.default_rng(seed).choice(len(rows), count, replace=False))]
    for _ in range(ROUNDS):
        places, scores = nearest(rows, found, 1)
        moved = _means(rows, places[:, 0], count)
        empty = np.flatnonzero(~moved.any(axis=1))
        if len(empty):  # they go where rows are served worst
            worst = np.lexsort((np.arange(len(rows)), scores[:, 0]))
            moved[empty] = rows[worst[: len(empty)]]
        if (moved == found).all():
            break
        found = moved
    return found


def _means(rows: "NDArray[np.float16]", places: "NDArray[np.int64]", count: int) -> "NDArray[np.float16]":
    """The directions of the sums of each list's rows; zero for a list without rows."""
    import numpy as np

    sums = np.zeros((count, rows.shape[1]))
    order = np.argsort(places, kind="stable")
    for start in range(0, len(order), _AT_ONCE):
        part = order[start : start + _AT_ONCE]
        lists, firsts = np.unique(places[part], return_index=True)
        sums[lists] += np.add.reduceat(rows[part].astype(np.float64), firsts, axis=0)
    lengths = np.sqrt(np.square(sums).sum(axis=1, keepdims=True))
    return np.divide(sums, lengths, out=np.zeros_like(sums), where=lengths > 0).astype(np.float16)
