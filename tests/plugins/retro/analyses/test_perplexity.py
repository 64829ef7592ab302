"""Perplexity and bits per byte ON and OFF: the formula over all tokens, and intervals by document."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from harness_plugins.retro.analyses.measured import Reading, open_reading  # noqa: E402
from harness_plugins.retro.analyses.perplexity import Draws, Tokens, measured, perplexity  # noqa: E402
from harness_plugins.retro.database.writing import extend  # noqa: E402
from harness_plugins.retro.retrieval import open_retrieval  # noqa: E402
from harness_plugins.retro.sequences import cut  # noqa: E402
from tiny_retro import CHUNK, save_tiny, text, tiny_corpus, tiny_retro  # noqa: E402

from harness.errors import InputError  # noqa: E402

LENGTH = 24


@pytest.fixture
def losses(corpus):
    """Losses OFF and ON at random, nan where there are none."""
    rng, rows = np.random.default_rng(4), cut(corpus, LENGTH)
    off = rng.gamma(2.0, 1.5, (corpus.chunks, CHUNK)).astype(np.float32)
    on = off - rng.normal(0.1, 0.3, off.shape).astype(np.float32)
    lengths = corpus.tokens(np.arange(corpus.chunks))[1]
    missing = np.arange(CHUNK) >= lengths[:, None]
    missing[rows.first, 0] = True
    off[missing] = on[missing] = np.nan
    return rows, off, on


def test_perplexity_is_of_all_tokens_and_gain_is_the_ratio(corpus, losses):
    rows, off, on = losses
    found = measured(Tokens(corpus, rows, "all", Draws(resamples=100)), off, on)
    flat_off, flat_on = (one[np.isfinite(one)].astype(np.float64) for one in (off, on))
    assert found.tokens == len(flat_off)
    assert found.off.value == pytest.approx(math.exp(flat_off.mean()))
    assert found.on.value == pytest.approx(math.exp(flat_on.mean()))
    assert found.gain.value == pytest.approx(found.off.value / found.on.value)
    assert found.bits_on.value * found.bytes == pytest.approx(flat_on.sum() / math.log(2))


def test_those_that_can_read_are_all_but_the_first_chunks(corpus, losses):
    rows, off, on = losses
    found = measured(Tokens(corpus, rows, "reading", Draws(resamples=100)), off, on)
    rest = np.delete(off, rows.first, axis=0)
    assert found.tokens == np.isfinite(rest).sum()
    assert found.off.value == pytest.approx(math.exp(rest[np.isfinite(rest)].astype(np.float64).mean()))
    owners = corpus.document_of(rows.first[rows.chunks > 1])
    assert found.documents == len(set(owners.tolist()))


def test_an_interval_is_of_documents_drawn_again(corpus, losses):
    """By loops over draws and documents, from the draws themselves."""
    rows, off, on = losses
    tokens = Tokens(corpus, rows, "all", Draws(resamples=200, level=0.9, seed=3))
    found = measured(tokens, off, on)
    owners, values = corpus.document_of(np.arange(corpus.chunks)), []
    known = np.unique(owners[np.isfinite(off).any(1)])
    for weights in tokens.documents._resampler.weights:
        total = count = 0.0
        for document, weight in zip(known, weights, strict=True):
            mine = off[owners == document].astype(np.float64)
            total += weight * np.nansum(mine)
            count += weight * np.isfinite(mine).sum()
        values.append(math.exp(total / count))
    assert [found.off.low, found.off.high] == pytest.approx(np.quantile(values, [0.05, 0.95]).tolist())
    assert found.off.low < found.off.value < found.off.high


def test_losses_that_are_no_numbers_are_refused(corpus, losses):
    rows, off, on = losses
    on[rows.first[-1], 3] = np.nan
    with pytest.raises(InputError, match="not finite"):
        measured(Tokens(corpus, rows, "all", Draws(resamples=100)), off, on)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("perplexity")
    corpus = tiny_corpus(place / "db")
    return save_tiny(tiny_retro(corpus), corpus, place / "model")


def held_out(folder, place, documents):
    """A corpus of other documents, with the tokenizer of the model's database."""
    database = open_retrieval(folder).database
    extend(place, [(f"h/{n}", one, "sv") for n, one in enumerate(documents)], database.tokenizer, chunk=CHUNK)
    return place


def test_a_checkpoint_is_read_with_and_without(folder, tmp_path):
    place = held_out(folder, tmp_path / "held", [text(n, 5 + 9 * n) for n in range(100, 104)] + ["hunden"])
    said = []
    found = perplexity(
        open_reading(folder, place, device="cpu", length=LENGTH),
        length=LENGTH,
        draws=Draws(resamples=100),
        report=lambda label, *numbers, **more: said.append(label),
    )
    everything, reading = found.scopes
    assert everything.tokens > reading.tokens > 0
    assert everything.off.value != everything.on.value
    # what the first chunks add is the same ON and OFF
    assert math.log(everything.gain.value) * everything.tokens == pytest.approx(math.log(reading.gain.value) * reading.tokens)
    assert found.notes == ()
    assert {"neighbours", "losses OFF", "losses ON"} <= set(said)


def test_without_any_neighbour_on_is_off_exactly(folder, tmp_path, monkeypatch):
    place = held_out(folder, tmp_path / "held", [text(n, 60) for n in (200, 201)])
    reading = open_reading(folder, place, device="cpu", retriever="tiny_retro:no_retriever")
    found = perplexity(reading, draws=Draws(resamples=100))
    assert found.without == found.chunks
    for scope in found.scopes:
        assert (scope.on, scope.gain.value, scope.bits_on) == (scope.off, 1.0, scope.bits_off)


def test_one_document_has_no_interval_and_the_notes_say_so(folder, tmp_path):
    place = held_out(folder, tmp_path / "held", [text(300, 60)])
    found = perplexity(open_reading(folder, place, device="cpu"), draws=Draws(resamples=100))
    assert all(scope.gain.value is not None and scope.gain.low is None for scope in found.scopes)
    assert any("one document" in note for note in found.notes)


def test_a_corpus_that_the_model_was_trained_with_is_named(folder):
    reading = open_reading(folder, device="cpu")
    assert isinstance(reading, Reading)
    found = perplexity(reading, draws=Draws(resamples=100))
    assert any("has seen them" in note for note in found.notes)
    assert found.chunks == reading.corpus.chunks
