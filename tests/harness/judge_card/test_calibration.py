"""Calibration is of what the score is made of, before and after alike: twelve items, numbers checked by hand."""

from typing import Any

import pytest
from simulated_judges import world

from harness.judge_card.build import judge_cards
from harness.judge_card.contents import Card, Finding
from harness.judgments import JudgmentSet
from harness.meta.columns import MetricSummary
from harness.meta.options import MetaOptions
from harness.records import Example, Judgment, JudgmentInfo, Output, Scale
from harness.stages.evaluate import Evaluation
from harness.verdicts import Verdict

OPTIONS = MetaOptions(slices=(), resamples=100)
ITEMS = 12
# Of each item four outputs: people's rating, the judge's verdict, and its expectation, which is people's mean where it is given.
OUTPUTS = ((1, 1, 1.5), (2, 1, 1.5), (2, 3, 2.5), (3, 3, 2.5))


def card(read: str, **changes: Any) -> Card:
    scale = Scale(low=1, high=3)
    examples = tuple(Example(id=f"i{row}", kind="instruction", language="sv") for row in range(ITEMS))
    outputs, judgments, verdicts = [], [], []
    signature = f"sim|scale:1-3|read:{read}|v:1"
    for row in range(ITEMS):
        for place, (rating, value, expectation) in enumerate(OUTPUTS):
            id = f"i{row}/s{place}"
            outputs.append(Output(id=id, example_id=f"i{row}", system=f"s{place}", text="x"))
            judgments.append(Judgment(output_id=id, rater="anna", criterion="quality", value=rating, scale=scale))
            about = {"value": value, "expectation": expectation, **changes}
            verdicts.append(Verdict(metric=signature, targets=(id,), form="direct", judge="sim", criterion="quality", **about))
    info = JudgmentInfo(name="small", version="1", criteria=("quality",))
    data = JudgmentSet(info, examples, tuple(outputs), tuple(judgments), ())
    done = Evaluation(data, (MetricSummary(signature, "sim"),), {signature: "sim"}, (), (), tuple(verdicts))
    (found,) = judge_cards(done, OPTIONS).cards
    return found


def by_name(card: Card) -> dict[str, Finding]:
    return {one.name: one for one in card.findings if one.rating is None}


@pytest.mark.parametrize("read", ["auto", "expectation"])
def test_where_the_score_is_the_expectation_that_is_compared_with_itself_calibrated(read: str) -> None:
    found = by_name(card(read))
    # Each expectation is already people's mean: half a point from every rating, before as after.
    assert (found["error_before"].value, found["error_after"].value) == (0.5, 0.5)
    assert (found["rms_before"].value, found["rms_after"].value) == (0.5, 0.5)
    saved = found["squared_saved"]
    assert saved.value == 0
    assert saved.low is not None
    assert saved.high is not None
    assert saved.low <= 0 <= saved.high
    assert saved.shows == "nothing"
    assert found["bias_before"].value == 0
    assert "expected rating" in found["error_before"].says
    assert "expected rating" in found["error_after"].says


def test_where_the_score_is_the_verdict_the_expectation_is_not_looked_at() -> None:
    found = by_name(card("verdict"))
    # The verdict is right of two of four and one point off of the others; calibrated it is people's means, 1.5 and 2.5.
    assert (found["error_before"].value, found["error_after"].value) == (0.5, 0.5)
    assert found["rms_before"].value == pytest.approx(0.5**0.5)
    assert found["rms_after"].value == 0.5
    assert found["squared_saved"].value == 0.25
    assert "expected" not in found["error_before"].says


def test_ratings_beside_people_are_the_verdicts_whatever_the_score_is_and_the_card_says_which_is_which() -> None:
    expected, verdict = card("auto", expectation=1.0), card("verdict")
    assert by_name(expected)["over_positivity"].value == by_name(verdict)["over_positivity"].value == 0
    assert by_name(expected)["bias_before"].value == -1  # people's mean is 2
    assert expected.matrices[0].of == "verdict"
    assert expected.matrices[0].counts == verdict.matrices[0].counts == ((12, 0, 0), (12, 0, 12), (0, 0, 12))
    assert expected.score is not None
    assert "Accuracy and Calibration are of it, all else of the verdicts as they were said" in expected.score
    assert verdict.score is None


def test_without_a_verdict_that_could_be_read_that_is_the_reason() -> None:
    found = by_name(card("auto", value=None, expectation=None, status="unparsed"))
    assert found["error_after"].note == "no verdict could be read"
    assert found["over_positivity"].note == "no verdict could be read"


def test_without_token_probabilities_a_score_of_expectations_has_nothing_to_calibrate() -> None:
    found = by_name(card("expectation", expectation=None))
    assert found["error_after"].note == "no verdict has an expected rating"
    assert found["over_positivity"].value == 0


def test_what_people_rated_elsewhere_is_told_from_one_fold() -> None:
    known = world(1, 4, rated=True)
    some = [replaced for replaced in known.data.judgments if "/000/" not in replaced.output_id]
    data = JudgmentSet(known.data.info, known.data.examples, known.data.outputs, tuple(some), ())
    only = Verdict(metric="sim|scale:1-4", targets=("sim/000/opt-7b",), form="direct", judge="sim", value=2)
    done = Evaluation(data, (MetricSummary(only.metric, "sim"),), {only.metric: "sim"}, (), (), (only,))
    (found,) = judge_cards(done, OPTIONS).cards
    assert by_name(found)["error_after"].note == "nobody rated what the judge rated"
