"""What the figures of a report draw, value by value."""

import math

import pytest
from html_page import Node, parse

from harness.report.contents import (
    DotPanel,
    DotPlot,
    DotRow,
    HeatMap,
    LinePlot,
    Mark,
    RatingLevel,
    RatingPanel,
    RatingPlot,
    Series,
    TableColumn,
)
from harness.report.html.boxes import _slots, _ticks, rating_plot
from harness.report.html.dotplot import dot_plot
from harness.report.html.dots import figures, row, spoken_marks, styles
from harness.report.html.figures import Names
from harness.report.html.heatmap import heat_map, step
from harness.report.html.lines import line_plot, thinned
from harness.report.html.scales import scale
from harness.report.html.tables import cell, table

AXIS = scale(0.0, 1.0)
LOOKS = styles(("raw", "calibrated", "held-out"))


def drawn(markup: str) -> Node:
    return parse(str(markup))


def test_each_known_statistic_keeps_its_shape_and_others_get_what_is_left() -> None:
    assert styles(("raw", "calibrated", "held-out")) == {"raw": "k3", "calibrated": "k1", "held-out": "k2"}
    assert styles(("raw", "new")) == {"raw": "k3", "new": "k1"}
    assert styles(("accuracy",)) == {"accuracy": "k1"}


def test_a_dot_stands_at_its_value_over_a_line_from_end_to_end_of_its_interval() -> None:
    svg = drawn(row({"calibrated": Mark(value=0.6, low=0.5, high=0.75)}, {"calibrated": "k1"}, AXIS, "_g"))
    line = svg.one("line")
    assert (line.attributes["x1"], line.attributes["x2"]) == ("50%", "75%")
    assert svg.one("use", class_="k1").attributes["x"] == "60%"
    assert svg.one("svg").attributes["aria-label"] == "calibrated .600, interval .500 to .750"


def test_an_interval_that_leaves_the_axis_ends_in_an_arrow() -> None:
    svg = drawn(row({"calibrated": Mark(value=0.2, low=-0.3, high=0.4)}, {"calibrated": "k1"}, AXIS, "_g"))
    assert [use.attributes["href"] for use in svg.all("use", class_="arrow")] == ["#_before"]


def test_a_mark_without_a_value_is_not_drawn_but_said() -> None:
    marks = {"raw": Mark(value=None, note="too few"), "calibrated": Mark(value=math.nan), "held-out": Mark(value=0.5)}
    assert len(drawn(row(marks, LOOKS, AXIS, "_g")).all("line")) == 0
    assert spoken_marks(marks, LOOKS) == "raw no data; calibrated no data; held-out .500"
    assert drawn(figures(marks, LOOKS)).text.replace("no interval", "–").split("no data") == ["", "", ".500 –"]


def test_the_first_panel_is_large_and_the_others_are_grouped_by_dimension() -> None:
    names = ("all", "form=short", "form=long", "task=gec")
    marks = {"raw": Mark(value=0.5, low=0.4, high=0.6)}
    panels = tuple(
        DotPanel(slice=n, n_items=1, n_pairs=1, rows=(DotRow(label="chrf", sentinel=False, rank=1, marks=marks),)) for n in names
    )
    view = dot_plot(DotPlot(id="a", title="A", caption="", statistics=("raw",), panels=panels, low=0, high=1), "a")
    assert view.main is not None
    assert view.main.name == "all items"
    assert [(group.dimension, [p.name for p in group.panels]) for group in view.slices] == [
        ("form", ["form: short", "form: long"]),
        ("task", ["task: gec"]),
    ]
    assert view.numbers.n_rows == 4


@pytest.mark.parametrize(("value", "expected"), [(0.0, 0), (0.5, 4), (1.0, 8), (0.25, 2), (0.8, 6), (-3.0, 0), (7.0, 8)])
def test_the_colour_of_a_cell_says_how_far_it_is_from_guessing(value: float, expected: int) -> None:
    assert step(value, 0.0, 1.0, 0.5) == expected


def test_without_a_value_of_guessing_colours_only_go_up() -> None:
    assert [step(v, 0.0, 1.0, None) for v in (0.0, 0.5, 1.0)] == [4, 6, 8]


def test_a_cell_is_bold_where_its_interval_leaves_out_guessing() -> None:
    cells = (
        Mark(value=0.7, low=0.6, high=0.8, n_items=14, n_pairs=14),
        Mark(value=0.6, low=0.4, high=0.8),
        Mark(value=None, note="nobody"),
    )
    view = heat_map(
        HeatMap(id="h", title="", caption="", rows=("x",), columns=("a", "b", "c"), cells=(cells,), low=0, high=1, neutral=0.5),
        "h",
    )
    ((_, drawn_cells),) = view.rows
    assert [(c.text, c.sure, c.step) for c in drawn_cells] == [(".70", True, 6), (".60", False, 5), ("–", False, None)]
    assert [c.hint for c in drawn_cells] == ["14 items · 14 pairs", "no data", "no data; nobody"]


def test_a_long_line_is_thinned_but_keeps_its_ends_and_the_chosen_point() -> None:
    kept = thinned(1000, 20, 777)
    assert kept[0] == 0
    assert kept[-1] == 999
    assert 777 in kept
    assert len(kept) <= 21
    assert thinned(5, 20, None) == [0, 1, 2, 3, 4]


def test_the_chosen_point_of_a_line_is_marked_where_it_stands() -> None:
    series = Series(label="chrf", x=(0.0, 0.5, 1.0), y=(0.0, 1.0, 0.0), chosen=1)
    view = line_plot(LinePlot(id="l", title="", caption="", x_label="epsilon", y_label="accuracy", series=(series,)), "l")
    panel = drawn(view.panels[0].drawing)
    assert panel.one("use", class_="k1").attributes["x"] == "50%"
    assert view.panels[0].summary == ".000 at .000; chosen: 1.000 at .500"


def test_a_chosen_point_that_does_not_exist_is_not_marked() -> None:
    series = Series(label="chrf", x=(0.0, 1.0), y=(0.0, math.nan), chosen=5)
    view = line_plot(LinePlot(id="l", title="", caption="", x_label="e", y_label="a", series=(series,)), "l")
    assert drawn(view.panels[0].drawing).all("use", class_="k1") == []


def test_a_box_reaches_from_quartile_to_quartile_with_n_beneath_it() -> None:
    levels = [RatingLevel(rating=r, n=10, low=0, first_quartile=25, median=50, third_quartile=75, high=100) for r in ("1", "2")]
    figure = RatingPlot(
        id="r", title="", caption="", panels=(RatingPanel(label="chrf", levels=tuple(levels), points=((1, 0), (2, 100))),)
    )
    svg = drawn(rating_plot(figure, "r").panels[0].drawing)
    box = svg.all("rect", class_="box")[0]
    assert float((box.attributes["height"] or "").rstrip("%")) == pytest.approx(
        50 / 1.06, abs=0.01
    )  # the axis leaves 3 % at each end
    assert [text.text for text in svg.all("text", class_="level")] == ["1", "2"]
    assert [text.text for text in svg.all("text") if text.text.startswith("n ")] == ["n 10", "n 10"]


def test_ratings_that_are_words_have_boxes_but_no_points() -> None:
    level = RatingLevel(rating="good", n=10, low=0, first_quartile=25, median=50, third_quartile=75, high=100)
    view = rating_plot(
        RatingPlot(id="r", title="", caption="", panels=(RatingPanel(label="chrf", levels=(level,), points=((1, 0),)),)), "r"
    )
    assert drawn(view.panels[0].drawing).all("path", class_="points") == []


@pytest.mark.parametrize(
    ("value", "html"),
    [
        (0.60491, "<td data-v=0.60491>.605"),
        (0.5, "<td>.500"),
        (-0.25, "<td>−.250"),
        (2024, "<td>2024"),
        (60000, "<td>60,000"),
        (None, "<td class=x>–"),
        (math.nan, "<td class=x>–"),
        ("<b>", "<td>&lt;b&gt;"),
        (True, "<td>yes"),
    ],
)
def test_a_cell_shows_a_short_number_and_keeps_the_longer_one(value: float | str | None, html: str) -> None:
    assert cell(value) == html


def test_the_first_column_of_texts_names_the_row() -> None:
    columns = [TableColumn(name="rank", numeric=True), TableColumn(name="metric"), TableColumn(name="note")]
    assert "<tr><td>1<th scope=row>chrf<td>x" in table("t", "", columns, [(1, "chrf", "x")]).body


def test_an_identifier_that_is_taken_gets_a_number() -> None:
    names = Names()
    assert [names.take("dots"), names.take("dots"), names.take("manifest"), names.take("_m1")] == [
        "dots",
        "dots-2",
        "manifest-2",
        "m1",
    ]


def test_labels_of_ranges_stand_at_their_edges_as_many_as_fit():
    slots = _slots([level(f"{1 + 0.4 * n:.4g} to {1.4 + 0.4 * n:.4g}") for n in range(10)])
    assert [text for _, text in _ticks(slots)] == ["1", "1.8", "2.6", "3.4", "4.2", "5"]
    assert [place for place, _ in _ticks(slots)] == [0, 20, 40, 60, 80, 100]


def test_a_range_that_nobody_gave_has_an_empty_place():
    slots = _slots([level("1 to 2"), level("3 to 4")])
    assert [slot and slot.rating for slot in slots] == ["1 to 2", None, "3 to 4"]


def test_few_ratings_have_a_label_each_in_the_middle():
    assert _ticks(_slots([level("1"), level("2")])) == [(25.0, "1"), (75.0, "2")]


def test_a_table_with_sentences_names_its_columns_in_each_cell():
    shown = table("t", "T", [TableColumn(name="metric"), TableColumn(name="why", sentence=True)], [["chrf", "so <it> is"]])
    assert shown.sentences
    assert shown.body == '<tr><th scope=row data-name="metric">chrf<td class=told data-name="why">so &lt;it&gt; is'
    assert not table("t", "T", [TableColumn(name="metric")], [["chrf"]]).sentences


def level(rating):
    return RatingLevel(rating=rating, n=1, low=0, first_quartile=0, median=0, third_quartile=0, high=0)
