"""What retrieval gains, chunk by chunk, and what goes with it: overlap, or nearness in an encoder's eyes.

Gain is exp(mean(loss OFF - loss ON)), the ratio of the two perplexities, over the tokens that could read neighbours: those of
all chunks but the first of each sequence, in which ON and OFF are equal. Of a chunk its logarithm is used, the mean difference in
nats.
"""

from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness_plugins.retro.analyses.intervals import Documents, Figure
from harness_plugins.retro.analyses.overlap import Overlap

EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Chunks whose overlap is at least `low` and below `high` (the last bin holds 1): their gain, and that of their tokens that
    occur in what they read and of the others."""

    low: float
    high: float
    gain: Figure
    copied: Figure
    others: Figure


class Correlation(msgspec.Struct, frozen=True, kw_only=True):
    """How a measure goes with the log gain of chunks."""

    measure: str
    spearman: Figure
    pearson: Figure


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The correlation of overlap minus that of another measure, over the same chunks in the same draws."""

    minus: str
    spearman: Figure
    pearson: Figure


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """Which measure explains the gain: correlations over `chunks` chunks that read something; `without` read nothing."""

    chunks: int
    without: int
    correlations: tuple[Correlation, ...]
    differences: tuple[Difference, ...]


def differences(off: NDArray[np.float32], on: NDArray[np.float32], counted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Loss OFF - loss ON of each token that counts (chunks, m), in nats; 0 elsewhere. ValueError where a loss is missing."""
    found = np.where(counted, off.astype(np.float64) - on.astype(np.float64), 0.0)
    if not np.isfinite(found).all():
        raise ValueError("a token that could read neighbours has no finite loss: losses are of other sequences than the overlap")
    return found


def gain_of(difference: NDArray[np.float64], some: NDArray[np.bool_], documents: Documents) -> Figure:
    """The gain of the tokens `some` (chunks, m), with its interval by document."""
    return documents.ratio(np.where(some, difference, 0.0).sum(axis=1), some.sum(axis=1).astype(np.float64), np.exp)


def chunk_gains(difference: NDArray[np.float64], counted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The log gain of each chunk (chunks,), in nats; nan where no token could read."""
    counts = counted.sum(axis=1)
    return np.where(counts > 0, difference.sum(axis=1) / np.maximum(counts, 1), np.nan)


def explained(
    difference: NDArray[np.float64],
    overlap: Overlap,
    document: NDArray[np.int64],
    distances: dict[str, NDArray[np.float64]],
    *,
    resamples: int,
    level: float,
    seed: int,
) -> Explained:
    """Correlations with the log gain of overlap and of minus each distance (chunks,), over chunks that read a neighbour and have
    every distance; intervals by `document` (chunks,)."""
    gains, shares = chunk_gains(difference, overlap.counted), overlap.shares
    could = np.isfinite(shares)
    used = could & overlap.read & np.logical_and.reduce([np.isfinite(values) for values in distances.values()] or [could])
    documents = Documents(document[used], resamples, level, seed)
    measures = {"overlap": shares, **{f"-{name}": -values for name, values in distances.items()}}
    found = {name: documents.correlations(values[used], gains[used]) for name, values in measures.items()}
    rows = tuple(Correlation(measure=name, **{kind: one[0] for kind, one in both.items()}) for name, both in found.items())
    apart = tuple(
        Difference(minus=name, **{kind: documents.difference(found["overlap"][kind], both[kind]) for kind in both})
        for name, both in found.items()
        if name != "overlap"
    )
    return Explained(chunks=int(used.sum()), without=int((could & ~used).sum()), correlations=rows, differences=apart)


def by_overlap(
    difference: NDArray[np.float64], overlap: Overlap, documents: Documents, edges: tuple[float, ...] = EDGES
) -> tuple[Bin, ...]:
    """Gains of chunks by their overlap, each chunk in one bin; bins without chunks say so."""
    shares = overlap.shares
    places = np.minimum(np.searchsorted(np.array(edges), np.nan_to_num(shares, nan=-1.0), side="right") - 1, len(edges) - 2)
    bins = []
    for place, (low, high) in enumerate(pairwise(edges)):
        mine = overlap.counted & (places == place)[:, None]
        parts = {"gain": mine, "copied": mine & overlap.copied, "others": mine & ~overlap.copied}
        bins.append(Bin(low=low, high=high, **{name: gain_of(difference, some, documents) for name, some in parts.items()}))
    return tuple(bins)
