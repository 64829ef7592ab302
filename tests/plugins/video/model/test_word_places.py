"""Which tokens a word is made of, whatever tokenizer cut it."""

from functools import cache
from typing import Any

import pytest
from harness_plugins.video.model.words import word_spans, words_of_tokens
from harness_plugins.video.probe.words import tokens
from hypothesis import given
from hypothesis import strategies as st
from tiny_video_lm import tiny_tokenizer


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("En röd cirkel, idag.", ["En", "röd", "cirkel", "idag"]),
        ("röd-blå cirkel's 3 st", ["röd-blå", "cirkel's", "3", "st"]),
        ("– ’hej’ – (ja!)", ["hej", "ja"]),
        ("ro\u0308d bil", ["ro\u0308d", "bil"]),  # o with a mark of its own
        ("under_score #5 å\u00adäö", ["under", "score", "5", "å\u00adäö"]),
        ("don＇t donʼt", ["don＇t", "donʼt"]),
        ("हिन्दी, שָׁלוֹם!", ["हिन्दी", "שָׁלוֹם"]),  # vowel signs and points are marks, though beyond those of Latin
        ("å\u2060ä", ["å\u2060ä"]),
        ("♪ … ♪", []),
        ("", []),
    ],
)
def test_words_are_letters_digits_and_marks(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in word_spans(text)] == words


def test_tokens_that_share_a_word_have_its_number_and_shared_tokens_join_words() -> None:
    # "ab cd" "ef" with one token over " c" and one over "d e"
    offsets = [(0, 0), (0, 1), (1, 2), (2, 4), (4, 7), (7, 8), (8, 9), (0, 0)]
    assert words_of_tokens(offsets, [(0, 2), (3, 5), (6, 8)]).tolist() == [-1, 0, 0, 1, 1, 1, -1, -1]
    assert words_of_tokens([(0, 1), (2, 3)], []).tolist() == [-1, -1]
    assert words_of_tokens([], [(0, 1)]).tolist() == []


@given(st.text(st.sampled_from("aéö3 -‑'’ʼ＇_.\u0301\u0902\u093f\u05b8\u00ad\u200d\u2060\n")) | st.text())
def test_probes_find_words_where_trainings_mask_them(text: str) -> None:
    assert [(token.start, token.end) for token in tokens(text)] == word_spans(text)


@pytest.mark.parametrize("kind", ["wordpiece", "bytes", "sentencepiece"])
@given(
    words=st.lists(st.sampled_from(["röd", "cirkel", "rullar", "3", "x", "åt", "ʒ", "kanske"]), min_size=1, max_size=8),
    comma=st.booleans(),
)
def test_each_word_of_a_text_is_whole_and_apart(kind: str, words: list[str], comma: bool) -> None:
    text = (", " if comma else " ").join(words) + "."
    told = _tokenizer(kind)(text, return_offsets_mapping=True)
    numbers = words_of_tokens(told["offset_mapping"], word_spans(text))
    assert set(numbers.tolist()) - {-1} == set(range(len(words)))
    for number, (start, end) in enumerate(word_spans(text)):
        own = [span for span, owner in zip(told["offset_mapping"], numbers, strict=True) if owner == number]
        assert (min(max(one, start) for one, _ in own), max(min(one, end) for _, one in own)) == (start, end)
    dots = [owner for (start, end), owner in zip(told["offset_mapping"], numbers, strict=True) if text[start:end] in (",", ".")]
    assert set(dots) == {-1}


@cache
def _tokenizer(kind: str) -> Any:
    return tiny_tokenizer(kind)
