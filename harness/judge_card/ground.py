"""What the verdicts of a run are held against: its outputs as arrays, and people's word on each criterion."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness.judge_card.estimates import Draws
from harness.judge_card.reading import Read, number
from harness.judgments import JudgmentSet
from harness.meta.calibration import folds_of
from harness.meta.options import MetaOptions
from harness.meta.pairs import Floats, Ints
from harness.meta.preferences import majority
from harness.meta.table import codes_of
from harness.meta.targets import ratings_on, targets
from harness.records import Example, Scale
from harness.verdicts import Verdict

_UNREAD = "no verdict could be read"
_SILENT = {
    "refused": "every call was refused",
    "cut-off": "every reply was cut off at the limit of tokens",
    "error": "no call was answered",
    "not-recorded": "no reply is stored",
}


@dataclass(frozen=True)
class People:
    """People's word on a criterion. `values`: the target, one number per output, higher is better, nan where missing.

    `first` and `second` are the ratings of two raters (None where there is no such rater), by name; the second is the one with
    most outputs that the first rated too. `preferred`: 1, -1 or 0 for (i, j), i < j, where i is better, j, or neither.
    """

    criterion: str
    raters: str
    values: Floats
    first_name: str | None
    first: Floats | None
    second_name: str | None
    second: Floats | None
    scale: Scale | None
    preferred: Mapping[tuple[int, int], int]

    def signs(self, one: Ints, other: Ints) -> Floats:
        """1 where people find `one` better, -1 where `other`, 0 where neither, nan where nobody knows; shape (N,)."""
        if not self.preferred:
            return np.sign(self.values[one] - self.values[other])
        found = [
            self.preferred.get((i, j), np.nan) if i < j else -self.preferred.get((j, i), np.nan)
            for i, j in zip(one.tolist(), other.tolist(), strict=True)
        ]
        return np.array(found, dtype=np.float64)


@dataclass(frozen=True)
class Ground:
    """A judgment set as arrays over its outputs, in the set's order, and the draws of all intervals."""

    data: JudgmentSet
    options: MetaOptions
    draws: Draws

    @classmethod
    def of(cls, data: JudgmentSet, options: MetaOptions) -> "Ground":
        """The ground of a set under the options of its meta-evaluation."""
        return cls(data, options, Draws(options.resamples, options.level, options.seed))

    @cached_property
    def position(self) -> dict[str, int]:
        """Output id → index."""
        return {output.id: index for index, output in enumerate(self.data.outputs)}

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The example of each output."""
        known = {example.id: example for example in self.data.examples}
        return tuple(known[output.example_id] for output in self.data.outputs)

    @cached_property
    def cluster(self) -> Ints:
        """Code of each output's cluster, shape (N,)."""
        return codes_of([example.cluster for example in self.examples])

    @cached_property
    def item(self) -> Ints:
        """Code of each output's example, shape (N,)."""
        return codes_of([example.id for example in self.examples])

    @cached_property
    def fold(self) -> Ints:
        """Fold of each output's cluster, shape (N,): as in the calibration of metrics."""
        return folds_of([example.cluster for example in self.examples], self.options.folds)

    @cached_property
    def length(self) -> Floats:
        """Characters of each output's text, nan where it has none; shape (N,)."""
        return np.array([np.nan if output.text is None else len(output.text) for output in self.data.outputs], dtype=np.float64)

    @cached_property
    def systems(self) -> tuple[str, ...]:
        """The system of each output."""
        return tuple(output.system for output in self.data.outputs)

    def criteria_for(self, judged: str | None) -> tuple[str, ...]:
        """People's criteria that a judge's is held against: the one of its name, else all."""
        return (judged,) if judged in self.data.criteria and judged is not None else self.data.criteria

    @cached_property
    def people(self) -> Mapping[str, People]:
        """People's word on each criterion."""
        return {criterion: self._people(criterion) for criterion in self.data.criteria}

    def _people(self, criterion: str) -> People:
        data = self.data
        ratings = ratings_on(data.judgments, criterion, self.position)
        there = np.isfinite(ratings.values)
        mode = "primary" if self.options.raters == "each" else self.options.raters
        target = targets(ratings, mode, data.info.primary_rater)[0]
        names, first, second = ratings.raters, None, None
        if names and there.any():
            counts = there.sum(axis=1)
            first = names.index(data.info.primary_rater) if data.info.primary_rater in names else int(counts.argmax())
            both = (there & there[first]).sum(axis=1)
            both[first] = 0
            second = int(both.argmax()) if both.any() else None
        pairs = majority(data.preferences, criterion, self.position)
        known = zip(pairs.left.tolist(), pairs.right.tolist(), pairs.signs.tolist(), strict=True)
        scales = (one.scale for one in data.judgments if one.criterion == criterion and one.scale is not None)
        return People(
            criterion=criterion,
            raters="construction" if data.info.constructed else "majority" if len(pairs.left) else target.raters,
            values=target.values,
            first_name=None if first is None else names[first],
            first=None if first is None else ratings.values[first],
            second_name=None if second is None else names[second],
            second=None if second is None else ratings.values[second],
            scale=next(scales, None),
            preferred={(left, right): sign for left, right, sign in known},
        )


def spoken(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts that say something."""
    return [one for one in verdicts if one.status == "ok" and (one.value is not None or one.ranks is not None)]


def silence(verdicts: Sequence[Verdict]) -> str | None:
    """Why none of the verdicts says anything; None where one does."""
    if spoken(verdicts):
        return None
    statuses = {one.status for one in verdicts}
    return _SILENT.get(next(iter(statuses)), _UNREAD) if len(statuses) == 1 else _UNREAD


def output_values(verdicts: Sequence[Verdict], ground: Ground, *, read: Read = "verdict") -> Floats:
    """The judge's mean rating of each output over its samples and prompts, nan without one; shape (N,). For direct verdicts.

    `read`: the verdicts as they were said, or as the score has them.
    """
    said = spoken(verdicts)
    sums, counts = np.zeros(len(ground.position)), np.zeros(len(ground.position))
    for one in said:
        place = ground.position.get(one.targets[0])
        value = number(one, read)
        if place is not None and value is not None and one.form == "direct":
            sums[place] += value
            counts[place] += 1
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def scale_of(signature: str) -> tuple[float, float] | None:
    """The ends of a judge's scale, where its signature tells them (`scale:1-3`)."""
    for part in signature.split("|"):
        found = re.fullmatch(r"scale:(-?\d+(?:\.\d+)?)(?:-|\.\.)(-?\d+(?:\.\d+)?)", part)
        if found is not None:
            return float(found[1]), float(found[2])
    return None
