"""Means of systems by people and by each metric, with the harness's own bootstrap over clusters."""

import numpy as np
import pytest
from judgment_sets import Sheet
from reports import figures, report_of

from harness.records import Scale


def means(sheet, **options):
    (figure,) = figures(report_of(sheet, **options), "systems")
    return figure


def test_means_and_places_are_those_of_the_rated_answers():
    sheet = Sheet().metric("errors", higher_is_better=False)
    for item, (first, second) in enumerate([(1.0, 3.0), (2.0, 3.0), (3.0, 3.0)]):
        sheet.answer(f"i{item}", "a", first, m=0.5, errors=1.0)
        sheet.answer(f"i{item}", "b", second, m=0.25, errors=2.0)
    sheet.answer("unrated", "a", None, m=100.0, errors=100.0)
    figure = means(sheet)
    assert figure.columns == ("people", "m", "errors") or figure.columns == ("people", "errors", "m")
    columns = {name: place for place, name in enumerate(figure.columns)}
    assert [row.system for row in figure.rows] == ["b", "a"]
    by = {
        row.system: {name: (row.marks[place].value, row.ranks[place]) for name, place in columns.items()} for row in figure.rows
    }
    assert by["b"] == {"people": (3.0, 1), "m": (0.25, 2), "errors": (2.0, 2)}
    assert by["a"] == {"people": (2.0, 2), "m": (0.5, 1), "errors": (1.0, 1)}


def test_the_interval_covers_the_mean_and_is_as_wide_as_theory_says():
    draw = np.random.default_rng(3)
    ratings = draw.integers(1, 6, 400).astype(float)
    sheet = Sheet()
    for item, rating in enumerate(ratings):
        sheet.answer(f"i{item:03d}", "a", float(rating), m=1.0)
        sheet.answer(f"i{item:03d}", "b", 3.0, m=0.0)
    figure = means(sheet, resamples=2000)
    mark = next(row.marks[0] for row in figure.rows if row.system == "a")
    assert mark.value == pytest.approx(ratings.mean(), abs=1e-6)
    assert mark.low < mark.value < mark.high
    assert mark.high - mark.low == pytest.approx(2 * 1.96 * ratings.std() / 20, rel=0.1)
    assert mark.n_items == 400


def test_preferences_give_the_share_of_pairs_won():
    sheet = Sheet()
    for item, winner in enumerate(["a", "a", "tie", "b"]):
        a, b = (sheet.answer(f"i{item}", system, m=1.0) for system in ("first", "second"))
        sheet.prefer(a, b, winner)
    sheet.judgments.clear()
    figure = means(sheet)
    assert "share of judged pairs won, a tie counting half" in figure.caption
    assert [(row.system, row.marks[0].value) for row in figure.rows] == [("first", 0.625), ("second", 0.375)]


def test_means_on_a_scale_whose_low_end_is_good_are_those_that_people_gave():
    sheet, scale = Sheet(), Scale(low=0, high=10, direction="down")
    for item in range(3):
        sheet.answer(f"i{item}", "careful", 1.0, scale=scale, m=2.0)
        sheet.answer(f"i{item}", "sloppy", 4.0, scale=scale, m=1.0)
    figure = means(sheet)
    assert [(row.system, row.marks[0].value, row.ranks[0]) for row in figure.rows] == [("careful", 1.0, 1), ("sloppy", 4.0, 2)]
    assert "on a scale from 0 (best) to 10 (worst)" in figure.caption


def test_outputs_whose_system_nobody_knows_are_no_system():
    sheet = Sheet(unknown_systems=("unattributed",))
    for item in range(3):
        for system, rating in (("a", 1.0), ("b", 2.0), ("unattributed", 3.0)):
            sheet.answer(f"i{item}", system, rating, m=rating)
    assert [(row.system, row.ranks[0]) for row in means(sheet).rows] == [("b", 1), ("a", 2)]
