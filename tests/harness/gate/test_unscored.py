"""Metrics that fail on everything, or score nothing."""

import pytest

from harness.gate.baseline import Baseline, JudgedScores, MetricBaseline, PairScores
from harness.gate.judges import Judged
from harness.gate.measure import Measured
from harness.gate.unscored import failing, speechless


def measured(pairs=(), judged=()):
    held = MetricBaseline(
        signature="m|v:1",
        tolerance=0.0,
        components=[None],
        pairs={"p": PairScores(digest="d", scores={str(place): [value] for place, value in enumerate(pairs)})},
        judged={"people": JudgedScores(digest="e", values=list(judged))},
    )
    return Measured(Baseline(metrics={"m": held}), {}, {}, {})


@pytest.mark.parametrize(
    ("pairs", "judged", "said"),
    [
        (["error", "error"], [], "2 of 2 of p end in an error, and none has a score"),
        (["error", "no-reference"], [0.5], "1 of 2 of p end in an error, and none has a score"),
        ([0.5], ["error"], "1 of 1 of people end in an error, and none has a score"),
        (["no-reference"], ["empty"], "none of 2 pairs and answers has a score (empty, no-reference)"),
    ],
)
def test_a_metric_without_a_score_is_named_with_the_reason(pairs, judged, said):
    assert speechless(measured(pairs, judged)) == {"m": said}


@pytest.mark.parametrize(("pairs", "judged"), [([], []), ([0.0], []), (["no-reference"], [0.5]), ([0.5, "error"], [])])
def test_a_metric_that_scores_something_or_was_asked_nothing_is_not(pairs, judged):
    assert speechless(measured(pairs, judged)) == {}


def test_errors_beside_scores_are_told():
    assert list(failing(measured([0.5, "error"]))) == ["m: 1 of 2 of p end in an error"]
    assert list(failing(measured([0.5], ["empty"]))) == []


@pytest.mark.parametrize(("missing", "named"), [(3, ["llm-judge (tiny)"]), (2, []), (0, [])])
def test_a_judge_that_finds_none_of_its_replies_is_named(missing, named):
    judge = Judged("llm-judge (tiny)", requests=3, missing=missing)
    assert list(speechless(Measured(Baseline(), {}, {}, {}, judges=[judge]))) == named


def test_a_judge_that_could_not_be_asked_is_told_elsewhere():
    assert speechless(Measured(Baseline(), {}, {}, {}, judges=[Judged("llm-judge (tiny)", problem="no such file")])) == {}
