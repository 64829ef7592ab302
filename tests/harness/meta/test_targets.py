"""The human target of each output: whose word counts, which way the scale goes, and what is missing."""

from typing import Any

import numpy as np
import pytest
from judgment_sets import Sheet, only

from harness.errors import HarnessError
from harness.meta.targets import leave_one_out, ratings_on, targets
from harness.records import Judgment, Scale, Span

POSITION = {"o1": 0, "o2": 1, "o3": 2}


def said(output: str, rater: str, value: Any, **fields: Any) -> Judgment:
    return Judgment(**{"output_id": output, "rater": rater, "criterion": "c", "value": value, **fields})


THREE = [
    *(said("o1", rater, value) for rater, value in (("anna", 1), ("bo", 2), ("cilla", 2))),
    *(said("o2", rater, value) for rater, value in (("anna", 3), ("bo", 1), ("cilla", None))),
    said("o3", "bo", 4),
]


def target(mode: str, primary: str | None = None, judgments: list[Judgment] = THREE) -> list[tuple[str, list[float | None]]]:
    found = targets(ratings_on(judgments, "c", POSITION), mode, primary)
    return [(one.raters, [None if np.isnan(v) else float(v) for v in one.values]) for one in found]


def test_the_primary_raters_word_counts_alone() -> None:
    assert target("primary", "anna") == [("primary:anna", [1.0, 3.0, None])]
    assert target("primary", "bo") == [("primary:bo", [2.0, 1.0, 4.0])]


def test_without_a_declared_primary_rater_the_mean_stands_in_and_says_so() -> None:
    assert target("primary") == target("mean") == [("mean", [pytest.approx(5 / 3), 2.0, 4.0])]
    assert target("primary", None, [said("o1", "anna", 2)]) == [("primary:anna", [2.0, None, None])]


def test_the_median_and_a_strict_majority() -> None:
    assert target("median") == [("median", [2.0, 2.0, 4.0])]
    assert target("majority") == [("majority", [2.0, None, 4.0])]  # one against one is no majority


def test_each_rater_is_a_target() -> None:
    assert target("each") == [
        ("each:anna", [1.0, 3.0, None]),
        ("each:bo", [2.0, 1.0, 4.0]),
        ("each:cilla", [2.0, None, None]),
    ]


def test_on_a_reversed_scale_a_lower_rating_is_better() -> None:
    down = Scale(low=1, high=5, direction="down")
    assert target("mean", None, [said("o1", "anna", 1, scale=down), said("o2", "anna", 4, scale=down)]) == [
        ("mean", [5.0, 2.0, None])
    ]


def test_a_reversed_scale_turns_a_metrics_accuracy_around() -> None:
    accuracies = []
    for direction in ("up", "down"):
        sheet, scale = Sheet(), Scale(low=1, high=3, direction=direction)
        for item in range(3):
            for system, rating in (("a", 1.0), ("b", 2.0), ("c", 3.0)):
                sheet.answer(f"item{item}", system, rating, scale=scale, m=-rating)
        accuracies.append(only(sheet.rows(), metric="m", grouping="item", statistic="accuracy_raw").value)
    assert accuracies == [0.0, 1.0]


def test_labels_and_spans_are_no_ratings() -> None:
    judgments = [said("o1", "anna", "good"), said("o1", "bo", 3), said("o2", "bo", 1, span=Span(start=0, end=1))]
    assert target("mean", None, judgments) == [("mean", [3.0, None, None])]


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(HarnessError, match="primary, mean, median, majority or each, got 'mode'"):
        target("mode")


def test_one_rater_stands_against_the_mean_of_the_others_where_both_rated() -> None:
    pieces = leave_one_out(ratings_on(THREE, "c", POSITION))
    listed = {
        rater: ([None if np.isnan(v) else float(v) for v in own], [None if np.isnan(v) else float(v) for v in others])
        for rater, own, others in pieces
    }
    assert listed == {
        "anna": ([1.0, 3.0, None], [2.0, 1.0, None]),
        "bo": ([2.0, 1.0, None], [1.5, 3.0, None]),
        "cilla": ([2.0, None, None], [1.5, None, None]),
    }


@pytest.mark.parametrize(
    ("raters", "expected"),
    [("primary", {"primary:anna": 1.0}), ("mean", {"mean": 0.0}), ("each", {"each:anna": 1.0, "each:bo": 0.0})],
)
def test_the_target_is_recorded_in_the_rows(raters: str, expected: dict[str, float]) -> None:
    """anna ranks a under b as the metric does, bo the other way round, and further apart: so does their mean."""
    sheet = Sheet(primary_rater="anna")
    for item, bo in (("item1", (3.0, 1.5)), ("item2", (5.0, 1.0))):
        for system, anna, other, m in (("a", 1.0, bo[0], 0.0), ("b", 2.0, bo[1], 1.0)):
            sheet.answer(item, system, {"anna": anna, "bo": other}, m=m)
    rows = [row for row in sheet.rows(raters=raters, groupings=("item",)) if row.metric == "m" and row.grouping == "item"]
    found = {row.raters: row.value for row in rows if row.statistic == "accuracy_raw" and row.raters != "leave-one-out"}
    assert found == expected
