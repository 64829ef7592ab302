"""Comparison of metrics with each other in one cell: differences with intervals, tests, Holm within a family, rank clusters."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.meta.calibration import integer_weights
from harness.meta.columns import Column
from harness.meta.judging import Cell, Judged, estimate
from harness.meta.options import MetaOptions
from harness.meta.pairs import Bools, Floats, sums_by
from harness.meta.significance import centred_bootstrap, draws_needed, holm, pair_swap, rank_clusters, score_swap, sign_flip
from harness.meta.support import Estimate

Key = tuple[str, str]


@dataclass(frozen=True)
class Difference:
    """Calibrated accuracy of `first` minus `second` on the pairs that both scored."""

    first: Column
    second: Column
    value: float
    low: float | None
    high: float | None
    support: Estimate
    p: float
    p_adjusted: float


def compare(
    cell: Cell,
    columns: Sequence[Column],
    judged: Mapping[Key, Judged],
    options: MetaOptions,
    within_clusters: bool,
    accuracies: Mapping[Key, Estimate],
) -> list[Difference]:
    """All differences between two metrics, and between a metric and a sentinel: two families, each corrected by Holm.

    `accuracies`: calibrated accuracy on each metric's own pairs; `within_clusters`: every group lies in one cluster (item
    grouping), so that signs can be flipped; else a centred bootstrap.
    """
    metrics = [column for column in columns if column.ranked and not column.sentinel]
    sentinels = [column for column in columns if column.sentinel]
    families = [list(combinations(metrics, 2)), [(metric, sentinel) for metric in metrics for sentinel in sentinels]]
    found: list[Difference] = []
    for family in families:
        measured = [_measure(cell, pair, judged, accuracies) for pair in family]
        usable = [(pair, item) for pair, item in zip(family, measured, strict=True) if item is not None]
        draws = draws_needed(len(usable), options.alpha, options.draws)
        p_values = list(_tests(cell, usable, judged, options, draws, within_clusters))
        for (pair, item), p, adjusted in zip(usable, p_values, holm(p_values), strict=True):
            value, low, high, _, support, _ = item
            found.append(Difference(*pair, value, low, high, support, p, adjusted))
    return found


def ranks(
    columns: Sequence[Column], order: Mapping[Key, float], differences: Sequence[Difference], alpha: float
) -> dict[Key, int]:
    """Rank cluster of each ranked metric; `order` is what they are sorted by, descending (ties by signature)."""
    beats: set[tuple[Key, Key]] = set()
    for difference in differences:
        if difference.p_adjusted < alpha and difference.value != 0:
            pair = (difference.first.key, difference.second.key)
            beats.add(pair if difference.value > 0 else pair[::-1])
    ranked = sorted(
        (c.key for c in columns if c.ranked and not c.sentinel and c.key in order), key=lambda key: (-order[key], key)
    )
    return rank_clusters(ranked, beats)


_Measured = tuple[float, float | None, float | None, Floats | None, Estimate, Bools]


def _measure(
    cell: Cell, pair: tuple[Column, Column], judged: Mapping[Key, Judged], accuracies: Mapping[Key, Estimate]
) -> _Measured | None:
    """(difference, low, high, resampled differences, support, common pairs), or None without a common pair."""
    one, two = (judged[column.key] for column in pair)
    common = one.valid & two.valid
    sides = []
    for column, result in zip(pair, (one, two), strict=True):
        own = accuracies[column.key] if np.array_equal(common, result.valid) else None
        sides.append(own or estimate(cell, result.right["accuracy"], common, result.scale))
    a, b = sides
    if a.value is None or b.value is None:
        return None
    low = high = resampled = None
    if a.resampled is not None and b.resampled is not None:
        resampled = a.resampled - b.resampled
        low, high = cell.resampler.interval(resampled)
    return a.value - b.value, low, high, resampled, a, common


def _tests(
    cell: Cell,
    family: Sequence[tuple[tuple[Column, Column], _Measured]],
    judged: Mapping[Key, Judged],
    options: MetaOptions,
    draws: int,
    within_clusters: bool,
) -> Iterator[float]:
    if not family:
        return
    if not within_clusters or options.test == "bootstrap":
        for _, (value, _, _, resampled, _, _) in family:
            yield 1.0 if resampled is None else centred_bootstrap(resampled, value)
    elif options.test == "sign-flip":
        columns = [_cluster_differences(cell, pair, judged, measured[5]) for pair, measured in family]
        yield from map(float, sign_flip(np.stack(columns, axis=1), draws, options.seed))
    else:
        for pair, measured in family:
            yield _named_test(cell, pair, judged, options, draws, measured[5])


def _named_test(
    cell: Cell, pair: tuple[Column, Column], judged: Mapping[Key, Judged], options: MetaOptions, draws: int, common: Bools
) -> float:
    first, second = (column.values for column in pair)
    if options.test == "pair-swap" or first is None or second is None:
        return pair_swap(_weighted_differences(cell, pair, judged, common), draws, options.seed)
    pairs = cell.pairs if common.all() else cell.pairs.where(common)
    scored = np.isfinite(first) & np.isfinite(second)
    one, two = np.where(scored, first, 0.0), np.where(scored, second, 0.0)
    reached = np.unique(np.concatenate([pairs.left, pairs.right]))
    place = np.zeros(len(first), dtype=np.int64)
    place[reached] = np.arange(len(reached))
    packed = type(pairs)(place[pairs.left], place[pairs.right], pairs.group, pairs.n_groups)
    return score_swap(packed, cell.signs[common], one[reached], two[reached], draws, options.seed)


def _weighted_differences(cell: Cell, pair: tuple[Column, Column], judged: Mapping[Key, Judged], common: Bools) -> Floats:
    """Per common pair, right(first) - right(second) over the size of its group, in whole numbers where they fit; shape (P',)."""
    one, two = (judged[column.key] for column in pair)
    difference = one.right["accuracy"][common] * two.scale - two.right["accuracy"][common] * one.scale
    group = cell.pairs.group[common]
    sizes = np.bincount(group, minlength=cell.pairs.n_groups)
    whole = integer_weights(sizes)
    weights = 1 / np.maximum(sizes, 1) if whole is None else whole
    return (difference * weights[group]).astype(np.float64)


def _cluster_differences(cell: Cell, pair: tuple[Column, Column], judged: Mapping[Key, Judged], common: Bools) -> Floats:
    """Summed differences per cluster, shape (n_clusters,)."""
    cluster = cell.resampler.cluster[cell.pairs.left[common]]
    return sums_by(cluster, _weighted_differences(cell, pair, judged, common), cell.resampler.n_clusters)
