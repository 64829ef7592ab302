"""A judge asked for real, on a sample of what it was asked when its replies were recorded: has the model behind it changed?

Answers are drawn in random order and asked about a few at a time; a sequential test (`harness.gate.sequential`) stops as soon as
it is known. Everything is asked anew: the replies go to a store of their own, where they stay for a look.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from harness.cache import default_folder
from harness.chat.messages import CallPlan
from harness.chat.transcript import read_transcript
from harness.errors import HarnessError, InputError
from harness.gate.baseline import Baseline, JudgeBaseline, Value
from harness.gate.findings import Finding, Moved
from harness.gate.judges import asked_of, build_heard, own_cache, read_asked
from harness.gate.judges_config import GatedJudge, JudgesConfig
from harness.gate.sequential import Test, interval
from harness.judgments import JudgmentSet
from harness.protocols import Unit
from harness.registry import Registry
from harness.score_table import STATUSES
from harness.stages.metrics import BuiltMetric, answer, prepare, targets
from harness.stages.units import make_work
from harness.verdicts import Audited, Planned

CHECK = "judge-live"
_AT_ONCE = 4  # answers asked about before the test looks again
_WORST = 5
_FAILED = 0.1  # share of the answers that could not be asked about, above which the others say nothing of the judge
Report = Callable[[str], None]


@dataclass(frozen=True)
class LiveOptions:
    """At most `sample` answers a judge and `budget` USD in all (None: no limit); `seed` draws them; `error` is the probability of
    each wrong word over all judges together."""

    sample: int
    budget: float | None = None
    seed: int | None = None
    error: float = 0.05


def live(
    config: JudgesConfig, before: Baseline, registry: Registry, options: LiveOptions, labels: Sequence[str], report: Report
) -> Iterator[Finding]:
    """A finding a judge, of those named, or of all whose recorded replies are a model's.

    `report` is told the price before anything is asked. InputError for an unknown name, and for a budget without known prices.
    """
    unknown = [label for label in labels if label not in {judge.label for judge in config.judges}]
    if unknown:
        raise InputError(
            f"{config.file}: no judge is called {unknown[0]!r}; there are {', '.join(j.label for j in config.judges)}"
        )
    if options.sample < 1:
        raise InputError(f"a live run asks about at least 1 answer, got {options.sample}")
    data = read_asked(config, registry)
    chosen = [judge for judge in config.judges if (judge.label in labels if labels else not _is_written(judge))]
    if not chosen:
        raise InputError(f"{config.file}: no judge has replies of a model, so there is none to ask again")
    spent = 0.0
    for judge in chosen:
        was = before.judges.get(judge.label)
        if was is None:
            message = f"{judge.label} is not in the baseline, so there is nothing to compare a live run with"
            yield Finding(metric=judge.label, check=CHECK, level="error", message=message)
            continue
        try:
            finding, cost = _live(
                judge, was, asked_of(judge, data), registry, options, options.error / len(chosen), spent, report
            )
        except InputError:
            raise
        except HarnessError as error:
            message = f"{judge.label} could not be asked live: {error}"
            yield Finding(metric=judge.label, check=CHECK, level="error", message=message)
            continue
        spent += cost
        yield finding


def _live(
    judge: GatedJudge,
    was: JudgeBaseline,
    data: JudgmentSet,
    registry: Registry,
    options: LiveOptions,
    error: float,
    spent: float,
    report: Report,
) -> tuple[Finding, float]:
    """The finding, and what it cost in USD."""
    now = datetime.now(UTC)
    folder = default_folder() / "gate-live" / f"{now:%Y%m%d-%H%M%S}-{now.microsecond:06d}"
    with own_cache(folder):
        metric, _ = build_heard(judge, registry, {})
        prepare(metric, data.examples)
        units = _drawn([unit for unit in make_work(data, metric.spec).units if _name(unit) in was.scores], options)
        _tell_price(judge, metric, units, options, error, folder, report)
        asking = _Asking(judge, was, metric, Test(judge.drift.allowed, judge.drift.too_much, alpha=error, beta=error))
        why = "all of the sample was asked"
        for start in range(0, len(units), _AT_ONCE):
            some = units[start : start + _AT_ONCE]
            if options.budget is not None and spent + asking.cost + _price(metric, some) > options.budget:
                why = f"asking on may cost more than the budget of {options.budget:g} USD"
                break
            if asking.ask(some):
                why = "it is known"
                break
            failed = f", {asking.failed} could not be asked" if asking.failed else ""
            report(f"{judge.label}: {min(start + _AT_ONCE, len(units))} of at most {len(units)} answers{failed}")
    return asking.finding(len(units), why, options), asking.cost


class _Asking:
    """One judge being asked: the differences so far, what moved most, what it cost."""

    def __init__(self, judge: GatedJudge, was: JudgeBaseline, metric: BuiltMetric, test: Test) -> None:
        self._judge, self._was, self._metric, self._test = judge, was, metric, test
        self._range = judge.drift.range or _range(was.scores.values())
        self._moved: list[Moved] = []
        self._failed: list[str] = []
        self._prices: dict[str, float] = {}

    @property
    def cost(self) -> float:
        """USD that the replies have cost."""
        return sum(self._prices.values())

    @property
    def failed(self) -> int:
        """Answers that could not be asked about."""
        return len(self._failed)

    def ask(self, units: Sequence[Unit]) -> bool:
        """Asks about these; whether it is decided. What could not be asked is no evidence."""
        found = answer(self._metric, units)
        assert isinstance(self._metric.metric, Audited)  # a judge of a gate, which keeps its verdicts
        for verdict in self._metric.metric.verdicts(units):
            self._prices[verdict.key or ""] = verdict.price or 0.0
        for place, unit in enumerate(units):
            status = STATUSES[found.status[0, place]]
            if status in ("error", "not-recorded"):
                self._failed.append(f"{_name(unit)}: {found.details.get((0, place), status)}")
                continue
            value = float(found.values[0, place])
            self._note(unit, None if np.isnan(value) else value)
        return self._test.decision is not None

    def _note(self, unit: Unit, now: float | None) -> None:
        before = self._was.scores[_name(unit)]
        then = before if isinstance(before, (int, float)) else None
        missing = (then is None) + (now is None)
        difference = 1.0 if missing == 1 else 0.0 if then is None or now is None else min(1.0, abs(now - then) / self._range)
        if self._test.decision is None:  # what came in the same breath as the answer that decided it is not looked at
            self._test.add(difference)
        if difference:
            self._moved.append(Moved(pair=_name(unit), before=then, now=now, hypothesis=unit.outputs[0].text or ""))

    def finding(self, most: int, why: str, options: LiveOptions) -> Finding:
        """What is known in the end."""
        label, drift, seen = self._judge.label, self._judge.drift, self._test.seen
        asked = len(self._failed) + len(seen)
        failed = f"; {len(self._failed)} of {asked} could not be asked ({self._failed[0]})" if self._failed else ""
        if not seen:
            message = f"{label}: live: nothing was asked: {why}{failed}"
            return Finding(metric=label, check=CHECK, level="error", message=message)
        low, high = interval(seen)
        numbers = (
            f"live scores differ from the recorded ones by {sum(seen) / len(seen):.3f} [{low:.3f}, {high:.3f}] of their range "
            f"({self._range:g}) in the mean, n = {len(seen)} of at most {most} answers, {self.cost:.4f} USD{failed}"
        )
        worst = tuple(sorted(self._moved, key=_size, reverse=True)[:_WORST])
        if self._test.decision == "drifted":
            message = (
                f"{label}: the judge drifted: {numbers}; {drift.allowed:g} is allowed. The model is another than was recorded"
            )
            return Finding(metric=label, check=CHECK, level="fail", message=message, moved=worst)
        if self._test.decision == "same" and len(self._failed) <= _FAILED * asked:
            message = f"{label}: {numbers}: less than {drift.too_much:g}"
            return Finding(metric=label, check=CHECK, level="warning" if self._failed else "pass", message=message, moved=worst)
        if self._test.decision == "same":
            why = f"more than {_FAILED:.0%} of the answers could not be asked about, and these may be the ones that drifted"
        message = (
            f"{label}: not known whether the judge drifted ({why}): {numbers}; {drift.allowed:g} is allowed, {drift.too_much:g} "
            "too much"
        )
        return Finding(metric=label, check=CHECK, level="inconclusive", message=message, moved=worst)


def _tell_price(
    judge: GatedJudge,
    metric: BuiltMetric,
    units: Sequence[Unit],
    options: LiveOptions,
    error: float,
    folder: Path,
    report: Report,
) -> None:
    plans = _plans(metric, units)
    calls, known = sum(plan.calls for plan in plans), [plan.price for plan in plans]
    if None in known and options.budget is not None:
        unpriced = ", ".join(plan.judge for plan in plans if plan.price is None)
        raise InputError(
            f"{judge.label}: no price is known for {unpriced}, so a budget cannot be kept: leave --budget out, or name a "
            "table of prices in the metric's parameters"
        )
    price = "no price is known" if None in known else f"at most {sum(p or 0.0 for p in known):.4f} USD"
    least = Test(judge.drift.allowed, judge.drift.too_much, alpha=error, beta=error).least
    few = "" if least <= len(units) else f" (too few to know that it is the same, which takes {least})"
    limit = "" if options.budget is None else f", of which {options.budget:g} USD may be spent"
    report(
        f"{judge.label}: at most {len(units)} answers{few}, {calls} calls, {price}{limit}; it stops as soon as it is known. "
        f"Replies are kept in {folder}"
    )


def _plans(metric: BuiltMetric, units: Sequence[Unit]) -> Sequence[CallPlan]:
    if not (isinstance(metric.metric, Planned) and isinstance(metric.metric, Audited)):
        raise HarnessError("it is no metric that asks models: it has no `verdicts` and `plan`")
    return metric.metric.plan(units)


def _price(metric: BuiltMetric, units: Sequence[Unit]) -> float:
    return sum(plan.price or 0.0 for plan in _plans(metric, units))


def _drawn(units: Sequence[Unit], options: LiveOptions) -> list[Unit]:
    order = np.random.default_rng(options.seed).permutation(len(units))
    return [units[place] for place in order[: options.sample].tolist()]


def _range(scores: Iterable[Value]) -> float:
    """The recorded scores' range; 1 where they are all alike."""
    there = [value for value in scores if isinstance(value, (int, float))]
    return (max(there) - min(there) if there else 0.0) or 1.0


def _is_written(judge: GatedJudge) -> bool:
    """Whether no model said what is recorded, so that there is none to ask."""
    return judge.replies.exists() and read_transcript(judge.replies).about.written


def _name(unit: Unit) -> str:
    return " + ".join(targets(unit))


def _size(moved: Moved) -> float:
    return float("inf") if moved.before is None or moved.now is None else abs(moved.before - moved.now)
