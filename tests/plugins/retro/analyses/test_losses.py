"""Losses of every token: each is that of its text read alone, with the neighbours of the chunk before."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from harness_plugins.retro.analyses.losses import longest_sequence, token_losses  # noqa: E402
from harness_plugins.retro.sequences import cut  # noqa: E402

from harness.errors import InputError  # noqa: E402

LENGTH = 24


class Table:
    """The neighbours of every chunk at random, some of them absent."""

    def __init__(self, corpus, seed=5):
        self.numbers = np.random.default_rng(seed).integers(-1, corpus.chunks, (corpus.chunks, 3))


def alone(model, corpus, first, chunks, numbers=None):
    """Losses of one sequence, from the model's own loss for one token after the other."""
    tokens, lengths = corpus.tokens(np.arange(first, first + chunks))
    ids = torch.tensor(tokens.reshape(1, -1)[:, : lengths.sum()], dtype=torch.long)
    given = {}
    if numbers is not None:
        near, mask = corpus.with_continuation(numbers[first : first + chunks, :2])
        given = {"neighbour_ids": torch.tensor(near).long()[None], "neighbour_mask": torch.tensor(mask)[None]}
    found = []
    for place in range(1, ids.shape[1]):
        labels = torch.full_like(ids, -100)
        labels[0, place] = ids[0, place]
        found.append(model(ids, labels=labels, **given).loss.item())
    return found


@pytest.mark.parametrize("on", [False, True])
def test_each_loss_is_that_of_its_sequence_read_alone(model, corpus, on):
    table = Table(corpus)
    losses = token_losses(model, corpus, table if on else None, length=LENGTH)
    assert losses.shape == (corpus.chunks, corpus.chunk)
    some = cut(corpus, LENGTH)[[0, 3, 7, -1]]
    for first, chunks in zip(some.first, some.chunks, strict=True):
        mine = losses[first : first + chunks].ravel()
        expected = alone(model, corpus, first, chunks, table.numbers if on else None)
        assert np.isnan(mine[0])
        np.testing.assert_allclose(mine[1 : 1 + len(expected)], expected, rtol=0, atol=1e-4)
        assert np.isnan(mine[1 + len(expected) :]).all()


def test_every_token_has_a_loss_but_the_first_of_each_sequence(model, corpus):
    losses = token_losses(model, corpus, length=LENGTH)
    tokens = sum(shard.tokens for shard in corpus.info.shards)
    assert np.isfinite(losses).sum() == tokens - len(cut(corpus, LENGTH))


def test_the_neighbours_of_a_chunk_change_the_losses_of_the_next_ones_only(model, corpus):
    table, other = Table(corpus), Table(corpus)
    first = int(cut(corpus, LENGTH).first[-2])  # a whole sequence
    other.numbers[first + 1] = (other.numbers[first + 1] + 1) % corpus.chunks
    before, after = (token_losses(model, corpus, one, length=LENGTH) for one in (table, other))
    assert np.flatnonzero((np.nan_to_num(before) != np.nan_to_num(after)).any(1)).tolist() == [first + 2]


def test_without_any_neighbour_found_on_is_off(model, corpus):
    none = Table(corpus)
    none.numbers[:] = -1
    on, off = token_losses(model, corpus, none, length=LENGTH), token_losses(model, corpus, length=LENGTH)
    np.testing.assert_array_equal(on, off)


def test_some_sequences_get_the_losses_that_they_get_among_all(model, corpus):
    table, rows, said = Table(corpus), cut(corpus, LENGTH)[[2, 9]], []
    some = token_losses(model, corpus, table, rows, report=lambda done, all: said.append((done, all)))
    every = token_losses(model, corpus, table, length=LENGTH)
    chosen = np.concatenate([np.arange(first, first + chunks) for first, chunks in zip(rows.first, rows.chunks, strict=True)])
    np.testing.assert_allclose(some[chosen], every[chosen], atol=1e-5)
    assert np.isnan(np.delete(some, chosen, axis=0)).all()
    assert said[-1] == (len(chosen), len(chosen))


def test_a_function_gives_neighbours_that_stand_in_no_database(model, corpus):
    table = Table(corpus)
    near = lambda chunks: corpus.with_continuation(table.numbers[chunks, :2])  # noqa: E731
    np.testing.assert_array_equal(
        token_losses(model, corpus, near, length=LENGTH), token_losses(model, corpus, table, length=LENGTH)
    )


def test_what_does_not_fit_is_said(model, corpus):
    short = Table(corpus)
    short.numbers = short.numbers[:-1]
    with pytest.raises(InputError, match="make it anew"):
        token_losses(model, corpus, short)
    with pytest.raises(InputError, match="multiple of 8"):
        token_losses(model, corpus, length=20)
    with pytest.raises(InputError, match="reads 64 tokens at most"):
        token_losses(model, corpus, length=72)
    assert longest_sequence(model) == 64
    model.config.chunk = 16
    with pytest.raises(InputError, match="chunks of 8 tokens, and the model reads chunks of 16"):
        token_losses(model, corpus)


def test_the_model_is_left_as_it_was(model, corpus):
    token_losses(model.train(), corpus, length=LENGTH)
    assert model.training
