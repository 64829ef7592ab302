"""Histograms count every rating once."""

from hypothesis import given
from hypothesis import strategies as st

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
