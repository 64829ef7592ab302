"""Metrics beside people, now and in the baseline: calibrated pairwise accuracy of both on the same pairs, and the difference."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from msgspec.structs import replace

from harness.gate.baseline import Baseline, Value
from harness.gate.config import AgreementOptions
from harness.gate.margins import Difference
from harness.gate.measure import Measured
from harness.gate.people import People, Units, criteria_of, people_on
from harness.meta.pairs import Bools, Floats, Signs, accuracy

READ = 2000  # resamples of the accuracies in the baseline, whose options are the default ones
_DIGITS = 4  # of accuracies in the baseline
Accuracies = dict[str, list[float | int | None]]


@dataclass(frozen=True)
class Change:
    """A metric's scores on a judged set that are not those of the baseline; higher is better, nan where there is none."""

    label: str
    set: str
    before: Floats
    now: Floats


@dataclass(frozen=True)
class Comparison:
    """A change beside people's words on one criterion: accuracy then and now, and the difference with its resamples.

    `moved`: whether any pair is right that was wrong, or wrong that was right.
    """

    change: Change
    people: People
    before: float
    now: float
    moved: bool
    difference: Difference


@dataclass(frozen=True)
class Asked:
    """People's words on the sets of a measured state, found once for all metrics that are held to the same pairs."""

    measured: Measured
    options: AgreementOptions
    resamples: int
    _known: dict[tuple[str, str, bool], list[People]] = field(default_factory=dict, repr=False)

    def people(self, label: str, name: str) -> list[People]:
        """People's words that the metric can be right about. Raises HarnessError where there are more pairs than memory holds."""
        spec, options = self.measured.built[label].spec, self.options
        key = name, spec.unit, "reference" in spec.needs
        if key not in self._known:
            data = self.measured.sets[name]
            found = people_on(
                data, unit=spec.unit, needs_reference=key[2], resamples=self.resamples, level=options.level, seed=options.seed
            )
            self._known[key] = list(found)
        return self._known[key]

    def units(self, label: str, name: str) -> Units:
        """What the scores are about, in the order of the baseline's values."""
        blocks = self.measured.scores[label, name].blocks
        return list(blocks[0].targets) if blocks else []

    def sides(self, change: Change) -> list["Sides"]:
        """The change beside each criterion that people judged on its set."""
        units = self.units(change.label, change.set)
        return [
            Sides(change, people, people.right(units, change.before), people.right(units, change.now))
            for people in self.people(change.label, change.set)
        ]


@dataclass(frozen=True)
class Sides:
    """Which of people's pairs a change's scores got right, and get right now, both (P,)."""

    change: Change
    people: People
    before: Bools
    now: Bools

    @property
    def moved(self) -> Signs:
        """1 where a pair is right that was wrong, -1 where it is wrong that was right, (P,)."""
        return self.now.view(np.int8) - self.before.view(np.int8)

    def compared(self) -> Comparison:
        """Accuracy then and now, and the difference."""
        pairs, moved = self.people.cell.pairs, self.moved
        then, there = (accuracy(pairs, right) or 0.0 for right in (self.before, self.now))
        return Comparison(self.change, self.people, then, there, bool(moved.any()), difference(self.people, moved))


def difference(people: People, moved: Signs) -> Difference:
    """Accuracy now minus then, from how each pair moved, on resampled clusters."""
    support = people.support
    return Difference(accuracy(people.cell.pairs, moved) or 0.0, support.resample(moved), support.n_clusters)


def compare(sides: Sequence[Sides]) -> list[Comparison]:
    """All of them, in their order. What shares pairs is resampled in one pass: in large sets drawing takes longest."""
    shared: dict[int, list[Sides]] = {}
    for one in sides:
        shared.setdefault(id(one.people), []).append(one)
    for several in shared.values():
        people = several[0].people
        people.cell.resampler.weigh_ahead([sums for one in several for sums in people.support.to_weigh(one.moved)])
    return [one.compared() for one in sides]


def comparisons(measured: Measured, changes: Sequence[Change]) -> int:
    """How many comparisons the changes ask for at most: one a criterion, and one more where it was rated and preferred."""
    return sum(len(criteria_of(measured.sets[one.set], measured.built[one.label].spec.unit)) for one in changes)


def numbers(values: Sequence[Value], higher_is_better: bool = True) -> Floats:
    """Values of a baseline as numbers of which higher are better, nan where there is no score; shape (N,)."""
    found = np.array([value if isinstance(value, (int, float)) else np.nan for value in values], dtype=np.float64)
    return found if higher_is_better else -found


def unmoved(before: Floats, now: Floats, tolerance: float) -> Floats:
    """The scores now; those that lie within the tolerance (as the check of scores means it) as they were before.

    Else a drift of the last digit, which breaks ties, would count as a change of agreement.
    """
    with np.errstate(invalid="ignore"):
        near = np.abs(now - before) <= tolerance * np.maximum(1.0, np.abs(before))
    return np.where(near, before, now)


def with_accuracies(baseline: Baseline, measured: Measured) -> Baseline:
    """The baseline with each metric's accuracy on each criterion by the scores that it holds; what was not measured stays."""
    asked = Asked(measured, AgreementOptions(), READ)
    metrics = {}
    for label, metric in baseline.metrics.items():
        judged = dict(metric.judged)
        for name, held in metric.judged.items():
            if (label, name) in measured.scores:
                told = accuracies(asked, label, name, numbers(held.values, metric.higher_is_better))
                judged[name] = replace(held, accuracies=held.accuracies if same_accuracies(held.accuracies, told) else told)
        metrics[label] = replace(metric, judged=judged)
    return replace(baseline, metrics=metrics)


def accuracies(asked: Asked, label: str, name: str, values: Floats) -> Accuracies:
    """criterion → accuracy, the ends of its interval, number of pairs. A pair with an output that has no score is wrong."""
    told: Accuracies = {}
    units = asked.units(label, name)
    for people in asked.people(label, name):
        found = people.support.estimate(people.right(units, values))
        told[people.criterion] = [*map(_short, (found.value, found.low, found.high)), found.n_pairs]
    return told


def same_accuracies(was: Accuracies, now: Accuracies) -> bool:
    """Whether both say the same but for how the last digit was rounded."""
    if was.keys() != now.keys():
        return False
    pairs = [(one, other) for name in was for one, other in zip(was[name], now[name], strict=False)]
    return all(len(was[name]) == len(now[name]) for name in was) and all(
        one is other or (one is not None and other is not None and abs(one - other) < 1.5 * 10**-_DIGITS) for one, other in pairs
    )


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
