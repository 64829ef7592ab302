"""One metric beside people in a cell too large for its pairs to be made: right pairs raw, calibrated and held out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from harness.meta.columns import Column
from harness.meta.judging import STATISTICS, Judged
from harness.meta.options import MetaOptions
from harness.meta.pairs import Bools, Floats
from harness.meta.sentinels import random_scores
from harness.meta.ungrouped import RIGHT, SURPLUS, UNTIED, People, Sorted, Worth, into_segments
from harness.meta.ungrouped_calibration import Found, calibrate_sorted
from harness.meta.ungrouped_profile import Profile, permutation_epsilons, profile_of
from harness.meta.ungrouped_totals import ONE, TIED, Tally, Total

TOLERANCE = 1e-4  # accuracy that a better epsilon may add where there are more than max_pairs
_PASSED, _PASSED_IN_FOLD = 60_000_000, 20_000_000  # outputs × passes; a bound that is larger than wanted then is told
_DRAWN_PAIRS = 500_000_000  # pairs × draws of the random sentinel
_DRAWN_WEIGHTS = 500_000_000  # outputs × resamples × draws, where pairs of clusters are resampled: some ten seconds
_FEWEST = 10
_BY_HALF: Worth = (0, 0.5, 0, 0.5, 0.5)


@dataclass(frozen=True)
class LargeCell:
    """A cell as its outputs. `exact`: epsilons are the best ones, else within a bound; `outputs`: how many the table has."""

    people: People
    tally: Tally
    human: Floats
    outputs: int
    exact: bool
    options: MetaOptions
    sizes: dict[tuple[bytes, bytes | None], Total] = field(default_factory=dict, repr=False)

    def size(self, keep: Bools, folds: Bools | None = None) -> Total:
        """All pairs of kept outputs; `folds`: only those within these folds."""
        return self._of_people("size", ONE, keep, folds)

    def ties(self, keep: Bools, folds: Bools | None = None) -> Total:
        """The pairs that people tie."""
        return self._of_people("ties", TIED, keep, folds)

    def half(self, keep: Bools, folds: Bools | None = None) -> Total:
        """Half of the pairs that people do not tie."""
        return self._of_people("half", _BY_HALF, keep, folds)

    def _of_people(self, name: str, worth: Worth, keep: Bools, folds: Bools | None) -> Total:
        key = (name.encode() + np.packbits(keep).tobytes(), None if folds is None else folds.tobytes())
        if key not in self.sizes:
            worths = {"size": ONE, "ties": TIED, "half": _BY_HALF}
            for other, found in zip(worths, self.tally.by_people(keep, list(worths.values()), folds), strict=True):
                self.sizes[(other.encode() + key[0][len(name) :], key[1])] = found
        return self.sizes[key]


@dataclass(frozen=True)
class ByScores:
    """A column judged by its values, or a random one by several draws: (values over People, epsilon, epsilon of each fold).

    `keep`: outputs with a score; `tested`: folds with an epsilon; `scale`: what a right pair counts.
    """

    cell: LargeCell
    keep: Bools
    draws: tuple[tuple[Floats, float, Floats], ...]
    notes: Mapping[str, str]
    random: bool
    _known: dict[tuple[str, bytes], Total] = field(default_factory=dict, repr=False)

    @property
    def scale(self) -> int:
        return len(self.draws)

    @property
    def epsilon(self) -> float | None:
        return None if self.random or not self.cell.size(self.keep).counts.any() else self.draws[0][1]

    @cached_property
    def tested(self) -> Bools:
        return np.isfinite(self.draws[0][2])

    def right(self, statistic: str, keep: Bools) -> Total:
        """Right pairs of kept outputs, summed over draws."""
        if statistic == "accuracy" and all(epsilon == 0 for _, epsilon, _ in self.draws):
            statistic = "accuracy_raw"
        if statistic == "accuracy_raw" and not self.random and np.array_equal(keep, self.keep):
            return self.untied[0]
        key = (statistic, np.packbits(keep).tobytes())
        if key not in self._known:
            place = STATISTICS.index(statistic)
            draws = [(values, (0.0, epsilon, epsilons)[place]) for values, epsilon, epsilons in self.draws]
            self._known[key] = self.cell.tally.total(draws, keep & self.keep, RIGHT)
        return self._known[key]

    @cached_property
    def untied(self) -> list[Total]:
        """At epsilon 0: right pairs, concordant less discordant ones, and those that the metric does not tie."""
        return self.cell.tally.totals([(self.draws[0][0], 0.0)], self.keep, [RIGHT, SURPLUS, UNTIED])

    def fixed(self) -> Judged | None:
        """The epsilons, for other slices to take over; None for random draws, which are calibrated anew."""
        if self.random:
            return None
        epsilons = tuple(float(e) if np.isfinite(e) else None for e in self.draws[0][2])
        empty = np.zeros(0, dtype=bool)
        return Judged({}, empty, empty, 1, self.epsilon, epsilons)


@dataclass(frozen=True)
class ByChance:
    """The random sentinel's expected verdicts: it ties everything where people tie over a third of pairs, else nothing.

    Of the pairs that people do not tie, a random order has half right at whatever epsilon it does not tie them; so its expected
    accuracy runs straight from (1 - t)/2 to t as it ties more, t being the tie rate of people, and the best epsilon is an end.
    """

    cell: LargeCell
    keep: Bools
    tie: bool
    tie_in: Bools
    tested: Bools
    notes: Mapping[str, str]
    scale: int = 1
    epsilon: float | None = None

    def right(self, statistic: str, keep: Bools) -> Total:
        """Expected right pairs of kept outputs."""
        cell = self.cell
        if statistic == "accuracy_heldout":
            return cell.ties(keep, self.tested & self.tie_in) + cell.half(keep, self.tested & ~self.tie_in)
        return cell.ties(keep) if statistic == "accuracy" and self.tie else cell.half(keep)

    def fixed(self) -> Judged | None:
        """None: other slices draw."""
        return None


Verdicts = ByScores | ByChance


def judge_large(cell: LargeCell, column: Column, fixed: Judged | None = None) -> Verdicts:
    """The column judged (at the epsilons of `fixed`, if given)."""
    if column.values is None:
        return _by_draws(cell) if cell.exact else _by_chance(cell)
    values = column.values[cell.people.member]
    keep = np.isfinite(values)
    if fixed is not None:
        epsilons = np.array([np.nan if epsilon is None else epsilon for epsilon in fixed.epsilons])
        return ByScores(cell, keep, ((values, fixed.epsilon or 0.0, epsilons),), {}, False)
    best, folds = _calibrate(cell, values, keep)
    notes = {} if best is None else {"accuracy": _bound_note(best.bound, "no epsilon is")}
    known = [found for found in folds if found is not None]
    if known:
        notes["accuracy_heldout"] = _bound_note(max(found.bound for found in known), "no epsilon of a fold is, on the others,")
    epsilons = np.array([np.nan if found is None else found.epsilon for found in folds])
    return ByScores(cell, keep, ((values, 0.0 if best is None else best.epsilon, epsilons),), notes, False)


def eligible_outputs(cell: LargeCell, column: Column) -> Bools:
    """The outputs that the column is about, scored or not, over People."""
    return cell.people.everyone if column.eligible is None else column.eligible[cell.people.member]


def random_draws(cell: LargeCell) -> int:
    """How many draws of the random sentinel there is time for."""
    most = int(_DRAWN_PAIRS / float(cell.size(cell.people.everyone).counts.sum()))
    if cell.tally.crossed:
        most = min(most, int(_DRAWN_WEIGHTS / (len(cell.people.member) * cell.tally.resampler.resamples)))
    return min(cell.options.random_draws, max(_FEWEST, most))


def _calibrate(cell: LargeCell, values: Floats, keep: Bools) -> tuple[Found | None, list[Found | None]]:
    people = cell.people
    data = into_segments(people, cell.tally.ascending(values, keep), values, people.group, people.n_groups)
    outside = (data.where(people.fold != fold) for fold in range(people.folds))
    if cell.exact:
        return calibrate_sorted(data), [calibrate_sorted(part) for part in outside]
    profile = profile_of(people, values, keep)
    passes = max(1, _PASSED // max(1, len(data.place)))
    best = calibrate_sorted(data, TOLERANCE, passes, None if profile is None else (profile, 0))
    near = () if best is None else (best.epsilon,)
    return best, [_of_fold(part, profile, 1 + fold, near) for fold, part in enumerate(outside)]


def _of_fold(data: Sorted, profile: Profile | None, row: int, near: Sequence[float]) -> Found | None:
    """The calibration of the outputs outside a fold; where the profile alone is near enough, without looking at them."""
    if profile is not None and data.pairs.any():
        found = Found(*profile.best(row))
        if found.bound <= TOLERANCE:
            return found
    passes = max(1, _PASSED_IN_FOLD // max(1, len(data.place)))
    return calibrate_sorted(data, TOLERANCE, passes, None if profile is None else (profile, row), near)


def _by_draws(cell: LargeCell) -> ByScores:
    people, number = cell.people, random_draws(cell)
    tested = np.array([bool(cell.size(people.fold != fold).counts.any()) for fold in range(people.folds)])
    found = []
    for scores in random_scores(cell.outputs, number, cell.options.seed):
        values = scores[people.member].astype(np.float64)
        best = permutation_epsilons(people, scores[people.member], cell.outputs)
        if best is None:
            whole, folds = _calibrate(cell, values, people.everyone)
            best = np.array([0.0 if one is None else one.epsilon for one in (whole, *folds)])
        found.append((values, float(best[0]), np.where(tested, best[1:], np.nan)))
    fewer = number < cell.options.random_draws
    notes = dict.fromkeys(STATISTICS, f"mean of {number} draws, as there are many pairs") if fewer else {}
    return ByScores(cell, people.everyone, tuple(found), notes, True)


def _by_chance(cell: LargeCell) -> ByChance:
    people = cell.people
    outside = [people.fold != fold for fold in range(people.folds)]
    tested = np.array([bool(cell.size(keep).counts.any()) for keep in outside])
    tie_in = np.array([_ties_pay(cell, keep) for keep in outside])
    notes = dict.fromkeys(STATISTICS, "expected value, not drawn: there are too many pairs")
    return ByChance(cell, people.everyone, _ties_pay(cell, people.everyone), tie_in, tested, notes)


def _ties_pay(cell: LargeCell, keep: Bools) -> bool:
    sizes = cell.size(keep).counts
    held = sizes > 0
    return bool(((cell.ties(keep).counts - cell.half(keep).counts)[held] / sizes[held]).sum() > 0)


def _bound_note(bound: float, start: str) -> str:
    if bound <= 0:
        return ""
    step = 10.0 ** (math.floor(math.log10(bound)) - 1)
    return f"{start} better by more than {math.ceil(bound / step) * step:.2g}"  # rounded up, as it is a promise
