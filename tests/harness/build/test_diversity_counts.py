"""Distinct n-grams and skeletons, by hand."""

import pytest

from harness.build.diversity_counts import distinct_n, skeleton, skeletons, token_sample, tokens_of


def test_distinct_n_counts_different_ngrams_within_texts_only():
    found = distinct_n(["en katt en katt", "En hund"], 2)
    assert (found.different, found.total) == (3, 4)  # en katt (twice), katt en, en hund
    assert found.value == 0.75
    assert distinct_n(["ett"], 2).value is None


def test_a_sample_holds_exactly_so_many_words_whatever_the_order():
    texts = [f"ord nummer {n} i raden" for n in range(50)]
    sample = token_sample(texts, 33)
    assert sum(len(tokens_of(text)) for text in sample) == 33
    assert sample == token_sample(texts[::-1], 33)
    assert sample != token_sample(texts, 33, seed=1)


def test_a_sample_larger_than_the_texts_is_refused():
    with pytest.raises(ValueError, match="fewer than the 10"):
        token_sample(["bara tre ord"], 10)


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("Skriv en dikt om våren.", "skriv en _ om _"),
        ("Skriv en kort saga om det stora havet. Den ska rimma.", "skriv en _ om det _"),
        ("Vad är en BBS?", "vad är en _ ?"),
        ("Nämn 3 orsaker till kriget", "nämn # _ till _"),
        ("", ""),
    ],
)
def test_a_skeleton_keeps_the_first_word_and_the_function_words(instruction: str, expected: str):
    assert skeleton(instruction) == expected


def test_skeletons_are_counted():
    assert skeletons(["Skriv en dikt om våren.", "Skriv en saga om havet.", "Vem är du?"]) == {
        "skriv en _ om _": 2,
        "vem är du ?": 1,
    }


def test_another_language_has_its_own_function_words():
    assert skeleton("Write a poem about the sea.", "en") == "write a _ about the _"
