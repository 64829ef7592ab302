"""Batches are cut by table into exactly the words that `words.py` cuts text by text."""

import sys
import unicodedata
from itertools import pairwise

import pytest
from harness_plugins.metrics.folding import LIMIT, fold_table, read_words
from harness_plugins.metrics.words import make_words
from hypothesis import example, given
from hypothesis import strategies as st

from harness.text.words import HARD

# what stands at the borders of the rules: marks of several classes, compositions, jamo, folds of several letters, invisibles
DIFFICULT = (
    "ab åÄéß_.\n\x00\u0308\u0323\u030a\u0301İıſKÅΩµΣςσ½²Ⅳ\u00ad\u034f\u200d\u200b\ufe0f\ufeff😀\u1100\u1161\u11a8각가한"
    "क\u093c\u093e\u094dশ\u09c7\u09beெ\u0b3e\U00011127\U00011131\U00011132𝒳𠀀שׁ\u05b0ﬁŉǰ\ud800ᾳ\u0345ᏸꭰ\U000e0100\U0001d160"
)
TEXTS = st.lists(st.text(st.sampled_from(DIFFICULT), max_size=25) | st.text(max_size=20), max_size=6)
TOKENIZERS = [("unicode", None), ("unicode", "swedish"), ("rouge-score", None), ("rouge-score", "porter")]


def words_of(texts, words):
    """Each text's words by id, so that equal ids and equal words can be held against each other."""
    found = read_words(texts, words)
    bounds = found.starts.tolist()
    return [found.ids[begin:end].tolist() for begin, end in pairwise(bounds)]


def same_partition(ids, words):
    """Whether equal ids are equal words, and the other way round, text by text."""
    flat_ids, flat_words = ([one for text in texts for one in text] for texts in (ids, words))
    pairs = set(zip(flat_ids, flat_words, strict=True))
    return [len(text) for text in ids] == [len(text) for text in words] and (
        len(pairs) == len({one for one, _ in pairs}) == len({word for _, word in pairs})
    )


@pytest.mark.parametrize(("tokenizer", "stemmer"), TOKENIZERS)
@given(TEXTS)
@example(["Straße", "strasse", "ΟΔΟΣ οδος"])
@example(["e\u0301 é", "\u0301e", "x\u00ady xy"])
def test_a_batch_has_the_words_of_its_texts(tokenizer, stemmer, texts):
    if stemmer == "porter":
        pytest.importorskip("nltk")
    words = make_words(tokenizer, stemmer)
    assert same_partition(words_of(texts, words), [words.cut(text) for text in texts])


@given(TEXTS)
def test_the_words_themselves_are_those_of_the_reference_implementation(texts):
    words = make_words()
    found = read_words(texts, words)
    spelled = found.spelled()
    assert [spelled[number] for number in found.ids] == [word for text in texts for word in words.cut(text)]


@pytest.mark.parametrize("tokenizer", ["unicode", "rouge-score"])
def test_every_code_point_between_two_letters_gives_the_words_of_the_reference_implementation(tokenizer):
    words = make_words(tokenizer)
    texts = [f"x{chr(point)}y" for point in [*range(LIMIT + 300), *range(0xE0000, 0xE0200), sys.maxunicode]]
    found = read_words(texts, words)
    spelled = found.spelled()
    assert [spelled[number] for number in found.ids] == [word for text in texts for word in words.cut(text)]


def test_every_second_half_of_a_composition_and_every_mark_is_hard():
    table = fold_table("unicode")
    for point in range(LIMIT):
        parts = unicodedata.decomposition(chr(point)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            assert table[int(parts[1], 16)] == HARD, hex(point)
        if unicodedata.category(chr(point))[0] == "M" or unicodedata.normalize("NFC", chr(point)) != chr(point):
            assert table[point] == HARD, hex(point)


def test_nearly_all_swedish_text_is_cut_without_the_slow_way():
    table = fold_table("unicode")
    hard = {character for character in map(chr, range(0x250)) if table[ord(character)] == HARD}
    assert hard == {"\u00ad", "ß", "İ", "ŉ", "ǰ"}


def test_stems_are_found_once_a_distinct_word(monkeypatch):
    asked = []
    words = make_words()
    stemmed = type(words)(words.tokenizer, words.cut_plain, lambda word: asked.append(word) or word[:3], words.signature)
    assert words_of(["bilar bilen bil", "bilar båt"], stemmed) == [[0, 0, 0], [0, 3]]
    assert asked == ["bilar", "bilen", "bil", "båt"]
