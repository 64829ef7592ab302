"""Texts of the pages: Markdown that cannot run anything, and interface strings that exist in both languages."""

import re
from pathlib import Path

import pytest

pytest.importorskip("markdown_it", reason="the extra annotate is not installed")

from harness.annotate import rendering
from harness.annotate.rendering import LANGUAGES, Pages, interface, markdown, preferred

HERE = Path(rendering.__file__).parent


def test_markdown_becomes_html() -> None:
    assert markdown("# A\n\n*b* **c**\n\n- d") == "<h1>A</h1>\n<p><em>b</em> <strong>c</strong></p>\n<ul>\n<li>d</li>\n</ul>\n"
    assert "<td>1</td>" in markdown("| a |\n|---|\n| 1 |")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<b onclick=alert(1)>x</b>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&colon;alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "<javascript:alert(1)>",
        "![x](https://elsewhere.example/pixel.png)",
        '[x](https://elsewhere.example "\\"><script>alert(1)</script>")',
        "```\n</code><script>alert(1)</script>\n```",
        '```"><script>alert(1)</script>\nx\n```',
    ],
)
def test_markdown_cannot_run_or_load_anything(text: str) -> None:
    html = markdown(text)
    tags = re.findall(r"<[^>]*>", html)
    assert not [tag for tag in tags if re.match(r"<\s*(script|img|b\b|iframe|object)", tag, re.I)], html
    assert not [
        tag for tag in tags if re.search(r"""(href|src)\s*=\s*["']?\s*(javascript|data|vbscript):|\son\w+\s*=""", tag, re.I)
    ], html


def test_links_open_apart_and_tell_the_other_site_nothing() -> None:
    link = '<a href="https://a.example" target="_blank" rel="noopener noreferrer">x</a>'
    assert markdown("[x](https://a.example)") == f"<p>{link}</p>\n"


def test_both_languages_have_the_same_strings_with_the_same_places() -> None:
    sv, en = interface("sv"), interface("en")
    assert list(sv) == list(en)
    places = {key: (set(re.findall(r"\{\w+\}", sv[key])), set(re.findall(r"\{\w+\}", en[key]))) for key in sv}
    assert {key: pair for key, pair in places.items() if pair[0] != pair[1]} == {}


def test_every_string_that_a_page_asks_for_exists_and_every_string_is_used() -> None:
    code = "\n".join(path.read_text() for folder in ("static", "pages") for path in (HERE / folder).iterdir())
    code += (HERE / "wire.py").read_text() + (HERE / "server.py").read_text()
    asked = set(re.findall(r"""\bt\(\s*"([\w-]+)\"""", code)) | set(re.findall(r'data-(?:text|label)="(\w+)"', code))
    asked |= set(re.findall(r"\{\{ (?:t|words)\.(\w+) \}\}", code))
    strings = set(interface("sv"))
    assert asked - strings == set()
    built = ("state_", "flag_", "refused_")
    unused = {key for key in strings if not key.startswith(built) and not re.search(rf'["\.]{key}\b', code)}
    assert unused == set()


@pytest.mark.parametrize(
    ("accepts", "language"),
    [("en-GB,en;q=0.9", "en"), ("sv-SE", "sv"), ("fi,de", "sv"), (None, "sv"), ("", "sv"), ("*;;;q=x,EN", "en")],
)
def test_the_language_is_the_first_of_the_browsers_that_the_study_has(accepts: str | None, language: str) -> None:
    assert preferred(accepts, ("sv", "en")) == language


def test_values_in_a_page_are_escaped() -> None:
    values = {"both": [("sv", interface("sv"))], "root": '"><script>', "version": "1"}
    page = Pages().render("missing.html.j2", LANGUAGES[0], **values)
    assert "<script>" not in page
    assert "&#34;&gt;&lt;script&gt;static/style.css" in page
