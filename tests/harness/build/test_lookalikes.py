"""Look-alike letters: one by one from Unicode's list, and never two letters of an alphabet for one."""

import unicodedata

import pytest

from harness.build.lookalikes import PAIRS, lookalikes
from harness.build.sift_texts import fold, folded_words, nfc


@pytest.mark.parametrize("alphabet", PAIRS)
def test_no_two_letters_of_an_alphabet_become_one(alphabet: str) -> None:
    others, latins = PAIRS[alphabet]
    assert len(set(others)) == len(others) == len(latins) == len(set(latins))
    assert others.casefold() == others  # as texts are compared


@pytest.mark.parametrize(
    ("other", "latin"),
    [
        ("\u0430", "a"),  # а
        ("\u0421\u0435\u0440", "cep"),  # Сер, a capital first
        ("\u04e7\u04d3", "öä"),  # ӧ, ӓ
        ("\u0430\u030a", "å"),  # а and a ring, which nothing composes
        ("\u03bf\u03cc", "oó"),  # ο, ό
        ("\u0585\u0578", "on"),  # Armenian օ, ո
        ("\ua4e1\ua4ee\ua4e0", "lan"),  # Lisu ꓡ, ꓮ, ꓠ
    ],
)
def test_letters_count_as_those_that_they_look_like(other: str, latin: str) -> None:
    assert folded_words(other) == [latin]
    one, same = fold(nfc([other, latin])).hashes.tolist()
    assert one == same


def test_texts_in_one_alphabet_stay_as_unlike_as_they_are() -> None:
    russian = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
    assert len(set(folded_words(" ".join(russian)))) == len(russian)
    greek = "αβγδεζηθικλμνξοπρστυφχψω"
    assert len({hash_ for (hash_, _) in fold([*greek]).hashes.tolist()}) == len(greek)


def test_a_millionth_is_no_thousandth() -> None:
    for micro in ("\u00b5", "\u03bc"):
        assert folded_words(f"5 {micro}g") != folded_words("5 mg")
        one, other = fold(nfc([f"5 {micro}g", "5 mg"])).hashes.tolist()
        assert one != other


@pytest.mark.parametrize("mark", ["\u034f", "\u0489", "\u1ab0", "\u1dc4", "\u20d2", "\u20e6", "\ufe0f", "\ufe20", "\U000e0100"])
def test_marks_and_selectors_that_nothing_composes_part_no_word(mark: str) -> None:
    text = "vilka djur bor här"
    marked = mark.join(text)
    assert folded_words(marked) == folded_words(text)
    one, same = fold(nfc([marked])), fold(nfc([text]))
    assert one.words.tolist() == same.words.tolist()
    assert one.hashes.tolist() == same.hashes.tolist()


def test_what_looks_alike_is_plain_latin_in_composed_form() -> None:
    for latin in lookalikes().values():
        assert len(latin) == 1
        assert unicodedata.name(latin).startswith("LATIN SMALL LETTER")


def test_a_russian_word_is_the_same_with_its_stress_marked() -> None:
    assert folded_words("за\u0301мок и доро\u0301га") == folded_words("замок и дорога")
