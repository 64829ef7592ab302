"""No text of a board, of its models or of their answers becomes an element, an attribute or a script of its page."""

import re
from functools import cache
from pathlib import Path

import pytest
from browser import chromium
from html_page import Node, parse
from hypothesis import given, settings
from hypothesis import strategies as st
from renamed_board import renamed_board

from harness.leaderboard.html import page

ATTACK = (
    '<img src=x onerror="hit()">\'"><script>hit()</script></style></title><svg onload=hit()>{{7*7}}--><a href=javascript:hit()>'
)
HARMLESS = ATTACK.translate(str.maketrans("<>\"'&", "....."))


@cache
def written(around: str) -> str:
    """The page of a board whose every text holds this one."""
    return page(*renamed_board(lambda text: f"{around} {text}"))


def shape(root: Node) -> list[tuple[str, tuple[str, ...]]]:
    """Every element with the names of its attributes, in the order of the page."""
    return [(node.name, tuple(node.attributes)) for node in root.walk()]


def test_markup_in_every_text_leaves_the_page_as_harmless_text_does() -> None:
    assert written(ATTACK).count("hit()") > 300
    assert shape(parse(written(ATTACK))) == shape(parse(written(HARMLESS)))


def test_names_of_models_tasks_metrics_and_answers_are_shown_as_text() -> None:
    text = parse(written(ATTACK)).text
    for shown in ("tuned", "=org/other <b>7b</b>", "sv_translate", "chrf", "hej på dig", '<script>alert("å")</script>', "gec-sv"):
        assert f"{ATTACK} {shown}" in text, shown


def test_identifiers_are_safe_and_never_used_twice_and_links_stay_on_the_page() -> None:
    root = parse(written(ATTACK))
    identifiers = [node.attributes["id"] or "" for node in root.walk() if "id" in node.attributes]
    assert len(identifiers) == len(set(identifiers))
    assert all(re.fullmatch("[A-Za-z0-9_-]+", identifier) for identifier in identifiers)
    links = {node.attributes["href"] or "" for node in root.walk() if "href" in node.attributes}
    assert {link for link in links if link[:1] != "#" or link[1:] not in identifiers} == set()


def test_the_page_loads_nothing_and_runs_only_its_own_script() -> None:
    root = parse(written(ATTACK))
    [policy] = [node.attributes["content"] for node in root.all("meta") if "http-equiv" in node.attributes]
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[^ ']+'; script-src 'sha256-[^ ']+'; base-uri 'none'; form-action 'none'",
        policy or "",
    )
    assert not any({"src", "style", "srcset", "onclick"} & set(node.attributes) for node in root.walk())


@pytest.mark.parametrize("hidden", ["\x00", "\x1b", "\u200b", "\u202e", "\u2066", "\ufeff", "\ud800", "\U000e0041"])
def test_controls_and_overrides_of_direction_are_written_out(hidden: str) -> None:
    text = page(*renamed_board(lambda name: f"a{hidden}{name}"))
    assert hidden not in text
    assert f"u{{{ord(hidden):x}}}tuned" in parse(text).text
    text.encode("utf-8")


def test_hebrew_and_arabic_names_and_answers_stay_and_cannot_turn_their_neighbours() -> None:
    root = parse(page(*renamed_board(lambda name: f"שלום می\u200cخواهم {name}")))
    assert "שלום می\u200cخواهم hej på dig" in root.text
    names = [node for node in root.all("bdi") if "tuned" in node.text]
    assert len(names) > 5
    assert all(node.attributes.get("dir") == "auto" for node in root.all("div", class_="passage"))


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(st.text(alphabet=st.sampled_from("<>\"'&;/=! -abonclickscript{}%\\`\n\t\x00\x07\x1b\u202e\u2028\ud800é"), max_size=40))
def test_any_text_makes_only_elements_and_attributes_of_the_page_itself(text: str) -> None:
    known = parse(written(HARMLESS))
    nodes = list(parse(page(*renamed_board(lambda name: f"{text}{name}"))).walk())
    assert {node.name for node in nodes} <= {node.name for node in known.walk()}
    assert {key for node in nodes for key in node.attributes} <= {key for node in known.walk() for key in node.attributes}
    assert sum(node.name == "script" for node in nodes) == 1


def test_answers_of_100_kb_are_cut_in_the_middle_and_say_so() -> None:
    long = "ord " * 25_000
    text = page(*renamed_board(lambda name: f"{name} {long} slut"))
    assert len(text) < 1_500_000
    assert re.search(r"characters left out\) … [^<]*ord  slut", text)


def test_in_a_browser_nothing_of_it_runs(tmp_path: Path) -> None:
    file = tmp_path / "board.html"
    file.write_text(written(ATTACK), encoding="utf-8")
    with chromium() as browser:
        opened = browser.new_page()
        problems: list[str] = []
        opened.on("dialog", lambda dialog: (problems.append(dialog.message), dialog.dismiss()))
        opened.on("console", lambda message: problems.append(message.text))
        opened.on("pageerror", lambda error: problems.append(str(error)))
        opened.add_init_script("window.hits = 0; window.hit = () => { window.hits += 1; alert('hit'); }")
        opened.goto(file.as_uri())
        opened.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        opened.evaluate("document.querySelectorAll('th button').forEach((button) => button.click())")
        for select in opened.query_selector_all("select"):
            select.evaluate("(s) => { s.selectedIndex = s.options.length - 1; s.dispatchEvent(new Event('input')); }")
        assert opened.evaluate("window.hits") == 0
        assert opened.evaluate("document.querySelectorAll('img, iframe, object, embed, link, base, form').length") == 0
        assert opened.evaluate("document.scripts.length") == 1
        assert problems == []
