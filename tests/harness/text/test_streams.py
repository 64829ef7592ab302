"""Texts as arrays of code points, whatever they hold."""

import sys
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.text.streams import code_points, distinct, flat, ranked, without_space

TEXTS = st.lists(st.text(st.characters() | st.sampled_from(" \n\x00\x85\u2003\ud800\U0001f600"), max_size=30), max_size=8)


def texts_of(stream):
    points, starts = stream
    return ["".join(map(chr, points[begin:end])) for begin, end in pairwise(starts)]


@given(TEXTS)
def test_the_texts_can_be_read_back(texts):
    assert texts_of(code_points(texts)) == texts


@given(TEXTS)
def test_white_space_is_taken_out_as_split_takes_it_out(texts):
    assert texts_of(without_space(code_points(texts))) == ["".join(text.split()) for text in texts]


def test_every_white_space_character_of_unicode_is_known():
    spaces = [chr(point) for point in range(sys.maxunicode + 1) if chr(point).isspace()]
    assert len(spaces) == 29
    assert texts_of(without_space(code_points(["a".join(spaces)]))) == ["a" * 28]


def test_distinct_texts_stand_in_the_order_of_first_sight():
    texts, places = distinct(["b", "a", "b", ""])
    assert texts == ["b", "a", ""]
    assert places.tolist() == [0, 1, 0, 2]


def test_ranks_keep_the_order_and_begin_at_one():
    ranks, kinds = ranked(np.array([7, 0, 7, 1_114_111], dtype=np.int32))
    assert (ranks.tolist(), kinds) == ([2, 1, 2, 3], 3)
    assert ranked(np.zeros(0, dtype=np.int32))[1] == 0


def test_lists_stand_after_one_another():
    items, starts = flat([["a"], [], ["b", "c"]])
    assert items == ["a", "b", "c"]
    assert starts.tolist() == [0, 1, 1, 3]
