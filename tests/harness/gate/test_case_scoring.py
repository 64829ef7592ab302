"""Scores of the stage do not depend on the batch nor on whether a run was stopped; what fails or says nothing is told apart."""

from harness.gate.case_scoring import scoring_lines
from harness.judgments import JudgmentSet
from harness.records import Example, JudgmentInfo, Output, Preference

TEXTS = {"a": "en röd häst", "b": "?", "c": "! häst", "d": "", "e": None}


def data(**info: object) -> JudgmentSet:
    example = Example.from_instruction("x/1", "vad", ["röd häst", "en"], language="sv")
    outputs = tuple(Output(id=name, example_id="x/1", system=name, text=text) for name, text in TEXTS.items())
    choice = Preference(output_a="a", output_b="b", rater="r", criterion="better", winner="a")
    return JudgmentSet(JudgmentInfo(name="x", version="1", **info), (example,), outputs, preferences=(choice,), digest="d")  # type: ignore[arg-type]


def test_each_unit_has_its_score_or_the_reason_why_not() -> None:
    found = dict(scoring_lines(data()))
    assert found["gate-words", "found", "a"] == [2.0, "ok"]
    assert found["gate-words", "both", "a"] == [2 / 3, "ok"]
    assert [found["gate-words", "both", name][1] for name in "bcde"] == ["unparsed", "error", "ok", "empty"]
    assert found["gate-length", "", "a"] == [11.0, "ok"]
    assert found["gate-length", "", "d"] == [None, "empty"]
    assert found["gate-pair", "", "a+b"] == [10.0, "ok"]
    assert found["gate-pair", "", "b+a"] == [-10.0, "ok"]
    assert found["gate-group", "", "5 outputs of a"] == [5.0, "ok"]
    assert found["gate-peers", "", "a"] == [None, "no-source"]


def test_neither_batches_nor_a_stopped_run_make_a_difference() -> None:
    assert all(len(name) == 3 for name, _ in scoring_lines(data()))


def test_a_system_that_is_the_reference_is_not_scored_beside_it() -> None:
    found = dict(scoring_lines(data(reference_systems=("a",))))
    assert found["gate-words", "both", "a"] == [None, "reference-is-system"]
    assert found["gate-group", "", "4 outputs of b"] == [4.0, "ok"]
