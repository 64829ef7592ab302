"""Shared n-grams are the intersections of counters, whatever the symbols and however many orders."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.text.ngrams import clipped, ngrams, shared
from harness.text.streams import Stream, offsets

TEXTS = st.lists(st.lists(st.integers(0, 3), max_size=30), min_size=1, max_size=4)
WIDE = st.lists(st.lists(st.sampled_from([0, 1, 999, 1_114_111]), max_size=12), min_size=1, max_size=3)


def stream(texts):
    return Stream(np.array([symbol for text in texts for symbol in text], dtype=np.int32), offsets(list(map(len, texts))))


def counter(text, order):
    return Counter(tuple(text[place : place + order]) for place in range(len(text) - order + 1))


def pairs(texts):
    return np.divmod(np.arange(len(texts) ** 2), len(texts))


@settings(max_examples=60)
@given(TEXTS | WIDE, st.integers(1, 9))
def test_shared_ngrams_are_the_intersection_of_counters(texts, highest):
    grams = ngrams(stream(texts), highest)
    left, right = pairs(texts)
    expected = [
        [(counter(texts[i], order) & counter(texts[j], order)).total() for order in range(1, highest + 1)]
        for i, j in zip(left, right, strict=True)
    ]
    assert shared(grams, left, right).tolist() == expected


@pytest.mark.parametrize("kinds", [1, 2, 1023, 1024, 70_000])
def test_alphabets_of_every_size_are_counted_exactly(kinds):
    rng = np.random.default_rng(kinds)
    texts = [rng.integers(0, kinds, 60).tolist() for _ in range(3)]
    texts.append(list(range(kinds)))
    texts.append(texts[0][10:40] + texts[1][:25])
    grams = ngrams(stream(texts), 6)
    left, right = pairs(texts)
    expected = [
        [(counter(texts[i], order) & counter(texts[j], order)).total() for order in range(1, 7)]
        for i, j in zip(left, right, strict=True)
    ]
    assert shared(grams, left, right).tolist() == expected


@settings(max_examples=60)
@given(TEXTS, st.integers(1, 5))
def test_clipped_ngrams_are_the_intersection_with_the_union_of_counters(texts, highest):
    grams = ngrams(stream(texts), highest)
    everyone = np.arange(len(texts))
    answers = np.array([0, 0])
    found = clipped(grams, answers, np.concatenate([everyone, everyone[:1]]), np.array([0, len(texts), len(texts) + 1]))

    def union(order):
        counts = Counter()
        for text in texts:
            counts |= counter(text, order)
        return counts

    first = [(counter(texts[0], order) & union(order)).total() for order in range(1, highest + 1)]
    second = [counter(texts[0], order).total() for order in range(1, highest + 1)]
    assert found.tolist() == [first, second]


def test_totals_count_the_ngrams_of_each_text():
    grams = ngrams(stream([[1, 2, 3], [], [1]]), 2)
    assert grams.totals(1).tolist() == [3, 0, 1]
    assert grams.totals(2).tolist() == [2, 0, 0]
