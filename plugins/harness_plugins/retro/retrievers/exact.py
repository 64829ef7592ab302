"""Exact nearest neighbours among float16 directions: inner products without rounding, so that no order of sums matters.

A product of two float16 numbers is a multiple of 2^-48, and a sum of those below 2 has at most 49 bits: float64 holds it
exactly. So the score of two directions is one number, for any batch, number of threads or processor. Candidates come from
float32 products (FAISS, Douze et al. 2024), whose error is bounded by D 2^-23; a search goes deeper until nothing that it has
not looked at can belong to the answer.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AT_ONCE = 16_384  # pairs whose products are taken in one go


def bound(dimension: int) -> float:
    """How far a float32 inner product of two directions of `dimension` numbers lies from the exact one, at most."""
    return dimension * 2.0**-23


def products(queries: "NDArray[np.float16]", rows: "NDArray[np.float16]", places: "NDArray[np.int64]") -> "NDArray[np.float64]":
    """The exact inner products (N, K) of each query with the rows at its places (N, K); nan where a place is -1."""
    import numpy as np

    found = np.full(places.shape, np.nan)
    step = max(1, _AT_ONCE // max(places.shape[1], 1))
    for start in range(0, len(places), step):
        part = places[start : start + step]
        chosen = rows[np.maximum(part, 0).ravel()].astype(np.float64).reshape(*part.shape, -1)
        scores = np.einsum("nd,nkd->nk", queries[start : start + step].astype(np.float64), chosen)
        found[start : start + step] = np.where(part < 0, np.nan, scores)
    return found


def best(numbers: "NDArray[np.int64]", scores: "NDArray[np.float64]", k: int) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
    """The k best of each row's candidates, by score and then by lower number; -1 and nan where there are fewer. A score that is
    nan is no candidate."""
    import numpy as np

    none = np.isnan(scores)
    keys = np.where(none, np.inf, -scores)
    order = np.lexsort((np.where(none, np.iinfo(np.int64).max, numbers), keys), axis=1)[:, :k]
    chosen, at = np.take_along_axis(numbers, order, 1), np.take_along_axis(scores, order, 1)
    free = ((0, 0), (0, max(0, k - numbers.shape[1])))
    return (
        np.pad(np.where(np.isnan(at), -1, chosen), free, constant_values=-1),
        np.pad(at, free, constant_values=np.nan),
    )


def candidates(
    queries: "NDArray[np.float32]", blocks: "Iterable[NDArray[np.float32]]", depth: int
) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
    """The `depth` rows (N, depth) of the blocks, numbered through, that are nearest by float32 products, and what any other row's
    product is at most (N,); -1, and minus infinity, where all rows are among them."""
    import faiss
    import numpy as np

    numbers = np.full((len(queries), depth), -1, np.int64)
    scores = np.full((len(queries), depth), -np.inf, np.float32)
    first = 0
    for block in blocks:
        if len(block):
            near, places = faiss.knn(queries, block, min(depth, len(block)), metric=faiss.METRIC_INNER_PRODUCT)
            places = np.where(places < 0, -1, places + first)
            scores, numbers = np.concatenate([scores, near], axis=1), np.concatenate([numbers, places], axis=1)
            order = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
            scores, numbers = np.take_along_axis(scores, order, 1), np.take_along_axis(numbers, order, 1)
        first += len(block)
    rest = np.full(len(queries), -np.inf) if depth >= first else scores[:, -1].astype(np.float64)
    return numbers, rest


def nearest(
    queries: "NDArray[np.float16]", rows: "NDArray[np.float16]", k: int
) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
    """The k rows that are nearest to each query (N, k), exactly, ties to the lower number, and their products."""
    import numpy as np

    numbers, scores = np.full((len(queries), k), -1, np.int64), np.full((len(queries), k), np.nan)
    open_ = np.arange(len(queries))
    wide = rows.astype(np.float32)
    depth = min(k + 4, len(rows))
    while len(open_):
        places, rest = candidates(queries[open_].astype(np.float32), [wide], depth)
        numbers[open_], scores[open_] = best(places, products(queries[open_], rows, places), k)
        unsure = ~sure(scores[open_], rest, queries.shape[1])
        open_, depth = open_[unsure], min(4 * depth, len(rows))
    return numbers, scores


def sure(scores: "NDArray[np.float64]", rest: "NDArray[np.float64]", dimension: int) -> "NDArray[np.bool_]":
    """Of which queries the answers (N, k) stand: nothing is left (`rest`, what another's float32 product is at most, is minus
    infinity), all that is left is certainly worse, or there is no telling (nan) and there are k."""
    import numpy as np

    found = ~np.isnan(scores[:, -1])
    return np.isneginf(rest) | (scores[:, -1] > rest + bound(dimension)) | (np.isnan(rest) & found)
