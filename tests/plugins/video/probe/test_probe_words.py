"""Words of norms in texts, and how frequent they are."""

import math
import unicodedata

import pytest
from harness_plugins.video.probe.frequency import Frequencies, GivenFrequencies, count_words, read_frequencies
from harness_plugins.video.probe.words import find, fold, tokens
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError


def places(texts, words, **options):
    found = find([(f"e{number}", "v", text) for number, text in enumerate(texts)], {fold(word) for word in words}, **options)
    return [(one.example, one.word, one.text) for one in found.occurrences]


def test_words_inside_words_are_not_found():
    texts = ["They start.", "A starfish swims.", "Handla nu.", "The star is red.", "Star!", "star-shaped", "a _star_", "star's"]
    assert places(texts, ["star", "art", "hand"]) == [("e3", "star", "star"), ("e4", "star", "Star"), ("e6", "star", "star")]


def test_swedish_letters_and_case_in_either_normal_form():
    texts = ["Ett RÖTT hus.", "Får jag?", "En Röd ö för får."]
    for form in ("NFC", "NFD"):
        words = [unicodedata.normalize(form, word) for word in ("röd", "får", "för", "ö", "hus")]
        found = find([("e", "v", text) for text in texts], {fold(word) for word in words})
        assert found.counts == {"röd": 1, "får": 2, "för": 1, "ö": 1, "hus": 1}
        assert [one.text for one in found.occurrences if one.word == "röd"] == ["Röd"]


def test_a_decomposed_text_keeps_its_spelling_and_span():
    text = unicodedata.normalize("NFD", "En röd ö")
    (one, other) = find([("e", "v", text)], {"röd", "ö"}).occurrences
    assert (one.word, one.text, text[one.start : one.end]) == ("röd", "ro\u0308d", "ro\u0308d")
    assert (other.start, other.end) == (len(text) - 2, len(text))


def test_hyphens_apostrophes_and_words_of_two_parts_are_whole():
    texts = ["A t-shirt falls.", "A merry-go-round turns.", "Ice  cream melts.", "I don’t know.", "ice, cream"]
    words = ["t-shirt", "merry-go-round", "ice cream", "don't", "shirt", "go", "ice"]
    assert places(texts, words) == [
        ("e0", "t-shirt", "t-shirt"),
        ("e1", "merry-go-round", "merry-go-round"),
        ("e2", "ice cream", "Ice  cream"),
        ("e3", "don't", "don’t"),
        ("e4", "ice", "ice"),
    ]


def test_the_longest_phrase_is_taken_and_a_cut_one_is_not():
    assert places(["ice cream van ice cream"], ["ice cream van", "ice cream", "cream"]) == [
        ("e0", "ice cream van", "ice cream van"),
        ("e0", "ice cream", "ice cream"),
    ]
    assert places(["ice"], ["ice cream"]) == []


def test_lemmas_are_asked_where_a_form_is_no_word_itself():
    lemmas = {"rött": "röd", "röd": "färg", "blå": "okänd"}
    assert places(["Ett rött, en röd, en blå"], ["röd", "färg"], lemmas=lemmas) == [("e0", "röd", "rött"), ("e0", "röd", "röd")]


def test_a_repeated_word_is_marked_in_its_own_text_alone():
    found = find([("a", "v", "A circle, a Circle."), ("b", "v", "circle star")], {"circle", "star"})
    assert [(one.example, one.word, one.repeated) for one in found.occurrences] == [
        ("a", "circle", True),
        ("a", "circle", True),
        ("b", "circle", False),
        ("b", "star", False),
    ]


def test_occurrences_are_thinned_evenly_and_all_are_counted():
    found = find([(str(number), "v", "star") for number in range(10)] + [("x", "v", "sun")], {"star", "sun", "moon"}, most=3)
    assert [one.example for one in found.occurrences if one.word == "star"] == ["3", "6", "9"]
    assert (found.counts, found.absent) == ({"star": 10, "sun": 1}, ("moon",))
    with pytest.raises(ValueError, match="most must be"):
        find([], {"star"}, most=0)


@given(st.text(max_size=60))
def test_tokens_are_spans_in_order_that_fold_to_what_they_say(text):
    last = 0
    for token in tokens(text):
        assert last <= token.start < token.end <= len(text)
        assert fold(text[token.start : token.end]) == token.folded
        last = token.end


@given(st.text(max_size=30))
def test_folding_twice_changes_nothing_more_for_normal_forms(text):
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


def test_zipf_by_hand():
    counts = count_words(["Star star sun", "ice cream ICE"], "two texts", ["ice cream"])
    assert (counts.counts, counts.total) == ({"star": 2, "sun": 1, "ice cream": 1, "ice": 1}, 5)
    assert counts.zipf("star") == pytest.approx(math.log10(3 / 9e-6) + 3)
    assert counts.zipf("moon") == pytest.approx(math.log10(1 / 9e-6) + 3)
    assert math.isnan(Frequencies({}, 0, "nothing").zipf("star"))


def test_counts_go_by_lemma_as_words_are_found():
    assert count_words(["rött röd"], "a text", ["röd"], {"rött": "röd"}).counts == {"röd": 2}


def test_frequencies_of_a_table(tmp_path):
    file = tmp_path / "f.csv"
    file.write_text("Word,n,z\nStar,3,4.5\nstar,4,4.5\nsun,1,\n", encoding="utf-8")
    counts = read_frequencies(file, count="n")
    assert isinstance(counts, Frequencies)
    assert (counts.counts, counts.total) == ({"star": 7, "sun": 1}, 8)
    given_ones = read_frequencies(file, zipf="z")
    assert isinstance(given_ones, GivenFrequencies)
    assert given_ones.zipf("star") == 4.5
    assert math.isnan(given_ones.zipf("sun"))
    with pytest.raises(ValueError, match="one column"):
        read_frequencies(file)
    file.write_text("Word,n\nstar,1.5\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"line 2: 'star': 1\.5 is no number of occurrences"):
        read_frequencies(file, count="n")
    file.write_text("Word,z\nstar,1.5\nStar,2\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"line 3: 'star' has 2, and 1\.5 before"):
        read_frequencies(file, zipf="z")
