"""Sequences hold every token once, and a batch has each chunk's neighbours in its own column, masked where there are none."""

import numpy as np
import pytest
from harness_plugins.retro.sequences import batch, cut
from hypothesis import given, settings
from hypothesis import strategies as st
from numbered import numbered, plain_table

from harness.errors import InputError

DOCUMENTS = st.lists(st.lists(st.integers(0, 9), max_size=23), min_size=1, max_size=6)


def tokens_of(corpus, sequence):
    tokens, lengths = corpus.tokens(np.arange(sequence.first, sequence.first + sequence.chunks))
    return [int(token) for row, length in zip(tokens, lengths, strict=True) for token in row[:length]]


@settings(max_examples=12)
@given(DOCUMENTS, st.integers(1, 3), st.integers(1, 9))
def test_every_token_is_in_one_sequence_in_order_and_no_sequence_crosses_a_document(tmp_path_factory, documents, times, shard):
    corpus = numbered(tmp_path_factory.mktemp("cut") / "db", documents, shard=shard)
    sequences = cut(corpus, 4 * times)
    expected = [tokens[start : start + 4 * times] for tokens in documents for start in range(0, len(tokens), 4 * times)]
    parts = [sequences[number] for number in range(len(sequences))]
    assert [tokens_of(corpus, part) for part in parts] == expected
    assert sequences.tokens.tolist() == [len(tokens) for tokens in expected]
    assert [tokens for some in sequences.batches(2) for tokens in some.tokens] == sequences.tokens.tolist()


@settings(max_examples=12)
@given(DOCUMENTS, st.integers(1, 3), st.integers(1, 3), st.randoms(use_true_random=False))
def test_a_batch_holds_its_sequences_and_each_complete_chunks_neighbours(tmp_path_factory, documents, times, k, random):
    corpus = numbered(tmp_path_factory.mktemp("batch") / "db", documents)
    sequences = cut(corpus, 4 * times)
    if not len(sequences):
        return
    numbers = np.array([[random.randrange(-1, corpus.chunks) for _ in range(k)] for _ in range(corpus.chunks)])
    which = [random.randrange(len(sequences)) for _ in range(3)]
    made = batch(sequences[which], corpus, None, plain_table(corpus, numbers), k)
    length = made["input_ids"].shape[1]
    assert length == 4 * max(sequences.chunks[which])
    for row, number in enumerate(which):
        tokens = tokens_of(corpus, sequences[number])
        rest = length - len(tokens)
        assert made["input_ids"][row].tolist() == tokens + rest * [0]
        assert made["labels"][row].tolist() == tokens + rest * [-100]
        assert made["attention_mask"][row].tolist() == len(tokens) * [1] + rest * [0]
        for column in range(length // 4):
            complete = (column + 1) * 4 <= len(tokens)
            chunk = sequences.first[number] + column
            for place in range(k):
                neighbour = numbers[chunk, place] if complete else -1
                ids, mask = corpus.with_continuation(np.array([neighbour]))
                assert made["neighbour_mask"][row, column, place].tolist() == mask[0].tolist()
                assert made["neighbour_ids"][row, column, place].tolist() == ids[0].tolist()


def test_a_batch_by_hand(tmp_path):
    import torch

    corpus = numbered(tmp_path / "db", [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12, 13, 14, 15]])  # chunks 0, 1; 2, 3, 4
    made = batch(cut(corpus, 8), corpus, corpus, plain_table(corpus, [[3], [2], [0], [1], [0]]), 1)
    assert made["input_ids"].tolist() == [[1, 2, 3, 4, 5, 6, 0, 0], [7, 8, 9, 10, 11, 12, 13, 14], [15, 0, 0, 0, 0, 0, 0, 0]]
    assert made["neighbour_ids"].shape == (3, 2, 1, 8)
    assert made["neighbour_ids"][0, :, 0].tolist() == [[11, 12, 13, 14, 15, 0, 0, 0], 8 * [0]]  # chunk 1 is not complete
    assert made["neighbour_ids"][1, :, 0].tolist() == [[1, 2, 3, 4, 5, 6, 0, 0], [5, 6, 0, 0, 0, 0, 0, 0]]
    assert made["neighbour_mask"].sum(-1).flatten().tolist() == [5, 0, 6, 2, 0, 0]
    assert made["neighbour_mask"].dtype == torch.bool
    assert {made[name].dtype for name in ("input_ids", "attention_mask", "labels", "neighbour_ids")} == {torch.int64}


def test_without_a_table_or_with_no_neighbours_retrieval_is_off(tmp_path):
    corpus = numbered(tmp_path / "db", [[1, 2, 3, 4, 5]])
    off = {"input_ids", "attention_mask", "labels"}
    assert set(batch(cut(corpus, 4), corpus)) == off
    assert set(batch(cut(corpus, 4), corpus, corpus, plain_table(corpus, [[-1], [-1]]), 0)) == off
    with pytest.raises(InputError, match="has no 2"):
        batch(cut(corpus, 4), corpus, corpus, plain_table(corpus, [[-1], [-1]]), 2)


def test_a_length_that_is_no_number_of_chunks_is_refused(tmp_path):
    corpus = numbered(tmp_path / "db", [[1, 2, 3, 4, 5]])
    for length in (0, -4, 6):
        with pytest.raises(InputError, match=f"must be a multiple of 4, .*; got {length}"):
            cut(corpus, length)


def test_a_corpus_of_empty_documents_has_no_sequences(tmp_path):
    corpus = numbered(tmp_path / "db", [[], []])
    assert len(cut(corpus, 4)) == 0
