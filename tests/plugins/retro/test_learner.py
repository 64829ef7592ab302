"""What a retrieval-augmented model learns from: the loss of stretches is the model's own, whatever the micro-batches."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from harness_plugins.retro.learner import RetroLearner, near, stretches  # noqa: E402
from harness_plugins.retro.neighbours import neighbour_table  # noqa: E402
from harness_plugins.retro.sequences import batch, cut  # noqa: E402
from tiny_retro import CHUNK  # noqa: E402
from tiny_retro_training import RETRIEVER, database, learner  # noqa: E402


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return database(tmp_path_factory.mktemp("learner") / "db")


def model_losses(model, corpus, k):
    """-log p of every token, by the model's own logits, sequence by sequence."""
    table = neighbour_table(corpus, corpus, RETRIEVER, {}, k) if k else None
    found = {}
    every = cut(corpus, 4 * CHUNK)
    for place in range(len(every)):
        given = batch(every[[place]], corpus, None, table, k)
        labels = given.pop("labels")[0]
        logits = model(**given).logits[0]
        losses = torch.nn.functional.cross_entropy(logits[:-1], labels[1:], reduction="none", ignore_index=-100)
        found[int(every.first[place])] = float(losses.detach().sum())
    return found


@pytest.mark.parametrize("k", [0, 1, 2])
def test_the_loss_of_stretches_is_the_models_own(corpus, k):
    taught, rows = learner(corpus, k=k)
    wanted = model_losses(taught.model, corpus, k)
    for row in rows:
        assert float(taught([row]).detach()) == pytest.approx(wanted[row.first], abs=1e-9)
    assert float(taught(rows).detach()) == pytest.approx(sum(wanted[row.first] for row in rows), abs=1e-8)


def test_behind_a_document_its_end_is_learned_with_the_neighbours_of_a_chunk_that_it_ends_with(corpus):
    taught, plain = learner(corpus, k=2)
    table = neighbour_table(corpus, corpus, RETRIEVER, {}, 2)
    ending = RetroLearner(taught.model, corpus, near(table, 2), neighbours=2, end=5)
    rows = stretches(corpus, 4 * CHUNK, ends=True)
    owners = [row.id for row in rows]
    assert [row.ends for row in rows] == [here != after for here, after in zip(owners, [*owners[1:], None], strict=True)]
    assert set(owners) == {entry.id for entry in corpus.entries} - {"d/empty"}  # also one whose last sequence is one token
    assert ending.units(rows) == taught.units(plain) + len(set(owners))
    every, total = cut(corpus, 4 * CHUNK), 0.0
    assert {row.length % CHUNK == 0 for row in rows if row.ends} == {True, False}
    same = {row.first: float(taught([row]).detach()) for row in plain}
    assert len(same) < len(rows)
    for row in rows:
        given = batch(every[every.first == row.first], corpus, None, table, 2)
        given.pop("labels")
        said = torch.log_softmax(taught.model(**given).logits[0, row.length - 1], -1)[5].detach()
        added = -float(said) if row.ends else 0.0
        assert float(ending([row]).detach()) == pytest.approx(same.get(row.first, 0.0) + added, abs=1e-9)
        total += float(ending([row]).detach())
    assert float(ending(rows).detach()) == pytest.approx(total, abs=1e-8)


def test_how_a_step_is_cut_into_micro_batches_changes_no_gradient(corpus):
    gradients = []
    for tokens in (CHUNK, 10_000):
        taught, rows = learner(corpus)
        for some in taught.batches(rows, tokens):
            taught(some).backward()
        gradients.append({name: one.grad for name, one in taught.model.named_parameters()})
    assert all(torch.allclose(gradients[0][name], gradients[1][name], rtol=1e-9, atol=1e-9) for name in gradients[0])


def test_the_neighbours_of_the_chunk_that_a_row_ends_with_are_not_asked_for(corpus):
    asked = []
    table = neighbour_table(corpus, corpus, RETRIEVER, {}, 1)
    taught, rows = learner(corpus)
    whole = next(row for row in rows if row.length == 4 * CHUNK)
    learned = RetroLearner(taught.model, corpus, lambda chunks: (asked.append(chunks.tolist()), near(table, 1)(chunks))[1])
    learned([whole])
    assert asked == [[[whole.first, whole.first + 1, whole.first + 2]]]


def test_every_part_of_the_model_runs_whatever_the_rows(corpus):
    """Processes that share a step, each with a part of the model, wait for each other in every part."""
    taught, rows = learner(corpus)
    short = [row for row in rows if row.length < CHUNK]
    taught(short).backward()
    assert [name for name, one in taught.model.named_parameters() if one.grad is None] == []


def test_every_token_but_the_first_of_a_sequence_is_learned_once(corpus):
    rows = stretches(corpus, 4 * CHUNK)
    every = cut(corpus, 4 * CHUNK)
    assert sum(row.learned for row in rows) == int((every.tokens - 1).sum())
    some = stretches(corpus, 4 * CHUNK, [3, 7])
    assert {row.id for row in some} == {corpus.entries[number].id for number in (3, 7)}


def test_bfloat16_differs_in_its_last_digits_alone(corpus):
    taught, rows = learner(corpus)
    exact = float(taught(rows).detach())
    taught.float()
    taught.dtype = "bfloat16"
    assert float(taught(rows).detach()) == pytest.approx(exact, rel=0.02)


def test_operations_of_retrieval_are_those_that_pytorch_counts(corpus):
    """Forward and backward, of a sequence without padding. (Of the decoder PyTorch counts neither SDPA nor sums in place.)"""
    from torch.utils.flop_counter import FlopCounterMode

    taught, rows = learner(corpus)
    taught.float()
    whole = next(row for row in rows if row.length == 4 * CHUNK)
    counted, ours = [], []
    for part in (taught, RetroLearner(taught.model, corpus)):
        with FlopCounterMode(display=False) as counter:
            part([whole]).backward()
        counted.append(counter.get_total_flops())
        ours.append(part.flops([whole]))
    assert ours[0] - ours[1] == counted[0] - counted[1]
    weights = 2 * (4 * 16 * 16 + 3 * 16 * 32) + taught.model.decoder.lm_head.weight.numel()
    read = whole.length - 1
    assert ours[1] == 6 * weights * read + 12 * 2 * 16 * read * (read + 1) / 2


def test_none_is_found_for_a_chunk_that_is_not_there(corpus):
    tokens, mask = near(neighbour_table(corpus, corpus, RETRIEVER, {}, 2), 2)(np.array([[0, -1]]))
    assert tokens.shape == (1, 2, 2, 2 * CHUNK)
    assert not mask[0, 1].any()
