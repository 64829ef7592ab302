"""Words are numbered exactly, and their common subsequences have the length of the textbook's table."""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.text.words import HARD, POINTS, SEPARATOR, lcs_lengths, token_ids, with_cut_texts, with_plain, word_ids

CUT = st.lists(st.lists(st.text(st.sampled_from("abåξ😀"), min_size=1, max_size=12), max_size=12), max_size=6)
TOKENS = st.lists(st.integers(0, 4), max_size=40) | st.lists(st.integers(0, 30), max_size=260)


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
    words = token_ids([[f"w{token}" for token in side] for side in (a, b)])
    return lcs_lengths(words, np.array([0]), np.array([1])).tolist()[0]


def spelled_again(words):
    spelled = words.spelled()
    bounds = words.starts.tolist()
    return [[spelled[number] for number in words.ids[begin:end]] for begin, end in pairwise(bounds)]


@given(CUT)
@example([["a" * 7, "a" * 8, "ξ", "\x00", "\ud800"], [], ["a" * 8]])
@example([[chr(256 + number) * 3 for number in range(300)] * 2])  # more words than the first table of slots holds
def test_ids_spell_the_words_that_went_in_and_no_two_spell_the_same(texts):
    words = token_ids(texts)
    assert spelled_again(words) == texts
    spelled = words.spelled()
    assert len(set(spelled)) == len(spelled)
    assert words.lengths.tolist() == [len(text) for text in texts]


def test_ten_thousand_words_are_ten_thousand_ids_however_alike_they_are():
    texts = [[f"{'x' * (number % 13)}{number}" for number in range(10_000)]] * 2
    words = token_ids(texts)
    assert words.ids.tolist() == [*range(10_000)] * 2


def test_hard_texts_are_named_and_their_words_can_be_given():
    folded = np.full(POINTS, SEPARATOR, dtype=np.int32)
    folded[ord("a") : ord("z") + 1] = np.arange(ord("a"), ord("z") + 1) + 1
    folded[ord("!")] = HARD
    table = with_plain(folded)
    texts = ["ja, visst", "nej! nej", "", "visst!"]
    words, hard = word_ids(texts, table)
    assert spelled_again(words) == [["ja", "visst"], [], [], []]
    assert hard.tolist() == [1, 3]
    given = with_cut_texts(texts, table, {1: ["nej", "A!"], 3: ["visst"]})
    assert spelled_again(given) == [["ja", "visst"], ["nej", "A!"], [], ["visst"]]
    assert len(given.spans) == 4


@pytest.mark.parametrize(
    ("a", "b", "length"),
    [
        ([], [], 0),
        ([1], [], 0),
        ([1, 2, 3], [1, 2, 3], 3),
        ([1, 2, 3], [3, 2, 1], 1),
        ([1, 2, 3, 4, 1], [3, 4, 1, 2, 1, 3], 3),
        ([1, 1, 1], [1, 1], 2),
        ([0, 1, 0], [0, 0], 2),
    ],
)
def test_common_subsequences_of_small_cases(a, b, length):
    assert lcs(a, b) == length


@given(TOKENS, TOKENS)
def test_common_subsequences_equal_the_textbook_table_both_ways_round(a, b):
    assert lcs(a, b) == lcs(b, a) == table_length(a, b)


@pytest.mark.parametrize("kinds", [2, 3, 70, 1000])
@pytest.mark.parametrize("size", [63, 64, 65, 127, 128, 129, 400])
def test_common_subsequences_at_the_edges_of_blocks(kinds, size):
    draw = random.Random(kinds * size)
    a, b = ([0, *(draw.randrange(kinds) for _ in range(size)), 1] for _ in range(2))
    assert lcs([*a, 1], [1, *b]) == table_length([*a, 1], [1, *b])


def test_many_pairs_of_one_call_do_not_disturb_each_other():
    draw = random.Random(5)
    texts = [[str(draw.randrange(9)) for _ in range(draw.choice([0, 3, 50, 64, 90, 200]))] for _ in range(30)]
    left, right = np.divmod(np.arange(900), 30)
    found = lcs_lengths(token_ids(texts), left, right).tolist()
    assert found == [table_length(texts[i], texts[j]) for i, j in zip(left, right, strict=True)]


@pytest.mark.parametrize("kinds", [1, 2, 50_000])
def test_a_hundred_thousand_words_a_side_are_compared(kinds):
    """The whole table would be ten thousand million cells."""
    draw = random.Random(kinds)
    common = [str(draw.randrange(kinds)) for _ in range(50_000)]
    a = [word for pair in zip(common, ["a"] * 50_000, strict=True) for word in pair]
    b = [word for pair in zip(["b"] * 50_000, common, strict=True) for word in pair]
    words = token_ids([a, b])
    assert lcs_lengths(words, np.array([0]), np.array([1])).tolist() == [50_000]
