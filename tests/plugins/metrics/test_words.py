"""Words in any script, the words of rouge-score, and stems."""

import unicodedata

import pytest
from harness_plugins.metrics.words import ascii_words, make_words, unicode_words
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Räven åt på en Ö.", ["räven", "åt", "på", "en", "ö"]),
        ("EU:s a-kassa, 15,5 % – don't_stop", ["eu", "s", "a", "kassa", "15", "5", "don", "t", "stop"]),
        ("Straße STRASSE ẞ", ["strasse", "strasse", "ss"]),
        ("İzmir ızgara IZGARA", ["i̇zmir", "ızgara", "izgara"]),
        ("ΟΔΟΣ οδός", ["οδοσ", "οδόσ"]),
        ("ﬁnal ½ ² Ⅳ", ["final", "½", "²", "ⅳ"]),
        ("❤️ 👩‍👩‍👧 🇸🇪 bra 👍🏽", ["bra"]),
        ("שָׁלוֹם עוֹלָם", ["שָׁלוֹם", "עוֹלָם"]),
        ("مرحباً، بالعالم ١٢٣", ["مرحباً", "بالعالم", "١٢٣"]),
        ("नमस्ते", ["नमस्ते"]),
        ("för\u00adeta a\u200cb c\u200bd \u200fe\u200e", ["företa", "ab", "c", "d", "e"]),
        ("a\n\tb\u00a0c", ["a", "b", "c"]),
        (" \u0301 _ … \ud800", []),
        ("", []),
    ],
)
def test_words_are_runs_of_letters_marks_and_digits(text, words):
    assert unicode_words(text) == [unicodedata.normalize("NFC", word) for word in words]


def test_every_letter_mark_and_number_continues_a_word_and_everything_visible_else_ends_it():
    wrong = []
    for point in range(0x3000):
        character = chr(point)
        category = unicodedata.category(character)
        if category == "Cf" or 0x180B <= point <= 0x180F or point == 0x034F:
            continue  # invisible
        expected = 1 if category[0] in "LMN" else 2
        if len(unicode_words(f"x{character}x")) != expected:
            wrong.append((hex(point), category))
    assert wrong == []


@given(st.text())
def test_decomposed_text_has_the_words_of_composed_text(text):
    assert unicode_words(unicodedata.normalize("NFD", text)) == unicode_words(unicodedata.normalize("NFC", text))


@given(st.text())
def test_a_mark_or_a_rare_character_elsewhere_in_the_text_changes_no_word(text):
    assert unicode_words(f"{text} \u0301") == unicode_words(text)
    assert unicode_words(f"{text} \U0001f600") == unicode_words(text)


@given(st.text(), st.text())
def test_words_of_two_texts_are_the_words_of_each(first, second):
    assert unicode_words(f"{first} {second}") == unicode_words(first) + unicode_words(second)


@given(st.text() | st.text("aåI İſK-_3²\n"), st.booleans())
def test_the_words_of_rouge_score_are_its_own(text, stem):
    tokenizers = pytest.importorskip("rouge_score.tokenizers")
    cut = make_words("rouge-score", "porter" if stem else None).cut
    assert cut(text) == tokenizers.DefaultTokenizer(use_stemmer=stem).tokenize(text)


def test_the_words_of_rouge_score_lose_the_swedish_letters():
    assert ascii_words("får") == ascii_words("för") == ["f", "r"]


def test_swedish_stems_join_the_forms_of_a_word():
    cut = make_words(stemmer="swedish").cut
    assert cut("bil bilen bilar bilarna") == ["bil", "bil", "bil", "bil"]
    assert cut("RÄVARNA") == cut(unicodedata.normalize("NFD", "rävarna")) == ["räv"]
    assert cut("jaktkarlens") == ["jaktkarl"]  # from the algorithm's published sample vocabulary


def test_swedish_stems_equal_those_of_the_pure_python_stemmer(shared_data):
    from snowballstemmer.swedish_stemmer import SwedishStemmer

    folder = shared_data / "gec-evaluation-sv" / "data" / "balanced_test"
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.corr.txt")))
    words = sorted(set(unicode_words(text)))
    assert len(words) > 1000
    assert make_words(stemmer="swedish").cut(" ".join(words)) == [SwedishStemmer().stemWord(word) for word in words]


@pytest.mark.parametrize("stemmer", [None, "none"])
def test_no_stemmer_can_be_said_in_two_ways(stemmer):
    assert make_words(stemmer=stemmer).signature["stemmer"] == "none"


@pytest.mark.parametrize(
    ("tokenizer", "stemmer", "message"),
    [
        ("moses", None, "unknown tokenizer 'moses'; allowed are unicode, rouge-score"),
        ("unicode", "svenska", "unknown stemmer 'svenska' for the tokenizer unicode; allowed are none, arabic, .*swedish"),
        ("unicode", "porter", "unknown stemmer 'porter' for the tokenizer unicode"),
        ("unicode", True, "unknown stemmer True"),
        ("rouge-score", "swedish", "unknown stemmer 'swedish' for the tokenizer rouge-score; allowed are none, porter"),
    ],
)
def test_unknown_names_are_answered_with_the_known_ones(tokenizer, stemmer, message):
    with pytest.raises(ValueError, match=message):
        make_words(tokenizer, stemmer)
