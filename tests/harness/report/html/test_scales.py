"""Axes of the figures."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.html.scales import around, labelled, scale, tick_label, ticks

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


def test_a_value_stands_at_its_share_of_the_axis_and_never_beyond_its_ends() -> None:
    axis = scale(0.2, 0.6)
    assert [axis.at(0.2), axis.at(0.6), axis.at(0.1), axis.at(9)] == [0, 100, 0, 100]
    assert axis.percent(0.3) == "25%"
    assert not axis.holds(0.1)


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (0.0, 0.0), (5.0, 2.0), (math.nan, 1.0), (0.0, math.inf)])
def test_odd_ends_still_make_an_axis(low: float, high: float) -> None:
    axis = scale(low, high)
    assert axis.low < axis.high


def test_an_axis_around_values_leaves_out_what_is_missing() -> None:
    axis = around([None, 0.0, math.nan, 1.0], 0.1)
    assert (axis.low, axis.high) == pytest.approx((-0.1, 1.1))
    assert (around([None]).low, around([None]).high) == (0.0, 1.0)


def test_marks_are_round_numbers_with_the_decimals_they_need() -> None:
    assert [text for _, text in labelled(scale(0.41, 0.72))] == [".45", ".50", ".55", ".60", ".65", ".70"]
    assert [text for _, text in labelled(scale(0, 100))] == ["0", "20", "40", "60", "80", "100"]
    assert tick_label(-0.5, 0.25) == "−.50"


@given(NUMBERS, NUMBERS, st.integers(2, 8))
def test_marks_lie_on_the_axis_and_are_few(one: float, other: float, most: int) -> None:
    axis = scale(one, other)
    marks = ticks(axis, most)
    assert len(marks) <= most
    assert all(axis.holds(mark) or math.isclose(mark, axis.low, abs_tol=1e-9) for mark in marks)
    assert marks == sorted(set(marks))
