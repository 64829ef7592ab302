"""Texts come apart into lines and sentences and together again without a lost byte."""

import pytest
from harness_plugins.datasets.translators.pieces import lines, sentences
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.text(st.sampled_from("Ab å.!?…\n\t -1)*#»”\r\x00\u2028\ud800"), max_size=60) | st.text(max_size=40)


@given(TEXTS)
def test_pieces_joined_are_the_text(text: str) -> None:
    assert "".join(lines(text)) == text
    assert "".join(sentences(text)) == text


@given(TEXTS)
def test_what_is_to_be_translated_holds_a_letter_or_a_digit_and_no_line_break(text: str) -> None:
    for piece in [*lines(text)[1::2], *sentences(text)[1::2]]:
        assert any(character.isalnum() for character in piece)
        assert "\n" not in piece
        assert piece == piece.strip()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hej du. Hur mår du? Bra!", ["Hej du.", "Hur mår du?", "Bra!"]),
        ("Det kostar t.ex. Mer än 3.5 kr.", ["Det kostar t.ex. Mer än 3.5 kr."]),
        ("Dr. Strand m.fl. kom kl. 12. De gick.", ["Dr. Strand m.fl. kom kl. 12.", "De gick."]),
        ("J. A. Svensson kom.", ["J. A. Svensson kom."]),
        ("Hon sa: ”Kom!” Han gick.", ["Hon sa: ”Kom!”", "Han gick."]),
        ("Vänta … nej, gå.", ["Vänta … nej, gå."]),
        ("Se www.a.se. Sedan b.", ["Se www.a.se.", "Sedan b."]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, said: list[str]) -> None:
    assert sentences(text)[1::2] == said


def test_list_markers_and_blank_lines_stay_outside() -> None:
    assert sentences("# Tips\n\n1. Ät. Sov.\n  - a) Gå\n> Citat\n***\n") == [
        *("# ", "Tips", "\n\n1. ", "Ät.", " ", "Sov.", "\n  - a) ", "Gå", "\n> ", "Citat", "\n***\n")
    ]
