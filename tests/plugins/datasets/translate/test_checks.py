"""Options in a line, and terms that a row defines."""

import pytest
from harness_plugins.datasets.translate.agree import defined_terms
from harness_plugins.datasets.translate.checks import options_of, options_problem, piece_problem


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("pleased; content; glad", ["pleased", "content", "glad"]),
        ("Choose one: hot, warm, cold.", ["hot", "warm", "cold"]),
        ("true / false", ["true", "false"]),
        ("Yes, sir", []),
        ("When the rain had stopped, we went out, and the sun came.", []),
        ("A whole sentence without any list", []),
    ],
)
def test_a_line_of_short_items_is_a_list_of_options(line: str, options: list[str]) -> None:
    assert options_of(line) == options


def test_options_that_became_the_same_are_told() -> None:
    problem = options_problem({"big; large; small": "stor; stor; liten"})
    assert problem is not None
    assert problem.reason == "difference-lost"
    assert options_problem({"big; large; small": "stor; väldig; liten"}) is None
    assert options_problem({"big; big; small": "stor; stor; liten"}) is None


def test_a_term_that_the_row_names_as_one_is_found_where_two_fields_hold_it() -> None:
    texts = {"instruction": "Explain the concept of supply chain risk.", "output": "A supply chain is long."}
    assert defined_terms(texts) == ["supply chain"]
    assert defined_terms({"instruction": "Forklar begrebet rente.", "output": "En rente er en pris."}) == ["rente"]
    assert defined_terms({"instruction": "Explain the concept of tax.", "output": "It is money."}) == []


def test_a_false_friend_is_a_problem_of_its_piece() -> None:
    assert piece_problem("Frokost nu", "Frukost nu", frozenset(), ("da", "sv")) == "false-friend"
    assert piece_problem("Frokost nu", "Lunch nu", frozenset(), ("da", "sv")) is None
