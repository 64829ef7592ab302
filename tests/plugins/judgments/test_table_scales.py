"""Ratings far from all others are pointed out where no scale was given, and only there."""

import re
from typing import Any

import pytest
from harness_plugins.judgments.table import Table


def notes(ratings: list[float], **parameters: Any) -> list[str]:
    rows = [{"item": n, "system": "a", "output": "x", "rating": rating} for n, rating in enumerate(ratings)]
    return [note for note in Table(rows=rows, **parameters).info.notes if "far from the others" in note]


@pytest.mark.parametrize(
    ("ratings", "expected"),
    [
        ([1, 2, 99, 3, 4, 5], "rows, row 3: the rating 99 on 'rating' lies far from the others, 1 to 5; "),
        ([1, 2, 3, 4, 5, 2, 3, 4, -99, -99], "rows, row 9: .* 1 to 5 .and 1 more such."),
        ([500, 1, 2, 3, 4, 5, 2, 3, 4, 5, -50], "rows, row 1: the rating 500 .* 1 to 5 .and 1 more such."),
    ],
)
def test_a_rating_far_off_is_named_with_its_row_and_the_scale_to_give(ratings: list[float], expected: str) -> None:
    (note,) = notes(ratings)
    assert note.endswith("and give scale=[1, 5]")
    assert re.match(expected, note)


@pytest.mark.parametrize(
    "ratings",
    [
        [1, 2, 3, 4, 5],
        [0, 0, 0, 0, 1],
        [0, 80, 85, 90, 100, 60],
        [1, 2, 99],
        [1, 2, 3, 40, 50, 60],
        [3, 3, 3, 3, 3],
    ],
    ids=["a plain scale", "two values", "a slider", "too few to say", "two groups", "one value"],
)
def test_ordinary_ratings_are_not_pointed_out(ratings: list[float]) -> None:
    assert notes(ratings) == []


def test_a_given_scale_is_the_users_word() -> None:
    assert notes([1, 2, 99, 3, 4, 5], scale=[0, 100]) == []
