"""Slow, obvious versions of the statistics: plain loops over pairs, fractions for exactness, every epsilon tried.

Written from the definitions (Deutsch, Foster, Freitag 2023 for acc_eq; the rest as docs/explanation/statistics.md states it),
never from the code under test, so that the two can be held against each other. None stands for a missing rating or score.
"""

import hashlib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations, product

Number = float | None
Pair = tuple[int, int, Hashable]  # two outputs and the group they share


def pairs_within(groups: Sequence[Hashable], *needed: Sequence[Number]) -> list[Pair]:
    """All pairs of outputs that share a group, among outputs for which every sequence of `needed` has a value."""
    present = [n for n in range(len(groups)) if all(values[n] is not None for values in needed)]
    return [(i, j, groups[i]) for i, j in combinations(present, 2) if groups[i] == groups[j]]


def is_right(pair: Pair, human: Sequence[Number], metric: Sequence[Number], epsilon: float) -> bool:
    """Both tie the pair, or both order it and alike; the metric ties a pair whose gap is at most epsilon."""
    i, j, _ = pair
    gap = metric[i] - metric[j]
    people = (human[i] > human[j]) - (human[i] < human[j])
    machine = 0 if abs(gap) <= epsilon else (1 if gap > 0 else -1)
    return people == machine


def mean_over_groups(pairs: Sequence[Pair], right: Mapping[Pair, bool | int]) -> Fraction | None:
    """Share of right pairs per group, averaged over the groups that have a pair."""
    groups: dict[Hashable, list[int]] = {}
    for pair in pairs:
        groups.setdefault(pair[2], []).append(int(right[pair]))
    if not groups:
        return None
    return sum((Fraction(sum(flags), len(flags)) for flags in groups.values()), Fraction(0)) / len(groups)


def accuracy(pairs: Sequence[Pair], human: Sequence[Number], metric: Sequence[Number], epsilon: float) -> Fraction | None:
    """acc_eq at an epsilon."""
    return mean_over_groups(pairs, {pair: is_right(pair, human, metric, epsilon) for pair in pairs})


def calibrated(pairs: Sequence[Pair], human: Sequence[Number], metric: Sequence[Number]) -> tuple[Fraction | None, float | None]:
    """The largest acc_eq over all epsilons that make a difference, and the smallest epsilon that reaches it."""
    if not pairs:
        return None, None
    best: Fraction | None = None
    chosen = 0.0
    for epsilon in sorted({0.0} | {abs(metric[i] - metric[j]) for i, j, _ in pairs}):
        found = accuracy(pairs, human, metric, epsilon)
        if best is None or found > best:
            best, chosen = found, epsilon
    return best, chosen


def fold_of(cluster: str, folds: int = 5) -> int:
    """sha256 of the cluster's name, modulo the number of folds."""
    return int.from_bytes(hashlib.sha256(cluster.encode("utf-8")).digest(), "big") % folds


def held_out_verdicts(
    pairs: Sequence[Pair], human: Sequence[Number], metric: Sequence[Number], clusters: Sequence[str], folds: int = 5
) -> dict[Pair, bool]:
    """Verdicts on the pairs inside one fold, at the smallest best epsilon of the pairs that lie wholly outside it."""
    found: dict[Pair, bool] = {}
    for fold in range(folds):
        inside = [p for p in pairs if fold_of(clusters[p[0]], folds) == fold and fold_of(clusters[p[1]], folds) == fold]
        outside = [p for p in pairs if fold_of(clusters[p[0]], folds) != fold and fold_of(clusters[p[1]], folds) != fold]
        _, epsilon = calibrated(outside, human, metric)
        if epsilon is not None:
            found.update({pair: is_right(pair, human, metric, epsilon) for pair in inside})
    return found


def tie_rate(pairs: Sequence[Pair], human: Sequence[Number]) -> Fraction | None:
    """People's tie rate, per group and then over groups."""
    return mean_over_groups(pairs, {pair: human[pair[0]] == human[pair[1]] for pair in pairs})


def floor(rate: Fraction) -> Fraction:
    """What a metric that ties a random share of pairs gets at best."""
    return max(rate, (1 - rate) / 2)


def resampled(
    pairs: Sequence[Pair],
    right: Mapping[Pair, bool | int],
    clusters: Sequence[Hashable],
    copies: Mapping[Hashable, int],
    group_in_cluster: bool,
) -> Fraction | None:
    """Group-averaged accuracy of a resample in which a cluster occurs `copies` times, by writing every copied pair out.

    Inside a cluster the two outputs of a pair come from the same copy (an output never meets its own copy); across clusters
    every copy meets every other. `group_in_cluster`: a group is copied with its cluster (items), else it stays one group.
    """
    written: list[Pair] = []
    flags: dict[Pair, int] = {}
    for pair in pairs:
        i, j, group = pair
        for one, two in product(range(copies[clusters[i]]), range(copies[clusters[j]])):
            if clusters[i] == clusters[j] and one != two:
                continue
            copy = ((i, one), (j, two), (group, one) if group_in_cluster else group)
            written.append(copy)
            flags[copy] = int(right[pair])
    return mean_over_groups(written, flags)


def sign_flip_p(differences: Sequence[int | Fraction]) -> Fraction:
    """Share of all sign patterns whose absolute sum reaches the observed one: the exact p of the sign-flip test."""
    observed = abs(sum(differences))
    patterns = list(product((-1, 1), repeat=len(differences)))
    return Fraction(
        sum(abs(sum(s * d for s, d in zip(p, differences, strict=True))) >= observed for p in patterns), len(patterns)
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p values: the largest (m - k) · p among those that are not larger, at most 1."""
    m = len(p_values)
    order = sorted(p_values)
    stepped = [min(1.0, (m - k) * p) for k, p in enumerate(order)]
    return [max(stepped[: max(k for k in range(m) if order[k] == p) + 1]) for p in p_values]


def krippendorff_pairs(units: Iterable[Sequence[float]], squared: bool) -> float:
    """Alpha as 1 - observed/expected disagreement over pairs of values; `squared`: interval level, else nominal."""

    def distance(a: float, b: float) -> float:
        return (a - b) ** 2 if squared else float(a != b)

    rated = [list(unit) for unit in units if len(unit) > 1]
    values = [value for unit in rated for value in unit]
    n = len(values)
    observed = sum(sum(2 * distance(a, b) for a, b in combinations(unit, 2)) / (len(unit) - 1) for unit in rated) / n
    expected = sum(2 * distance(a, b) for a, b in combinations(values, 2)) / (n * (n - 1))
    return 1 - observed / expected
