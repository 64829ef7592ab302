"""A small corpus, and a tiny model with weights at random that shows what it reads."""

import pytest
from tiny_retro import tiny_corpus, tiny_retro


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """Twelve documents of several lengths in three shards, one of them empty, in chunks of eight tokens."""
    pytest.importorskip("transformers")
    return tiny_corpus(tmp_path_factory.mktemp("retro") / "db")


@pytest.fixture
def model(corpus):
    """A decoder like Llama with chunked cross-attention in its second layer."""
    pytest.importorskip("torch")
    return tiny_retro(corpus)
