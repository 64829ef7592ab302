"""Text that is data stays text in Markdown, whatever it holds; a second parser says so."""

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from harness.report.escaping import fenced, inline, table

NASTY = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![bild](http://x.se/y.png)", "[länk](javascript:alert(1))",
    "a | b", "# rubrik", "- punkt", "1. punkt", "`kod`", "``", "**fet**", "~~struken~~", "&lt;b&gt;", "\\", "\\|", "http://x.se",
    "www.x.se", "a@b.se", "@någon", "#12", "$x$", "[^1]", "> citat", "---", "===", "rad\n\n# ny", "````\nfence\n````", "|`|`|",
]  # fmt: skip
ALLOWED = {"inline", "paragraph_open", "paragraph_close", "text", "code_inline", "text_special"}
texts = st.one_of(st.sampled_from(NASTY), st.text(alphabet="<>|`*_[]()!#&~\\$@:/w.-+=1 \nå"), st.text())


def parsed(markdown):
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)


def flat(tokens):
    return [one for token in tokens for one in (token, *(token.children or ()))]


def shown(tokens):
    return "".join(token.content for token in flat(tokens) if token.type in ("text", "code_inline", "text_special"))


@given(texts)
def test_a_paragraph_holds_the_text_and_nothing_else(text):
    tokens = parsed(inline(text))
    assert {token.type for token in flat(tokens)} <= ALLOWED
    assert "".join(shown(tokens).split()) == "".join(text.split()).replace("\x00", "\ufffd") or "¦" in shown(tokens)


@given(texts)
def test_nothing_outside_code_spans_can_become_a_link_or_a_mention(text):
    outside = "".join(token.content for token in flat(parsed(inline(text))) if token.type == "text")
    assert "://" not in outside
    assert "www." not in outside.lower()
    assert "@" not in outside


@given(texts, texts)
def test_a_table_keeps_its_cells(first, second):
    tokens = parsed(table(["a", "b"], [[inline(first), inline(second)]], [False, False]))
    assert [token.type for token in tokens].count("td_open") == 2
    assert not {token.type for token in flat(tokens)} & {"html_inline", "html_block", "link_open", "image", "s_open", "em_open"}


@given(texts)
def test_a_fenced_text_cannot_leave_its_fence(text):
    tokens = parsed(f"{fenced(text)}\n\nefter")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]


def test_words_with_addresses_stand_in_code_spans_and_the_rest_is_readable():
    assert inline("se gec-sv@5fe51f, version 1") == "se `gec-sv@5fe51f`, version 1"
    assert inline("rouge-l:tokenizer=rouge-score [.57 .64]") == "rouge-l:tokenizer=rouge-score \\[.57 .64\\]"


def test_a_version_is_no_list_item() -> None:
    assert [inline(text) for text in ("2.4.6", "1. one", "3) two", "4.")] == ["2.4.6", "1\\. one", "3\\) two", "4\\."]
