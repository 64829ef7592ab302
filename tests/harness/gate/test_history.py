"""What an update writes, and what it leaves."""

from pathlib import Path

import msgspec

from harness.gate.baseline import Baseline, Cost, JudgeBaseline, JudgedScores, MetricBaseline, PairScores, StatisticsBaseline
from harness.gate.config import GateConfig
from harness.gate.history import approved, changes, unmoved_signatures
from harness.gate.limits import limits_of
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
    assert told == ["m: 1 of 2 pairs of p score otherwise, the signature did not move though scores did"]


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
    assert after == replace(before, metrics={"m": now, "other": WAS}, limits=limits_of(part))
    strict = Baseline(limits=replace(limits_of(CONFIG), inconclusive="strict"))
    assert approved(part, strict, Baseline(), Measured(Baseline(), {}, {}, {})).limits == strict.limits
    assert changes(before, after) == ["m: signature m|v:1 → m|v:2"]


def test_a_whole_gate_without_statistics_and_judges_lets_them_go():
    before = Baseline(metrics={"m": WAS, "other": WAS}, statistics={"case": StatisticsBaseline(digest="s", rows={})})
    after = approved(CONFIG, before, Baseline(metrics={"m": WAS}), Measured(Baseline(), {}, {}, {}))
    assert after == Baseline(metrics={"m": WAS}, limits=limits_of(CONFIG))
    assert changes(before, after) == ["other: no longer in the gate", "case: no longer in the gate"]


def judged(values, accuracy, digest="e", pairs=300):
    return JudgedScores(digest=digest, values=values, accuracies={"correctness": [accuracy, 0.4, 0.9, pairs]})


def test_scores_approved_under_the_old_name_are_told_with_it():
    moved = {"p": PairScores(digest="d", scores={"01": [0.5], "02": [0.75]})}
    before = Baseline(metrics={"same": WAS, "other": WAS, "still": WAS, "grown": WAS})
    after = Baseline(
        metrics={
            "same": replace(WAS, pairs=moved),
            "other": replace(WAS, pairs=moved, signature="m|v:2"),
            "still": WAS,
            "grown": replace(WAS, pairs={"p": PairScores(digest="another", scores={"01": [0.5], "02": [0.75]})}),
        }
    )
    assert unmoved_signatures(before, after) == {"same": "m|v:1"}


def test_how_agreement_with_people_changed_is_told_by_name():
    was, now = (replace(WAS, judged={"people": one}) for one in (judged([1.0], 0.7717), judged([0.5], 0.732)))
    _, told = update(was, now)
    assert told == ["m: 1 of 1 answers of people score otherwise, the signature did not move though scores did"]  # not computed
    (said,) = changes(Baseline(metrics={"m": was}), Baseline(metrics={"m": now}))
    assert said.endswith("agreement with people on people (correctness) 0.772 → 0.732 (−0.040)")
    other = replace(WAS, judged={"people": judged([1.0, 0.5], 0.75, "f", 310)})
    (said,) = changes(Baseline(metrics={"m": was}), Baseline(metrics={"m": other}))
    assert said.endswith("agreement with people on people (correctness) 0.772 of 300 pairs → 0.750 of 310 other pairs (−0.022)")


def test_a_component_of_judged_answers_that_moved_is_told_and_the_others_stay_to_the_last_digit():
    def judged(left):
        return replace(
            WAS, judged={"people": JudgedScores(digest="e", values=[1.0, 1.0], others={"left": left, "right": [0.5, 0.5]})}
        )

    held, told = update(judged([0.5, 0.25]), judged([0.5 + 1e-8, 0.75]))
    assert held.judged["people"].others == {"left": [0.5, 0.75], "right": [0.5, 0.5]}
    assert told == ["m: 1 of 2 answers of people score otherwise, the signature did not move though scores did"]
