"""Codebooks: k-means, and residual quantisation, in which each further codebook is fitted on what the ones before leave.

Which code a row gets does not depend on the batch, on threads or on the processor: where float32 products leave two codes closer
than their rounding can tell apart, both distances are computed in float64, and what is equal then goes to the lower code.
Lloyd 1982; seeding by Arthur & Vassilvitskii 2007 (k-means++); residual (multi-stage) quantisation as in Juang & Gray 1982.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROUNDS = 50
_SETTLED = 1e-4  # of the error: rounds that lower it by less end the search
_AT_ONCE = 2**16  # products that are held at a time, so that they stay in the processor's cache
_ROWS = 4096  # whose float64 copies are held at a time
_CHECKED = 8  # dimensions in which centres are compared before they are in all (`quantise_kernels.search` is written for so many)
_MOST = 64  # dimensions: of features with more, the ones that are compared first say little
_LOOKED = 16  # centres one in so many of which may be looked at in all dimensions; beyond, products of all are faster
_UNIT = 2.0**-24  # what rounding to float32 changes a number by, at most, as a share of it
_SEEDING = 16  # rows for each code that the first centres are drawn from, at most


@dataclass(frozen=True)
class Fit:
    """Codebooks (L, K, D), and of the rows that they were fitted on: how many fell to each code (L, K); `errors`: the mean
    squared distance of a row to what the first level, the first two, … say of it; `variance`: to the rows' mean; `distinct`: how
    many differ. `rounds` of each level."""

    codebooks: "NDArray[np.float32]"
    counts: "NDArray[np.int64]"
    errors: tuple[float, ...]
    variance: float
    distinct: int
    rounds: tuple[int, ...]


class Nearest:
    """Finds the nearest of K centres (K, D), all finite."""

    def __init__(self, centres: "NDArray[np.float32]") -> None:
        import numpy as np

        self.centres = np.ascontiguousarray(centres, np.float32)
        halves = np.einsum("kd,kd->k", self.centres.astype(np.float64), self.centres.astype(np.float64)) / 2
        self._halves = halves.astype(np.float32)
        self._columns = np.ascontiguousarray(self.centres.T)
        self._largest = float(np.sqrt(2 * halves.max()))
        self._terms = self.centres.shape[1] + 2
        self._sorted = _sorted(self.centres) if _CHECKED <= self.centres.shape[1] <= _MOST else None

    def of(self, rows: "NDArray[np.float32]", apart: int = 1) -> "NDArray[np.int64]":
        """The code (N,) of each row (N, D). `apart`: so many rows before, a row was likely alike, which is faster."""
        import numpy as np

        rows = np.ascontiguousarray(rows, np.float32)
        if self._sorted is None:
            return self._by_products(rows)
        from harness_plugins.video.tokenizer.quantise_kernels import search

        found = np.empty(len(rows), np.int64)
        codes, dimensions, columns = self._sorted
        most = max(len(self.centres) // _LOOKED, _LOOKED)
        for start in range(0, len(rows), _ROWS):
            part = slice(start, start + _ROWS)
            missed = search(rows[part], self.centres, codes, dimensions, columns, apart, most, found[part])
            if missed:
                left = np.flatnonzero(found[part] < 0)
                found[start + left] = self._by_products(rows[start + left])
        return found

    def _by_products(self, rows: "NDArray[np.float32]") -> "NDArray[np.int64]":
        """The same by products of all rows with all centres."""
        import numpy as np

        found = np.empty(len(rows), np.int64)
        step = max(16, _AT_ONCE // len(self.centres))
        room = np.empty((min(step, len(rows)), len(self.centres)), np.float32)  # new pages for each part would take longer
        # A product of D terms is off by D units of |row| |centre| at most, and half a squared length and the difference by a few;
        # so two codes whose scores are further apart than that, twice, are told apart
        lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows)).astype(np.float64)
        doubt = (2 * _UNIT * self._largest * (self._terms * lengths + 2 * self._largest)).astype(np.float32)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            scores = np.matmul(part, self._columns, out=room[: len(part)])
            scores -= self._halves
            codes = scores.argmax(axis=1)
            least = scores[np.arange(len(part)), codes] - doubt[start : start + step]
            close = scores >= least[:, None]
            if np.count_nonzero(close) > len(part):
                doubtful = np.flatnonzero(np.count_nonzero(close, axis=1) > 1)
                codes[doubtful] = self._exact(part[doubtful], close[doubtful])
            found[start : start + step] = codes
        return found

    def _exact(self, rows: "NDArray[np.float32]", close: "NDArray[np.bool_]") -> "NDArray[np.int64]":
        """The nearest among the codes that are `close` (N, K), one at least for each row."""
        import numpy as np

        from harness_plugins.video.tokenizer.quantise_kernels import distances as reckon

        at, codes = np.nonzero(close)
        distances = np.empty(len(at))
        reckon(rows, self.centres, at, codes, distances)
        order = np.lexsort((codes, distances, at))
        firsts = order[np.flatnonzero(np.diff(at[order], prepend=-1))]
        chosen: NDArray[np.int64] = codes[firsts]
        return chosen


def _sorted(centres: "NDArray[np.float32]") -> "tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]":
    """What `quantise_kernels.search` reads of centres: codes, dimensions, columns."""
    import numpy as np

    spread = centres.astype(np.float64).var(axis=0)
    dimensions = np.lexsort((np.arange(len(spread)), -spread))[:_CHECKED]
    codes = np.lexsort((np.arange(len(centres)), centres[:, dimensions[0]]))
    return codes, dimensions, np.ascontiguousarray(centres[codes][:, dimensions].T)


def squared(rows: "NDArray[np.float32]", others: "NDArray[Any]") -> "NDArray[np.float64]":
    """Squared distances (N,) of rows (N, D) to as many others, or to one (1, D), in float64."""
    import numpy as np

    total = np.empty(len(rows))
    for start in range(0, len(rows), _ROWS):
        part = slice(start, start + _ROWS)
        apart = np.subtract(rows[part], others if len(others) == 1 else others[part], dtype=np.float64)
        total[part] = np.square(apart, out=apart).sum(axis=1)
    return total


def encode(rows: "NDArray[np.float32]", books: "list[Nearest]", apart: int = 1) -> "NDArray[np.int32]":
    """The codes (N, L) of rows (N, D), one of each level; each level tells what the ones before leave. `apart`: of a frame."""
    import numpy as np

    found = np.empty((len(rows), len(books)), np.int32)
    for level, book in enumerate(books):
        codes = book.of(rows, apart)
        found[:, level] = codes
        if level + 1 < len(books):
            rows = rows - book.centres[codes]
    return found


def fit(rows: "NDArray[np.float32]", codes: int, levels: int, seed: int) -> Fit:
    """Codebooks fitted on rows (N, D), the same for the same rows in the same order; ValueError where rows are fewer than codes.

    A code that no row falls to is put where a row is served worst. Rows that are all alike leave codes over: they repeat.
    """
    import numpy as np

    rows = np.ascontiguousarray(rows, np.float32)
    if len(rows) < codes:
        raise ValueError(f"{codes} codes cannot be fitted on {len(rows)} patches")
    if not np.isfinite(rows).all():
        raise ValueError("features are not finite")
    variance = variance_of(rows)
    distinct = len(np.unique(rows, axis=0))
    books, counts, errors, rounds = [], [], [], []
    rest = rows
    for level in range(levels):
        centres, taken = kmeans(rest, codes, np.random.default_rng([seed, level]))
        found = Nearest(centres).of(rest)
        rest = rest - centres[found]
        books.append(centres)
        counts.append(np.bincount(found, minlength=codes))
        errors.append(float(squared(rest, np.zeros((1, rest.shape[1]), np.float32)).mean()))
        rounds.append(taken)
    return Fit(np.stack(books), np.stack(counts), tuple(errors), variance, distinct, tuple(rounds))


def variance_of(rows: "NDArray[np.float32]") -> float:
    """The mean squared distance of rows (N, D) to their mean."""
    import numpy as np

    return float(squared(rows, rows.mean(axis=0, dtype=np.float64)[None]).mean())


def kmeans(
    rows: "NDArray[np.float32]", codes: int, draw: "np.random.Generator", rounds: int = ROUNDS
) -> "tuple[NDArray[np.float32], int]":
    """Centres (K, D) of rows (N, D), N ≥ K, and how many rounds it took."""
    import numpy as np

    chosen = rows
    if len(rows) > _SEEDING * codes:
        chosen = rows[np.sort(draw.choice(len(rows), _SEEDING * codes, replace=False))]
    return lloyd(rows, first_centres(chosen, codes, draw), rounds)


def lloyd(rows: "NDArray[np.float32]", centres: "NDArray[np.float32]", rounds: int = ROUNDS) -> "tuple[NDArray[np.float32], int]":
    """Moves centres (K, D) to the means of their rows until none moves, or hardly: the centres, and after how many rounds."""
    import numpy as np

    before = np.inf
    for taken in range(1, rounds + 1):
        found = Nearest(centres).of(rows)
        distances = squared(rows, centres[found])
        error = float(distances.sum())
        moved = means(rows, found, centres)
        empty = np.flatnonzero(np.bincount(found, minlength=len(centres)) == 0)
        worst = np.lexsort((np.arange(len(rows)), -distances))[: len(empty)]
        worst = worst[distances[worst] > 0]  # rows that are told exactly need no code of their own
        moved[empty[: len(worst)]] = rows[worst]
        if (moved == centres).all() or (not len(worst) and error >= (1 - _SETTLED) * before):
            return moved, taken
        centres, before = moved, error
    return centres, rounds


def means(rows: "NDArray[np.float32]", found: "NDArray[np.int64]", before: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """The mean (K, D) of the rows of each code, summed in float64 in their order; a code without rows stays where it was."""
    import numpy as np

    order = np.argsort(found, kind="stable")
    codes, firsts, counts = np.unique(found[order], return_index=True, return_counts=True)
    moved = before.copy()
    # In portions of columns: float64 copies of all rows at once would take a lot of room
    for start in range(0, rows.shape[1], 64):
        columns = rows[:, start : start + 64].astype(np.float64)[order]
        moved[codes, start : start + 64] = np.add.reduceat(columns, firsts, axis=0) / counts[:, None]
    return moved


def first_centres(rows: "NDArray[np.float32]", codes: int, draw: "np.random.Generator") -> "NDArray[np.float32]":
    """Rows (K, D), each drawn with a chance by its squared distance to the nearest one drawn before (k-means++)."""
    import numpy as np

    centres = np.empty((codes, rows.shape[1]), np.float32)
    centres[0] = rows[draw.integers(len(rows))]
    nearest = np.full(len(rows), np.inf, np.float32)
    for code in range(1, codes):
        apart = rows - centres[code - 1]
        np.minimum(nearest, np.einsum("nd,nd->n", apart, apart), out=nearest)
        chances = np.cumsum(nearest, dtype=np.float64)
        if chances[-1] > 0:
            place = int(np.searchsorted(chances, draw.random() * chances[-1], side="right"))
            centres[code] = rows[min(place, len(rows) - 1)]
        else:  # fewer rows that differ than codes
            centres[code] = centres[0]
    return centres
