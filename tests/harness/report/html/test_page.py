"""The structure of the page of a report."""

import math
import re
from base64 import b64encode
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
from filled_report import filled
from html_page import Node, parse
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_report import ANSWER, METRICS, empty_report, preferences_report, sample_report

from harness.report.html import render


@pytest.fixture(scope="module")
def page() -> Node:
    return parse(render(sample_report()))


def test_the_answer_comes_first_and_the_warnings_right_after_it(page: Node) -> None:
    heads = [head.text for head in page.one("main").all("h2")]
    assert [head.removesuffix(" #") for head in heads[:3]] == ["The answer", "Before you trust it", "Accuracy"]
    assert page.one("section", class_="answer").all("p")[0].text == "No metric is shown to beat every sentinel."
    assert len(page.one("section", class_="warnings").all("li")) == 2


def test_headings_never_skip_a_level_and_there_is_one_title(page: Node) -> None:
    levels = [int(node.name[1]) for node in page.walk() if re.fullmatch("h[1-6]", node.name)]
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_landmarks_a_skip_link_and_a_language(page: Node) -> None:
    assert page.one("html").attributes["lang"] == "en"
    assert [len(page.all(name)) for name in ("main", "nav", "header", "footer")] == [1, 1, 1, 1]
    first = page.one("body").all("a")[0]
    assert first.attributes["href"] == "#main"


def test_every_link_leads_to_an_element_of_the_page_and_no_identifier_is_used_twice(page: Node) -> None:
    identifiers = [node.attributes["id"] for node in page.walk() if "id" in node.attributes]
    assert len(identifiers) == len(set(identifiers))
    links = {node.attributes["href"] for node in page.walk() if "href" in node.attributes}
    assert {link for link in links if link is None or link[0] != "#" or link[1:] not in identifiers} == set()


@pytest.mark.parametrize("attribute", ["aria-labelledby", "aria-controls"])
def test_what_names_an_element_is_on_the_page(page: Node, attribute: str) -> None:
    identifiers = {node.attributes.get("id") for node in page.walk()}
    used = {name for node in page.walk() for name in (node.attributes.get(attribute) or "").split()}
    assert used
    assert used <= identifiers


def test_every_drawing_is_named_or_hidden_from_screen_readers(page: Node) -> None:
    inner = {id(child) for node in page.all("svg") for child in node.walk() if child is not node}
    drawings = [node for node in page.all("svg") if id(node) not in inner]
    assert len(drawings) > 50
    assert [
        node.attributes for node in drawings if not ({"aria-hidden", "aria-label", "aria-labelledby"} & set(node.attributes))
    ] == []


def test_every_drawn_figure_has_its_numbers_as_a_table(page: Node) -> None:
    kinds = ("dot-plot", "ranks", "line-plot", "rating-plot", "heat-map", "system-means")
    for kind in kinds:
        figure = page.one("figure", class_=kind)
        numbers = figure.one("details", class_="numbers")
        assert len(numbers.one("tbody").all("tr")) > 1, kind
        assert figure.all("figcaption"), kind


def test_tables_have_captions_and_scopes(page: Node) -> None:
    for table in page.all("table"):
        assert table.one("caption").text
        assert {head.attributes.get("scope") for head in table.all("th")} <= {"col", "row"}
        assert len(table.one("thead").all("th")) == len(table.one("tbody").all("tr")[0].all("td")) + len(
            table.one("tbody").all("tr")[0].all("th")
        )


def test_intervals_stand_beside_the_values_of_the_large_panel(page: Node) -> None:
    row = page.one("figure", class_="dot-plot").all("div", role="table")[0].all("div", role="row")[1]
    assert len(re.findall(r"\.\d{3} \[\.\d{3}, \.\d{3}\]", row.text)) == 3


def test_sentinels_stand_apart_and_rank_clusters_together(page: Node) -> None:
    panel = page.one("figure", class_="dot-plot").all("div", role="table")[0]
    clusters = panel.all("div", class_="cluster")
    assert [len(cluster.all("div", role="row")) for cluster in clusters] == [4, 2]
    (sentinels,) = panel.all("div", class_="sentinels")
    assert [row.one("span", role="rowheader").text for row in sentinels.all("div", class_="dot-row")] == [
        "source-change",
        "length",
        "random",
        "constant",
    ]


def test_only_the_pages_own_style_and_script_may_run_and_nothing_is_fetched(page: Node) -> None:
    policy = page.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"] or ""
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    for name in ("style", "script"):
        (content,) = page.one(name).children
        digest = b64encode(sha256(str(content).encode()).digest()).decode()
        assert directives[f"{name}-src"] == f"'sha256-{digest}'"
    assert [node.name for node in page.walk() if {"src", "style", "srcset", "action"} & set(node.attributes)] == []
    assert not re.search(r"url\(|@import|https?:", "".join(str(page.one("style").children[0])))


def test_a_report_without_any_data_says_so_everywhere() -> None:
    page = parse(render(empty_report()))
    assert "this run holds no data" in page.one("section", class_="answer").text
    assert page.all("section", class_="warnings") == []
    assert len(page.all("p", class_="empty")) >= 9


def test_preferences_have_one_statistic_and_no_floor() -> None:
    page = parse(render(preferences_report()))
    assert page.one("ul", class_="legend").text == "accuracy"
    assert page.all("line", class_="floor") == []


def test_ten_metrics_and_two_hundred_disagreements_stay_small() -> None:
    metrics = [*METRICS, *(f"metric-{i}:variant={i}" for i in range(4))]
    report = sample_report(metrics=metrics, slices=["all", *(f"task={i}" for i in range(20))], entries=200, answer=ANSWER * 12)
    assert len(render(report).encode()) < 2_000_000


@settings(max_examples=25)
@given(st.data())
def test_any_numbers_make_a_page(data: st.DataObject) -> None:
    report = filled(
        lambda path: "a", lambda: data.draw(st.floats() | st.sampled_from([0.0, 0.5, math.nan, math.inf, 1e308, -1e308, 5e-324]))
    )
    page = parse(render(report))
    drawn = [
        value
        for node in page.walk()
        for name, value in node.attributes.items()
        if name in ("x", "y", "x1", "x2", "y1", "y2", "d", "width", "height")
    ]
    assert [value for value in drawn if value and re.search("nan|inf", value)] == []


def test_forty_metrics_are_all_there() -> None:
    page = parse(render(sample_report(metrics=[f"metric-{i}" for i in range(40)])))
    assert len(page.one("figure", class_="heat-map").one("table", class_="heat").one("thead").all("th")) == 41


def test_templates_styles_and_script_lie_inside_the_package() -> None:
    here = Path(__import__("harness.report.html", fromlist=["render"]).__file__).parent
    assert {path.suffix for path in here.rglob("*.*") if path.parent.name in ("templates", "static")} == {".html", ".css", ".js"}
