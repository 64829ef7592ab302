"""Every row carries what it rests on."""

import pytest
from judgment_sets import Sheet, find, grid, only

from harness.meta.rows import floor
from harness.records import MetaRow

INTERVALS = {
    "accuracy_raw",
    "accuracy",
    "accuracy_heldout",
    "above_floor",
    "accuracy_difference",
    "tie_floor",
    "floor",
    "kendall_b",
    "spearman",
    "pearson",
    "system_pairwise_accuracy",
    "krippendorff_alpha_nominal",
    "krippendorff_alpha_ordinal",
    "krippendorff_alpha_interval",
    "fleiss_kappa",
    "human_level",
}
NO_PAIRS = {"krippendorff_alpha_nominal", "krippendorff_alpha_ordinal", "krippendorff_alpha_interval", "fleiss_kappa"}


def full() -> Sheet:
    sheet = Sheet(primary_rater="anna")
    for number in range(110):
        sheet.item(f"i{number:03d}", source="en källa", form="short" if number < 104 else "long")
        for index, system in enumerate("abcd"):
            rating = float(1 + (number * (index + 1)) % 3)
            bo = float(1 + (number * (index + 1) + (number % 4 == 0)) % 3)
            text = "svar " * (1 + (number + index) % 4)
            sheet.answer(f"i{number:03d}", system, {"anna": rating, "bo": bo}, text=text, m=rating + (number * index) % 5 / 3)
    return sheet


@pytest.fixture(scope="module")
def rows() -> list[MetaRow]:
    return full().rows(slices=("form",), resamples=50)


def test_every_statistic_with_a_value_has_its_n_and_its_interval(rows: list[MetaRow]) -> None:
    found = {row.statistic for row in rows}
    assert found == INTERVALS | {"soft_pairwise_accuracy"}
    for row in rows:
        assert row.criterion == "quality"
        assert row.judgments.startswith("sheet@")
        assert row.seed == 0
        if row.value is None:
            continue
        assert row.n_items > 0, row
        assert row.n_clusters > 0, row
        assert row.n_pairs > 0 or row.statistic in NO_PAIRS, row
        if row.statistic in INTERVALS:
            assert row.low is not None, row
            assert row.low <= row.high, row
        else:
            assert row.low is None, row


def test_an_interval_holds_its_value(rows: list[MetaRow]) -> None:
    for row in rows:
        if row.low is not None and row.statistic not in ("above_floor", "floor"):  # a maximum is biased upwards in resamples
            assert row.low - 1e-9 <= row.value <= row.high + 1e-9, row


def test_rows_under_a_hundred_items_say_approximate_and_others_do_not(rows: list[MetaRow]) -> None:
    for row in rows:
        if row.low is not None:
            assert ("approximate" in (row.note or "")) == (row.n_items < 100), row
    assert {row.slice for row in rows if "approximate" in (row.note or "")} == {"form=long"}


def test_sentinels_metrics_and_floors_share_their_pairs(rows: list[MetaRow]) -> None:
    here = find(rows, grouping="item", statistic="accuracy", raters="primary:anna")
    assert {(row.n_items, row.n_pairs) for row in here} == {(110, 660)}
    assert only(rows, grouping="item", statistic="floor").n_pairs == 660


def test_the_floor_is_the_better_of_tying_everything_and_guessing() -> None:
    assert [floor(rate) for rate in (0.0, 0.2, 1 / 3, 0.5, 1.0)] == pytest.approx([0.5, 0.4, 1 / 3, 0.5, 1.0])


def test_a_set_on_which_people_tie_everything_has_nothing_above_its_floor() -> None:
    sheet = Sheet()
    for number in range(3):
        for system in "ab":
            sheet.answer(f"i{number}", system, 2.0, m=float(system == "a"))
    rows = sheet.rows()
    assert only(rows, grouping="item", statistic="floor").value == 1.0
    row = only(rows, metric="m", grouping="item", statistic="above_floor")
    assert (row.value, row.note) == (None, "people tie every pair, so nothing can be above the floor")
    assert only(rows, metric="m", grouping="item", statistic="accuracy").value == 1.0  # an epsilon that ties everything
    assert only(rows, metric="m", grouping="item", statistic="accuracy").epsilon == 1.0
    assert only(rows, metric="m", grouping="item", statistic="accuracy_raw").value == 0.0


def test_the_floor_is_recomputed_in_every_resample() -> None:
    """Two items, on each of which the metric orders every pair and people tie one pair of the first.

    A resample of the first alone has accuracy 2/3 and floor 1/3, of the second alone 1 and 1/2, of both 5/6 and 5/12.
    """
    human = [[1, 1], [1, 2], [2, 3]]
    metric = [[0, 0], [10, 1], [20, 3]]  # an epsilon that ties people's tie (gap 10) would tie the whole second item
    row = only(grid(human, m=metric).rows(resamples=400), metric="m", grouping="item", statistic="above_floor")
    assert row.value == pytest.approx((5 / 6 - 5 / 12) / (1 - 5 / 12))
    assert row.low == pytest.approx((2 / 3 - 1 / 3) / (1 - 1 / 3))
    assert row.high == pytest.approx(1.0)
