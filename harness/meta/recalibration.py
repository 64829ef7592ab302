"""Held-out accuracy in resamples that choose the folds' epsilons anew, for metrics that have few epsilons to choose from.

A metric of three levels has three epsilons. Where two of them are about as good, another sample would have chosen the other one,
and a bootstrap at fixed epsilons does not know that (docs/decisions/0023-what-held-out-estimates.md).
"""

from dataclasses import dataclass

import numpy as np

from harness.meta.calibration import integer_weights, undivided
from harness.meta.pairs import Floats, Ints, Ordered, Pairs, sums_by
from harness.meta.support import Support

FEW = 32  # different gaps; with more, neighbouring epsilons are worth about the same and little hangs on the choice
_SURE = 6.0  # standard errors by which an epsilon is worse than the best, so that no resample would choose it
_LOOK = 2048


@dataclass(frozen=True)
class Choices:
    """What a metric is worth at each of its few epsilons, ascending from 0.

    `right`: pairs of each group that are right at each, (G, E); `sizes`: pairs of the group that the metric scored, (G,);
    `fold`, `cluster`: of each group, (G,).
    """

    right: Floats
    sizes: Ints
    fold: Ints
    cluster: Ints

    def to_weigh(self, support: Support) -> list[Floats]:
        """The sums per cluster that `resample` has weighed, for `Resampler.weigh_ahead`."""
        found = self._sums(support)
        return [] if found is None else [*found[0], *found[1]]

    def resample(self, support: Support) -> Floats | None:
        """Resampled held-out accuracy on `support`, each fold's epsilon chosen anew on the others, shape (resamples,).

        None where nothing is to be chosen anew: every resample would choose what the sample chose.
        """
        found = self._sums(support)
        if found is None:
            return None
        outside, inside, multiple, folds = found
        support.resampler.weigh_ahead([*outside, *inside])
        weigh = support.resampler.weigh
        worth = np.array([weigh(sums) for sums in outside]).reshape(folds, -1, support.resampler.resamples)
        chosen = (worth.sum(axis=0) - worth).argmax(axis=1)  # the first of equals: the smallest epsilon
        judged = np.array([weigh(sums) for sums in inside]).reshape(worth.shape)
        return support.mean_share(np.take_along_axis(judged, chosen[:, None], axis=1).sum(axis=(0, 1)), multiple)

    def _sums(self, support: Support) -> tuple[list[Floats], list[Floats], int, int] | None:
        """(sums per cluster that epsilons are chosen by, fold by epsilon; what they then get; what 1 is there; folds)."""
        weights = integer_weights(self.sizes)
        if weights is None or support.group_cluster is None or (support.pairs.sizes < self.sizes).any():
            return None
        size = support.resampler.n_clusters
        held = self.sizes > 0
        folds = np.unique(self.fold[held])
        fold_of = np.full(size, -1)
        fold_of[self.cluster[held]] = self.fold[held]
        worth = np.stack([sums_by(self.cluster, column * weights, size) for column in self.right.T], axis=1)
        kept = np.unique(np.concatenate([_near(worth[fold_of != fold]) for fold in folds]))
        if len(kept) < 2:
            return None
        inside = [support.cluster_sums(self.right[:, epsilon]) for epsilon in kept]
        masks = [fold_of == fold for fold in folds]
        return (
            [worth[:, epsilon] * mask for mask in masks for epsilon in kept],
            [sums * mask for mask in masks for sums, _ in inside],
            inside[0][1],
            len(folds),
        )


def choices(pairs: Pairs, ordered: Ordered, fold_left: Ints, fold_right: Ints, cluster: Ints) -> Choices | None:
    """The choices of a metric; None where it has many, or where groups lie in several folds or clusters.

    `fold_left`, `fold_right`: of each pair, (P,); `cluster`: of each output.
    """
    fold = undivided(pairs, fold_left, fold_right) if len(pairs) else None
    within = undivided(pairs, cluster[pairs.left], cluster[pairs.right]) if fold is not None else None
    epsilons = few_gaps(ordered.gap) if within is not None else None
    if fold is None or within is None or epsilons is None or len(epsilons) < 2:
        return None
    code = pairs.group.astype(np.int64) * len(epsilons) + np.searchsorted(epsilons, ordered.gap)
    gained = sums_by(code, ordered.gain, pairs.n_groups * len(epsilons)).reshape(pairs.n_groups, -1)
    untied = sums_by(pairs.group, ordered.concordant, pairs.n_groups)
    return Choices(untied[:, None] + np.cumsum(gained, axis=1), pairs.sizes, fold, within)


def few_gaps(gaps: Floats) -> Floats | None:
    """0 and the different gaps, ascending; None where there are more than a few."""
    found = np.zeros(1)
    rest = gaps
    while len(rest):
        found = np.union1d(found, rest[:_LOOK])
        if len(found) > FEW:
            return None
        rest = rest[_LOOK:]
        place = np.minimum(np.searchsorted(found, rest), len(found) - 1)
        rest = rest[found[place] != rest]
    return found


def _near(worth: Floats) -> Ints:
    """Epsilons that a resample of these clusters might choose. `worth`: of each cluster at each epsilon, (C, E)."""
    total = worth.sum(axis=0)
    best = int(total.argmax())
    noise = (worth - worth[:, [best]]).std(axis=0) * np.sqrt(len(worth))
    near = total[best] - total < _SURE * noise
    near[best] = True
    return np.flatnonzero(near)
