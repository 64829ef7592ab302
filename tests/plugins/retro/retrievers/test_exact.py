"""Products of float16 directions are exact, and the nearest are the nearest whatever float32 makes of them."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("faiss")

from harness_plugins.retro.retrievers.clusters import centroids
from harness_plugins.retro.retrievers.exact import best, bound, nearest, products


def directions(seed, count, dimension):
    rows = np.random.default_rng(seed).standard_normal((count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(2, 400))
def test_a_product_is_the_sum_of_fractions(seed, dimension):
    one, other = directions(seed, 2, dimension)
    exact = sum(Fraction(float(a)) * Fraction(float(b)) for a, b in zip(one, other, strict=True))
    found = products(one[None], other[None], np.array([[0, -1]]))
    assert Fraction(float(found[0, 0])) == exact
    assert np.isnan(found[0, 1])
    single = np.float32(one.astype(np.float32) @ other.astype(np.float32))
    assert abs(Fraction(float(single)) - exact) <= Fraction(bound(dimension))


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 20), st.integers(1, 5))
def test_the_nearest_are_those_of_all_products_with_ties_to_the_lower_number(seed, count, k, copies):
    draws = np.random.default_rng(seed)
    rows = directions(seed, count, 8)[draws.integers(0, count, count * copies)]  # many of them equal
    queries = directions(seed + 1, 5, 8)
    numbers, scores = nearest(queries, rows, k)
    whole = queries.astype(float) @ rows.astype(float).T
    expected = np.argsort(-whole, axis=1, kind="stable")[:, :k]
    there = expected.shape[1]
    assert (numbers[:, :there] == expected).all()
    assert (numbers[:, there:] == -1).all()
    assert (scores[:, :there] == np.take_along_axis(whole, expected, 1)).all()


def test_nearly_equal_rows_are_told_apart_where_float32_cannot():
    """The last places of their products differ by 2^-34; float32 has 24 bits."""
    rows = np.full((400, 3), 0.5, np.float16)
    rows[:, 1] = 2.0**-10
    rows[317, 1] = np.nextafter(np.float16(2.0**-10), np.float16(1))
    query = np.array([[0.9, 2.0**-14, 0.1]], np.float16)
    assert nearest(query, rows, 2)[0].tolist() == [[317, 0]]


def test_of_candidates_the_missing_are_last():
    numbers, scores = best(np.array([[7, -1, 3, 5]]), np.array([[0.5, np.nan, 0.5, 0.9]]), 5)
    assert numbers.tolist() == [[5, 3, 7, -1, -1]]
    assert scores[0, :3].tolist() == [0.9, 0.5, 0.5]
    assert np.isnan(scores[0, 3:]).all()


def test_lists_gather_what_was_planted_together():
    centres = np.eye(4, 16, dtype=np.float16)
    noise = np.random.default_rng(0).normal(0, 0.05, (80, 16))
    rows = np.repeat(centres, 20, axis=0) + noise
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)
    apart = (seed for seed in range(100) if len({place // 20 for place in drawn(seed)}) == 4)
    found = centroids(rows, 4, seed=next(apart))
    near = nearest(rows, found, 1)[0][:, 0].reshape(4, 20)
    assert (near == near[:, :1]).all()
    assert len(set(near[:, 0].tolist())) == 4


def drawn(seed):
    """The four rows of eighty that centroids begin at."""
    return np.random.default_rng(seed).choice(80, 4, replace=False).tolist()


def test_there_are_as_many_lists_as_were_asked_for_where_most_rows_are_equal():
    rows = np.concatenate([np.repeat(directions(0, 1, 8), 50, axis=0), directions(1, 4, 8)])
    found = centroids(rows, 5)
    assert len(np.unique(nearest(rows, found, 1)[0])) == 5
    with pytest.raises(ValueError, match="55 lists cannot be made of 54 chunks"):
        centroids(rows, 55)
