"""Bootstrap over clusters: draws, weighted totals and percentile intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.meta.resampling import Resampler, coins, in_chunks, product


def resampler(n_clusters: int, resamples: int = 50, seed: int = 0, level: float = 0.95) -> Resampler:
    return Resampler(np.arange(n_clusters), n_clusters, resamples, level, seed)


def with_weights(weights: list[list[int]]) -> Resampler:
    """A resampler whose draws are given."""
    made = resampler(len(weights[0]), len(weights))
    made.__dict__["weights"] = np.array(weights, dtype=np.uint16)
    return made


def test_a_resample_draws_as_many_clusters_as_there_are_with_replacement() -> None:
    weights = resampler(30, resamples=4000).weights
    assert (weights.sum(axis=1) == 30).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(30), abs=0.1)
    assert weights.var() == pytest.approx(1 - 1 / 30, abs=0.02)  # binomial(30, 1/30)


def test_draws_depend_on_the_seed_alone() -> None:
    assert (resampler(20, seed=1).weights == resampler(20, seed=1).weights).all()
    assert (resampler(20, seed=1).weights != resampler(20, seed=2).weights).any()


def test_draws_do_not_depend_on_how_many_are_held_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = resampler(20, resamples=50).weights
    monkeypatch.setattr("harness.meta.resampling._CELLS", 60)  # three resamples at a time
    assert (resampler(20, resamples=50).weights == whole).all()


def test_an_interval_is_the_percentiles_of_the_resampled_values() -> None:
    low, high = resampler(5, level=0.9).interval(np.arange(101.0))
    assert (low, high) == (pytest.approx(5.0), pytest.approx(95.0))


def test_undefined_values_are_left_out_of_an_interval_up_to_half_of_them() -> None:
    nan = float("nan")
    assert resampler(5).interval(np.array([1.0, 1.0, nan, nan])) == (1.0, 1.0)
    assert resampler(5).interval(np.array([1.0, nan, nan])) == (None, None)


def test_one_cluster_has_no_interval() -> None:
    assert resampler(1).interval(np.arange(10.0)) == (None, None)


def test_the_mean_over_groups_counts_a_group_as_often_as_its_cluster_is_drawn() -> None:
    made = with_weights([[2, 0, 1], [0, 1, 2], [3, 0, 0]])
    means = made.mean(np.array([1.0, 0.0, 0.5]), np.array([0, 1, 2]))
    assert means.tolist() == pytest.approx([(2 * 1 + 0.5) / 3, 1 / 3, 1.0])
    left_out = made.mean(np.array([1.0, 0.0, 0.5]), np.array([0, 1, 2]), np.array([False, True, True]))
    assert left_out[:2].tolist() == pytest.approx([0.5, 1 / 3])
    assert np.isnan(left_out[2])


def test_pairs_within_a_cluster_weigh_w_and_across_clusters_w_times_w() -> None:
    sums = np.array([[5.0, 7.0], [0.0, 11.0]])  # 5 within cluster 0, 11 within cluster 1, 7 across
    made = with_weights([[2, 0], [1, 1], [0, 2], [3, 2]])
    assert made.weigh_crossed(sums).tolist() == [10.0, 23.0, 22.0, 3 * 5 + 2 * 11 + 3 * 2 * 7]


whole_numbers = st.lists(st.lists(st.integers(-(2**20), 2**20), min_size=3, max_size=3), min_size=4, max_size=4)


@given(whole_numbers, st.integers(0, 60_000))
def test_products_of_whole_numbers_are_exact(right: list[list[int]], most: int) -> None:
    left = np.array([[most, 1, 0, 3], [2, most, 1, 1]])
    expected = (left.astype(object) @ np.array(right, dtype=object)).astype(float)
    assert (product(left.astype(float), np.array(right, dtype=float)) == expected).all()


def test_products_of_other_numbers_are_close() -> None:
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, 5, (7, 9)).astype(float), rng.random((9, 4))
    assert product(left, right) == pytest.approx(left @ right)
    assert product(left, right[:, 0]) == pytest.approx(left @ right[:, 0])


def test_chunks_are_joined_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.meta.resampling._CELLS", 20)
    assert in_chunks(lambda rows: np.arange(rows.start, rows.stop, dtype=float), 11, 10).tolist() == list(range(11))


def test_many_resamples_are_drawn_again_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = resampler(20, resamples=50).weights
    monkeypatch.setattr("harness.meta.resampling._CELLS", 60)
    made = resampler(20, resamples=50)
    for rows in (slice(0, 7), slice(7, 20), slice(3, 5), slice(40, 50)):
        assert (made.some_weights(rows) == whole[rows]).all()
    assert "weights" not in made.__dict__  # they are not held


@given(st.lists(st.lists(st.one_of(st.integers(-9, 9), st.floats(-1, 1)), min_size=6, max_size=6), min_size=1, max_size=5))
def test_sums_weighed_together_are_those_weighed_alone(columns: list[list[float]]) -> None:
    made = resampler(6)
    made.weigh_ahead([np.array(column, dtype=float) for column in columns])
    for column in columns:
        sums = np.array(column, dtype=float)
        assert (made.weigh(sums) == product(made.weights.astype(float), sums)).all()


@pytest.mark.parametrize("columns", [0, 1, 3, 4, 1001])
def test_coins_are_what_the_generator_gives_row_by_row(columns: int) -> None:
    plain, words = np.random.default_rng(3), np.random.default_rng(3)
    for rows in (3, 1, 2):
        expected = [plain.integers(0, 2, columns, dtype=np.int8) for _ in range(rows)]
        assert np.array_equal(coins(words, rows, columns), np.stack(expected))
    assert plain.random() == words.random()
