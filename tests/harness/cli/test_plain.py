"""Text of data is safe to print."""

from hypothesis import given
from hypothesis import strategies as st

from harness.cli.plain import columns, plain


def test_control_and_direction_characters_are_written_out() -> None:
    assert plain("a\x1b[31m\nb\u202e\x9b") == "a\\x1b[31m\\nb\\u202e\\x9b"
    assert plain("smörgås 👨\u200d👩 (naïve)") == "smörgås 👨\u200d👩 (naïve)"


@given(st.text())
def test_nothing_but_printable_characters_and_joiners_is_left(text: str) -> None:
    assert all(sign.isprintable() or sign in "\u200c\u200d\ufe0f" for sign in plain(text))


def test_columns_stand_under_each_other_also_with_wide_and_combining_signs() -> None:
    assert columns([("日本", "1"), ("a\u030a", "22")], frozenset({1})) == ["日本   1", "a\u030a     22"]
