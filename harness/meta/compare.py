"""Comparison of metrics with each other in one cell: differences with intervals, tests, Holm within a family, rank clusters."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.meta.calibration import integer_weights
from harness.meta.columns import Column
from harness.meta.judging import Cell, Judged, eligible_pairs, estimate
from harness.meta.options import MetaOptions
from harness.meta.pairs import Bools, Floats, sums_by, sums_in_groups
from harness.meta.significance import centred_bootstrap, draws_needed, holm, pair_swap, rank_clusters, score_swap, sign_flip
from harness.meta.support import Estimate

Key = tuple[str, str]
Columns = tuple[Column, Column]


@dataclass(frozen=True)
class Difference:
    """Calibrated accuracy of `first` minus `second` on `pairs` (shape (P,)).

    `support` is "common" for the pairs that both scored, "missing-wrong" for all that both are about, missing ones being wrong.
    """

    first: Column
    second: Column
    support: str
    pairs: Bools
    value: float
    low: float | None
    high: float | None
    p: float
    p_adjusted: float

    @property
    def key(self) -> tuple[Key, Key, str]:
        """What identifies the difference in its cell."""
        return self.first.key, self.second.key, self.support


@dataclass(frozen=True)
class _Measured:
    columns: Columns
    support: str
    pairs: Bools
    value: float
    low: float | None
    high: float | None
    resampled: Floats | None

    @property
    def key(self) -> tuple[Key, Key, str]:
        first, second = self.columns
        return first.key, second.key, self.support


def compare(
    cell: Cell,
    columns: Sequence[Column],
    judged: Mapping[Key, Judged],
    options: MetaOptions,
    within_clusters: bool,
    accuracies: Mapping[Key, Estimate],
) -> list[Difference]:
    """All differences between two metrics, and between a metric and a sentinel: two families, each corrected by Holm.

    Where scores are missing there is a second difference that counts them as wrong. It takes the place of the first one in the
    correction of its family, and the first one is corrected among the differences on common pairs.

    `accuracies`: calibrated accuracy on each metric's own pairs; `within_clusters`: every group lies in one cluster (item
    grouping), so that signs can be flipped; else a centred bootstrap.
    """
    found: list[Difference] = []
    for family in families(columns):
        common = [_on_common_pairs(cell, pair, judged, accuracies) for pair in family]
        bounds = [_with_missing_wrong(cell, pair, judged) for pair in family]
        draws = draws_needed(len(family), options.alpha, options.draws)
        measured = [item for item in (*common, *bounds) if item is not None]
        p_values = list(_tests(cell, measured, judged, options, draws, within_clusters))
        p_of = {item.key: p for item, p in zip(measured, p_values, strict=True)}
        deciding = [bound or one for bound, one in zip(bounds, common, strict=True)]
        for correction in (deciding, common):
            corrected = [item for item in correction if item is not None]
            adjusted = holm([p_of[item.key] for item in corrected])
            rows = [_difference(item, p_of[item.key], p) for item, p in zip(corrected, adjusted, strict=True)]
            known = {row.key for row in found}
            found += [row for row in rows if row.key not in known]
    return found


def families(columns: Sequence[Column]) -> tuple[list[Columns], list[Columns]]:
    """All pairs of two metrics, and all of a metric and a sentinel."""
    metrics = [column for column in columns if column.ranked and not column.sentinel]
    sentinels = [column for column in columns if column.sentinel]
    return list(combinations(metrics, 2)), [(metric, sentinel) for metric in metrics for sentinel in sentinels]


def ranks(
    columns: Sequence[Column], order: Mapping[Key, float], differences: Sequence[Difference], alpha: float
) -> dict[Key, int]:
    """Rank cluster of each ranked metric; `order` is what they are sorted by, descending (ties by signature).

    Who beats whom is read off the difference that counts missing scores as wrong, where there is one: abstaining must not pay.
    """
    deciding = {(d.first.key, d.second.key): d for d in sorted(differences, key=lambda d: d.support == "missing-wrong")}
    beats: set[tuple[Key, Key]] = set()
    for pair, difference in deciding.items():
        if difference.p_adjusted < alpha and difference.value != 0:
            beats.add(pair if difference.value > 0 else pair[::-1])
    ranked = sorted(
        (c.key for c in columns if c.ranked and not c.sentinel and c.key in order), key=lambda key: (-order[key], key)
    )
    return rank_clusters(ranked, beats)


def _on_common_pairs(
    cell: Cell, pair: Columns, judged: Mapping[Key, Judged], accuracies: Mapping[Key, Estimate]
) -> _Measured | None:
    """The difference on the pairs that both scored; None without one."""
    results = [judged[column.key] for column in pair]
    common = results[0].valid & results[1].valid
    sides = []
    for column, result in zip(pair, results, strict=True):
        own = accuracies[column.key] if np.array_equal(common, result.valid) else None
        sides.append(own or estimate(cell, result.right["accuracy"], common, result.scale))
    return _measured(cell, pair, "common", common, sides)


def _with_missing_wrong(cell: Cell, pair: Columns, judged: Mapping[Key, Judged]) -> _Measured | None:
    """The difference on all pairs that both columns are about, missing scores being wrong; None where none is missing."""
    results = [judged[column.key] for column in pair]
    about = eligible_pairs(cell, pair[0]) & eligible_pairs(cell, pair[1])
    if not (about & ~(results[0].valid & results[1].valid)).any():
        return None
    sides = [estimate(cell, result.right["accuracy"], about, result.scale) for result in results]
    return _measured(cell, pair, "missing-wrong", about, sides)


def _measured(cell: Cell, pair: Columns, support: str, pairs: Bools, sides: Sequence[Estimate]) -> _Measured | None:
    a, b = sides
    if a.value is None or b.value is None:
        return None
    low = high = resampled = None
    if a.resampled is not None and b.resampled is not None:
        resampled = a.resampled - b.resampled
        low, high = cell.resampler.interval(resampled)
    return _Measured(pair, support, pairs, a.value - b.value, low, high, resampled)


def _difference(item: _Measured, p: float, p_adjusted: float) -> Difference:
    first, second = item.columns
    return Difference(first, second, item.support, item.pairs, item.value, item.low, item.high, p, p_adjusted)


def _tests(
    cell: Cell,
    family: Sequence[_Measured],
    judged: Mapping[Key, Judged],
    options: MetaOptions,
    draws: int,
    within_clusters: bool,
) -> Iterator[float]:
    if not family:
        return
    if not within_clusters or options.test == "bootstrap":
        for item in family:
            yield 1.0 if item.resampled is None else centred_bootstrap(item.resampled, item.value)
    elif options.test == "sign-flip":
        columns = [_cluster_differences(cell, item.columns, judged, item.pairs) for item in family]
        yield from map(float, sign_flip(np.stack(columns, axis=1), draws, options.seed))
    else:
        for item in family:
            yield _named_test(cell, item, judged, options, draws)


def _named_test(cell: Cell, item: _Measured, judged: Mapping[Key, Judged], options: MetaOptions, draws: int) -> float:
    first, second = (column.values for column in item.columns)
    common = item.pairs
    if options.test == "pair-swap" or first is None or second is None or item.support == "missing-wrong":
        # what is missing cannot be swapped between outputs, nor can the random sentinel, which is many metrics
        return pair_swap(_weighted_differences(cell, item.columns, judged, common), draws, options.seed)
    pairs = cell.pairs if common.all() else cell.pairs.where(common)
    scored = np.isfinite(first) & np.isfinite(second)
    one, two = np.where(scored, first, 0.0), np.where(scored, second, 0.0)
    reached = np.unique(np.concatenate([pairs.left, pairs.right]))
    place = np.zeros(len(first), dtype=np.int64)
    place[reached] = np.arange(len(reached))
    packed = type(pairs)(place[pairs.left], place[pairs.right], pairs.group, pairs.n_groups)
    return score_swap(packed, cell.signs[common], one[reached], two[reached], draws, options.seed)


def _weighted_differences(cell: Cell, pair: Columns, judged: Mapping[Key, Judged], common: Bools) -> Floats:
    """Per common pair, right(first) - right(second) over the size of its group, in whole numbers where they fit; shape (P',)."""
    one, two = (judged[column.key] for column in pair)
    right = [result.right["accuracy"][common].astype(np.int64) for result in (one, two)]
    difference = right[0] * two.scale - right[1] * one.scale
    group = cell.pairs.group[common]
    sizes = np.bincount(group, minlength=cell.pairs.n_groups)
    whole = integer_weights(sizes)
    weights = 1 / np.maximum(sizes, 1) if whole is None else whole
    return (difference * weights[group]).astype(np.float64)


def _cluster_differences(cell: Cell, pair: Columns, judged: Mapping[Key, Judged], common: Bools) -> Floats:
    """Summed differences per cluster, shape (n_clusters,); of clusters that hold whole groups."""
    support = cell.support(common)
    whole = integer_weights(support.pairs.sizes)
    if whole is None or support.group_cluster is None:
        cluster = cell.resampler.cluster[cell.pairs.left[common]]
        return sums_by(cluster, _weighted_differences(cell, pair, judged, common), cell.resampler.n_clusters)
    one, two = (judged[column.key] for column in pair)
    every = support.pairs is cell.pairs
    counts = [sums_in_groups(support.pairs, r.right["accuracy"] if every else r.right["accuracy"][common]) for r in (one, two)]
    differences = (counts[0] * two.scale - counts[1] * one.scale) * whole
    held = support.groups
    return sums_by(support.group_cluster[held], differences[held], cell.resampler.n_clusters)
