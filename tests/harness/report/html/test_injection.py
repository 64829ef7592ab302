"""No text of a report becomes an element, an attribute or a script of its page."""

from functools import cache

import msgspec
import pytest
from browser import chromium
from filled_report import filled
from html_page import Node, parse
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_report import sample_report

from harness.report.html import render

ATTACK = (
    '<img src=x onerror="hit()">\'"><script>hit()</script></style></title><svg onload=hit()>{{7*7}}--><a href=javascript:hit()>'
)
HIDDEN = {"id", "language"}  # written as safe identifiers and language tags, or not at all


def shape(page: Node) -> list[tuple[str, tuple[str, ...]]]:
    """Every element with the names of its attributes, in the order of the page."""
    return [(node.name, tuple(node.attributes)) for node in page.walk()]


def shown(text: str) -> Node:
    """The page of a report whose every text is this one."""
    return parse(render(filled(lambda path: text)))


@cache
def known_names() -> tuple[set[str], set[str]]:
    """The elements and attributes that pages are made of: those of reports with harmless texts."""
    nodes = [node for text in ("harmless", "en", "a:b") for node in shown(text).walk()]
    nodes += parse(render(sample_report())).walk()
    return {node.name for node in nodes}, {attribute for node in nodes for attribute in node.attributes}


def test_the_filler_reaches_every_kind_of_figure() -> None:
    figures = filled(lambda path: "x").sections[0].figures
    assert {type(figure).__name__ for figure in figures} == {
        "Words",
        "DotPlot",
        "Ranks",
        "LinePlot",
        "RatingPlot",
        "HeatMap",
        "Disagreements",
        "SystemMeans",
        "DataTable",
        "Scatter",
        "Gallery",
    }


def test_markup_in_every_text_field_leaves_the_page_as_harmless_text_does() -> None:
    # The letters of the payload that also shape a label (`:`, `=`, `/`, spaces) stand in the harmless text too.
    harmless = ATTACK.translate(str.maketrans("<>\"'&", "....."))
    assert shape(shown(ATTACK)) == shape(shown(harmless))


def test_every_text_field_is_shown_as_text() -> None:
    paths: list[str] = []

    def text(path: str) -> str:
        paths.append(path)
        return f"<i>{path}</i>"

    page = parse(render(filled(text)))
    written = page.text + " ".join(value for node in page.walk() for value in node.attributes.values() if value)
    missing = [path for path in paths if f"<i>{path}</i>" not in written and path.rpartition(".")[2] not in HIDDEN]
    assert missing == []
    assert len(paths) > 60


def test_identifiers_cannot_leave_their_attribute_and_are_never_used_twice() -> None:
    page = shown('x" onclick="hit() <b>')
    identifiers = [node.attributes["id"] for node in page.walk() if "id" in node.attributes]
    assert len(identifiers) == len(set(identifiers))
    assert all(
        set(identifier or "") <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
        for identifier in identifiers
    )


@settings(max_examples=40)
@given(st.text(alphabet=st.sampled_from("<>\"'&;/=! -abonclickscript{}%\\`\n\t\x00\x07\x1b\u202e\u2028\ud800é"), max_size=40))
def test_any_text_makes_only_elements_and_attributes_of_the_page_itself(text: str) -> None:
    elements, attributes = known_names()
    nodes = list(shown(text).walk())
    assert {node.name for node in nodes} <= elements
    assert {attribute for node in nodes for attribute in node.attributes} <= attributes
    assert sum(node.name == "script" for node in nodes) == 1


@pytest.mark.parametrize(
    "hidden", ["\x00", "\x1b", "\x7f", "\x9b", "\u200b", "\u202a", "\u202e", "\u2066", "\u2069", "\ufeff", "\ud800", "\U000e0041"]
)
def test_controls_overrides_and_invisible_characters_are_written_out_everywhere(hidden: str) -> None:
    page = render(filled(lambda path: f"a{hidden}b"))
    assert hidden not in page
    assert f"a⟨U+{ord(hidden):04X}⟩b" in parse(page).text
    page.encode("utf-8")


def test_arabic_joiners_and_line_breaks_stay_as_they_are() -> None:
    assert "می\u200cخواهم\nنه" in render(filled(lambda path: "می\u200cخواهم\nنه"))


def test_in_a_browser_nothing_of_it_runs(tmp_path) -> None:
    report = msgspec.structs.replace(filled(lambda path: ATTACK), title=ATTACK)
    file = tmp_path / "report.html"
    file.write_text(render(report), encoding="utf-8")
    with chromium() as browser:
        page = browser.new_page()
        dialogs: list[str] = []
        problems: list[str] = []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.on("console", lambda message: problems.append(message.text))
        page.add_init_script("window.hits = 0; window.hit = () => { window.hits += 1; alert('hit'); }")
        page.goto(file.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        for button in page.query_selector_all("th button"):
            button.click()
        assert page.evaluate("window.hits") == 0
        assert page.evaluate("document.querySelectorAll('iframe, object, embed, link, base, form').length") == 0
        # the one picture of the filled gallery, out of the page itself
        assert page.evaluate("[...document.images].map(image => image.src.slice(0, 22))") == ["data:image/png;base64,"]
        assert page.evaluate("document.scripts.length") == 1
        assert page.title() == " ".join(ATTACK.split())
        assert dialogs == []
        assert problems == []
