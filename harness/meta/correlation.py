"""Correlations within groups, and agreement of whole systems.

A correlation is undefined in a group where people or the metric give one value only; such groups are counted and left out.
"""

from dataclasses import dataclass

import numpy as np

from harness.meta.pairs import Bools, Floats, Ints, Ordered, Pairs, sums_by, sums_in_groups
from harness.meta.resampling import in_chunks, product

_SMALL = 32  # outputs of a group
_CELLS = 2_000_000  # differences of systems that are held at a time


@dataclass(frozen=True)
class Grouped:
    """One value a group (shape (G,)) and where it is defined; `mean` is None when it is defined nowhere."""

    values: Floats
    defined: Bools

    @property
    def mean(self) -> float | None:
        """Average over the groups where the value is defined."""
        return float(self.values[self.defined].mean()) if self.defined.any() else None


def kendall_b(pairs: Pairs, ordered: Ordered) -> Grouped:
    """Kendall's tau-b per group, with ties as they stand (epsilon 0)."""
    metric_tie = ordered.gap == 0
    discordant = ~(ordered.human_tie | metric_tie | ordered.concordant)
    counts = [sums_in_groups(pairs, flags) for flags in (ordered.concordant, discordant, ordered.human_tie, metric_tie)]
    concordant, against, human_ties, metric_ties = counts
    spread = (pairs.sizes - human_ties) * (pairs.sizes - metric_ties)
    return _defined(concordant - against, np.sqrt(spread))


def pearson(groups: Ints, n_groups: int, human: Floats, metric: Floats) -> Grouped:
    """Pearson's r per group. `groups`: code per output in 0..n_groups-1, or -1 for an output in no group."""
    keep = groups >= 0
    groups, human, metric = groups[keep], human[keep], metric[keep]
    size = np.maximum(np.bincount(groups, minlength=n_groups), 1)
    x = _centred(groups, size, human)
    y = _centred(groups, size, metric)
    covariance = sums_by(groups, x * y, n_groups)
    variances = [sums_by(groups, v * v, n_groups) for v in (x, y)]
    variances = [np.where(_constant(groups, n_groups, v), 0.0, s) for v, s in zip((human, metric), variances, strict=True)]
    return _defined(covariance, np.sqrt(variances[0]) * np.sqrt(variances[1]))


def spearman(groups: Ints, n_groups: int, human: Floats, metric: Floats) -> Grouped:
    """Spearman's rho per group: Pearson's r of midranks within the group."""
    return pearson(groups, n_groups, midranks(groups, human), midranks(groups, metric))


def midranks(groups: Ints, values: Floats) -> Floats:
    """Ranks from 1 within each group, ties sharing their mean rank; shape (N,)."""
    if len(groups) and np.bincount(groups - groups.min()).max() <= _SMALL:
        return _midranks_of_small(groups, values)
    order = np.lexsort((values, groups))
    sorted_groups, sorted_values = groups[order], values[order]
    new_group = np.append(True, sorted_groups[1:] != sorted_groups[:-1]) if len(order) else np.zeros(0, dtype=bool)
    new_value = new_group | np.append(True, sorted_values[1:] != sorted_values[:-1]) if len(order) else new_group
    position = np.arange(len(order))
    group_start = np.maximum.accumulate(np.where(new_group, position, 0))
    run = np.cumsum(new_value) - 1
    starts = np.flatnonzero(new_value)
    lengths = np.diff(np.append(starts, len(order)))
    ranks = np.empty(len(order))
    ranks[order] = (starts - group_start[starts] + (lengths + 1) / 2)[run]
    return ranks


def _midranks_of_small(groups: Ints, values: Floats) -> Floats:
    """As `midranks` where no group is large: each value is held against all of its group, which is faster than a sort."""
    order = np.argsort(groups, kind="stable")
    _, starts, sizes = np.unique(groups[order], return_index=True, return_counts=True)
    ranks = np.empty(len(order))
    for size in np.unique(sizes):
        members = order[starts[sizes == size][:, None] + np.arange(size)]
        own = values[members]
        below, equal = np.zeros(own.shape, dtype=np.int16), np.zeros(own.shape, dtype=np.int16)
        for other in own.T:
            below += other[:, None] < own
            equal += other[:, None] == own
        ranks[members] = below + (equal + 1) / 2
    return ranks


def resampled_pearson(weights: Floats, cluster: Ints, human: Floats, metric: Floats) -> Floats:
    """Pearson's r of one group when cluster c occurs weights[b, c] times, shape (B,); nan where a side is constant.

    `cluster`, `human`, `metric`: per output of the group, shape (N,).
    """
    return ratio_of(product(weights, moments(cluster, human, metric, weights.shape[1])))


def moments(cluster: Ints, human: Floats, metric: Floats, n_clusters: int) -> Floats:
    """What Pearson's r of one group is made of, summed by cluster: number, x, y, x², y², xy; shape (n_clusters, 6)."""
    x, y = _standardised(human), _standardised(metric)
    return np.stack([sums_by(cluster, v, n_clusters) for v in (np.ones(len(x)), x, y, x * x, y * y, x * y)], axis=1)


def ratio_of(sums: Floats) -> Floats:
    """Pearson's r of summed `moments`, shape (..., 6) → (...); nan where a variance is rounding alone."""
    return _ratio(*np.moveaxis(sums, -1, 0))


def resampled_spearman(weights: Floats, cluster: Ints, human: Floats, metric: Floats) -> Floats:
    """Spearman's rho of one group, resampled as in `resampled_pearson`."""
    from harness.meta.kernels import spearman_sums

    values, people = np.unique(human, return_inverse=True)
    _, run = np.unique(metric, return_inverse=True)
    order = np.argsort(run, kind="stable")
    sums = np.empty((len(weights), 4))
    spearman_sums(np.ascontiguousarray(weights), cluster[order], people[order], len(values), run[order], sums)
    n, human_squares, metric_squares, crossed = sums.T
    total = n * (n + 1) / 2
    return _ratio(n, total, total, human_squares, metric_squares, crossed)


def soft_pairwise_accuracy(human: Floats, metric: Floats, draws: int, seed: int) -> float | None:
    """1 - mean |p_human - p_metric| over system pairs, p being one-sided paired permutation p values (mid-p: ties by half).

    Thompson, Mathur, Deutsch, Khayrallah, WMT 2024, "Improving Statistical Significance in Human Evaluation of Automatic
    Metrics via Soft Pairwise Accuracy". `human`: (systems, items), nan where missing; `metric`: likewise, or a stack of metrics
    (M, systems, items) over which the mean is taken. System pairs use shared items. None without a pair that shares an item.
    """
    rng = np.random.default_rng([seed, 4])
    return soft_by_signs(human, metric, rng.integers(0, 2, (draws, human.shape[1]), dtype=np.int8).astype(np.float64) * 2 - 1)


def soft_by_signs(human: Floats, metric: Floats, signs: Floats) -> float | None:
    """`soft_pairwise_accuracy` where the p values are those of given signs, 1 or -1, shape (draws, items)."""
    systems, items = human.shape
    stack = metric.reshape(-1, systems, items)
    pairs = [
        (a, b, both)
        for a in range(systems)
        for b in range(a + 1, systems)
        if (both := np.isfinite(human[a] + human[b] + (stack[:, a] + stack[:, b]).sum(axis=0))).any()
    ]
    errors: list[float] = []
    some = max(1, _CELLS // (items * len(stack)))  # system pairs at a time: drawn signs are read once for all of them
    for start in range(0, len(pairs), some):
        now = pairs[start : start + some]
        people, metrics = (
            _one_sided(signs, np.concatenate([np.where(both, x[:, a] - x[:, b], 0.0) for a, b, both in now]).T)
            for x in (human[None], stack)
        )
        errors.extend(np.abs(people[:, None] - metrics.reshape(len(now), -1)).mean(axis=1).tolist())
    return 1 - float(np.mean(errors)) if errors else None


def system_pairwise_accuracy(human_means: Floats, metric_means: Floats) -> Floats:
    """Share of system pairs that human and metric means order alike, people's ties left out (Kocmi et al., WMT 2021, §3).

    Both: (..., systems), nan for a system without a mean. Returns shape (...), nan without an untied pair.
    """
    left, right = np.triu_indices(human_means.shape[-1], 1)
    people, machine = (_order(means[..., left], means[..., right]) for means in (human_means, metric_means))
    counted = np.isfinite(people) & np.isfinite(machine) & (people != 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return ((people == machine) & counted).sum(axis=-1) / counted.sum(axis=-1)


def _order(left: Floats, right: Floats) -> Floats:
    """Sign of left - right, 0 where means differ by rounding alone, nan where one is missing."""
    difference = left - right
    return np.sign(np.where(np.abs(difference) <= 1e-12 * np.maximum(np.abs(left), np.abs(right)), 0.0, difference))


def _one_sided(signs: Floats, differences: Floats) -> Floats:
    """Share of sign patterns whose sum is above the observed one, those that equal it by half.

    `signs`: (draws, items), `differences`: (items, M) → (M,). By half, as p of (a, b) and of (b, a) must add up to one: else a
    metric that ties two systems is worth more or less by which of them is named first.
    """
    sums = in_chunks(lambda rows: product(signs[rows], differences), *signs.shape)
    observed, slack = differences.sum(axis=0), 1e-12 * np.abs(differences).sum(axis=0)
    return ((sums > observed + slack).mean(axis=0) + (sums >= observed - slack).mean(axis=0)) / 2


def _standardised(values: Floats) -> Floats:
    """Mean 0 and standard deviation 1, so that no threshold depends on the metric's unit; 0 where all are equal."""
    centred = values - values.mean()
    spread = np.sqrt((centred * centred).mean())
    return centred / spread if spread > 0 and (values != values[0]).any() else np.zeros_like(values)


def _ratio(n: Floats, sum_x: Floats, sum_y: Floats, sum_xx: Floats, sum_yy: Floats, sum_xy: Floats) -> Floats:
    """r of n pairs from their sums; nan where a variance is rounding alone."""
    with np.errstate(invalid="ignore", divide="ignore"):
        left, right = sum_xx - sum_x * sum_x / n, sum_yy - sum_y * sum_y / n
        varied = (left > 1e-10 * sum_xx) & (right > 1e-10 * sum_yy)
        return np.where(varied, (sum_xy - sum_x * sum_y / n) / np.sqrt(left * right), np.nan)


def _centred(groups: Ints, size: Ints, values: Floats) -> Floats:
    return values - (sums_by(groups, values, len(size)) / size)[groups]


def _constant(groups: Ints, n_groups: int, values: Floats) -> Bools:
    """Whether all values of a group are equal, exactly."""
    low, high = np.full(n_groups, np.inf), np.full(n_groups, -np.inf)
    np.minimum.at(low, groups, values)
    np.maximum.at(high, groups, values)
    return low >= high


def _defined(above: Floats, below: Floats) -> Grouped:
    defined = below > 0
    return Grouped(np.where(defined, above / np.where(defined, below, 1.0), np.nan), defined)
