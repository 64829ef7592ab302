"""Isotonic regression: the closest non-decreasing curve, as scikit-learn has it; cross-fitted, nothing learns from itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.judge_card.calibration import cross_fitted
from harness.judge_card.isotonic import fit

POINTS = st.lists(st.tuples(st.integers(-5, 5), st.floats(-10, 10)), min_size=1, max_size=40)


def test_a_violation_is_pooled_to_its_mean() -> None:
    curve = fit(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 3.0, 2.0, 5.0]))
    assert curve.y.tolist() == [1.0, 2.5, 2.5, 5.0]
    assert curve.at(np.array([0.0, 3.5, 9.0])).tolist() == [1.0, 3.75, 5.0]
    assert np.isnan(curve.at(np.array([np.nan]))).all()


def test_points_of_one_x_count_together_and_by_their_number() -> None:
    curve = fit(np.array([1.0, 1.0, 1.0, 2.0]), np.array([4.0, 4.0, 4.0, 0.0]))
    assert curve.x.tolist() == [1.0, 2.0]
    assert curve.y.tolist() == [3.0, 3.0]


@settings(max_examples=50, deadline=None)
@given(POINTS)
def test_it_is_scikit_learns_curve_at_and_between_and_beyond_the_points(points: list[tuple[int, float]]) -> None:
    isotonic = pytest.importorskip("sklearn.isotonic")
    x, y = np.array([float(point[0]) for point in points]), np.array([point[1] for point in points])
    theirs = isotonic.IsotonicRegression(out_of_bounds="clip").fit(x, y)
    at = np.linspace(-7, 7, 57)
    np.testing.assert_allclose(fit(x, y).at(at), theirs.predict(at), atol=1e-9)


@given(POINTS)
def test_it_never_decreases_and_keeps_the_mean(points: list[tuple[int, float]]) -> None:
    x, y = np.array([float(point[0]) for point in points]), np.array([point[1] for point in points])
    curve = fit(x, y)
    assert (np.diff(curve.y) >= 0).all()
    np.testing.assert_allclose(curve.at(x).mean(), y.mean(), atol=1e-9)


def test_cross_fitting_uses_the_other_folds_alone() -> None:
    values, fold = np.array([1.0, 2.0, 1.0, 2.0, 3.0]), np.array([0, 0, 1, 1, 1])
    target = np.array([10.0, 20.0, 30.0, 40.0, np.nan])
    after, constant = cross_fitted(values, target, fold)
    assert after[:4].tolist() == [30.0, 40.0, 10.0, 20.0]
    assert constant[:4].tolist() == [35.0, 35.0, 15.0, 15.0]
    assert np.isnan(after[4])


def test_one_fold_alone_teaches_nothing() -> None:
    after, _ = cross_fitted(np.array([1.0, 2.0]), np.array([1.0, 2.0]), np.array([3, 3]))
    assert np.isnan(after).all()
