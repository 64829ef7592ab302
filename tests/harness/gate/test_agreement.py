"""The check of agreement with people: what fails, what passes, what cannot be said, and what it tells about each."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from judgment_sets import Sheet

from harness.gate.agreement import agreement
from harness.gate.baseline import Baseline, JudgedScores, MetricBaseline, read_baseline, write_baseline
from harness.gate.comparisons import unmoved, with_accuracies
from harness.gate.config import AgreementOptions, GateConfig
from harness.gate.measure import Measured
from harness.protocols import MetricSpec
from harness.registry import PluginRef
from harness.score_table import ScoreTable
from harness.stages.metrics import BuiltMetric


class Gate:
    """One judged set of 60 items, three systems each, rated 1, 2, 3; metrics say what a test has them say."""

    def __init__(self, items=60, **options):
        self.sheet = Sheet()
        self.truth = []
        for item in range(items):
            for system in range(3):
                self.sheet.answer(f"i{item:03d}", f"s{system}", float(1 + (item + system) % 3))
                self.truth.append(float(1 + (item + system) % 3))
        self.config = GateConfig(file=Path("g"), baseline=Path("b"), metrics=(), agreement=AgreementOptions(**options))
        self.was, self.now, self.absent = {}, {}, {}
        self.digests = {}

    def metric(self, label, was, now, *, up=(True, True), digest="d", known=True):
        """Its scores then and now, in the order of the outputs; `up`: whether higher was and is better."""
        for held, values, higher in ((self.was, was, up[0]), (self.now, now, up[1])):
            scores = JudgedScores(digest=digest if held is self.was else "d", values=list(values))
            judged = {"set": scores} if known or held is self.now else {}
            held[label] = MetricBaseline(
                signature=label, tolerance=1e-6, components=[None], higher_is_better=higher, judged=judged
            )
        return self

    @property
    def measured(self):
        data = self.sheet.data()
        table = ScoreTable.of([msgspec.structs.replace(one, metric=label) for label in self.now for one in self._scores()])
        blocks = {block.metric: block for block in table.blocks}
        built = {label: BuiltMetric(PluginRef(label, {}), MetricSpec(label, build=object), None) for label in self.now}
        tables = {(label, "set"): ScoreTable([blocks[label]]) for label in self.now}
        return Measured(Baseline(metrics=self.now), built, {"set": data}, tables, self.absent)

    def _scores(self):
        marked = Sheet()
        for output in self.sheet.outputs:
            marked.score("m", (output.id,), 0.0)
        return marked.scores

    def found(self):
        return list(agreement(self.config, Baseline(metrics=self.was), self.measured))

    def only(self):
        (finding,) = self.found()
        return finding


def noisy(values, size, seed=0):
    return (np.array(values) + size * np.random.default_rng(seed).standard_normal(len(values))).tolist()


def test_unchanged_scores_pass_without_looking_at_people():
    gate = Gate()
    gate.sheet.judgments.clear()  # whoever looked would find nothing
    gate.metric("m", gate.truth, gate.truth)
    assert gate.only().level == "pass"
    assert "no score of set moved" in gate.only().message


def test_a_drift_within_the_tolerance_is_no_change():
    gate = Gate()
    gate.metric("m", gate.truth, noisy(gate.truth, 1e-8))
    assert "no score of set moved" in gate.only().message
    assert unmoved(np.array([1.0, 5.0, np.nan, 1.0]), np.array([1.05, 5.4, 2.0, np.nan]), 0.1).tolist()[:3] == [1.0, 5.0, 2.0]


def test_scores_that_no_longer_follow_people_fail_and_the_message_says_by_how_much():
    gate = Gate()
    gate.metric("m", gate.truth, noisy([0.0] * 180, 1.0))
    finding = gate.only()
    assert (finding.level, finding.check, finding.metric) == ("fail", "agreement", "m")
    assert finding.message.startswith("m: agreement with people on set (quality) fell: accuracy 1.000 → 0.")
    assert "harness gate update" in finding.message


@pytest.mark.parametrize("now", [[-1.0], ["error"]], ids=["constant", "without scores"])
def test_a_constant_and_a_metric_without_scores_agree_with_nobody(now):
    gate = Gate()
    gate.metric("m", gate.truth, now * 180)
    assert "accuracy 1.000 → 0.000, difference −1.000, at least −1.000 (97.5 %), at most −0.879 (97.5 %)" in gate.only().message


def test_a_metric_whose_direction_alone_was_turned_fails():
    gate = Gate()
    gate.metric("m", gate.truth, gate.truth, up=(True, False))
    assert gate.only().level == "fail"


def test_scores_turned_together_with_their_direction_agree_as_before():
    gate = Gate(items=200)
    gate.metric("m", gate.truth, [-value for value in gate.truth], up=(True, False))
    assert "no score of set moved" in gate.only().message


def test_another_scale_is_as_right_as_before():
    gate = Gate(items=200)
    gate.metric("m", gate.truth, [100 * value for value in gate.truth])
    assert gate.only().level == "pass"
    assert "every pair is as right as before" in gate.only().message


def test_agreement_that_rises_passes_and_is_told():
    gate = Gate()
    gate.metric("m", noisy(gate.truth, 1.0), gate.truth)
    assert gate.only().level == "pass"
    assert "rose: accuracy 0." in gate.only().message


def test_what_few_items_cannot_say_is_inconclusive():
    gate = Gate()
    gate.metric("m", noisy(gate.truth, 0.8), noisy(gate.truth, 0.8, seed=1))
    finding = gate.only()
    assert finding.level == "inconclusive"
    assert "may have fallen" in finding.message
    assert "60 independent items cannot say whether it fell by 0.02" in finding.message
    four = Gate(items=4)
    four.metric("m", four.truth, [0.0] * 12)
    assert four.only().level == "inconclusive"
    assert "4 independent items are too few" in four.only().message


def test_a_margin_that_is_wide_enough_lets_a_fall_pass():
    gate = Gate(margin=0.9)
    gate.metric("m", gate.truth, noisy(gate.truth, 0.5))
    assert gate.only().level == "pass"
    assert "has not fallen by 0.9" in gate.only().message


def test_holm_counts_what_moved_and_nothing_else():
    gate = Gate()
    gate.metric("m", gate.truth, noisy([0.0] * 180, 1.0)).metric("n", gate.truth, gate.truth)
    gate.metric("o", gate.truth, noisy(gate.truth, 0.3)).metric("p", gate.truth, [-value for value in gate.truth])
    found = {finding.metric: finding for finding in gate.found()}
    assert {label: one.level for label, one in found.items()} == {"m": "fail", "n": "pass", "o": "inconclusive", "p": "fail"}
    assert [label for label, one in found.items() if "by Holm over 3" in one.message] == ["m", "o", "p"]


def test_another_set_a_new_set_and_other_units_cannot_be_compared():
    gate = Gate()
    gate.metric("m", gate.truth, gate.truth, digest="old")
    assert gate.only().level == "fail"
    assert "the texts or judgments of set are not those of the baseline" in gate.only().message
    new = Gate()
    new.metric("m", new.truth, new.truth, known=False)
    assert "the baseline knows nothing of its agreement with people on set" in new.only().message
    other = Gate()
    other.metric("m", other.truth[:-1], other.truth)
    assert "it scores 180 units of set, the baseline holds 179" in other.only().message


def test_a_set_that_is_absent_is_told_once_and_only_where_the_baseline_knows_it():
    gate = Gate()
    gate.metric("m", gate.truth, gate.truth).metric("n", gate.truth, gate.truth)
    gate.now = {label: msgspec.structs.replace(one, judged={}) for label, one in gate.now.items()}
    gate.absent = {"set": "no file there", "other": "nor there"}
    finding = gate.only()
    assert (finding.level, finding.metric) == ("warning", "set")
    assert "no file there" in finding.message


def test_the_baseline_keeps_accuracies_for_people_to_read(tmp_path):
    gate = Gate()
    gate.metric("m", gate.truth, [*gate.truth[:-1], "error"])
    kept = with_accuracies(gate.measured.now, gate.measured)
    value, low, high, pairs = kept.metrics["m"].judged["set"].accuracies["quality"]
    assert (value, pairs) == (pytest.approx(1 - 2 / 180, abs=1e-4), 180)
    assert low <= value <= high
    write_baseline(tmp_path / "b.json", kept)
    assert read_baseline(tmp_path / "b.json").metrics == kept.metrics


def test_statistics_that_say_something_else_of_the_same_scores_fail():
    gate = Gate()
    gate.metric("m", gate.truth, gate.truth)
    gate.was = dict(with_accuracies(gate.measured.now, gate.measured).metrics)
    assert gate.only().level == "pass"
    held = gate.was["m"].judged["set"]
    (value, *rest) = held.accuracies["quality"]
    for other, level in ((value - 1e-4, "pass"), (value - 1e-3, "fail")):
        told = msgspec.structs.replace(held, accuracies={"quality": [other, *rest]})
        gate.was["m"] = msgspec.structs.replace(gate.was["m"], judged={"set": told})
        levels = {finding.metric: finding for finding in gate.found()}
        assert levels["m"].level == "pass"
        assert ("meta" in levels) == (level == "fail")
    assert levels["meta"].message.startswith("meta: statistics moved: calibrated accuracy of m on set (quality) was 0.9990 [")


def test_an_update_keeps_accuracies_that_did_not_move_and_takes_those_that_did():
    gate = Gate()
    gate.metric("m", gate.truth, gate.truth)
    kept = with_accuracies(gate.measured.now, gate.measured)
    assert with_accuracies(kept, gate.measured) == kept
    worse = gate.metric("m", gate.truth, [*gate.truth[:-6], *[0.0] * 6]).measured
    assert with_accuracies(worse.now, worse).metrics["m"].judged["set"].accuracies["quality"][0] < 0.99
    assert with_accuracies(kept, Measured(kept, {}, {}, {})) == kept
