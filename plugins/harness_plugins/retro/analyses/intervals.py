"""Figures with intervals by document: whole documents are drawn again, since the chunks of one are alike."""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.meta.correlation import midranks, moments, ratio_of, resampled_pearson, resampled_spearman
from harness.meta.pairs import Floats, Ints
from harness.meta.resampling import Resampler, in_chunks

LEVEL = 0.95
RESAMPLES = 1000


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A value with its percentile interval over documents, and what it was computed from. None: not defined; `note` says why."""

    value: float | None
    low: float | None = None
    high: float | None = None
    tokens: int | None = None
    chunks: int | None = None
    documents: int = 0
    note: str | None = None


class Documents:
    """Draws documents again. `of` (N,): the document of each chunk (any numbers)."""

    def __init__(self, of: NDArray[np.int64], resamples: int = RESAMPLES, level: float = LEVEL, seed: int = 0) -> None:
        _, codes = np.unique(of, return_inverse=True)
        self.codes: Ints = codes.astype(np.int64)
        self.count = int(codes.max(initial=-1)) + 1
        self._resampler = Resampler(self.codes, self.count, resamples, level, seed)

    def ratio(self, sums: Floats, counts: Floats, change: Callable[[Floats], Floats] | None = None) -> Figure:
        """sum(sums) / sum(counts) of chunks (N,), then `change`d (exp, say), with its interval; `tokens` is the sum of counts."""
        total = float(counts.sum())
        held = len(np.unique(self.codes[counts > 0]))
        if not total:
            return Figure(value=None, tokens=0, chunks=0, documents=0, note="there is no token of this kind")
        by_document = [np.bincount(self.codes, values, self.count).astype(np.float64) for values in (sums, counts)]
        drawn, drawn_counts = (self._resampler.weigh(values) for values in by_document)
        with np.errstate(invalid="ignore", divide="ignore"):
            values = np.where(drawn_counts > 0, drawn / drawn_counts, np.nan)
        turn = change or (lambda value: value)
        low, high = self._interval(turn(values), held)
        note = None if low is not None else _few(held)
        value = float(turn(np.array(float(sums.sum()) / total)))
        chunks = int((counts > 0).sum())
        return Figure(value=value, low=low, high=high, tokens=int(total), chunks=chunks, documents=held, note=note)

    def correlations(self, x: Floats, y: Floats) -> dict[str, tuple[Figure, Floats]]:
        """`spearman` and `pearson` of chunks' x and y (N,), each with its value in every draw."""
        both = {"spearman": resampled_spearman, "pearson": resampled_pearson}
        return {name: self._correlation(x, y, name, draw) for name, draw in both.items()}

    def _correlation(self, x: Floats, y: Floats, name: str, resampled: Callable[..., Floats]) -> tuple[Figure, Floats]:
        none = np.full(self._resampler.resamples, np.nan)
        counts: dict[str, Any] = {"chunks": len(x), "documents": self.count}
        if len(x) < 2:
            return Figure(value=None, note="there are fewer than two chunks", **counts), none
        if x.min() == x.max() or y.min() == y.max():
            return Figure(value=None, note="one side has the same value everywhere", **counts), none
        a, b = (x, y) if name == "pearson" else (_ranks(x), _ranks(y))
        value = ratio_of(_moments(a, b))
        values = in_chunks(lambda rows: resampled(self._resampler.some_weights(rows), self.codes, x, y), len(none), self.count)
        low, high = self._interval(values, self.count)
        note = None if low is not None else _few(self.count)
        return Figure(value=float(value), low=low, high=high, note=note, **counts), values

    def difference(self, one: tuple[Figure, Floats], other: tuple[Figure, Floats]) -> Figure:
        """The first correlation minus the second, with the interval of their difference in the same draws."""
        (first, first_drawn), (second, second_drawn) = one, other
        counts: dict[str, Any] = {"chunks": first.chunks, "documents": self.count}
        if first.value is None or second.value is None:
            return Figure(value=None, note="one of the two correlations is not defined", **counts)
        low, high = self._interval(first_drawn - second_drawn, self.count)
        note = None if low is not None else _few(self.count)
        return Figure(value=first.value - second.value, low=low, high=high, note=note, **counts)

    def _interval(self, values: Floats, held: int) -> tuple[float | None, float | None]:
        return self._resampler.interval(values) if held > 1 else (None, None)


def _ranks(values: Floats) -> Floats:
    return midranks(np.zeros(len(values), np.int64), values)


def _moments(x: Floats, y: Floats) -> Floats:
    return moments(np.zeros(len(x), np.int64), x, y, 1)[0]


def _few(documents: int) -> str:
    what = "one document" if documents == 1 else f"{documents} documents"
    return f"no interval: {what} cannot be drawn again" if documents < 2 else "no interval: undefined in most draws"
