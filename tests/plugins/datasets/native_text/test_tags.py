"""Tags and texts of a page: as the standard library's parser finds them where nothing is wrong, and in time where much is."""

from html.parser import HTMLParser

import pytest
from harness_plugins.datasets.native_text.html import extract
from harness_plugins.datasets.native_text.tags import Tag, tags_and_texts
from hypothesis import given
from hypothesis import strategies as st

PARTS = [
    "text ",
    "a < b & c",
    "&aring;&#228;&#x2014;",
    "<p>",
    "</p>",
    '<a href="x>y" NAME=1>',
    "</A >",
    "<br/>",
    "<!-- <b> -->",
    "<!DOCTYPE html>",
    "<script>if (a < b) '<p>'</script>",
    "<h1 class='x'>",
]


class Oracle(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple] = []

    def handle_starttag(self, tag, attrs):
        self.found.append(("start", tag, {name: value or "" for name, value in reversed(attrs)}))

    def handle_endtag(self, tag):
        self.found.append(("end", tag))

    def handle_data(self, data):
        if self.cdata_elem is None:
            self.found.append(("text", data))


@given(st.lists(st.sampled_from(PARTS), max_size=12))
def test_what_is_well_formed_is_found_as_the_standard_library_finds_it(parts: list[str]):
    oracle = Oracle()
    oracle.feed("".join(parts))
    oracle.close()
    found: list[tuple] = []
    for one in tags_and_texts("".join(parts)):
        if isinstance(one, str):
            found.append(("text", one))
        else:
            found.append(("end", one.name) if one.closes else ("start", one.name, one.attributes()))
    assert joined(found) == joined([one for one in oracle.found if one != ("end", "br")])


def joined(found: list[tuple]) -> list[tuple]:
    """Neighbouring texts as one: where a parser cuts a text means nothing."""
    made: list[tuple] = []
    for one in found:
        if one[0] == "text" and made and made[-1][0] == "text":
            made[-1] = ("text", made[-1][1] + one[1])
        elif one != ("text", ""):
            made.append(one)
    return made


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("a<![if x]>b<![endif]>c", ["a", "b", "c"]),
        ("a<![b", ["a"]),
        ("a<!-- b", ["a"]),
        ("a<b c", ["a"]),
        ("1 <2 och 3<", ["1 <2 och 3<"]),
        ('<p x="1>text', [Tag("p", False, ' x="1'), "text"]),
        ("<style>p {}", [Tag("style", False, "")]),
        ("<title>A &amp; B</title>", [Tag("title", False, ""), "A & B", Tag("title", True, "")]),
    ],
)
def test_what_is_not_well_formed_is_read_as_browsers_read_it(markup: str, expected: list):
    assert list(tags_and_texts(markup)) == expected


@pytest.mark.parametrize(
    "part",
    ["<div>x", "<p>", "<", "&amp", "<!--", "<a ", "<![", "<?", "</", "<a href='", "<a href=\"'", "<script>", "<title>", "<a="],
)
def test_a_page_made_to_take_forever_does_not(part: str):
    pieces, _ = extract(part * 8_000)
    assert sum(len(piece.text) for piece in pieces) <= 40_000
