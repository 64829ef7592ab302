"""What an update writes, and what it leaves."""

from pathlib import Path

import msgspec

from harness.gate.baseline import Baseline, Cost, JudgeBaseline, JudgedScores, MetricBaseline, PairScores, StatisticsBaseline
from harness.gate.config import GateConfig
from harness.gate.history import approved, changes
from harness.gate.measure import Measured
from harness.registry import PluginRef

CONFIG = GateConfig(file=Path("gate.yaml"), baseline=Path("baseline.json"), metrics=(PluginRef("m", {}),))
PAIRS = PairScores(digest="d", scores={"01": [0.5], "02": [0.25]})
WAS = MetricBaseline(signature="m|v:1", tolerance=1e-6, components=[None], pairs={"p": PAIRS})
replace = msgspec.structs.replace


def update(was, now, config=CONFIG, **more):
    before = Baseline(metrics={"m": was})
    after = approved(
        config, before, Baseline(metrics={} if now is None else {"m": now}), Measured(Baseline(), {}, {}, {}, **more)
    )
    return after.metrics.get("m"), changes(before, after)


def test_only_the_scores_that_left_the_tolerance_are_written():
    now = replace(WAS, pairs={"p": PairScores(digest="d", scores={"01": [0.5 + 1e-8], "02": [0.75]})})
    held, told = update(WAS, now)
    assert held.pairs["p"].scores == {"01": [0.5], "02": [0.75]}
    assert told == ["m: 1 of 2 pairs of p score otherwise"]


def test_nothing_is_told_where_all_is_within_the_tolerance():
    now = replace(WAS, pairs={"p": PairScores(digest="d", scores={"01": [0.5 + 1e-8], "02": [0.25 - 1e-8]})})
    assert update(WAS, now) == (WAS, [])


def test_a_set_that_is_absent_here_and_a_metric_that_could_not_be_asked_stay():
    was = replace(WAS, judged={"people": JudgedScores(digest="e", values=[1.0])})
    assert update(was, WAS, absent={"people": "not here"}) == (was, [])
    assert update(was, None, broken={"m": "no such package"}) == (was, [])


def test_a_set_that_left_the_gate_goes():
    was = replace(WAS, judged={"people": JudgedScores(digest="e", values=[1.0])})
    assert update(was, WAS) == (WAS, ["m: answers people gone"])


def test_other_declarations_are_told_one_by_one():
    now = replace(WAS, higher_is_better=False, tolerance=0.5, silent=["scale"])
    _, told = update(WAS, now)
    assert told == ["m: tolerance 1e-06 → 0.5, higher_is_better True → False, silent none → scale"]


def test_a_cost_stays_as_long_as_both_pass_for_the_same():
    def cost(ratio):
        return replace(WAS, cost=Cost(ratios={"loop": ratio}, memory=2**20))

    assert update(cost(1.0), cost(1.4)) == (cost(1.0), [])
    assert update(cost(1.0), cost(9.0)) == (cost(9.0), ["m: its cost"])
    assert update(cost(9.0), cost(1.0)) == (cost(1.0), ["m: its cost"])


def test_what_a_part_of_the_gate_leaves_out_stays():
    before = Baseline(
        metrics={"m": WAS, "other": WAS},
        statistics={"case": StatisticsBaseline(digest="s", rows={"r": [1.0]})},
        judges={"judge": JudgeBaseline(digest="j", signature="judge|v:1", tolerance=0.0)},
    )
    part = replace(CONFIG, part=True)
    now = replace(WAS, signature="m|v:2")
    after = approved(part, before, Baseline(metrics={"m": now}), Measured(Baseline(), {}, {}, {}))
    assert after == replace(before, metrics={"m": now, "other": WAS})
    assert changes(before, after) == ["m: signature m|v:1 → m|v:2"]


def test_a_whole_gate_without_statistics_and_judges_lets_them_go():
    before = Baseline(metrics={"m": WAS, "other": WAS}, statistics={"case": StatisticsBaseline(digest="s", rows={})})
    after = approved(CONFIG, before, Baseline(metrics={"m": WAS}), Measured(Baseline(), {}, {}, {}))
    assert after == Baseline(metrics={"m": WAS})
    assert changes(before, after) == ["other: no longer in the gate", "case: no longer in the gate"]
