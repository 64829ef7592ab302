"""The contrast of two languages on items that say the same in both."""

import numpy as np
import pytest
from judgment_sets import Sheet, find, only

from harness.records import MetaRow


def parallel(pairs: int, right: dict[str, float], systems: int = 2, seed: int = 0) -> Sheet:
    """`pairs` items in each language of `right`; there metric m orders an item's two outputs rightly with that probability."""
    rng, sheet = np.random.default_rng(seed), Sheet()
    for number in range(pairs):
        for language, share in right.items():
            item = f"{language}{number:03d}"
            sheet.item(item, language=language, parallel_id=f"p{number}")
            good = rng.random() < share
            for system in range(systems):
                sheet.answer(item, f"s{system}", float(system), m=float(system if good else -system))
    return sheet


def contrast(sheet: Sheet, **fields: str) -> list[MetaRow]:
    return find(sheet.rows(slices=("language",), groupings=("item",), resamples=300), **{"slice": "language=sv-en", **fields})


def test_the_contrast_is_swedish_minus_english_by_hand() -> None:
    """Swedish: right on items 0, 1 of 4; English: on 0, 1, 2. Calibrated: no ties help, so the same."""
    sheet = Sheet()
    for number in range(4):
        for language, right in (("sv", number < 2), ("en", number < 3)):
            sheet.item(f"{language}{number}", language=language, parallel_id=f"p{number}")
            for side in (0.0, 1.0):
                sheet.answer(f"{language}{number}", f"s{side:.0f}", side, m=side if right else -side)
    rows = contrast(sheet, metric="m")
    found = only(rows, slice="language=sv-en", statistic="accuracy_difference_raw")
    assert found.value == pytest.approx(2 / 4 - 3 / 4)
    assert (found.n_items, found.n_pairs, found.n_clusters) == (8, 8, 4)
    assert found.low <= found.value <= found.high
    assert "approximate" in found.note
    assert only(rows, slice="language=sv-en", statistic="accuracy_difference").value == pytest.approx(-1 / 4)


def test_equal_languages_differ_by_nothing_in_every_resample() -> None:
    """The same verdicts in both languages: resampled together they cancel, resampled apart they would not."""
    sheet = Sheet()
    for number in range(40):
        for language, name in (("sv", f"sv{number:02d}"), ("en", f"en{39 - number:02d}")):  # the items sort the other way round
            sheet.item(name, language=language, parallel_id=f"p{number}")
            for side in (0.0, 1.0):
                sheet.answer(name, f"s{side:.0f}", side, m=side * (1 if number > 9 else -1))
    found = only(contrast(sheet), metric="m", slice="language=sv-en", statistic="accuracy_difference_raw")
    assert (found.value, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_a_metric_that_is_worse_in_swedish_is_found() -> None:
    found = only(
        contrast(parallel(120, {"sv": 0.6, "en": 0.95})), metric="m", slice="language=sv-en", statistic="accuracy_difference"
    )
    assert found.value == pytest.approx(-0.35, abs=0.1)
    assert found.high < 0
    assert found.p <= 0.01


def test_each_language_is_calibrated_on_its_own() -> None:
    """English scores lie a hundred times further apart: one epsilon for both would tie all of one, or none of the other."""
    sheet = Sheet()
    for number in range(20):
        for language, unit in (("sv", 0.01), ("en", 1.0)):
            sheet.item(f"{language}{number}", language=language, parallel_id=f"p{number}")
            tie = number % 2
            for side in (0.0, 1.0):
                sheet.answer(f"{language}{number}", f"s{side:.0f}", 1.0 if tie else side, m=side * unit * (1 if tie else 5))
    rows = contrast(sheet, metric="m")
    assert only(rows, slice="language=sv-en", statistic="accuracy_difference").value == 0.0
    assert only(rows, slice="language=sv-en", statistic="accuracy_difference_raw").value == 0.0
    parts = sheet.rows(slices=("language",), groupings=("item",))
    assert {row.value for row in find(parts, slice="language=sv", metric="m", statistic="accuracy")} == {1.0}


def test_items_without_a_parallel_or_a_rating_do_not_count() -> None:
    sheet = parallel(5, {"sv": 1.0, "en": 1.0})
    for number in range(3):
        sheet.item(f"alone{number}", language="sv", parallel_id=f"q{number}" if number else None)
        for side in (0.0, 1.0):
            sheet.answer(f"alone{number}", f"s{side:.0f}", side, m=-side)
    sheet.item("sv-unrated", language="sv", parallel_id="r").item("en-unrated", language="en", parallel_id="r")
    for item, rating in (("sv-unrated", None), ("en-unrated", 1.0)):
        sheet.answer(item, "s0", rating, m=1.0)
        sheet.answer(item, "s1", rating and 2.0, m=0.0)
    found = only(contrast(sheet), metric="m", slice="language=sv-en", statistic="accuracy_difference_raw")
    assert (found.value, found.n_pairs, found.n_clusters) == (0.0, 10, 5)


def test_every_two_languages_are_held_against_each_other_swedish_first() -> None:
    rows = parallel(4, {"da": 1.0, "en": 1.0, "sv": 1.0}).rows(slices=("language",), groupings=("item",))
    labels = {row.slice for row in rows if row.statistic == "accuracy_difference" and row.against is None}
    assert labels == {"language=sv-da", "language=sv-en", "language=da-en"}


def test_without_parallel_items_there_is_no_data_and_it_says_so() -> None:
    sheet = Sheet()
    sheet.answer("i", "a", 1.0, m=1.0)
    sheet.answer("i", "b", 2.0, m=2.0)
    [row] = contrast(sheet)
    assert (row.statistic, row.value) == ("accuracy_difference", None)
    assert row.note == "no data: no rated item has a parallel in another language"


def test_without_the_dimension_language_there_is_no_contrast() -> None:
    assert not find(parallel(4, {"sv": 1.0, "en": 1.0}).rows(slices=("form",)), slice="language=sv-en")


def test_too_many_pairs_leave_out_the_contrast_and_nothing_else() -> None:
    rows = parallel(5, {"sv": 1.0, "en": 0.0}, systems=4).rows(slices=("language",), groupings=("item",), max_pairs=10)
    [row] = find(rows, slice="language=sv-en")
    assert row.value is None
    assert (row.note or "").startswith("no data: 30 pairs are more than max_pairs (10)")
    assert only(rows, slice="all", statistic="accuracy_raw", metric="m", support="own").value == 0.5
