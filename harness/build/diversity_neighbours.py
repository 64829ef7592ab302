"""The nearest neighbours of each of many embeddings: exactly up to 20,000, by an inverted-file index (faiss) above."""

import math
from typing import Any

import numpy as np

from harness.build.diversity import Neighbours, Vectors
from harness.errors import MissingExtra

FLAT = 20_000
PROBES = 24  # lists that a query looks into
_SAMPLE = 40  # vectors a list for training
_BLOCK = 4096


def nearest(directions: Vectors, count: int) -> Neighbours:
    """For each of the (N, D) directions its `count` nearest others by cosine, equal ones by their place.

    Above 20,000 an index with 4·√N lists is asked, of which each query looks into 24: it may miss neighbours. It is built from
    the rows in their order with a fixed seed on one thread, so the same rows give the same lists.
    """
    wanted = min(count, len(directions) - 1)
    if wanted < 1:
        return Neighbours(np.full((len(directions), 1), -1, np.int32), np.zeros((len(directions), 1), np.float32))
    if len(directions) <= FLAT:
        return _exact(directions, wanted)
    return _indexed(directions, wanted)


def _exact(directions: Vectors, count: int) -> Neighbours:
    places = np.empty((len(directions), count), np.int32)
    similarities = np.empty((len(directions), count), np.float32)
    for start in range(0, len(directions), _BLOCK):
        products = directions[start : start + _BLOCK] @ directions.T
        rows = np.arange(len(products))
        products[rows, rows + start] = -np.inf
        best = np.argpartition(-products, count - 1, axis=1)[:, :count]
        near = np.take_along_axis(products, best, axis=1)
        _put(best, near, places[start : start + _BLOCK], similarities[start : start + _BLOCK])
    return Neighbours(places, similarities)


def _indexed(directions: Vectors, count: int) -> Neighbours:
    faiss = _faiss()
    total, width = directions.shape
    lists = int(4 * math.sqrt(total))
    before = faiss.omp_get_max_threads()
    quantizer = faiss.IndexFlatIP(width)
    index = faiss.IndexIVFScalarQuantizer(quantizer, width, lists, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    index.cp.niter, index.cp.seed, index.cp.max_points_per_centroid = 6, 1234, _SAMPLE
    index.nprobe = min(PROBES, lists)
    places = np.empty((total, count), np.int32)
    similarities = np.empty((total, count), np.float32)
    try:
        faiss.omp_set_num_threads(1)  # a sum in another order could make other lists
        index.train(directions)
        index.add(directions)
        faiss.omp_set_num_threads(before)  # each query is one thread's
        for start in range(0, total, _BLOCK):
            near, best = index.search(directions[start : start + _BLOCK], count + 1)
            own = best == np.arange(start, start + len(best))[:, None]
            missed = ~own.any(axis=1)  # of a crowd of equal vectors it may not find itself
            own[missed, -1] = True
            best, near = best[~own].reshape(-1, count), near[~own].reshape(-1, count)
            near = np.where(best < 0, -np.inf, near)
            _put(best, near, places[start : start + _BLOCK], similarities[start : start + _BLOCK])
    finally:
        faiss.omp_set_num_threads(before)
    return Neighbours(places, similarities)


def _put(best: Any, near: Any, places: Any, similarities: Any) -> None:
    """Sorted by falling similarity, equal ones by place."""
    order = np.lexsort((best, -near), axis=1)
    places[:] = np.take_along_axis(best, order, axis=1)
    found = np.take_along_axis(near, order, axis=1)
    similarities[:] = np.where(np.isfinite(found), found, 0.0)


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise MissingExtra(
            "choosing among more than 20,000 items needs an index of neighbours: pip install 'metaeval-harness[build]'"
        ) from error
    return faiss
