"""Positions of longest common subsequences against the textbook table and against rouge-score."""

import pytest
from harness_plugins.metrics.lcs import lcs_positions
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
