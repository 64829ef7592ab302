"""What moved of judges and of the statistics."""

import click
import msgspec
import pytest

from harness.gate.baseline import Baseline, JudgeBaseline, StatisticsBaseline
from harness.gate.explain_parts import explain_judges, explain_statistics
from harness.gate.judges import Judged
from harness.gate.measure import Measured
from harness.gate.shown import markdown, terminal

JUDGE = JudgeBaseline(
    digest="d",
    signature="judge|v:1",
    tolerance=0.01,
    scores={"a": 3.0, "b": 4.0},
    verdicts={"a · 1": [3.0], "b · 1": [4.0]},
    agreement={"accuracy": [0.5, 0.4]},
)
ROWS = StatisticsBaseline(digest="d", columns=["value", "low", "p"], rows={"accuracy · m": [0.5, 0.25, 0.01], "tau · m": [0.1]})


def measured(**given):
    return Measured(Baseline(statistics=given.pop("statistics", {})), {}, {}, {}, **given)


def said(found):
    return [click.unstyle(line) for line in terminal(found, {})]


def test_verdicts_scores_and_agreement_of_a_judge_that_moved_are_told():
    now = msgspec.structs.replace(JUDGE, scores={"a": 3.005, "b": "unparsable"}, agreement={"accuracy": [0.5, 0.3]})
    (found,) = explain_judges(Baseline(judges={"j": JUDGE}), measured(judges=[Judged("j", now)]), 5)
    assert (found.of, found.moved) == (5, 2)
    assert [(pair.set, pair.pair) for pair in found.pairs] == [("scores", "b"), ("agreement with people", "accuracy")]
    lines = said([found])
    assert lines[0] == "j: moved: 2 of 5 values"
    assert "     scores:    score 4 → no score (unparsable)" in lines
    assert not any("reference" in line for line in lines)


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        (None, JUDGE, "is not in the baseline"),
        (msgspec.structs.replace(JUDGE, digest="other"), JUDGE, "its answers or recorded replies are not those of the baseline"),
        (JUDGE, None, "could not be asked: no model"),
    ],
)
def test_a_judge_that_cannot_be_compared_says_why(was, now, words):
    judged = Judged("j", now, problem=None if now else "no model")
    (found,) = explain_judges(Baseline(judges={"j": was} if was else {}), measured(judges=[judged]), 5)
    assert found.unknown == (words,)
    assert f"  {words}" in said([found])


def test_rows_of_statistics_that_moved_are_told_with_the_names_of_their_numbers():
    now = msgspec.structs.replace(ROWS, rows={"accuracy · m": [0.5, 0.375, 0.01], "tau · m": [0.1], "new · m": [1.0]})
    (found,) = explain_statistics(Baseline(statistics={"case/run": ROWS}), measured(statistics={"case/run": now}), 5)
    assert (found.metric, found.of, found.moved) == ("meta", 2, 2)
    assert [pair.pair for pair in found.pairs] == ["new · m", "accuracy · m"]
    assert "     scores:    value 0.5 as before; low 0.25 → 0.375 (+0.125); p 0.01 as before" in said([found])
    assert any("low 0.25 → 0.375" in line for line in markdown([found], {}))


def test_of_many_numbers_only_those_that_moved_are_told():
    columns = ["value", "low", "high", "p", "n"]
    was = StatisticsBaseline(digest="d", columns=columns, rows={"tau · m": [0.5, 0.25, 1.0, 0.01, 9]})
    now = msgspec.structs.replace(was, rows={"tau · m": [0.5, 0.25, 1.0, 0.01, 8]})
    lines = said(explain_statistics(Baseline(statistics={"c": was}), measured(statistics={"c": now}), 5))
    assert "     scores:    n 9 → 8 (-1)" in lines


def test_unmoved_statistics_are_one_sentence_and_none_are_nothing():
    now = measured(statistics={"case/run": ROWS}, broken_cases={"case/other": "ValueError: x"})
    lines = said(explain_statistics(Baseline(statistics={"case/run": ROWS}), now, 5))
    assert lines[0] == "meta: 2 values are as in the baseline"
    assert "  case/other could not be computed: ValueError: x" in lines
    assert not list(explain_statistics(Baseline(), measured(), 5))
