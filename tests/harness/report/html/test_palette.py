"""Colours: read from the page's own style sheet, every text stands out from what lies under it."""

import re

import pytest
from html_page import parse
from sample_report import sample_report

from harness.report.html import render
from harness.report.html.palette import contrast


def themes() -> dict[str, dict[str, str]]:
    """The variables of both themes, as the page declares them."""
    css = "".join(str(child) for child in parse(render(sample_report(entries=1))).one("style").children)
    blocks = re.findall(r"color-scheme:(light|dark);([^}]*)", css)
    found = {name: dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6})", declarations)) for name, declarations in blocks}
    assert set(found) == {"light", "dark"}
    return found


def test_the_contrast_of_known_colours() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_has_a_contrast_of_at_least_four_and_a_half(theme: str) -> None:
    colours = themes()[theme]
    texts = ("ink", "muted", "accent", "series-1", "series-2", "series-3", "series-4", "floor", "human", "better", "worse")
    pairs = [(text, ground) for text in texts for ground in ("paper", "card", "quiet")]
    pairs += [("warning-ink", "warning"), ("ink", "mark"), ("paper", "ink")]
    pairs += [(f"heat-ink-{i}", f"heat-{i}") for i in range(9)]
    weak = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_and_borders_of_controls_have_a_contrast_of_at_least_three(theme: str) -> None:
    colours = themes()[theme]
    lines = ("control", "warning-edge", "series-1", "series-2", "series-3", "series-4", "floor", "human")
    assert {
        line: contrast(colours[line], colours["paper"]) for line in lines if contrast(colours[line], colours["paper"]) < 3
    } == {}


def test_both_themes_have_the_same_variables() -> None:
    both = themes()
    assert set(both["light"]) == set(both["dark"])
