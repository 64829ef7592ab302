"""Agreement of raters: the coefficients of independent tools, for all and for every two."""

import krippendorff
import pytest
from judgment_sets import Sheet

from harness.describe import describe
from harness.records import Judgment

ANNA = [1, 2, 3, 4, 5, 3, 2, 1, 4, 5, 3, 3]
BO = [1, 2, 3, 4, 4, 3, 2, 2, 4, 5, 1, 3]


def sheet(*raters: list[float]) -> Sheet:
    made = Sheet()
    for n, values in enumerate(zip(*raters, strict=True)):
        made.answer(f"d/{n}", "a", {f"r{rater}": float(value) for rater, value in enumerate(values)}, text=f"svar {n}")
    return made


def test_alpha_of_two_raters_is_that_of_an_independent_tool_and_lies_in_its_interval() -> None:
    found = describe(sheet(ANNA, BO).data())["agreement"]["quality"]
    expected = krippendorff.alpha(reliability_data=[ANNA, BO], level_of_measurement="ordinal")
    assert found["krippendorff_alpha_ordinal"] == pytest.approx(expected)
    assert found["low"] < expected < found["high"]
    assert found["equal"] == pytest.approx(9 / 12)
    (pair,) = found["pairs"]
    assert (pair["raters"], pair["n"], pair["difference"]) == (["r0", "r1"], 12, pytest.approx(-2 / 12))


def test_of_three_raters_every_two_are_held_against_each_other() -> None:
    found = describe(sheet(ANNA, BO, ANNA).data())["agreement"]["quality"]
    alphas = {tuple(pair["raters"]): pair["alpha"] for pair in found["pairs"]}
    assert set(alphas) == {("r0", "r1"), ("r0", "r2"), ("r1", "r2")}
    assert alphas["r0", "r2"] == 1.0
    assert found["equal"] == pytest.approx((9 + 9 + 12) / 36)


def test_labels_agree_nominally() -> None:
    made = sheet(ANNA, BO)
    labels = {1: "a", 2: "b", 3: "c", 4: "d", 5: "e"}
    made.judgments = [
        Judgment(output_id=f"d/{n}/a/0", rater=rater, criterion="quality", value=labels[values[n]])
        for rater, values in (("r0", ANNA), ("r1", BO))
        for n in range(len(ANNA))
    ]
    found = describe(made.data())["agreement"]["quality"]
    expected = krippendorff.alpha(reliability_data=[ANNA, BO], level_of_measurement="nominal")
    assert found["krippendorff_alpha_nominal"] == pytest.approx(expected)
    assert found["pairs"][0]["difference"] is None


def test_those_who_compare_pairs_agree_whichever_way_a_pair_is_written() -> None:
    made = Sheet()
    for n in range(10):
        a, b = (made.answer(f"d/{n}", system, text=f"{system} {n}") for system in "ab")
        made.prefer(a, b, "ab"[n % 2], rater="anna").prefer(b, a, "ba"[n % 2], rater="bo")
    made.judgments.clear()
    found = describe(made.data())["preference_agreement"]["quality"]
    assert (found["krippendorff_alpha_nominal"], found["fleiss_kappa"], found["pairs_of_outputs"]) == (1.0, 1.0, 10)
