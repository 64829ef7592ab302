"""Overlap: tokens of a chunk that occur in what was read when they were predicted."""

import numpy as np
import pytest
from harness_plugins.retro.analyses.overlap import occurs, readers, token_overlap
from harness_plugins.retro.sequences import Sequences, cut
from hypothesis import given
from hypothesis import strategies as st

ROWS = Sequences(np.array([0, 3, 4]), np.array([3, 1, 2]), np.array([24, 8, 16]))


def test_the_first_chunk_of_a_sequence_reads_nothing():
    assert readers(ROWS).tolist() == [1, 2, 5]
    assert readers(ROWS[1:2]).tolist() == []


@given(
    st.integers(1, 4).flatmap(
        lambda n: st.tuples(
            st.lists(st.lists(st.integers(0, 9), min_size=5, max_size=5), min_size=n, max_size=n),
            st.lists(st.lists(st.integers(0, 9), min_size=7, max_size=7), min_size=n, max_size=n),
            st.lists(st.lists(st.booleans(), min_size=7, max_size=7), min_size=n, max_size=n),
        )
    )
)
def test_a_token_occurs_if_it_is_among_the_unmasked_tokens_of_its_own_row(drawn):
    tokens, found, mask = drawn
    expected = [
        [token in {t for t, real in zip(row, may, strict=True) if real} for token in own]
        for own, row, may in zip(tokens, found, mask, strict=True)
    ]
    assert occurs(np.array(tokens, np.int32), np.array(found, np.int32), np.array(mask)).tolist() == expected


def test_overlap_counts_places_of_a_chunk_in_the_neighbours_of_the_chunk_before(corpus):
    rows = cut(corpus, 64)
    chunks = readers(rows)
    asked = []

    def near(numbers):
        asked.extend(numbers.tolist())
        tokens = corpus.tokens(numbers + 1)[0][:, None, :3]  # the first three tokens of the chunk that follows
        mask = np.ones(tokens.shape, bool)
        mask[:, :, 2] = False
        return tokens, mask

    found = token_overlap(corpus, near, rows)
    assert asked == (chunks - 1).tolist()
    tokens, lengths = corpus.tokens(chunks)
    for row, chunk in enumerate(chunks.tolist()):
        real = tokens[row, : lengths[row]].tolist()
        known = set(tokens[row, :2].tolist())
        assert found.shares[chunk] == pytest.approx(sum(one in known for one in real) / len(real))
        assert found.counted[chunk].sum() == lengths[row]
    others = np.setdiff1d(np.arange(corpus.chunks), chunks)
    assert np.isnan(found.shares[others]).all()
    assert found.read[chunks].all()


def test_a_chunk_whose_predecessor_has_no_neighbours_has_overlap_0_and_has_read_nothing(corpus):
    rows = cut(corpus, 64)
    found = token_overlap(corpus, lambda n: (np.zeros((len(n), 2, 16), np.int32), np.zeros((len(n), 2, 16), bool)), rows)
    assert not found.read.any()
    assert set(found.shares[readers(rows)]) == {0.0}
