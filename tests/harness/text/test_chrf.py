"""chrF of many pairs is sacrebleu's own float for each."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import CHRF

from harness.text.chrf import CHUNK, ChrF, chrf_scores

SETTINGS = [
    {},
    {"word_order": 1},
    {"word_order": 2, "beta": 3},
    {"char_order": 0, "word_order": 3},
    {"char_order": 11, "whitespace": True},
    {"eps_smoothing": True, "word_order": 2},
    {"beta": 0.3},
]
TEXT = st.text(st.sampled_from("abå \n.,'("), max_size=30) | st.text(max_size=15)


@pytest.mark.parametrize("parameters", SETTINGS)
@settings(max_examples=40)
@given(pairs=st.lists(st.tuples(TEXT, TEXT), max_size=6))
def test_every_float_is_sacrebleus(parameters, pairs):
    original = CHRF(**parameters)
    texts, references = [text for text, _ in pairs], [reference for _, reference in pairs]
    expected = [original.sentence_score(text, [reference]).score for text, reference in pairs]
    assert chrf_scores(texts, references, ChrF(**parameters)).tolist() == expected


def test_texts_with_thousands_of_different_characters_are_scored_as_sacrebleu_scores_them():
    draw = random.Random(1)
    texts = ["".join(chr(draw.randrange(0x4E00, 0x9FFF)) for _ in range(300)) for _ in range(6)]
    texts += [texts[0][50:200] + texts[1][:100], "".join(map(chr, range(0x1F300, 0x1F600)))]
    pairs = [(first, second) for first in texts for second in texts]
    expected = [CHRF().sentence_score(first, [second]).score for first, second in pairs]
    assert chrf_scores([first for first, _ in pairs], [second for _, second in pairs]).tolist() == expected


def test_pairs_on_both_sides_of_a_chunks_border_are_scored_alike():
    texts = ["en katt", "två katter"] * (CHUNK // 2 + 1)
    scores = chrf_scores(texts, ["en katt"] * len(texts)).tolist()
    assert len(scores) == CHUNK + 2
    assert scores == scores[:2] * (CHUNK // 2 + 1)
    assert scores[0] == 100.0


def test_no_pairs_have_no_scores():
    assert chrf_scores([], []).tolist() == []


def test_a_hundred_thousand_equal_characters_a_side_are_compared():
    assert chrf_scores(["a" * 100_000], ["a" * 100_001])[0] == pytest.approx(100, abs=0.01)
