"""Texts cut into what is translated and what stays."""

import pytest
from harness_plugins.datasets.translate.pieces import cut, joined
from hypothesis import given
from hypothesis import strategies as st

KINDS = "A line.|- item one|1. item|# Heading|```|x = 1;|def f(x):|    return x||a,b,c|d,e,f|> quoted|B|===|…|{|}|  indented"
LINES = st.lists(
    st.sampled_from([*KINDS.split("|"), "| a | b |", "|---|---|", "\tcell\tcell", '{"a": "one two three", "b": 1}']), max_size=12
)


@given(LINES, st.sampled_from(["\n", "\r\n"]))
def test_parts_make_up_the_text_to_the_byte(lines: list[str], end: str) -> None:
    text = end.join(lines)
    assert joined(cut(text)) == text


@given(st.text(max_size=80))
def test_any_text_survives_cutting(text: str) -> None:
    assert joined(cut(text)) == text


@pytest.mark.parametrize(
    ("text", "open_"),
    [
        ("1. First thing\n2) Second thing\n- third", ["First thing", "Second thing", "third"]),
        ("Here it is:\n```python\nx = 'a b c'\n```\nDone now.", ["Here it is:", "Done now."]),
        ("def f(x):\n    # add one\n    return x + 1", []),
        ("SELECT name FROM t WHERE x = 1;", []),
        ("| Name | What it does |\n|---|---|\n| git add | stages a file |", ["Name", "What it does", "git add", "stages a file"]),
        ('{"title": "The old man", "year": 1952, "note": "it is a good book"}', ["The old man", "it is a good book"]),
        ("name,age\nAnna,30", []),
        ("B", []),
        ("a) red\nb) blue", ["red", "blue"]),
        ("If you want to go, then say so; I will wait for you.", ["If you want to go, then say so; I will wait for you."]),
    ],
)
def test_what_is_translated(text: str, open_: list[str]) -> None:
    assert [part.text for part in cut(text) if part.kind != "keep"] == open_


def test_a_translated_json_value_leaves_the_json_whole() -> None:
    parts = [part._replace(text='en "bra" bok') if part.kind == "json" else part for part in cut('{"note": "it is good"}')]
    assert joined(parts) == '{"note": "en \\"bra\\" bok"}'


def test_keys_of_yaml_stay_where_the_row_speaks_of_it() -> None:
    text = "name: cat\nnote: it is a good cat\n"
    assert [part.text for part in cut(text, keyed=True) if part.kind != "keep"] == ["it is a good cat"]
    assert joined(cut(text, keyed=True)) == text
    assert [part.text for part in cut(text) if part.kind != "keep"] == ["name: cat", "note: it is a good cat"]
