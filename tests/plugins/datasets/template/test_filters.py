"""Filters of instruction templates: Swedish numbers, lists, quotation marks, sentences."""

import pytest
from harness_plugins.datasets.template import filters as f
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(("value", "text"), [(2.4, "2,4"), (3.0, "3"), (0, "0"), (-0.04, "0"), (-1.5, "−1,5"), (10, "10")])
def test_numbers_have_a_decimal_comma(value: float, text: str) -> None:
    assert f.decimal(value) == text


def test_halves_go_up() -> None:
    assert [f.nearest(x) for x in (0.4, 0.5, 1.5, 2.5, 4.49, -0.5, -1.5)] == [0, 1, 2, 3, 4, -1, -2]


def test_items_are_listed_in_words() -> None:
    assert f.listed(["ja"]) == "ja"
    assert f.listed(["ja", "nej"]) == "ja eller nej"
    assert f.listed(["ja", "nej", "kanske"], "och") == "ja, nej och kanske"
    with pytest.raises(ValueError, match="nothing"):
        f.listed([])


def test_items_are_joined_but_not_without_limit() -> None:
    assert f.join(["a", 1, "b"], ", ") == "a, 1, b"
    assert f.join([{"n": "x"}, {"n": "y"}], attribute="n") == "xy"
    with pytest.raises(ValueError, match="too long"):
        f.join("x" * 100_000, "y" * 100_000)


def test_quotation_marks_within_become_single() -> None:
    assert f.cited('Han sa "hej" och ”då”.') == "”Han sa ’hej’ och ’då’.”"
    assert f.quoted(["a", "b"]) == ["”a”", "”b”"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ('"Han sa ""hej"" till mig."', 'Han sa "hej" till mig.'),
        ('"Hela citatet."', "Hela citatet."),
        ('"Hej" och "då"', '"Hej" och "då"'),
        ("Ingenting.", "Ingenting."),
    ],
)
def test_what_a_csv_writer_left_is_taken_off(text: str, plain: str) -> None:
    assert f.unquoted(text) == plain


def test_sentences_and_first_letters() -> None:
    assert f.sentence("att visa bilen") == "Att visa bilen."
    assert f.sentence("Varför då?") == "Varför då?"
    assert f.upper_first("öl från Åre") == "Öl från Åre"
    assert f.lower_first("Vad gör EU?") == "vad gör EU?"
    assert f.lower_first("EU:s budget?") == "EU:s budget?"
    assert (f.without_stop("Den föll."), f.without_stop("Den föll ...")) == ("Den föll", "Den föll ...")
    assert f.slug("Ha kvar – nu!") == "ha-kvar-nu"


def test_words_are_marked_by_their_places() -> None:
    assert f.marked("En våd av tyg", 3, 6) == "En *våd* av tyg"
    with pytest.raises(ValueError, match="no characters 9 to 20"):
        f.marked("En våd av tyg", 9, 20)


def test_sentences_with_a_word_are_taken_out() -> None:
    text = "Ja, ROT gäller (30 %, max 50 000 kr). Firma AB hanterar det, t.ex. IKEA-kök. Material ger inget."
    assert f.without_sentences(text, ["firma"]) == "Ja, ROT gäller (30 %, max 50 000 kr). Material ger inget."
    assert f.without_sentences("Firma AB gör det.", ["Firma"]) == ""


@given(st.lists(st.text(), unique=True, max_size=8), st.text(), st.randoms())
def test_shuffling_keeps_the_items_and_ignores_their_order(items: list[str], by: str, random: object) -> None:
    once = f.shuffled(items, by)
    again = list(items)
    random.shuffle(again)  # type: ignore[attr-defined]
    assert sorted(once) == sorted(items)
    assert f.shuffled(again, by) == once


@given(st.text())
def test_without_a_stop_and_unquoted_never_add(text: str) -> None:
    assert len(f.without_stop(text)) <= len(text)
    assert len(f.unquoted(text)) <= len(text)
