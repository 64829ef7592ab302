"""Colours of the heat map."""

import math

from harness.report.html.heatmap import step


def test_guessing_has_the_middle_colour_and_the_ends_the_outer_ones() -> None:
    assert [step(value, 0.0, 1.0, 0.5) for value in (0.0, 0.5, 1.0)] == [0, 4, 8]


def test_between_ends_that_are_infinitely_far_apart_every_value_has_a_colour() -> None:
    assert step(0.5, -math.inf, math.inf, None) == 4
    assert step(0.5, -1e308, 1e308, None) in range(4, 9)
    assert step(0.5, -math.inf, 1.0, 0.2) in range(4, 9)
