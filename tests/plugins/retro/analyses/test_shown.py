"""Figures as people read them: a difference is seen however small it is, and nothing is -0.0."""

import pytest
from harness_plugins.retro.analyses.intervals import Figure
from harness_plugins.retro.analyses.shown import disk_size, percent


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((-0.137, -0.15, -0.124), "-13.7 % [-15.0 -12.4]"),
        ((-0.000012, -0.000034, 0.000005), "-0.0012 % [-0.0034 +0.0005]"),
        ((-0.0001, -0.02, 0.03), "0.0 % [-2.0 +3.0]"),
        ((-5e-9, -8e-9, 0.0), "0.0 % [0.0 0.0]"),
        ((-0.0, -0.0, 0.0), "0.0 % [0.0 0.0]"),
        ((0.1, None, None), "+10.0 %"),
        ((None, None, None), "not defined"),
    ],
)
def test_a_share_in_percent_has_the_digits_that_show_it(numbers, text):
    value, low, high = numbers
    assert percent(Figure(value=value, low=low, high=high)) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345, "12.3 kB"), (4_000_000, "4.0 MB"), (2 * 10**12, "2000.0 GB")],
)
def test_a_size_is_in_the_unit_that_fits(number, text):
    assert disk_size(number) == text
