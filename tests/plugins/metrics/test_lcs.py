"""Longest common subsequences against the textbook table and against rouge-score."""

import pytest
from harness_plugins.metrics.lcs import lcs_length, lcs_positions
from hypothesis import given
from hypothesis import strategies as st

TOKENS = st.lists(st.integers(0, 4), max_size=40) | st.lists(st.integers(0, 30), max_size=150)


def table_length(a, b):
    """The quadratic table, row by row."""
    row = [0] * (len(b) + 1)
    for x in a:
        above = row
        row = [0]
        for j, y in enumerate(b):
            row.append(above[j] + 1 if x == y else max(above[j + 1], row[j]))
    return row[-1]


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
def test_length_of_small_cases(a, b, length):
    assert lcs_length(a, b) == length


@given(TOKENS, TOKENS)
def test_length_equals_the_textbook_table_both_ways_round(a, b):
    assert lcs_length(a, b) == lcs_length(b, a) == table_length(a, b)


@given(TOKENS, TOKENS)
def test_positions_rise_and_mark_a_common_subsequence_of_that_length(reference, candidate):
    positions = lcs_positions(reference, candidate)
    assert positions == sorted(set(positions))
    assert len(positions) == table_length(reference, candidate)
    rest = iter(candidate)
    assert all(reference[position] in rest for position in positions)


@given(TOKENS, TOKENS)
def test_positions_are_the_ones_that_rouge_score_picks(reference, candidate):
    rouge_scorer = pytest.importorskip("rouge_score.rouge_scorer")
    assert lcs_positions(reference, candidate) == rouge_scorer.lcs_ind(reference, candidate)
