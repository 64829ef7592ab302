"""The planner's numbers: the textbook's where it holds, the test's own where few clusters are needed; spreads with intervals."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.meta.planner import (
    clusters_by_simulation,
    clusters_for_clear_intervals,
    clusters_for_difference,
    clusters_for_width,
    fewest_clusters,
    simulated_power,
    spread,
)

Z = NormalDist().inv_cdf


def test_the_number_is_the_textbooks_and_half_a_squared_z() -> None:
    # 1.96 and .84, spread .3, difference .02: ((1.960 + .842) · 15)² = 1766.0; z²/2 = 1.92
    assert clusters_for_difference(0.3, 0.02) == math.ceil(1765.97 + 1.92) == 1768


def test_the_number_for_few_clusters_is_that_of_the_t_test() -> None:
    # G*Power 3.1, t test of matched pairs, two-sided, alpha .05, power .8: dz .5 needs 34, dz .8 needs 15
    assert clusters_for_difference(1.0, 0.5) == 34
    assert clusters_for_difference(1.0, 0.8) == 15


def test_a_smaller_alpha_after_holm_needs_more() -> None:
    ratio = clusters_for_difference(0.3, 0.02, alpha=0.05 / 6) / clusters_for_difference(0.3, 0.02)
    assert ratio == pytest.approx(((Z(1 - 0.05 / 12) + Z(0.8)) / (Z(0.975) + Z(0.8))) ** 2, rel=1e-3)


@given(st.floats(0.01, 1), st.floats(0.005, 0.5), st.floats(0.001, 0.1), st.floats(0.5, 0.99))
def test_more_spread_less_difference_smaller_alpha_more_power_never_need_fewer(s: float, d: float, a: float, p: float) -> None:
    needed = clusters_for_difference(s, d, a, p)
    assert clusters_for_difference(s * 1.5, d, a, p) >= needed
    assert clusters_for_difference(s, d / 1.5, a, p) >= needed
    assert clusters_for_difference(s, d, a / 2, p) >= needed
    assert clusters_for_difference(s, d, a, (1 + p) / 2) >= needed


def test_flipped_signs_cannot_reject_with_five_clusters_and_can_with_six() -> None:
    assert fewest_clusters(0.05) == 6  # 2 of 2^5 patterns are 6 %, of 2^6 3 %
    assert clusters_for_difference(0.001, 0.5) == 6
    assert simulated_power(np.zeros(10), 0.1, 5, 0.05, seed=0, trials=50) == 0
    assert simulated_power(np.zeros(10), 0.1, 6, 0.05, seed=0, trials=50) > 0.9


def test_a_width_needs_the_clusters_that_a_normal_interval_needs() -> None:
    # 2 · 1.96 · .25 / .05 = 19.6; squared 384.1
    assert clusters_for_width(0.25, 0.05) == 385
    assert clusters_for_width(0.25, 0.1) == 97


def test_clear_intervals_need_both_spreads_and_that_of_the_difference() -> None:
    # (1.96 · (.2 + .3) + .8416 · .3) / .05 = 24.65; squared 607.6
    assert clusters_for_clear_intervals((0.2, 0.3), 0.3, 0.05, 0.95, 0.8) == 608


@pytest.mark.parametrize(
    ("delta", "alpha", "power", "said"),
    [
        (0.0, 0.05, 0.8, "delta"),
        (1.5, 0.05, 0.8, "delta"),
        (1e-12, 0.05, 0.8, "delta.* is at least 0.0001"),
        (0.02, 0.0, 0.8, "alpha"),
        (0.02, 0.05, 1.0, "power"),
        (0.02, 0.5, 0.4, "power"),
    ],
)
def test_what_cannot_be_planned_for_is_refused(delta: float, alpha: float, power: float, said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        clusters_for_difference(0.3, delta, alpha, power)


@pytest.mark.parametrize("width", [0.0, 1.0, -0.1, 1e-12])
def test_a_width_of_nothing_or_of_everything_is_refused(width: float) -> None:
    with pytest.raises(HarnessError, match="width"):
        clusters_for_width(0.3, width)


def test_the_spread_is_the_sample_standard_deviation_with_bonetts_interval() -> None:
    # the article's formula (its equation for exp(ln(c s²) ± z se)), step by step, with the plain mean in the kurtosis
    values = np.array([15.83, 16.01, 16.24, 16.42, 15.33, 15.44, 16.88, 16.31])
    n, z = len(values), Z(0.975)
    deviation = values.std(ddof=1)
    kurtosis = n * ((values - values.mean()) ** 4).sum() / ((values - values.mean()) ** 2).sum() ** 2
    c = n / (n - z)
    error = c * math.sqrt((kurtosis - (n - 3) / n) / (n - 1))
    found = spread(values)
    assert found is not None
    assert found.value == pytest.approx(deviation)
    assert found.low == pytest.approx(math.exp((math.log(c * deviation**2) - z * error) / 2))
    assert found.high == pytest.approx(math.exp((math.log(c * deviation**2) + z * error) / 2))


def test_the_spread_of_one_cluster_is_unknown_and_of_equal_ones_zero_without_an_interval() -> None:
    assert spread(np.array([0.3])) is None
    flat = spread(np.full(40, 0.25))
    assert flat is not None
    assert (flat.value, flat.low, flat.high, flat.n_clusters) == (0.0, None, None, 40)


def mostly_zero() -> np.ndarray:
    """Differences of metrics that are nearly alike: 2 % of the clusters decide (kurtosis 50)."""
    values = np.zeros(200)
    values[:4] = [-0.8, -0.8, 0.8, 0.8]
    return values


def test_where_few_clusters_decide_the_simulation_needs_fewer_than_the_formula() -> None:
    values, alpha = mostly_zero(), 0.05 / 6
    start = clusters_for_difference(float(values.std()), 0.03, alpha)
    found = clusters_by_simulation(values, 0.03, alpha, 0.8, seed=0, start=start, trials=200)
    assert 0.7 * start <= found < 0.9 * start
    assert simulated_power(values, 0.03, found, alpha, seed=5, trials=400) == pytest.approx(0.8, abs=0.06)


def test_the_simulation_never_goes_far_below_the_formula() -> None:
    # six of these clusters are mostly all alike once they are shifted, and six alike reject: that is no power
    values = mostly_zero()
    assert simulated_power(values, 0.05, 6, 0.05, seed=0, trials=100) > 0.8
    start = clusters_for_difference(float(values.std()), 0.05)
    assert clusters_by_simulation(values, 0.05, 0.05, 0.8, seed=0, start=start, trials=100) >= 0.7 * start


@pytest.mark.parametrize("start", [20, 300])
def test_the_simulation_finds_its_way_from_a_start_that_is_off(start: int) -> None:
    values = np.random.default_rng(3).standard_normal(400) / 4
    found = clusters_by_simulation(values, 0.1, 0.05, 0.8, seed=0, start=start, trials=200)
    right = clusters_for_difference(float(values.std()), 0.1)  # normal differences: the formula holds
    assert found == pytest.approx(max(right, 0.7 * start), rel=0.1)


def test_the_simulation_is_the_same_for_the_same_seed() -> None:
    values = mostly_zero()
    assert simulated_power(values, 0.05, 60, 0.05, seed=4, trials=200) == simulated_power(
        values, 0.05, 60, 0.05, seed=4, trials=200
    )
