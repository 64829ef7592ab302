"""Approving of what metrics say now: what changes in the baseline, what stays, and what its history says of it."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from harness.gate.baseline import (
    Baseline,
    JudgeBaseline,
    JudgedScores,
    Limits,
    MetricBaseline,
    PairScores,
    StatisticsBaseline,
    Value,
)
from harness.gate.config import CostOptions, GateConfig
from harness.gate.cost import too_much
from harness.gate.limits import limits_of
from harness.gate.measure import Measured
from harness.gate.moves import distance, moved_units, shared_components

_SIGNED = "the signature did not move though scores did"
_EXACT = 1e-9  # rows of statistics that differ by less stay as they are


def approved(config: GateConfig, before: Baseline, now: Baseline, measured: Measured) -> Baseline:
    """The baseline with what was measured now. What did not move stays to the last digit, and so does what could not be measured
    here: sets that may be absent, metrics that could not be asked, and where only a part of the gate was asked all the rest.

    `now` is `measured.now`, or that with more said beside the scores.
    """
    kept = before.metrics if config.part else {str(ref): before.metrics.get(str(ref)) for ref in config.metrics}
    metrics = {
        label: _metric(config, before.metrics.get(label), now.metrics.get(label), measured) for label in {**kept, **now.metrics}
    }
    statistics, judges = before.statistics, before.judges
    if config.statistics is not None:
        broken = {name: held for name, held in before.statistics.items() if name in measured.broken_cases}
        same = {name: _same_rows(before.statistics.get(name), held) for name, held in now.statistics.items()}
        statistics = {**same, **broken}
    elif not config.part:
        statistics = {}
    if config.judges is not None:
        unasked = {one.label for one in measured.judges if one.now is None}
        left = {one for one in before.judges if one in unasked or (config.only_judges and one not in now.judges)}
        judges = {
            label: before.judges[label] if label in left else _same_judge(before.judges.get(label), now.judges[label])
            for label in {**before.judges, **now.judges}
            if label in left or label in now.judges
        }
    elif not config.part:
        judges = {}
    return msgspec.structs.replace(
        before,
        metrics={label: held for label, held in metrics.items() if held is not None},
        statistics=statistics,
        judges=judges,
        limits=before.limits if config.part and before.limits is not None else limits_of(config),
    )


def changes(before: Baseline, after: Baseline) -> list[str]:
    """What an update approves of: a line for whatever differs, with how many of how many."""
    return [
        *_entries(before.metrics, after.metrics, "metric", _metric_changes),
        *_entries(before.statistics, after.statistics, "statistics of", _statistics_changes),
        *_entries(before.judges, after.judges, "judge", _judge_changes),
        *_limits_changes(before, after.limits),
    ]


def _limits_changes(before: Baseline, now: Limits | None) -> Iterator[str]:
    was = before.limits
    if was is None or now is None:
        if now is not None and before.history:  # a first baseline is new as a whole
            yield "the gate's limits: kept from now on"
        return
    told = [
        f"{name} {_told(getattr(was, name))} → {_told(getattr(now, name))}"
        for name in Limits.__struct_fields__
        if name != "drift" and getattr(was, name) != getattr(now, name)
    ]
    if now.drift and not was.drift:
        told.append(f"drift of {len(now.drift)} judges: kept from now on")
    else:
        told += [f"drift of {label}" for label, drift in now.drift.items() if was.drift.get(label) != drift]
        told += [f"drift of {label}: gone" for label in was.drift if label not in now.drift]
    if told:
        yield f"the gate's limits: {', '.join(told)}"


def unmoved_signatures(before: Baseline, after: Baseline) -> dict[str, str]:
    """Label → signature of the metrics and judges whose scores are approved as others under the name that they had: the worst
    case, since tables of before and after hold different numbers under one name."""
    found = {label: now.signature for label, now in after.metrics.items() if _renamed_in_vain(before.metrics.get(label), now)}
    for label, judge in after.judges.items():
        was = before.judges.get(label)
        if was is not None and (was.signature, was.digest) == (judge.signature, judge.digest) and was.scores != judge.scores:
            found[label] = judge.signature
    return found


def _renamed_in_vain(was: MetricBaseline | None, now: MetricBaseline) -> bool:
    if was is None or was.signature != now.signature:
        return False
    sets = [*((was.pairs.get(name), held) for name, held in now.pairs.items())]
    answers = [*((was.judged.get(name), held) for name, held in now.judged.items())]
    return any(one is not None and one.digest == held.digest and one.scores != held.scores for one, held in sets) or any(
        one is not None and one.digest == held.digest and _columns(one, one, held) != _columns(held, one, held)
        for one, held in answers
    )


def _entries(before: Mapping[str, Any], after: Mapping[str, Any], kind: str, differences: Any) -> Iterator[str]:
    for name in {**before, **after}:
        was, now = before.get(name), after.get(name)
        if was is None:
            yield f"{name}: new {kind}" if kind != "statistics of" else f"statistics of {name}: new"
        elif now is None:
            yield f"{name}: no longer in the gate"
        elif was != now:
            told = list(differences(was, now)) or ["what stands beside its numbers"]
            yield f"{name}: {', '.join(told)}"


def _metric(
    config: GateConfig, was: MetricBaseline | None, now: MetricBaseline | None, measured: Measured
) -> MetricBaseline | None:
    if now is None or was is None:
        return now or was
    pairs = {name: _same_pairs(was.pairs.get(name), held, now.tolerance) for name, held in now.pairs.items()}
    absent = {name: held for name, held in was.judged.items() if name in measured.absent}
    judged = {name: _same_judged(was.judged.get(name), held, now.tolerance) for name, held in now.judged.items()}
    cost = now.cost
    unasked = cost is None and config.cost == CostOptions(slower=None, larger=None)
    if was.cost is not None and (
        unasked or (cost is not None and not (too_much(cost, was.cost, config.cost) or too_much(was.cost, cost, config.cost)))
    ):
        cost = was.cost  # no two measurements are alike: as long as they pass for the same, the first stays
    return msgspec.structs.replace(now, pairs=pairs, judged={**absent, **judged}, cost=cost)


def _same_pairs(was: PairScores | None, now: PairScores, tolerance: float) -> PairScores:
    if was is None or was.digest != now.digest:
        return now
    return msgspec.structs.replace(now, scores=_same(was.scores, now.scores, tolerance))


def _same_judged(was: JudgedScores | None, now: JudgedScores, tolerance: float) -> JudgedScores:
    if was is None or was.digest != now.digest or len(was.values) != len(now.values):
        return now
    values = [
        one if not distance([one], [other], tolerance) else other for one, other in zip(was.values, now.values, strict=True)
    ]
    others = dict(now.others)
    for name in shared_components(was, now):
        both = zip(was.others[name], now.others[name], strict=True)
        others[name] = [one if not distance([one], [other], tolerance) else other for one, other in both]
    return msgspec.structs.replace(now, values=values, others=others, accuracies=was.accuracies)


def _same_rows(was: StatisticsBaseline | None, now: StatisticsBaseline) -> StatisticsBaseline:
    return now if was is None else msgspec.structs.replace(now, rows=_same(was.rows, now.rows, _EXACT))


def _same_judge(was: JudgeBaseline | None, now: JudgeBaseline) -> JudgeBaseline:
    if was is None or was.digest != now.digest:
        return now
    tolerance = min(was.tolerance, now.tolerance)  # else a larger one would hide what moved together with it
    scores = _same(
        {unit: [one] for unit, one in was.scores.items()}, {unit: [one] for unit, one in now.scores.items()}, tolerance
    )
    return msgspec.structs.replace(
        now,
        scores={unit: row[0] for unit, row in scores.items()},
        verdicts=_same(was.verdicts, now.verdicts, tolerance),
        agreement=_same(was.agreement, now.agreement, _EXACT),
    )


def _same(was: Mapping[str, list[Any]], now: Mapping[str, list[Any]], tolerance: float) -> dict[str, list[Any]]:
    """The rows of now, those that did not move as they were."""
    return {unit: was[unit] if unit in was and not distance(was[unit], row, tolerance) else row for unit, row in now.items()}


def _metric_changes(was: MetricBaseline, now: MetricBaseline) -> Iterator[str]:
    if was.signature != now.signature:
        yield f"signature {was.signature} → {now.signature}"
    for field in ("tolerance", "components", "higher_is_better", "unit", "needs", "declared_cost", "silent"):
        one, other = getattr(was, field), getattr(now, field)
        if one != other:
            yield f"{field} {_told(one)} → {_told(other)}"
    for name in {**was.pairs, **now.pairs}:
        yield from _set_changes("pairs", name, was.pairs.get(name), now.pairs.get(name))
    for name in {**was.judged, **now.judged}:
        yield from _set_changes("answers", name, was.judged.get(name), now.judged.get(name))
    if _renamed_in_vain(was, now):
        yield _SIGNED
    for name in [one for one in was.judged if one in now.judged]:
        yield from _agreement_changes(name, was.judged[name], now.judged[name])
    if was.cost != now.cost:
        yield "its cost"


def _set_changes(
    kind: str, name: str, was: PairScores | JudgedScores | None, now: PairScores | JudgedScores | None
) -> Iterator[str]:
    if was is None or now is None:
        yield f"{kind} {name} {'new' if was is None else 'gone'}"
    elif was.digest != now.digest:
        yield f"{kind} {name} are others"
    else:
        one, other = _rows(was, was, now), _rows(now, was, now)
        moved = moved_units(one, other, 0.0)
        if moved:
            yield f"{len(moved)} of {len(one)} {kind} of {name} score otherwise"
        if isinstance(was, PairScores) and isinstance(now, PairScores) and was.statuses != now.statuses:
            yield f"statuses beside scores of {name}"


def _agreement_changes(name: str, was: JudgedScores, now: JudgedScores) -> Iterator[str]:
    """How agreement with people changed, criterion by criterion; where the pairs are others too, with how many there are."""
    for criterion in [one for one in was.accuracies if one in now.accuracies]:
        (one, _, _, pairs), (other, _, _, others) = was.accuracies[criterion], now.accuracies[criterion]
        if one != other:
            counted = ("", "") if was.digest == now.digest else (f" of {pairs} pairs", f" of {others} other pairs")
            told = ("-" if value is None else f"{value:.3f}" for value in (one, other))
            then, there = (f"{value}{count}" for value, count in zip(told, counted, strict=True))
            by = "" if one is None or other is None else f" ({other - one:+.3f})".replace("-", "−")
            yield f"agreement with people on {name} ({criterion}) {then} → {there}{by}"


def _statistics_changes(was: StatisticsBaseline, now: StatisticsBaseline) -> Iterator[str]:
    if was.digest != now.digest:
        yield "the case is another"
    moved = len(moved_units(was.rows, now.rows, 0.0)) + len(now.rows.keys() - was.rows.keys())
    if moved:
        yield f"{moved} of {len(now.rows)} rows are others"


def _judge_changes(was: JudgeBaseline, now: JudgeBaseline) -> Iterator[str]:
    if was.signature != now.signature:
        yield f"signature {was.signature} → {now.signature}"
    if was.tolerance != now.tolerance:
        yield f"tolerance {_told(was.tolerance)} → {_told(now.tolerance)}"
    if was.digest != now.digest:
        yield "answers or recorded replies are others"
    for name in ("scores", "verdicts", "agreement"):
        one, other = getattr(was, name), getattr(now, name)
        both = {**one, **other}
        moved = sum(one.get(unit) != other.get(unit) for unit in both)
        if moved:
            yield f"{moved} of {len(both)} {name} are others"
    if (was.signature, was.digest) == (now.signature, now.digest) and was.scores != now.scores:
        yield _SIGNED


def _rows(
    held: PairScores | JudgedScores, was: PairScores | JudgedScores, now: PairScores | JudgedScores
) -> dict[str, list[Value]]:
    """The rows of one of both, of judged answers with the components that both hold."""
    if isinstance(held, PairScores):
        return held.scores
    columns = _columns(held, was, now) if isinstance(was, JudgedScores) and isinstance(now, JudgedScores) else [held.values]
    return {str(place): list(row) for place, row in enumerate(zip(*columns, strict=True))}


def _columns(held: JudgedScores, was: JudgedScores, now: JudgedScores) -> list[list[Value]]:
    return [held.values, *(held.others[name] for name in shared_components(was, now))]


def _told(value: object) -> str:
    return (", ".join(map(str, value)) or "none") if isinstance(value, list) else str(value)
