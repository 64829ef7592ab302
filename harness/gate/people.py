"""What people said of a judged set, as pairs of outputs to be right about, and which of them a metric's scores get right."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.judgments import JudgmentSet
from harness.meta.calibration import calibrate
from harness.meta.columns import of_systems
from harness.meta.judging import Cell, make_cell
from harness.meta.options import MetaOptions
from harness.meta.pairs import Bools, Floats, Ints, Pairs, make_pairs, order_pairs
from harness.meta.preferences import JudgedPairs, majority, verdicts
from harness.meta.resampling import Resampler
from harness.meta.support import Support, restrict
from harness.meta.table import codes_of
from harness.meta.targets import ratings_on, targets

Units = Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class People:
    """People's word on one criterion: `cell` holds the pairs that count, how people order them, and the resampler of clusters.

    `position`: output id → index. `judged` are the pairs as preferences, None where the criterion was rated; `constructed`:
    nobody was asked, one output is better by construction.
    """

    criterion: str
    cell: Cell
    position: Mapping[str, int]
    judged: JudgedPairs | None = None
    constructed: bool = False

    @property
    def support(self) -> Support:
        """All pairs that count."""
        return self.cell.support(np.ones(len(self.cell.pairs), dtype=bool))

    def right(self, units: Units, values: Floats) -> Bools:
        """Which pairs the scores get right at the epsilon that suits them best, shape (P,); without a score a pair is wrong.

        `values`: one number a unit, higher is better, nan where there is none. A direct verdict on a pair is not calibrated.
        """
        if any(len(unit) > 1 for unit in units):
            return self._right_verdicts(units, values)
        scores = np.full(len(self.position), np.nan)
        scores[[self.position[unit[0]] for unit in units]] = values
        return self.right_by(scores)

    def right_by(self, scores: Floats) -> Bools:
        """Which pairs one number an output gets right, (P,)."""
        scored = np.isfinite(scores)
        pairs = self.cell.pairs
        valid = scored[pairs.left] & scored[pairs.right]
        right = np.zeros(len(pairs), dtype=bool)
        if valid.any():
            kept, signs = restrict(pairs, valid), self.cell.signs[valid]
            ordered = order_pairs(kept, signs, scores)
            right[valid] = ordered.right(calibrate(kept, ordered) or 0.0)
        return right

    def _right_verdicts(self, units: Units, values: Floats) -> Bools:
        if self.judged is None:
            return np.zeros(len(self.cell.pairs), dtype=bool)
        said = {
            (self.position[first], self.position[second]): value
            for (first, second), value in zip(units, values.tolist(), strict=True)
            if value == value
        }
        return verdicts(self.judged, said).signs == self.judged.signs


def criteria_of(data: JudgmentSet, unit: str = "output") -> list[tuple[str, str, bool]]:
    """(name, criterion, whether these are preferences) of all that people said and metrics of this unit can be right about."""
    rated = {judgment.criterion for judgment in data.judgments} if unit == "output" else set()
    preferred = {preference.criterion for preference in data.preferences} if unit in ("output", "pair") else set()
    found = [(criterion, criterion, False) for criterion in data.criteria if criterion in rated]
    for criterion in data.criteria:
        if criterion in preferred:
            found.append((f"{criterion} (preferences)" if criterion in rated else criterion, criterion, True))
    return found


def people_on(
    data: JudgmentSet, *, unit: str = "output", needs_reference: bool, resamples: int, level: float, seed: int
) -> Iterator[People]:
    """People's words on every criterion on which two outputs can be compared.

    Ratings are turned upwards and compared within an item, preferences are the strict majority's. A metric that needs the
    reference is not judged on systems that are the reference.
    """
    data = replace(data, outputs=tuple(sorted(data.outputs, key=lambda o: (o.example_id, o.system, o.sample))))
    position = {output.id: index for index, output in enumerate(data.outputs)}
    item = codes_of([output.example_id for output in data.outputs])
    cluster_of = {example.id: example.cluster for example in data.examples}
    cluster = codes_of([cluster_of[output.example_id] for output in data.outputs])
    eligible = np.ones(len(item), dtype=bool)
    if needs_reference:
        eligible = ~of_systems(data, data.info.reference_systems)
    for name, criterion, preferences in criteria_of(data, unit):
        judged, human, signs = None, np.full(len(item), np.nan), None
        if preferences:
            judged = _among(majority(data.preferences, criterion, position), eligible)
            pairs, signs = judged.pairs(), judged.signs
        else:
            rated = ratings_on(data.judgments, criterion, position)
            human = targets(rated, "primary", data.info.primary_rater)[0].values
            pairs = _pairs(item, eligible & np.isfinite(human))
        if len(pairs):
            cell = make_cell(pairs, human, np.zeros_like(item), 1, _resampler(pairs, cluster, resamples, level, seed), 0.0, signs)
            yield People(name, cell, position, judged, data.info.constructed)


def _pairs(item: Ints, kept: Bools) -> Pairs:
    chosen = np.flatnonzero(kept)
    if not len(chosen):
        return Pairs(chosen, chosen, chosen, 0)
    local = make_pairs(item[chosen], MetaOptions().max_pairs)
    return Pairs(chosen[local.left], chosen[local.right], local.group, local.n_groups)


def _among(judged: JudgedPairs, eligible: Bools) -> JudgedPairs:
    kept = eligible[judged.left] & eligible[judged.right]
    return JudgedPairs(judged.left[kept], judged.right[kept], judged.signs[kept], judged.unresolved, judged.raters)


def _resampler(pairs: Pairs, cluster: Ints, resamples: int, level: float, seed: int) -> Resampler:
    """Resamples the clusters that the pairs reach."""
    reached = np.unique(cluster[np.concatenate([pairs.left, pairs.right])])
    place = np.full(int(cluster.max()) + 1, -1)
    place[reached] = np.arange(len(reached))
    return Resampler(place[cluster], len(reached), resamples, level, seed)
