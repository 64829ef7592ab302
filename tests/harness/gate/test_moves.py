"""What moved, and how far."""

import math

from hypothesis import given
from hypothesis import strategies as st

from harness.gate.moves import distance, moved_units

values = st.none() | st.sampled_from(["empty", "error"]) | st.floats(-100, 100)
rows = st.dictionaries(st.text(max_size=2), st.lists(values, min_size=1, max_size=3), max_size=5)


def test_the_tolerance_is_absolute_below_one_and_relative_above():
    assert distance([0.5], [0.5 + 1e-6], 1e-5) == 0
    assert math.isclose(distance([0.5], [0.5 + 2e-5], 1e-5), 2e-5, rel_tol=1e-6)
    assert distance([50.0], [50.0 + 4e-4], 1e-5) == 0
    assert distance([50.0], [50.0 + 6e-4], 1e-5) > 0


def test_the_furthest_component_counts_and_a_score_that_came_or_went_is_infinitely_far():
    assert distance([0.5, 0.25, 0.0], [0.5, 0.5, 0.125], 0) == 0.25
    assert distance([0.5], ["error"], 1.0) == math.inf
    assert distance(["empty"], [0.0], 1.0) == math.inf
    assert distance(["empty"], ["error"], 1.0) == math.inf
    assert distance([0.5, 0.5], [0.5], 1.0) == math.inf


def test_numbers_that_are_not_finite_have_moved_whatever_they_are_compared_with():
    for strange in (math.nan, math.inf, -math.inf):
        assert distance([strange], [0.5], 1.0) == math.inf
        assert distance([0.5], [strange], 1.0) == math.inf
        assert distance([strange], [strange], 1.0) == math.inf


def test_moved_units_come_furthest_first():
    before = {"a": [0.1], "b": [0.2], "c": [0.3], "d": [0.4]}
    now = {"a": [0.1], "b": [0.3], "c": [0.8]}
    assert list(moved_units(before, now, 1e-9)) == ["d", "c", "b"]


@given(rows)
def test_nothing_moves_from_itself_whatever_the_tolerance(before):
    assert moved_units(before, before, 0.0) == {}


@given(rows, rows, st.floats(0, 1), st.floats(0, 1))
def test_a_wider_tolerance_never_finds_more(before, now, one, other):
    narrow, wide = sorted((one, other))
    assert moved_units(before, now, wide).keys() <= moved_units(before, now, narrow).keys()
