"""Variance components: against a textbook's table, with unequal numbers of raters, and by simulation of a known truth."""

import numpy as np
import pytest

from harness.meta.rater_variance import components, rated_twice
from harness.meta.targets import Ratings

NAN = float("nan")


def test_components_are_those_of_the_analysis_of_variance_done_by_hand() -> None:
    # three items, two raters: means 1, 4, 7; within (2·.5² · 3) = 1.5 over 3 = .5; between 2·(9 + 0 + 9) / 2 = 18; (18 - .5) / 2
    found = components(np.array([[0.5, 3.5, 6.5], [1.5, 4.5, 7.5]]))
    assert found is not None
    assert (found.rater, found.item, found.n_clusters) == (pytest.approx(0.5), pytest.approx(8.75), 3)


def test_a_negative_component_between_items_is_zero() -> None:
    found = components(np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert found is not None
    assert (found.item, found.rater) == (0.0, 0.5)


def test_items_with_one_rater_are_left_out_and_one_item_is_not_enough() -> None:
    values = np.array([[0.5, 3.5, 6.5, 100.0], [1.5, 4.5, 7.5, NAN]])
    assert components(values) == components(values[:, :3])
    assert components(values[:, 2:]) is None


def test_known_components_are_found_with_unequal_numbers_of_raters() -> None:
    rng = np.random.default_rng(1)
    values = 2.0 * rng.standard_normal(4000) + 1.0 * rng.standard_normal((3, 4000))
    values[2, rng.random(4000) < 0.5] = NAN
    found = components(values)
    assert found is not None
    assert (found.item, found.rater) == (pytest.approx(4.0, rel=0.08), pytest.approx(1.0, rel=0.05))


def test_an_item_is_rated_twice_where_two_raters_each_rated_two_of_its_outputs() -> None:
    item = np.array([0, 0, 1, 1, 2, 2])
    values = np.array([[1.0, 2.0, 1.0, 2.0, 1.0, NAN], [1.0, 2.0, 1.0, NAN, 1.0, 2.0]])
    everything = np.ones(6, dtype=bool)
    assert rated_twice(Ratings(("a", "b"), values), everything, item) == 1
    assert rated_twice(Ratings(("a", "b"), values), item == 1, item) == 0
