"""Options that cannot be meant are refused with their value."""

from typing import Any

import pytest

from harness.meta.options import MetaOptions


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("folds", 1, "folds must be at least 2, got 1"),
        ("level", 1.0, "level must lie between 0 and 1, got 1"),
        ("level", 95.0, "level must lie between 0 and 1, got 95"),
        ("alpha", 0.0, "alpha must lie between 0 and 1, got 0"),
        ("gap_tolerance", -1e-12, "gap_tolerance must not be negative, got -1e-12"),
        ("resamples", 0, "resamples must be at least 1, got 0"),
        ("draws", -5, "draws must be at least 1, got -5"),
        ("random_draws", 0, "random_draws must be at least 1, got 0"),
    ],
)
def test_a_choice_that_cannot_be_meant_is_refused(field: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MetaOptions(**{field: value})


def test_the_defaults_are_the_definitions_of_the_method() -> None:
    options = MetaOptions()
    assert (options.folds, options.resamples, options.level, options.alpha, options.random_draws) == (5, 2000, 0.95, 0.05, 200)
    assert (options.gap_tolerance, options.raters, options.test, options.draws) == (0.0, "primary", "sign-flip", 1000)
    assert options.groupings == ("item", "system", "none")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seed": -1}, "seed must not be negative, got -1"),
        ({"resamples": 10**9}, "resamples must be at most 1,000,000"),
        ({"alpha": 1e-300}, "alpha must be at least 0.000001"),
        ({"folds": 10**6}, "folds must be at most 1,000"),
    ],
)
def test_a_slip_of_the_key_is_refused_before_it_takes_hours(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MetaOptions(**wrong)
