"""Rows about the raters, on the outputs that at least two of them rated."""

from itertools import product

import numpy as np
import pytest
from judgment_sets import Sheet, find, only

from harness.meta.rater_names import split_names
from harness.records import Scale
from harness.report.layout import agreement_in_words

STATISTICS = ["krippendorff_alpha_nominal", "krippendorff_alpha_ordinal", "krippendorff_alpha_interval", "fleiss_kappa"]


def two_raters() -> Sheet:
    sheet = Sheet()
    for item, system in product(range(6), "ab"):
        first = float(1 + (item + (system == "b")) % 3)
        second = first if item < 4 else 4 - first
        sheet.answer(f"item{item}", system, {"anna": first, "bo": second if item else None})
    return sheet


def test_every_coefficient_has_its_n_its_interval_and_its_raters() -> None:
    rows = two_raters().rows(resamples=200)
    for statistic in STATISTICS:
        row = only(rows, statistic=statistic)
        assert (row.n_items, row.n_clusters, row.raters) == (5, 5, "anna+bo")
        assert row.low <= row.value <= row.high
        assert "10 outputs with at least two of 2 raters" in row.note


def test_the_interval_resamples_clusters_and_narrows_with_less_confidence() -> None:
    wide, narrow = (only(two_raters().rows(resamples=200, level=level), statistic="fleiss_kappa") for level in (0.95, 0.5))
    assert wide.low <= narrow.low <= narrow.high <= wide.high
    assert wide.low < narrow.low


def on_scale(scale: Scale | None, *ratings: tuple[float, float]) -> Sheet:
    sheet = Sheet()
    for number, (anna, bo) in enumerate(ratings):
        sheet.answer(f"item{number // 2}", "ab"[number % 2], {"anna": anna, "bo": bo}, scale=scale)
    return sheet


@pytest.mark.parametrize("direction", ["up", "down"])
def test_on_a_short_scale_randolph_kappa_counts_the_values_of_the_scale(direction: str) -> None:
    sheet = on_scale(Scale(low=1, high=4, direction=direction), (1, 1), (1, 2), (2, 2), (2, 2))
    row = only(sheet.rows(), statistic="randolph_kappa")
    assert row.value == pytest.approx((3 / 4 - 1 / 4) / (1 - 1 / 4))
    assert "chance: one of 4 values" in row.note


@pytest.mark.parametrize(
    ("scale", "halves"),
    [(None, False), (Scale(low=0, high=100), False), (Scale(low=1, high=4), True), (Scale(low=0.5, high=4), False)],
)
def test_without_a_short_scale_of_whole_numbers_there_is_no_randolph_kappa(scale: Scale | None, halves: bool) -> None:
    sheet = on_scale(scale, (1, 1), (1, 2), (2, 2), (2, 2.5 if halves else 2))
    assert not find(sheet.rows(), statistic="randolph_kappa")
    assert find(sheet.rows(), statistic="fleiss_kappa")


def test_one_rater_has_nobody_to_agree_with() -> None:
    sheet = Sheet()
    sheet.answer("item", "a", 1.0)
    sheet.answer("item", "b", 2.0)
    rows = [row for row in sheet.rows() if row.statistic.startswith(("krippendorff", "fleiss"))]
    assert [(row.value, row.note) for row in rows] == [(None, "no data: no output has two raters")]


def test_under_a_hundred_items_an_interval_is_called_approximate() -> None:
    assert "approximate" in only(two_raters().rows(), statistic="fleiss_kappa").note


def test_agreement_counts_every_rater_whatever_the_target() -> None:
    sheet = two_raters()
    values = [
        only(find(sheet.rows(raters=raters), statistic="fleiss_kappa"), statistic="fleiss_kappa").value
        for raters in ("primary", "mean", "majority")
    ]
    assert values == [pytest.approx(values[0])] * 3
    assert np.isfinite(values[0])


def preferred(*words: str) -> Sheet:
    """A pair an item, the raters' words as letters: a, b, t, or - for no answer."""
    sheet = Sheet()
    for number, letters in enumerate(words):
        a, b = (sheet.answer(f"{number}", system, {}) for system in "ab")
        for rater, letter in enumerate(letters):
            sheet.prefer(a, b, {"a": "a", "b": "b", "t": "tie", "-": None}[letter], f"r{rater}")
    return sheet


def test_raters_of_preferences_have_a_kappa_for_every_two_of_them_and_coefficients_of_all() -> None:
    rows = preferred("aaa", "bbb", "tta", "aab", "bba", "a-a").rows(resamples=200)
    first = only(rows, statistic="cohen_kappa", raters="r0+r1")
    assert (first.value, first.n_pairs, first.n_items) == (pytest.approx(1.0), 5, 5)
    second = only(rows, statistic="cohen_kappa", raters="r0+r2")  # a a, b b, t a, a b, b a, a a
    chance = (3 * 4 + 2 * 2) / 36
    assert second.value == pytest.approx((3 / 6 - chance) / (1 - chance))
    assert (second.n_pairs, second.grouping) == (6, None)
    assert second.low <= second.value <= second.high
    for statistic in ("krippendorff_alpha_nominal", "fleiss_kappa"):
        row = only(rows, statistic=statistic)
        assert (row.raters, row.n_pairs) == ("r0+r1+r2", 6)
        assert "6 pairs with at least two of 3 raters" in row.note


def test_a_preference_means_the_same_whichever_output_is_named_first() -> None:
    sheet = Sheet()
    for number in range(4):
        a, b = (sheet.answer(f"{number}", system, {}) for system in "ab")
        sheet.prefer(a, b, "ab"[number % 2], "one").prefer(b, a, "ba"[number % 2], "two")
    assert only(sheet.rows(), statistic="cohen_kappa").value == pytest.approx(1.0)


def test_one_rater_of_preferences_has_nobody_to_agree_with() -> None:
    rows = preferred("a", "b").rows()
    assert only(rows, statistic="krippendorff_alpha_nominal").note == "no data: no pair has two raters (1 in all)"
    assert not find(rows, statistic="cohen_kappa")


def test_many_raters_have_no_kappa_for_every_two_of_them() -> None:
    rows = preferred("a" * 11, "b" * 11).rows()
    assert not find(rows, statistic="cohen_kappa")
    assert only(rows, statistic="krippendorff_alpha_nominal").value == pytest.approx(1.0)


def test_thousands_of_raters_with_a_pair_each_have_no_agreement_and_take_no_memory() -> None:
    sheet = Sheet()
    for number in range(2000):
        a, b = (sheet.answer(f"{number}", system, {}) for system in "ab")
        sheet.prefer(a, b, "a", f"user{number}")
    row = only(sheet.rows(), statistic="krippendorff_alpha_nominal")
    assert row.note == "no data: no pair has two raters (2000 in all)"
    assert row.raters is None


def test_a_plus_in_a_raters_name_makes_no_further_rater() -> None:
    sheet = Sheet()
    for item, system in product(range(6), "ab"):
        sheet.answer(f"item{item}", system, dict.fromkeys(("anna+lab@x.org", "bo+lab@x.org"), float(item % 3)))
    row = only(sheet.rows(), statistic="krippendorff_alpha_ordinal")
    assert split_names(row.raters) == ["anna+lab@x.org", "bo+lab@x.org"]
    assert agreement_in_words(row).endswith("on 6 items (2 raters)")
