"""Paired tests against enumeration and by hand, Holm's correction, rank clusters."""

from fractions import Fraction

import numpy as np
import pytest
import slow_reference as slow
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.meta.pairs import human_signs, make_pairs
from harness.meta.significance import (
    centred_bootstrap,
    draws_needed,
    holm,
    pair_swap,
    rank_clusters,
    score_swap,
    sign_flip,
)


@settings(max_examples=30)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=8))
def test_sign_flip_p_is_near_the_share_of_all_sign_patterns(differences: list[int]) -> None:
    draws = 20_000
    exact = float(slow.sign_flip_p(differences))
    found = sign_flip(np.array(differences, dtype=float)[:, None], draws, seed=0)[0]
    assert found == pytest.approx(exact, abs=4 * (exact * (1 - exact) / draws) ** 0.5 + 2 / draws)


def test_sign_flip_p_of_six_equal_differences_is_two_in_sixty_four() -> None:
    assert slow.sign_flip_p([Fraction(1)] * 6) == Fraction(2, 64)
    assert sign_flip(np.ones((6, 1)), 100_000, seed=1)[0] == pytest.approx(2 / 64, abs=0.003)


def test_metrics_that_do_not_differ_have_a_p_of_one() -> None:
    assert sign_flip(np.zeros((5, 1)), 99, seed=0)[0] == 1.0


def test_p_is_never_zero_and_counts_the_observed_value() -> None:
    assert sign_flip(np.ones((60, 1)), 99, seed=0)[0] == 1 / 100


def test_all_comparisons_flip_the_same_signs_and_a_sign_of_the_difference_does_not_matter() -> None:
    differences = np.array([[1.0, -1.0, 2.0], [3.0, -3.0, 6.0], [-1.0, 1.0, -2.0], [0.5, -0.5, 1.0]])
    p = sign_flip(differences, 999, seed=3)
    assert p[0] == p[1] == p[2]


def test_sums_that_differ_by_rounding_alone_count_as_equal() -> None:
    differences = np.array([0.1, 0.2, -0.3])[:, None]  # 0.1 + 0.2 - 0.3 is 5.6e-17, exactly it is 0: every pattern reaches it
    assert sign_flip(differences, 500, seed=0)[0] == 1.0


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-(2**30), 2**30)), min_size=1, max_size=12))
def test_sign_flips_of_whole_numbers_are_those_of_sums_term_by_term(rows: list[tuple[int, int]]) -> None:
    differences = np.array(rows, dtype=float)
    flips = np.random.default_rng([5, 2]).integers(0, 2, (50, len(rows)), dtype=np.int8)
    for column, found in enumerate(sign_flip(differences, 50, 5)):
        values = [row[column] for row in rows]
        sums = [sum(v if keep else -v for v, keep in zip(values, draw, strict=True)) for draw in flips.tolist()]
        assert found == (1 + sum(abs(total) >= abs(sum(values)) for total in sums)) / 51


def test_pair_swap_leaves_pairs_without_a_difference_out() -> None:
    one = pair_swap(np.array([1.0, 1.0, 1.0]), 20_000, seed=0)
    assert one == pair_swap(np.array([0.0, 1.0, 1.0, 0.0, 1.0]), 20_000, seed=0)
    assert one == pytest.approx(2 / 8, abs=0.02)


def metrics(items: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Item groups of three outputs, human ratings, and two metrics of whole numbers."""
    rng = np.random.default_rng(seed)
    human = rng.integers(1, 4, items * 3).astype(float)
    return (
        np.repeat(np.arange(items), 3),
        human,
        human + rng.integers(0, 2, items * 3),
        rng.integers(0, 4, items * 3).astype(float),
    )


@settings(max_examples=15)
@given(st.integers(0, 100), st.sampled_from([3.0, 0.1, 1e6, 1e-6, 7.7]), st.sampled_from([0.0, 5.0, -1.3]))
def test_score_swap_does_not_depend_on_the_unit_of_a_metric(seed: int, scale: float, shift: float) -> None:
    groups, human, one, two = metrics(12, seed)
    pairs = make_pairs(groups, 1000)
    signs = human_signs(pairs, human)
    assert score_swap(pairs, signs, (one + shift) * scale, two, 40, 0) == score_swap(pairs, signs, one, two, 40, 0)
    assert score_swap(pairs, signs, two, (one + shift) * scale, 40, 0) == score_swap(pairs, signs, two, one, 40, 0)


def test_score_swap_rejects_where_one_metric_is_right_and_the_other_random_and_not_where_both_are_equal() -> None:
    groups, human, _, noise = metrics(60, 5)
    pairs = make_pairs(groups, 1000)
    signs = human_signs(pairs, human)
    assert score_swap(pairs, signs, human, noise, 199, 0) == 1 / 200
    assert score_swap(pairs, signs, noise, noise, 199, 0) == 1.0


def test_centred_bootstrap_by_hand() -> None:
    """Observed .2; centred resamples are -.1, .2, -.3, 0: two are at least as far as .2."""
    resampled = np.array([0.1, 0.4, -0.1, 0.2, np.nan])
    assert centred_bootstrap(resampled, 0.2) == pytest.approx(3 / 5)


def test_holm_by_hand() -> None:
    # sorted .01 .02 .03 .04: times 4, 3, 2, 1 gives .04 .06 .06 .04, and no later one may be smaller
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_the_textbook_definition(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(slow.holm(p_values))


def test_enough_draws_for_holms_smallest_threshold() -> None:
    assert draws_needed(55, 0.05, 1000) >= 20 * 55 / 0.05
    assert draws_needed(1, 0.05, 1000) == 1000


def test_a_metric_opens_a_new_cluster_when_a_member_of_the_current_one_beats_it() -> None:
    beats = {("a", "c"), ("a", "d"), ("b", "d"), ("c", "e")}
    # b is not beaten; c is beaten by a: cluster 2; d is beaten by a and b, but not by a member of cluster 2; e is beaten by c
    assert rank_clusters(["a", "b", "c", "d", "e"], beats) == {"a": 1, "b": 1, "c": 2, "d": 2, "e": 3}
    assert rank_clusters(["a", "b"], set()) == {"a": 1, "b": 1}


@pytest.mark.parametrize("flips", [1, 70, 4_000_000])
@pytest.mark.parametrize("factor", [1.0, 0.1])
def test_swapped_pairs_are_sign_flips_of_single_pairs(flips: int, factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.meta.significance._FLIPS", flips)
    for seed in range(5):
        differences = np.random.default_rng(seed).integers(-2, 4, 27) * factor
        apart = differences[differences != 0][:, None]
        assert pair_swap(differences, 101, seed) == sign_flip(apart, 101, seed)[0]
