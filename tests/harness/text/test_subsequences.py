"""Words cut as bytes are the words of `words.py`, and their common subsequences have the length of the textbook's table."""

import random
import string

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.text import byte_kernels
from harness.text.subsequences import UNKNOWN, byte_table, common_words
from harness.text.words import HARD, POINTS, SEPARATOR

LETTERS = string.ascii_lowercase + string.digits + "åäöéüøæξж漢"
FOLDED = np.full(POINTS, SEPARATOR, dtype=np.int32)
FOLDED[[ord(letter) for letter in LETTERS]] = [ord(letter) + 1 for letter in LETTERS]
FOLDED[ord("ß")] = HARD
TABLE = byte_table(FOLDED)
WORDS = st.text(st.sampled_from("abåξж"), min_size=1, max_size=40)
TEXTS = st.lists(st.lists(WORDS | st.sampled_from(["a", "ab", "a" * 8, "a" * 15, "a" * 16, "a" * 17]), max_size=90), max_size=5)


def table_length(a, b):
    """The quadratic table, row by row."""
    row = [0] * (len(b) + 1)
    for x in a:
        above = row
        row = [0]
        for j, y in enumerate(b):
            row.append(above[j] + 1 if x == y else max(above[j + 1], row[j]))
    return row[-1]


def lcs(a, b):
    """Of two texts as lists of words."""
    sizes, found = common_words([" ".join(a), " ".join(b)], TABLE, np.array([0]), np.array([1]))
    assert sizes.tolist() == [len(a), len(b)]
    return found.tolist()[0]


@given(TEXTS)
@example([["a" * length for length in range(1, 40)], ["a" * length for length in range(40, 0, -1)]])
def test_every_pair_of_texts_has_the_length_of_the_textbook_table(texts):
    left, right = np.divmod(np.arange(len(texts) ** 2), max(len(texts), 1))
    sizes, found = common_words([" ".join(text) for text in texts], TABLE, left, right)
    assert sizes.tolist() == [len(text) for text in texts]
    assert found.tolist() == [table_length(texts[i], texts[j]) for i, j in zip(left, right, strict=True)]


@given(st.lists(st.text("ab ", max_size=140), min_size=1, max_size=6))
def test_spaces_anywhere_part_words_and_texts_end_words(texts):
    sizes, found = common_words(texts, TABLE, np.arange(len(texts)), np.arange(len(texts))[::-1].copy())
    cut = [text.split() for text in texts]
    assert sizes.tolist() == list(map(len, cut))
    assert found.tolist() == [table_length(a, b) for a, b in zip(cut, cut[::-1], strict=True)]


@pytest.mark.parametrize("kinds", [2, 70, 1000])
@pytest.mark.parametrize("size", [63, 64, 65, 128, 129, 512])
def test_the_edges_of_blocks(kinds, size):
    draw = random.Random(kinds * size)
    a, b = ([str(draw.randrange(kinds)) for _ in range(size)] for _ in range(2))
    assert lcs(a, b) == lcs(b, a) == table_length(a, b)


def test_longer_right_texts_are_left_to_others_and_disturb_none():
    many = " ".join(["a"] * (byte_kernels.MOST_ROWS + 1))
    sizes, found = common_words([many, "a b a"], TABLE, np.array([1, 0, 1, 1]), np.array([0, 1, 0, 1]))
    assert sizes.tolist() == [byte_kernels.MOST_ROWS + 1, 3]
    assert found.tolist() == [-1, 2, -1, 3]


def test_texts_with_letters_that_have_no_byte_are_named():
    texts = ["a b", "漢 b", "b", "ß"]
    sizes, found = common_words(texts, TABLE, np.array([0, 0, 1, 2]), np.array([1, 2, 2, 3]))
    assert sizes.tolist() == [2, -1, 1, -1]
    assert found.tolist() == [-1, 1, -1, -1]


def test_every_symbol_has_a_byte_of_its_own():
    known = LETTERS.replace("漢", "")
    codes = [int(TABLE[ord(letter)]) for letter in known]
    assert len(set(codes)) == len(known)
    assert min(codes) > UNKNOWN == TABLE[ord("漢")] == TABLE[ord("ß")]
    assert TABLE[ord(" ")] == TABLE[POINTS - 1] == 0


def test_a_table_of_more_symbols_than_bytes_knows_the_first():
    table = byte_table(np.arange(1, POINTS + 1, dtype=np.int32))
    assert sorted(table[table > UNKNOWN].tolist()) == [*range(2, 256)]
    assert table[254] == UNKNOWN


def test_words_whose_keys_are_equal_are_told_apart_by_their_letters(monkeypatch):
    """With a factor of 0 the hash of every long word is the same."""
    cut = byte_kernels.key_words
    monkeypatch.setattr(
        byte_kernels, "key_words", lambda codes, marks, starts, factor, *rest: cut(codes, marks, starts, factor * 0, *rest)
    )
    draw = random.Random(1)
    words = ["b" * 8 + "".join(draw.choice("ab") for _ in range(length)) for length in range(8, 60)]
    shuffled = draw.sample(words, len(words))
    assert lcs(words, shuffled) == table_length(words, shuffled)


def test_no_texts_and_no_words():
    nothing = np.zeros(0, np.int64)
    assert [part.tolist() for part in common_words([], TABLE, nothing, nothing)] == [[], []]
    assert [part.tolist() for part in common_words(["", " "], TABLE, np.array([0]), np.array([1]))] == [[0, 0], [0]]
