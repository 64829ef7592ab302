"""A choice of items that are good and unlike one another: greedy maximal marginal relevance over embeddings.

Each step chooses the item with the largest relevance + weight · diversity, diversity being one minus the largest cosine
similarity to what was chosen before, cut to [0, 1], and 1 for the first (Carbonell & Goldstein 1998, §2; their λ is
1 / (1 + weight) up to scale). As more is chosen an item's diversity only falls, so its value when it was last looked at is an
upper bound: only the item at the head of the queue has to be looked at anew (Minoux 1978), and the choice is the greedy one.

Up to `EXACT` items similarities are computed as they are needed. Above, only those to an item's nearest neighbours are known
(`harness.build.diversity_neighbours`): of an item with no chosen neighbour, the largest similarity counts as that of its last
known neighbour, which none outside the list exceeds; decision 43 says how far that is from the exact choice.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

EXACT = 20_000  # items up to which similarities are exact
NEIGHBOURS = 32
_BLOCK = 256  # items that are held against all that are kept at a time
_ROWS = 100_000
Vectors = NDArray[np.float32]


class Chosen(NamedTuple):
    """What was chosen, in its order: places in the input, and each item's diversity part and value when it was chosen."""

    order: list[int]
    diversity: list[float]
    value: list[float]


@dataclass(frozen=True)
class Neighbours:
    """For each of N items the places of its nearest others, most similar first (-1: none), and their cosines: (N, k) each."""

    places: NDArray[np.int32]
    similarities: Vectors


class Items:
    """Embeddings to choose among, as directions in the order of their keys; above `EXACT` items their neighbours, found once."""

    def __init__(
        self, embeddings: ArrayLike, keys: Sequence[str], *, exact: bool | None = None, neighbours: int = NEIGHBOURS
    ) -> None:
        vectors = np.asarray(embeddings)
        _check(vectors, keys)
        self._rows = np.asarray(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
        self._directions = normalised(vectors, self._rows)
        self._exact = len(keys) <= EXACT if exact is None else exact
        self._wanted = neighbours

    def select(self, relevance: Sequence[float] | NDArray[np.float64], count: int, weight: float = 1.0) -> Chosen:
        """The `count` items (all, if there are fewer) that are chosen, in their order."""
        scores = np.asarray(relevance, dtype=np.float64)
        _check_scores(scores, len(self._rows), weight)
        if not len(self._rows) or count < 1:
            return Chosen([], [], [])
        if self._exact:
            found = _exactly(self._directions, scores[self._rows], count, weight)
        else:
            found = select_by_neighbours(self.neighbours, scores[self._rows], count, weight)
        return Chosen(self._rows[found.order].tolist(), found.diversity, found.value)

    def beside(self, kept: Sequence[int]) -> list[float]:
        """The diversity of every item beside those that are kept (places in the input): one less the largest cosine to one of
        them, in [0, 1]; by neighbours as in the choice. Of a kept one it tells nothing."""
        if not kept:
            return [1.0] * len(self._rows)
        here = np.empty(len(self._rows), np.int64)
        here[self._rows] = np.arange(len(self._rows))
        chosen = here[np.asarray(kept)]
        similar = self._beside_exactly(chosen) if self._exact else _similar_to(self.neighbours, chosen)
        found = np.empty(len(self._rows))
        found[self._rows] = 1 - np.clip(similar, 0.0, 1.0)
        made: list[float] = found.tolist()
        return made

    @cached_property
    def neighbours(self) -> Neighbours:
        """The nearest others of each item, in the order of the keys."""
        from harness.build.diversity_neighbours import nearest

        return nearest(self._directions, self._wanted)

    def _beside_exactly(self, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        taken, found = self._directions[chosen], np.empty(len(self._directions))
        for start in range(0, len(found), _BLOCK):
            products = np.einsum("nd,kd->nk", self._directions[start : start + _BLOCK], taken)
            found[start : start + _BLOCK] = products.max(axis=1)
        return found


def select(
    embeddings: ArrayLike,
    relevance: Sequence[float] | NDArray[np.float64],
    keys: Sequence[str],
    count: int,
    weight: float = 1.0,
    *,
    exact: bool | None = None,
    neighbours: int = NEIGHBOURS,
) -> Chosen:
    """The `count` items (all, if there are fewer) that greedy maximal marginal relevance chooses, in its order.

    embeddings: (N, D), of any length, none of them zero; relevance: (N,); keys: N distinct strings, which settle ties (the
    smaller first) and make the choice independent of the input's order. `exact`: by default up to 20,000 items. ValueError
    for shapes and values that cannot be; MissingExtra where the index needs a package that is not installed.
    """
    return Items(embeddings, keys, exact=exact, neighbours=neighbours).select(relevance, count, weight)


def normalised(vectors: NDArray[np.floating], rows: NDArray[np.int64] | None = None) -> Vectors:
    """The directions of the vectors (in the order of `rows`), float32; ValueError for one without."""
    made = np.array(vectors if rows is None else vectors[rows], dtype=np.float32)
    lengths = np.sqrt(np.einsum("nd,nd->n", made, made))
    if not np.all(lengths > 0) or not np.all(np.isfinite(lengths)):
        raise ValueError("an embedding is zero or not finite, and has no direction")
    made /= lengths[:, None]
    return made


def centred(vectors: ArrayLike) -> NDArray[np.float64]:
    """The vectors less their mean: embeddings of many models lie in a narrow cone, where every cosine is above .7."""
    array = np.asarray(vectors, dtype=np.float64)
    return array - np.sort(array, axis=0).mean(axis=0)  # sorted, so that the sum does not depend on the input's order


def select_by_neighbours(found: Neighbours, relevance: NDArray[np.float64], count: int, weight: float) -> Chosen:
    """The greedy choice where only similarities to neighbours are known: in either direction, from the list of either."""
    total, (starts, sources) = len(relevance), _reversed(found)
    similar = _at_most(found)
    queue = [(-(value + weight * (1 - near)), place) for place, (value, near) in enumerate(zip(relevance, similar, strict=True))]
    heapq.heapify(queue)
    first = int(np.argmax(relevance))  # of equal ones the first, which has the smallest key
    chosen = Chosen([first], [1.0], [float(relevance[first] + weight)])
    open_ = np.ones(total, bool)
    _mark(first, found, starts, sources, similar, open_)
    while len(chosen.order) < min(count, total):
        value, place = heapq.heappop(queue)
        if not open_[place]:
            continue
        now = float(relevance[place] + weight * (1 - similar[place]))
        if -value > now:
            heapq.heappush(queue, (-now, place))
            continue
        chosen.order.append(place)
        chosen.diversity.append(float(1 - similar[place]))
        chosen.value.append(now)
        _mark(place, found, starts, sources, similar, open_)
    return chosen


def _exactly(directions: Vectors, relevance: NDArray[np.float64], count: int, weight: float) -> Chosen:
    total = len(relevance)
    similar = np.zeros(total)
    seen = np.zeros(total, np.int64)  # how many of the chosen each item was held against
    first = int(np.argmax(relevance))
    chosen = Chosen([first], [1.0], [float(relevance[first] + weight)])
    queue = [(-(float(value) + weight), place) for place, value in enumerate(relevance) if place != first]
    heapq.heapify(queue)
    taken = np.empty((min(count, total), directions.shape[1]), np.float32)
    taken[0] = directions[first]
    while len(chosen.order) < min(count, total):
        _, place = heapq.heappop(queue)
        size = len(chosen.order)
        if seen[place] < size:
            near = _largest(taken[seen[place] : size], directions[place])
            similar[place] = max(similar[place], near)
            seen[place] = size
            heapq.heappush(queue, (-float(relevance[place] + weight * (1 - similar[place])), place))
            continue
        taken[size] = directions[place]
        chosen.order.append(place)
        chosen.diversity.append(float(1 - similar[place]))
        chosen.value.append(float(relevance[place] + weight * (1 - similar[place])))
    return chosen


def _at_most(found: Neighbours) -> NDArray[np.float64]:
    """What an item's similarity to any that is not in its list comes to at most: that of the last one that is; in [0, 1]."""
    size = (found.places >= 0).sum(axis=1)
    last = found.similarities[np.arange(len(size)), np.maximum(size - 1, 0)].astype(np.float64)
    return np.clip(np.where(size > 0, last, 0.0), 0.0, 1.0)


def _similar_to(found: Neighbours, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """The largest similarity of each item to one of the chosen, as far as lists tell it: the item's own, or that of the other."""
    similar, is_chosen = _at_most(found), np.zeros(len(found.places), bool)
    is_chosen[chosen] = True
    for start in range(0, len(similar), _ROWS):
        some = slice(start, start + _ROWS)
        held = is_chosen[found.places[some]] & (found.places[some] >= 0)
        similar[some] = np.maximum(similar[some], np.where(held, found.similarities[some], 0.0).max(axis=1))
    own, theirs = found.places[chosen].ravel(), found.similarities[chosen].ravel()
    np.maximum.at(similar, own[own >= 0], theirs[own >= 0])
    return similar


def _largest(taken: Vectors, direction: Vectors) -> float:
    """The largest cosine, cut to [0, 1]; each is a sum of its own, so that it does not depend on the rows beside it."""
    products = np.einsum("nd,d->n", taken, direction)
    return float(min(max(float(products.max()), 0.0), 1.0))


def _reversed(found: Neighbours) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Who has an item in its list: `sources[starts[i] : starts[i + 1]]` are flat places in the lists, for item i."""
    flat = found.places.ravel()
    order = np.argsort(flat, kind="stable")
    order = order[np.searchsorted(flat[order], 0) :]  # without the empty places
    return np.searchsorted(flat[order], np.arange(len(found.places) + 1)), order


def _mark(
    place: int,
    found: Neighbours,
    starts: NDArray[np.int64],
    sources: NDArray[np.int64],
    similar: NDArray[np.float64],
    open_: NDArray[np.bool_],
) -> None:
    """The item is chosen: those near it are more similar to what is chosen than they were."""
    open_[place] = False
    own = found.places[place]
    some = own >= 0
    near = own[some]
    similar[near] = np.maximum(similar[near], np.clip(found.similarities[place][some], 0.0, 1.0))
    flat = sources[starts[place] : starts[place + 1]]
    others = flat // found.places.shape[1]
    similar[others] = np.maximum(similar[others], np.clip(found.similarities.ravel()[flat], 0.0, 1.0))


def _check(vectors: NDArray, keys: Sequence[str]) -> None:
    if vectors.ndim != 2 or len(keys) != len(vectors):
        raise ValueError(f"embeddings are (N, D), with N keys; got {vectors.shape} and {len(keys)} keys")
    if len(set(keys)) != len(keys):
        raise ValueError("keys are distinct: two items with one key cannot be told apart")


def _check_scores(scores: NDArray[np.float64], count: int, weight: float) -> None:
    if scores.shape != (count,):
        raise ValueError(f"relevances are one an item, {count}; got {scores.shape}")
    if not np.all(np.isfinite(scores)):
        raise ValueError("a relevance is not finite")
    if not 0 <= weight < np.inf:
        raise ValueError(f"weight is a number of 0 or above, got {weight:g}")
