"""Two models on the same items: the mean difference with its interval, a paired test, and on how many items each was better."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import erfc, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from harness.leaderboard.html.answers import TaskAnswers
from harness.meta.significance import draws_needed, holm, sign_flip

MOST_ROWS = 2_000  # lines of all pairs together
_WANTED = 2_000  # sign flips
_MANY = 2_000  # clusters from which the distribution of sign flips is taken as normal

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """One column of two models: `value` is the first minus the second over the items that both did. `p` is Holm's over a pair's
    columns; None, like the interval, where the metric has no value of single items."""

    column: str
    first: float | None
    second: float | None
    value: float | None
    low: float | None
    high: float | None
    p: float | None
    items: int
    first_better: int
    second_better: int


Pair = tuple[int, int]


def pairs_shown(models: int, columns: int) -> list[Pair]:
    """Pairs of the models that stand first, as many as a page can bear."""
    most = models
    while most > 2 and most * (most - 1) // 2 * max(1, columns) > MOST_ROWS:
        most -= 1
    return list(combinations(range(most), 2))


def differences(
    answers: TaskAnswers, pairs: Sequence[Pair], *, seed: int, resamples: int, confidence: float, tested: int
) -> dict[Pair, list[Difference]]:
    """Each pair on each column of a task, with p of the single test. `tested`: columns of a pair, which share the error.

    Intervals and tests go by cluster (by item where there are none): percentiles of resampled means, and flipped signs; of many
    clusters the normal distribution that both come to.
    """
    found: dict[Pair, list[Difference]] = {pair: [] for pair in pairs}
    draws = draws_needed(tested, 1 - confidence, _WANTED)
    for column in answers.columns:
        values = answers.values[column.key]
        known = np.isfinite(values)
        alike: dict[bytes, list[Pair]] = {}  # pairs over the same items are computed together
        for pair in pairs:
            alike.setdefault((known[pair[0]] & known[pair[1]]).tobytes(), []).append(pair)
        for together in alike.values():
            both = known[together[0][0]] & known[together[0][1]]
            gaps = np.stack([values[a][both] - values[b][both] for a, b in together], axis=1)
            sums, sizes = _by_cluster(gaps, answers.clusters[both])
            lows, highs = _intervals(sums, sizes, seed, resamples, confidence)
            p_values = _tests(sums, draws, seed)
            sign = 1.0 if column.higher_is_better else -1.0
            for place, pair in enumerate(together):
                means = [float(values[one][both].mean()) if both.any() else None for one in pair]
                gap = gaps[:, place]
                found[pair].append(
                    Difference(
                        column=column.key,
                        first=means[0],
                        second=means[1],
                        value=float(gap.mean()) if len(gap) else None,
                        low=lows[place],
                        high=highs[place],
                        p=p_values[place],
                        items=len(gap),
                        first_better=int((sign * gap > 0).sum()),
                        second_better=int((sign * gap < 0).sum()),
                    )
                )
    return found


def adjusted(rows: Sequence[Difference]) -> list[Difference]:
    """The rows of one pair with Holm's p over those that were tested."""
    tested = [place for place, row in enumerate(rows) if row.p is not None]
    found = dict(zip(tested, holm([rows[place].p or 0.0 for place in tested]), strict=True))
    return [replace(row, p=found.get(place)) for place, row in enumerate(rows)]


def _by_cluster(gaps: Floats, clusters: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Summed differences of each cluster, shape (clusters, pairs), and the clusters' numbers of items."""
    names, member = np.unique(clusters, return_inverse=True)
    sums = np.zeros((len(names), gaps.shape[1]))
    np.add.at(sums, member, gaps)
    return sums, np.bincount(member, minlength=len(names)).astype(float)


def _intervals(
    sums: Floats, sizes: Floats, seed: int, resamples: int, confidence: float
) -> tuple[list[float | None], list[float | None]]:
    n, n_pairs = sums.shape
    if n < 2 or resamples < 1:
        return [None] * n_pairs, [None] * n_pairs
    tail = (1 - confidence) / 2
    if n >= _MANY:
        mean = sums.sum(axis=0) / sizes.sum()
        left = sums - mean * sizes[:, None]
        half = NormalDist().inv_cdf(1 - tail) * np.sqrt(np.square(left).sum(axis=0) * n / (n - 1)) / sizes.sum()
        return list(map(float, mean - half)), list(map(float, mean + half))
    rng = np.random.default_rng([seed, 3])
    times = rng.multinomial(n, np.full(n, 1 / n), size=resamples).astype(float)
    means = (times @ sums) / (times @ sizes)[:, None]
    low, high = np.quantile(means, [tail, 1 - tail], axis=0)
    return list(map(float, low)), list(map(float, high))


def _tests(sums: Floats, draws: int, seed: int) -> list[float | None]:
    n, n_pairs = sums.shape
    if n < 2:
        return [None] * n_pairs
    if n < _MANY:
        return list(map(float, sign_flip(sums, draws, seed)))
    sizes = np.sqrt(np.square(sums).sum(axis=0))
    return [erfc(abs(total) / size / sqrt(2)) if size else 1.0 for total, size in zip(sums.sum(axis=0), sizes, strict=True)]
