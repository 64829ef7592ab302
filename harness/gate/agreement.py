"""Whether metrics agree with people as well as they did: calibrated pairwise accuracy now minus then, on the same pairs."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from harness.errors import HarnessError
from harness.gate.baseline import Baseline, JudgedScores, MetricBaseline
from harness.gate.comparisons import (
    READ,
    Accuracies,
    Asked,
    Change,
    Comparison,
    Sides,
    accuracies,
    compare,
    comparisons,
    numbers,
    same_accuracies,
    unmoved,
)
from harness.gate.config import AgreementOptions, GateConfig
from harness.gate.findings import Finding, Level
from harness.gate.margins import LEAST, MOST, Verdict, decide, resamples_for
from harness.gate.measure import Measured
from harness.gate.moves import tolerance_of
from harness.gate.scores import both
from harness.meta.pairs import Floats

_UPDATE = "`harness gate update --reason TEXT`"
_TAKE = f"if the change is meant, {_UPDATE}"


def agreement(config: GateConfig, before: Baseline, measured: Measured) -> Iterator[Finding]:
    """Agreement with people has not fallen further than the margin, on any judged set and criterion."""
    changes: list[Change] = []
    same: list[tuple[str, str]] = []
    asked = Asked(measured, AgreementOptions(), READ)
    for label, now, was in both(before, measured):
        for name, held in now.judged.items():
            obstacle = _obstacle(name, held, was)
            if obstacle is not None:
                yield _finding(label, "fail", f"{label}: {obstacle}; {_TAKE}", name)
                continue
            then = numbers(was.judged[name].values, was.higher_is_better)
            there = unmoved(then, numbers(held.values, now.higher_is_better), tolerance_of(was, now))
            if np.array_equal(then, there, equal_nan=True):
                same.append((label, name))
                yield from _statistics(asked, label, name, was.judged[name].accuracies, then)
            else:
                changes.append(Change(label, name, then, there))
    for label, name in same:
        yield _finding(label, "pass", f"{label}: agreement with people is what it was: no score of {name} moved", name)
    yield from _absent(before, measured.absent)
    yield from _changed(config.agreement, measured, changes)


def _obstacle(name: str, held: JudgedScores, was: MetricBaseline) -> str | None:
    """Why the scores cannot be compared with those of the baseline; None if they can."""
    known = was.judged.get(name)
    if known is None:
        return f"the baseline knows nothing of its agreement with people on {name}"
    if known.digest != held.digest:
        return f"agreement with people cannot be compared: the texts or judgments of {name} are not those of the baseline"
    if len(known.values) != len(held.values):
        units = f"it scores {len(held.values):,} units of {name}, the baseline holds {len(known.values):,}"
        return f"agreement with people cannot be compared: {units}"
    return None


def _statistics(asked: Asked, label: str, name: str, was: Accuracies, values: Floats) -> Iterator[Finding]:
    """Where no score moved, accuracy is what the baseline says, or the statistics have changed."""
    try:
        now = accuracies(asked, label, name, values) if was else was
    except HarnessError as error:
        yield _finding(label, "error", f"{label}: agreement with people on {name}: {error}", name)
        return
    if not same_accuracies(was, now):
        moved = next(one for one in {**was, **now} if not same_accuracies(_only(was, one), _only(now, one)))
        message = (
            f"meta: statistics moved: calibrated accuracy of {label} on {name} ({moved}) was {_row(was.get(moved))} and is "
            f"{_row(now.get(moved))}, and no score moved; {_TAKE}"
        )
        yield _finding("meta", "fail", message)


def _only(told: Accuracies, criterion: str) -> Accuracies:
    return {name: row for name, row in told.items() if name == criterion}


def _row(row: Sequence[float | int | None] | None) -> str:
    if row is None:
        return "not there"
    value, low, high, pairs = (*row, None, None, None, None)[:4]
    interval = "" if low is None or high is None else f" [{low:.4f}, {high:.4f}]"
    return f"{'-' if value is None else f'{value:.4f}'}{interval} of {pairs} pairs"


def _absent(before: Baseline, absent: Mapping[str, str]) -> Iterator[Finding]:
    for name, reason in absent.items():
        if any(name in metric.judged for metric in before.metrics.values()):
            message = f"{name} is not here, so agreement with people on it was not looked at: {reason}"
            yield Finding(metric=name, check="agreement", level="warning", message=message, set=name, looked=False)


def _changed(options: AgreementOptions, measured: Measured, changes: Sequence[Change]) -> Iterator[Finding]:
    """One finding a change and criterion; corrected by Holm over all of them."""
    alpha = (1 - options.level) / 2
    asked = Asked(measured, options, resamples_for(comparisons(measured, changes), alpha, options.resamples))
    sides: list[Sides] = []
    for change in changes:
        try:
            found = asked.sides(change)
        except HarnessError as error:
            yield _finding(change.label, "error", f"{change.label}: agreement with people on {change.set}: {error}", change.set)
            continue
        if not found:
            words = f"scores moved on {change.set}, where people compared nothing that it scores"
            yield _finding(change.label, "pass", f"{change.label}: {words}", change.set)
        sides += found
    family = compare(sides)
    verdicts = decide([one.difference for one in family], options.margin, alpha)
    for one, verdict in zip(family, verdicts, strict=True):
        yield _judged(one, verdict, options, len(family))


def _judged(one: Comparison, verdict: Verdict, options: AgreementOptions, family: int) -> Finding:
    label, where = one.change.label, f"{one.change.set} ({one.people.criterion})"
    who = "the construction" if one.people.constructed else "people"
    margin, bounds = options.margin, _bounds(verdict, options, family)
    figures = f"accuracy {one.before:.3f} → {one.now:.3f}, difference {_told(one.difference.value)}{bounds}"
    if verdict.outcome == "fail":
        said = f"agreement with {who} on {where} fell: {figures}; a fall of {margin:g} is let pass; {_TAKE}"
    elif verdict.outcome == "inconclusive":
        said = f"agreement with {who} on {where} may have fallen: {figures}; {_why(one, verdict, margin)}; {_TAKE}"
    elif not one.moved:
        said = f"agreement with {who} on {where} is what it was: scores moved, and every pair is as right as before"
    elif verdict.low is not None and verdict.low > 0:
        said = f"agreement with {who} on {where} rose: {figures}"
    else:
        said = f"agreement with {who} on {where} has not fallen by {margin:g}: {figures}"
    return _finding(label, verdict.outcome, f"{label}: {said}", one.change.set)


def _why(one: Comparison, verdict: Verdict, margin: float) -> str:
    clusters = one.difference.clusters
    if clusters < LEAST:
        return f"{clusters} independent items are too few to say more (at least {LEAST})"
    if verdict.low is None or verdict.high is None:
        return f"too few resamples (at most {MOST:,} are drawn) for so many comparisons at this `level`: a lower one can say more"
    return f"{clusters:,} independent items cannot say whether it fell by {margin:g}; more of them would"


def _bounds(verdict: Verdict, options: AgreementOptions, family: int) -> str:
    if verdict.low is None or verdict.high is None:
        return ""
    sure = (1 + options.level) / 2
    low, high = f"{_told(verdict.low)} ({100 * sure:.4g} %)", f"{_told(verdict.high)} ({100 * verdict.level:.4g} %)"
    corrected = f"p {verdict.p_adjusted:.2g} by Holm over {family}" if family > 1 else f"p {verdict.p:.2g}"
    return f", at least {low}, at most {high}, {corrected}"


def _told(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _finding(metric: str, level: Level, message: str, of: str = "") -> Finding:
    return Finding(metric=metric, check="agreement", level=level, message=message, set=of)
