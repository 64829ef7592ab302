"""What raters gave is counted as given; scores stand by rating with their quartiles."""

import numpy as np
from judgment_sets import Sheet
from reports import figures, report_of

from harness.records import Scale


def table(report, title):
    return next(figure for figure in figures(report, "raters") if figure.title == title)


def test_ratings_are_counted_by_rater():
    sheet = Sheet()
    for item, (first, second) in enumerate([(1.0, 1.0), (2.0, 3.0), (2.0, 2.0), (3.0, 3.0)]):
        sheet.answer(f"i{item}", "a", {"anna": first, "bo": second}, m=first)
        sheet.answer(f"i{item}", "b", {"anna": 1.0}, m=0.0)
    report = report_of(sheet)
    counts = table(report, "Ratings given on quality")
    assert [column.name for column in counts.columns] == ["rating", "all", "anna", "bo"]
    assert counts.rows == (("1", 6, 5, 1), ("2", 3, 2, 1), ("3", 3, 1, 2))
    confusion = table(report, "anna against bo on quality")
    assert confusion.rows == (("1", 1, 0, 0), ("2", 0, 1, 1), ("3", 0, 0, 1))
    assert "the same of 3 of 4 answers that both rated" in confusion.caption


def test_preferences_are_counted_too():
    sheet = Sheet()
    for item in "xyz":
        a, b = (sheet.answer(item, system, m=1.0) for system in "ab")
        sheet.prefer(a, b, "a", "anna").prefer(a, b, "tie", "bo")
    sheet.judgments.clear()
    counts = table(report_of(sheet), "Preferences given on quality")
    assert counts.rows == (("first of the pair", 3, 3, 0), ("tie", 3, 0, 3))


def test_scores_stand_by_rating_with_quartiles():
    sheet = Sheet()
    scores = {1.0: [0.0, 1.0, 2.0, 3.0, 4.0], 2.0: [10.0, 10.0, 10.0, 20.0, 20.0]}
    for item in range(5):
        for rating, system in ((1.0, "a"), (2.0, "b")):
            sheet.answer(f"i{item}", system, rating, m=scores[rating][item])
    (plot,) = figures(report_of(sheet), "scores")
    (panel,) = plot.panels
    first, second = panel.levels
    assert (first.rating, first.n, first.first_quartile, first.median, first.third_quartile) == ("1", 5, 1.0, 2.0, 3.0)
    assert (first.low, first.high) == (0.2, 3.8)
    assert (second.rating, second.median) == ("2", 10.0)
    assert sorted(panel.points) == sorted((rating, score) for rating, own in scores.items() for score in own)
    assert panel.correlation.value is not None


def test_many_different_ratings_are_put_into_ten_ranges_and_points_are_a_sample():
    draw = np.random.default_rng(0)
    sheet = Sheet()
    for item in range(300):
        for system in "ab":
            sheet.answer(f"i{item}", system, float(draw.integers(0, 101)), m=float(draw.random()))
    (plot,) = figures(report_of(sheet, groupings=("item",)), "scores")
    (panel,) = plot.panels
    assert len(panel.levels) == 10
    assert panel.levels[0].rating == "0 to 10"
    assert sum(level.n for level in panel.levels) == 600
    assert len(panel.points) == 400
    assert panel.correlation is None


def test_a_scale_whose_low_end_is_good_is_turned_and_said():
    sheet = Sheet()
    for item in "xyz":
        for system, rating in (("a", 1.0), ("b", 3.0)):
            sheet.answer(item, system, rating, scale=Scale(low=1, high=3, direction="down"), m=rating)
    report = report_of(sheet)
    (plot,) = figures(report, "scores")
    assert "are turned, so that higher is better" in plot.caption
    (panel,) = plot.panels
    assert [(level.rating, level.median) for level in panel.levels] == [("1", 3.0), ("3", 1.0)]
    assert table(report, "Ratings given on quality").rows == (("1", 3, 3), ("3", 3, 3))


def test_a_criterion_that_is_called_rating_is_not_said_twice():
    sheet = Sheet("rating")
    for item in "xyz":
        sheet.answer(item, "a", 1.0, m=1.0)
        sheet.answer(item, "b", 2.0, m=2.0)
    assert table(report_of(sheet), "Ratings given").rows == (("1", 3, 3), ("2", 3, 3))
