"""Slower and larger: what is compared with what, and what is said."""

from pathlib import Path

import pytest

from harness.gate import cost as module
from harness.gate.baseline import Baseline, Cost, MetricBaseline
from harness.gate.config import CostOptions, GateConfig
from harness.gate.cost import cost, slowdown, too_much
from harness.gate.findings import Finding
from harness.gate.measure import Measured

MIB = 2**20


def config(**options: float | None) -> GateConfig:
    return GateConfig(file=Path("gate.yaml"), baseline=Path("baseline.json"), metrics=(), cost=CostOptions(**options))


def baseline(held: Cost | None) -> Baseline:
    return Baseline(metrics={"chrf": MetricBaseline(signature="chrf|v:1", tolerance=0, components=[None], cost=held)})


def checked(
    monkeypatch: pytest.MonkeyPatch, was: Cost | None, now: Cost | None, *again: Cost | None, **options: float | None
) -> Finding:
    """The finding; `again` is what further measurements say, and asking for more of them is an error."""
    more = iter(again)
    monkeypatch.setattr(module, "measure_cost", lambda metric, sets: next(more))
    measured = Measured(baseline(now), built={"chrf": None}, sets={}, scores={})  # type: ignore[dict-item]
    (found,) = cost(config(**options), baseline(was), measured)
    assert next(more, None) is None
    return found


def test_a_metric_that_costs_what_it_did_passes_and_the_message_says_how_much(monkeypatch: pytest.MonkeyPatch) -> None:
    found = checked(monkeypatch, Cost(ratios={"text": 2.0}, memory=MIB), Cost(ratios={"text": 3.0}, memory=2 * MIB))
    assert (found.level, found.check, found.metric) == ("pass", "cost", "chrf")
    assert found.message == "chrf: 1.50 times the baseline's CPU time, 2.0 MiB"


def test_a_metric_that_is_slower_in_every_measurement_fails_with_the_lowest_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    times = [Cost(ratios={"text": ratio}) for ratio in (1.0, 9.0, 4.0, 5.0)]
    found = checked(monkeypatch, *times)
    assert found.level == "fail"
    assert "chrf is slower: 4.0 times the baseline's CPU time" in found.message
    assert "3 times are allowed" in found.message
    assert "harness gate update" in found.message


def test_a_metric_that_looked_slower_once_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    times = [Cost(ratios={"text": ratio}) for ratio in (1.0, 9.0, 1.1)]
    assert checked(monkeypatch, *times).level == "pass"


def test_memory_is_told_beside_that_of_the_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    found = checked(
        monkeypatch,
        Cost(ratios={"text": 1.0}, memory=20 * MIB),
        *[Cost(ratios={"text": 1.0}, memory=size * MIB) for size in (90, 80, 100)],
    )
    assert found.level == "fail"
    assert "larger: it took 80 MiB beyond what the process held, 20 MiB in the baseline, and 40 MiB are allowed" in found.message


def test_a_baseline_without_cost_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked(monkeypatch, None, Cost(ratios={"text": 1.0})).level == "warning"


def test_slower_is_slower_beside_every_job_of_both() -> None:
    was = Cost(ratios={"text": 1.0, "arrays": 10.0, "gone": 1.0})
    assert slowdown(Cost(ratios={"text": 5.0, "arrays": 20.0, "new": 99.0}), was) == 2.0
    assert slowdown(Cost(ratios={"other": 5.0}), was) is None


def test_a_little_memory_is_never_too_much_and_unknown_memory_neither() -> None:
    options = CostOptions(slower=None, larger=2.0)
    was = Cost(ratios={"text": 1.0}, memory=1000)
    assert not too_much(Cost(ratios={"text": 100.0}, memory=32 * MIB), was, options)
    assert too_much(Cost(ratios={}, memory=32 * MIB + 1), was, options)
    assert not too_much(Cost(ratios={}, memory=None), was, options)


def test_options_that_are_null_look_at_nothing() -> None:
    was, now = Cost(ratios={"text": 1.0}, memory=MIB), Cost(ratios={"text": 100.0}, memory=1000 * MIB)
    assert not too_much(now, was, CostOptions(slower=None, larger=None))
    assert len(too_much(now, was, CostOptions(slower=99, larger=2))) == 2


def paid(was: Cost | None, **options: float | None) -> list[Finding]:
    """What is found where nothing is measured now, and the metric says that it is paid."""
    now = Baseline(metrics={"chrf": MetricBaseline(signature="chrf|v:1", tolerance=0, components=[None], declared_cost="paid")})
    return list(cost(config(**options), baseline(was), Measured(now, built={}, sets={}, scores={})))


def test_a_cost_that_is_no_longer_measured_fails_and_says_why() -> None:
    (found,) = paid(Cost(ratios={"text": 1.0}))
    assert (found.level, found.check) == ("fail", "cost")
    assert "no longer measured, since it declares that it is paid" in found.message


def test_a_cost_that_nobody_asks_for_or_that_never_was_is_not_missed() -> None:
    assert not paid(None)
    assert not paid(Cost(ratios={"text": 1.0}), slower=None, larger=None)
