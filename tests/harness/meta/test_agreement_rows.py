"""Rows about the raters, on the outputs that at least two of them rated."""

from itertools import product

import numpy as np
import pytest
from judgment_sets import Sheet, find, only

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
