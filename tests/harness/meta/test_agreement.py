"""Agreement of raters against the krippendorff package, the pairs of values written out, and Fleiss by hand."""

import krippendorff
import numpy as np
import pytest
import slow_reference as slow
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.meta.agreement import cohen_kappa, fleiss_kappa, krippendorff_alpha, randolph_kappa

values = st.sampled_from([1.0, 2.0, 3.0, 5.0, float("nan")])
tables = st.integers(1, 9).flatmap(
    lambda units: st.lists(st.lists(values, min_size=units, max_size=units), min_size=2, max_size=4)
)


@settings(max_examples=80)
@given(tables, st.sampled_from(["nominal", "ordinal", "interval"]))
def test_alpha_is_that_of_the_krippendorff_package(table: list[list[float]], level: str) -> None:
    ratings = np.array(table)
    found = krippendorff_alpha(ratings, level)
    double = np.isfinite(ratings).sum(axis=0) > 1
    pairable = ratings[:, double]
    if len(set(pairable[np.isfinite(pairable)].tolist())) < 2:
        assert found is None  # nothing could have been disagreed about
        return
    assert found == pytest.approx(krippendorff.alpha(reliability_data=ratings, level_of_measurement=level), abs=1e-9)


@settings(max_examples=40)
@given(tables, st.booleans())
def test_alpha_is_one_minus_the_disagreement_of_all_pairs_of_values(table: list[list[float]], squared: bool) -> None:
    units = [[value for value in unit if value == value] for unit in zip(*table, strict=True)]
    rated = [value for unit in units if len(unit) > 1 for value in unit]
    if len(set(rated)) > 1:
        found = krippendorff_alpha(np.array(table), "interval" if squared else "nominal")
        assert found == pytest.approx(slow.krippendorff_pairs(units, squared), abs=1e-9)


def test_fleiss_kappa_by_hand() -> None:
    """Two raters, four units, 1 1 2 2 and 1 2 2 2: three of four agree; shares 3/8 and 5/8."""
    expected = 9 / 64 + 25 / 64
    found = fleiss_kappa(np.array([[1.0, 1, 2, 2], [1.0, 2, 2, 2]]))
    assert found == pytest.approx((3 / 4 - expected) / (1 - expected))


def test_fleiss_kappa_of_the_papers_example() -> None:
    """Fleiss 1971, the ten-subject table with fourteen raters that textbooks reprint: kappa .210."""
    counts = [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
    ratings = np.array([[float(k) for k, n in enumerate(row) for _ in range(n)] for row in counts]).T
    assert fleiss_kappa(ratings) == pytest.approx(0.210, abs=0.0005)


def test_fleiss_kappa_counts_units_that_every_rater_rated() -> None:
    nan = float("nan")
    with_gap = np.array([[1.0, 1, 2, 2, 1], [1.0, 2, 2, 2, nan]])
    assert fleiss_kappa(with_gap) == fleiss_kappa(with_gap[:, :4])


def test_one_value_only_has_no_kappa_and_no_alpha() -> None:
    same = np.ones((2, 5))
    assert fleiss_kappa(same) is None
    assert krippendorff_alpha(same, "nominal") is None
    assert fleiss_kappa(np.array([[1.0, 2.0]])) is None


def test_randolph_kappa_by_hand() -> None:
    """Two raters, four units, three of which agree; four values could have been given: (3/4 - 1/4) / (1 - 1/4)."""
    ratings = np.array([[1.0, 1, 2, 2], [1.0, 2, 2, 2]])
    assert randolph_kappa(ratings, 4) == pytest.approx(2 / 3)
    assert randolph_kappa(ratings, 2) == pytest.approx(1 / 2)


def test_randolph_kappa_of_three_raters_by_hand() -> None:
    """Units 111, 112, 122, 222 of two values: 1, 1/3, 1/3, 1 of the pairs of raters agree, in the mean 2/3; chance is 1/2."""
    ratings = np.array([[1.0, 1, 1, 2], [1.0, 1, 2, 2], [1.0, 2, 2, 2]])
    assert randolph_kappa(ratings, 2) == pytest.approx((2 / 3 - 1 / 2) / (1 / 2))


def test_randolph_kappa_is_one_where_all_say_the_same_and_fleiss_kappa_is_undefined() -> None:
    same = np.ones((2, 5))
    assert randolph_kappa(same, 4) == 1.0
    assert fleiss_kappa(same) is None


def test_randolph_kappa_is_undefined_without_a_unit_a_second_rater_or_a_choice() -> None:
    nan = float("nan")
    assert randolph_kappa(np.array([[1.0, nan], [nan, 2.0]]), 4) is None
    assert randolph_kappa(np.array([[1.0, 2.0]]), 4) is None
    assert randolph_kappa(np.ones((2, 5)), 1) is None


@given(tables)
def test_randolph_kappa_is_never_below_fleiss_kappa_at_the_number_of_values_given(table: list[list[float]]) -> None:
    """Warrens 2010: chance agreement is least where every value is as likely."""
    ratings = np.array(table)
    fleiss = fleiss_kappa(ratings)
    if fleiss is not None:
        given_values = len(np.unique(ratings[:, np.isfinite(ratings).all(axis=0)]))
        assert randolph_kappa(ratings, given_values) >= fleiss - 1e-12


def test_cohen_kappa_by_hand() -> None:
    """Ten units, 4 both 1, 3 both 2, 2 are 1 and 2, 1 is 2 and 1: agreement .7, by chance .6 * .5 + .4 * .5 = .5."""
    first = np.array([1.0, 1, 1, 1, 2, 2, 2, 1, 1, 2])
    second = np.array([1.0, 1, 1, 1, 2, 2, 2, 2, 2, 1])
    assert cohen_kappa(first, second) == pytest.approx((0.7 - 0.5) / (1 - 0.5))


def test_cohen_kappa_leaves_out_what_one_rater_did_not_rate() -> None:
    missing = float("nan")
    first, second = np.array([1.0, 2, 1, missing]), np.array([1.0, 2, 2, 3])
    assert cohen_kappa(first, second) == pytest.approx(cohen_kappa(first[:3], second[:3]))


def test_cohen_kappa_is_undefined_without_shared_units_and_where_nothing_varies() -> None:
    missing = float("nan")
    assert cohen_kappa(np.array([1.0, missing]), np.array([missing, 1.0])) is None
    assert cohen_kappa(np.array([2.0, 2]), np.array([2.0, 2])) is None


@given(st.lists(st.tuples(st.sampled_from("abt"), st.sampled_from("abt")), min_size=2, max_size=12))
def test_cohen_kappa_is_chance_corrected_over_all_combinations_of_units(pairs: list[tuple[str, str]]) -> None:
    """Chance agreement is that of one rater's word on a unit with the other's on any unit."""
    first, second = (np.array([float("abt".index(pair[side])) for pair in pairs]) for side in (0, 1))
    observed = sum(a == b for a, b in pairs) / len(pairs)
    chance = sum(one[0] == other[1] for one in pairs for other in pairs) / len(pairs) ** 2
    found = cohen_kappa(first, second)
    if chance == 1:
        assert found is None
    else:
        assert found == pytest.approx((observed - chance) / (1 - chance), abs=1e-12)
        assert found == pytest.approx(cohen_kappa(second, first), abs=1e-12)
