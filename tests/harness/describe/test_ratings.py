"""Histograms count every rating once."""

from hypothesis import given
from hypothesis import strategies as st
from judgment_sets import Sheet

from harness.describe import describe
from harness.describe.ratings import histogram
from harness.records import Scale


def test_a_short_scale_has_a_bar_a_point_also_where_nobody_used_it() -> None:
    bars = histogram([1.0, 1.0, 3.0], Scale(low=1, high=4))
    assert [(bar["low"], bar["count"]) for bar in bars] == [(1, 2), (2, 0), (3, 1), (4, 0)]


def test_a_fine_scale_has_ten_bins_of_which_the_last_holds_its_end() -> None:
    bars = histogram([float(value) for value in range(101)], Scale(low=0, high=100))
    assert [bar["count"] for bar in bars] == [10] * 9 + [11]


@given(st.lists(st.floats(-1e6, 1e6), max_size=60), st.sampled_from([None, Scale(low=0, high=100), Scale(low=1, high=3)]))
def test_every_rating_is_in_one_bar(values: list[float], scale: Scale | None) -> None:
    bars = histogram(values, scale)
    assert sum(bar["count"] for bar in bars) == len(values)
    assert len(bars) <= 12


def test_many_raters_are_put_together_with_the_lowest_and_the_highest() -> None:
    sheet = Sheet()
    for n in range(3):
        sheet.answer(f"d/{n}", "a", {f"r{rater}": float(rater) for rater in range(1, 6)} if n else {"r1": 1.0})
    found = describe(sheet.data())["pooled"]["quality"]
    assert found["ratings"] == 11
    assert found["mean"] == {"a": {"mean": 31 / 11, "n": 11}}
    assert (found["a_rater"], found["an_output"]) == ({"min": 2, "median": 2, "max": 3}, {"min": 1, "median": 5, "max": 5})
    assert (found["lowest"], found["highest"]) == ({"rater": "r1", "mean": 1.0}, {"rater": "r5", "mean": 5.0})
