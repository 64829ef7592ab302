"""Neighbours of a given overlap with the chunk that is predicted while they are read: chosen among many, or edited.

Overlap is that of `analyses.overlap`: of a chunk's token positions the share whose id occurs in the neighbours of the chunk
before it, with their continuations. To choose or to edit neighbours by it the chunk to be predicted has to be looked at: what a
model gains from such neighbours is partly leakage, by construction. That is the experiment (Doostmohammadi and Kuhlmann 2025,
arXiv 2505.14309), not a retriever.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from harness.errors import InputError
from harness_plugins.retro.analyses.overlap import occurs
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.given import following_chunks, table_of_texts
from harness_plugins.retro.neighbours import NeighbourTable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BLOCK = 512  # chunks at once
_POOL = 4096  # chunks whose tokens are what is put in the place of others


@dataclass(frozen=True)
class Controlled:
    """A table of neighbours of a wanted overlap: `shares` (chunks,), the overlap that each chunk now has with what it reads, and
    `before`, what it had; nan for a chunk that is the first of its document, which reads nothing."""

    table: NeighbourTable
    wanted: float
    shares: "NDArray[np.float64]"
    before: "NDArray[np.float64]"

    @property
    def mean(self) -> float:
        """The mean overlap of the chunks that read; nan if none does."""
        import numpy as np

        read = self.shares[~np.isnan(self.shares)]
        return float(read.mean()) if len(read) else float("nan")


def chosen_overlap(
    corpus: Database, deep: NeighbourTable, level: float, k: int, report: Callable[..., None] | None = None
) -> Controlled:
    """The k of a deep table's neighbours that together bring the overlap nearest to the level: natural text, so far as there is
    any of that overlap. Neighbours are added one by one, each the one that comes nearest; of equally near ones the better
    neighbour. Raises InputError for a level outside 0 to 1, or a table of fewer than k."""
    import numpy as np

    _check_level(level)
    deep.first(k)
    target = following_chunks(corpus)
    numbers = deep.numbers[:, :k].copy()
    scores = deep.scores[:, :k].copy()
    shares, before = np.full(corpus.chunks, np.nan), np.full(corpus.chunks, np.nan)
    for rows, tokens, real in _targets(corpus, target, report):
        found, mask = deep.database.with_continuation(deep.numbers[rows])  # (N, D, 2m)
        count, depth, width = found.shape
        cover = occurs(np.repeat(tokens, depth, axis=0), found.reshape(-1, width), mask.reshape(-1, width))
        cover = cover.reshape(count, depth, -1) & real[:, None]
        total = real.sum(axis=1)
        before[target[rows]] = cover[:, :k].any(axis=1).sum(axis=1) / total
        covered, free = np.zeros_like(real), deep.numbers[rows] >= 0
        for place in range(k):
            each = (cover | covered[:, None]).sum(axis=2) / total[:, None]
            best = np.where(free, np.abs(each - level), np.inf).argmin(axis=1)
            some = free[np.arange(count), best]
            numbers[rows, place] = np.where(some, deep.numbers[rows, best], -1)
            scores[rows, place] = np.where(some, deep.scores[rows, best], np.nan)
            covered |= cover[np.arange(count), best] & some[:, None]
            free[np.arange(count), best] = False
        shares[target[rows]] = covered.sum(axis=1) / total
    signature = f"{deep.info.signature}|chosen-overlap:{level:g}|depth:{deep.k}"
    info = msgspec.structs.replace(deep.info, signature=signature, k=k)
    return Controlled(replace(deep, numbers=numbers, scores=scores, info=info, path=None), level, shares, before)


def edited_overlap(
    corpus: Database, table: NeighbourTable, level: float, *, seed: int = 0, report: Callable[..., None] | None = None
) -> Controlled:
    """The table's neighbours with as many tokens replaced as bring the overlap of each chunk to the level.

    A chunk of n tokens is to have level · n overlapping positions, rounded at random so that the mean is right. Where its
    neighbours have more, types of tokens are drawn to stay until the number is reached, and all others that the chunk has are
    replaced wherever they stand by tokens drawn from the corpus that the chunk does not have. Where they have fewer, types of the
    chunk are drawn, and each of their tokens is written into a neighbour, in the place of one that does not overlap: at its own
    place in a continuation where that can be, else anywhere. A chunk whose predecessor has no neighbours stays as it is. What is
    drawn depends on the seed and the chunk alone. Raises InputError for a level outside 0 to 1.
    """
    import numpy as np

    _check_level(level)
    target = following_chunks(corpus)
    found, mask = table.database.with_continuation(table.numbers)
    tokens, mask = found.copy(), mask.copy()
    pool = _pool(corpus)
    shares, before = np.full(corpus.chunks, np.nan), np.full(corpus.chunks, np.nan)
    for rows, wanted, real in _targets(corpus, target, report):
        total = real.sum(axis=1)
        flat = (len(rows), -1)
        before[target[rows]] = (occurs(wanted, tokens[rows].reshape(flat), mask[rows].reshape(flat)) & real).sum(1) / total
        for row, chunk, count in zip(rows.tolist(), wanted, total.tolist(), strict=True):
            random = np.random.default_rng([seed, row])
            _edit(tokens[row], mask[row], chunk[:count], _rounded(level * count, random), pool, random)
        shares[target[rows]] = (occurs(wanted, tokens[rows].reshape(flat), mask[rows].reshape(flat)) & real).sum(1) / total
    signature = f"{table.info.signature}|edited-overlap:{level:g}|seed:{seed}"
    return Controlled(table_of_texts(corpus, tokens, mask, signature, table.scores), level, shares, before)


def _targets(
    corpus: Database, target: "NDArray[np.int64]", report: Callable[..., None] | None
) -> "Iterator[tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.bool_]]]":
    """Chunks that have a next one (N,), the next one's tokens (N, m), and which of them are tokens; some at a time."""
    import numpy as np

    every = np.flatnonzero(target >= 0)
    for start in range(0, len(every), _BLOCK):
        rows = every[start : start + _BLOCK]
        tokens, lengths = corpus.tokens(target[rows])
        yield rows, tokens, np.arange(corpus.chunk) < lengths[:, None]
        if report is not None:
            report("overlap", min(start + _BLOCK, len(every)), len(every))


def _edit(
    tokens: "NDArray[np.int32]",
    mask: "NDArray[np.bool_]",
    chunk: "NDArray[np.int32]",
    goal: int,
    pool: "NDArray[np.int32]",
    random: "np.random.Generator",
) -> None:
    """Changes neighbours (k, 2m) in place, until `goal` positions of the chunk (n,) have a token that occurs in them."""
    import numpy as np

    types, inverse, counts = np.unique(chunk, return_inverse=True, return_counts=True)
    here = np.isin(types, tokens[mask])
    left = goal - int(counts[here].sum())
    if left < 0:
        dropped = types[here & ~_drawn(here, counts, goal, random)]
        places = mask & np.isin(tokens, dropped)
        draw = random.choice(pool, 4 * int(places.sum()) + 64)
        fit = draw[~np.isin(draw, chunk)]
        if len(fit) >= places.sum():
            tokens[places] = fit[: places.sum()]
        else:  # next to all of the corpus's tokens are of this chunk
            mask[places] = False
    elif left > 0:
        _write(tokens, mask, chunk, _drawn(~here, counts, left, random)[inverse], random)


def _drawn(
    candidates: "NDArray[np.bool_]", counts: "NDArray[np.int64]", most: int, random: "np.random.Generator"
) -> "NDArray[np.bool_]":
    """Candidates drawn at random, as long as their counts stay within `most`."""
    import numpy as np

    chosen = np.zeros_like(candidates)
    for place in random.permutation(np.flatnonzero(candidates)).tolist():
        if counts[place] <= most:
            chosen[place] = True
            most -= int(counts[place])
    return chosen


def _write(
    tokens: "NDArray[np.int32]",
    mask: "NDArray[np.bool_]",
    chunk: "NDArray[np.int32]",
    chosen: "NDArray[np.bool_]",
    random: "np.random.Generator",
) -> None:
    """Writes the chosen tokens of the chunk into the neighbours, over tokens that the chunk does not have."""
    import numpy as np

    free = mask & ~np.isin(tokens, chunk)
    half = tokens.shape[1] // 2
    first = np.unique(np.where(chosen, chunk, -1), return_index=True)[
        1
    ]  # one token of a type is enough, where there is little room
    for place in [*first[chosen[first]].tolist(), *np.setdiff1d(np.flatnonzero(chosen), first).tolist()]:
        mine = np.flatnonzero(free[:, half + place])
        if len(mine):
            at = (int(random.choice(mine)), half + place)
        else:
            rest = np.flatnonzero(free)
            if not len(rest):
                return
            at = divmod(int(random.choice(rest)), tokens.shape[1])
        tokens[at], free[at] = chunk[place], False


def _rounded(number: float, random: "np.random.Generator") -> int:
    """One of the two whole numbers beside it, at random so that the mean is the number."""
    whole = int(number)
    return whole + int(random.random() < number - whole)


def _pool(corpus: Database) -> "NDArray[np.int32]":
    """Tokens of chunks from all over the corpus."""
    import numpy as np

    some = np.unique(np.linspace(0, max(corpus.chunks - 1, 0), min(_POOL, corpus.chunks)).astype(np.int64))
    tokens, lengths = corpus.tokens(some)
    return tokens[np.arange(corpus.chunk) < lengths[:, None]]


def _check_level(level: float) -> None:
    if not 0 <= level <= 1:
        raise InputError(f"an overlap is a share of a chunk's tokens, from 0 to 1; got {level!r}")
