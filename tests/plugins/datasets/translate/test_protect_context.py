"""What a row speaks of decides which of its strings stay as they are."""

import pytest
from harness_plugins.datasets.translate.protect import Languages, protected
from harness_plugins.datasets.translate.protect_context import code_words, literals_in, named_spans
from harness_plugins.datasets.translate.protect_patterns import is_code


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("In the terminal, the option -r 3 and -print help.", {"-r 3", "-print"}),
        ("På kommandolinjen hjælper -name; ind- og -udgang ikke", {"-name"}),
        ("He said -and meant it- that tea is fine", set()),
        ("Write DIM as a Roman numeral: I mean MIX, not mix.", {"MIX"}),
        ("DIM the lights and MIX the drinks", set()),
        ("Which compound is CO, and how does it react with H2O? No.", {"CO", "H2O"}),
        ("The ticker CAR rose; the CAR is new", {"CAR"}),
        ("You must NOT do this. The answer is NO.", set()),
    ],
)
def test_strings_stay_where_the_row_speaks_of_their_kind(text: str, kept: set[str]) -> None:
    assert literals_in([text], "") == kept


def test_a_literal_stays_in_its_own_case_only() -> None:
    text = "No, NO is a gas, and no NON"
    spans = protected(text, Languages("en", "sv"), literals=frozenset({"NO"}))
    assert [(span.start, span.end, span.kind) for span in spans] == [(4, 6, "literal")]


def test_names_in_program_text_stay_where_the_text_names_them() -> None:
    text = "The table orders holds all orders, and the customers table the names."
    words = code_words("SELECT * FROM orders JOIN customers;")
    assert [text[start:end] for start, end in named_spans(text, words)] == ["orders", "customers"]
    assert named_spans(text, frozenset()) == []
    assert named_spans("The function of the heart", code_words("of = 1")) == []


@pytest.mark.parametrize(
    "line", ["find . -name '*.txt' -mtime +7", "grep -rn error /var/log | sort", "sudo kill -9 4711", "cat *.csv"]
)
def test_commands_are_program_text(line: str) -> None:
    assert is_code(line)


@pytest.mark.parametrize(
    "line", ["find the file in /var/log and delete it", "Cut the apples in two", "make tea - and drink it", "date and time"]
)
def test_sentences_that_begin_like_a_command_are_not(line: str) -> None:
    assert not is_code(line)
