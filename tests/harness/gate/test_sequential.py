"""The sequential test of a judge that may have drifted: its stakes, its errors, its interval."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.gate.sequential import Test as SequentialTest
from harness.gate.sequential import interval

shares = st.floats(0, 1, allow_nan=False)


def test_where_differences_are_all_or_nothing_it_is_wald_s_test() -> None:
    test = SequentialTest(0.05, 0.2)
    for difference in (0.0, 1.0, 0.0, 0.0):
        test.add(difference)
    ratio = math.log(0.2 / 0.05) + 3 * math.log(0.8 / 0.95)
    assert test.against_same == pytest.approx(ratio)
    assert test.against_drift == pytest.approx(-ratio)


def test_the_same_is_known_after_as_many_equal_answers_as_it_says_and_not_before() -> None:
    test = SequentialTest(0.05, 0.2)
    assert test.least == 18  # (0.95 / 0.8) ** 18 = 22, and 1 / 0.05 = 20
    assert [test.add(0.0) for _ in range(18)] == [None] * 17 + ["same"]


def test_another_score_on_every_answer_is_a_drift_after_three() -> None:
    test = SequentialTest(0.05, 0.2)  # 4 ** 3 = 64 > 20 > 4 ** 2
    assert [test.add(1.0) for _ in range(3)] == [None, None, "drifted"]


@given(st.floats(0.01, 0.9), st.floats(0.01, 0.9), st.floats(0.0, 0.99), st.floats(0.01, 1.0))
def test_both_bets_are_fair_where_the_mean_is_the_one_that_they_bet_against(one, other, below, above) -> None:
    allowed, too_much = sorted((one, other))
    if too_much - allowed < 1e-3:
        return
    for mean, wealth in ((allowed, "against_same"), (too_much, "against_drift")):
        values = (mean * below, mean + (1 - mean) * above)
        weight = (mean - values[0]) / (values[1] - values[0])  # of the larger one, so that the mean is `mean`
        tests = [SequentialTest(allowed, too_much) for _ in values]
        for test, value in zip(tests, values, strict=True):
            test.add(value)
        won = [math.exp(getattr(test, wealth)) for test in tests]
        assert (1 - weight) * won[0] + weight * won[1] == pytest.approx(1)


@pytest.mark.parametrize(("mean", "false"), [(0.05, "drifted"), (0.2, "same")])
def test_a_false_word_is_said_no_oftener_than_it_may_be(mean: float, false: str) -> None:
    rng = np.random.default_rng(0)
    wrong = 0
    for row in (rng.random((1000, 60)) < mean).astype(float).tolist():
        test = SequentialTest(0.05, 0.2)
        wrong += next((word for word in map(test.add, row) if word is not None), None) == false
    assert 0 < wrong <= 50  # of 1,000, at a level of 5 %


def test_the_interval_holds_the_mean_narrows_and_is_all_there_is_before_anything_was_seen() -> None:
    assert interval([]) == (0.0, 1.0)
    rng = np.random.default_rng(1)
    seen = rng.choice([0.0, 0.5, 1.0], 300, p=[0.7, 0.2, 0.1]).tolist()
    early, late = interval(seen[:20]), interval(seen)
    assert early[0] <= late[0] <= 0.2 <= late[1] <= early[1]
    assert late[1] - late[0] < 0.2


@settings(max_examples=30)
@given(st.lists(shares, min_size=1, max_size=12))
def test_the_interval_lies_within_0_and_1_and_turns_with_the_differences(seen: list[float]) -> None:
    low, high = interval(seen)
    turned = interval([1 - one for one in seen])
    assert 0 <= low <= high <= 1
    assert turned == pytest.approx((1 - high, 1 - low), abs=2e-3)


@pytest.mark.parametrize("difference", [-0.1, 1.1, float("nan")])
def test_a_difference_beyond_0_and_1_is_refused(difference: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        SequentialTest(0.05, 0.2).add(difference)


def test_what_is_allowed_must_lie_below_what_is_too_much() -> None:
    with pytest.raises(ValueError, match="allowed must lie below too_much"):
        SequentialTest(0.2, 0.05)
