"""A small corpus and a tiny model with weights at random, whose neighbours tell."""

import pytest

WORDS = ["huset", "bilen", "katten", "hunden", "boken", "skogen", "vägen", "dagen", "natten", "solen"]
CHUNK = 8


def text(seed: int, words: int) -> str:
    """A text of so many words, the same for the same seed."""
    import numpy as np

    return " ".join(np.random.default_rng(seed).choice(WORDS, words).tolist())


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """Twelve documents of several lengths in three shards, one of them empty, in chunks of eight tokens."""
    pytest.importorskip("transformers")
    from harness_plugins.retro.database.reading import Database
    from harness_plugins.retro.database.tokenizers import trained_tokenizer
    from harness_plugins.retro.database.writing import extend

    documents = [(f"d/{number}", text(number, 1 + 7 * number), "sv") for number in range(11)]
    documents.insert(4, ("d/empty", "", "sv"))
    folder = tmp_path_factory.mktemp("retro") / "db"
    extend(folder, documents, trained_tokenizer([one[1] for one in documents], 280), chunk=CHUNK, shard=20)
    made = Database(folder)
    assert len(made.info.shards) > 2
    return made


@pytest.fixture
def model(corpus):
    """A decoder like Llama with chunked cross-attention in its second layer."""
    torch = pytest.importorskip("torch")
    from harness_plugins.retro.attention import RelativeBias
    from harness_plugins.retro.config import RetroConfig
    from harness_plugins.retro.model import RetroForCausalLM

    torch.manual_seed(1)
    decoder = {
        "model_type": "llama",
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "vocab_size": corpus.info.tokenizer.vocabulary,
        "max_position_embeddings": 64,
        "bos_token_id": None,
        "eos_token_id": None,
        "pad_token_id": 0,
        "initializer_range": 0.5,  # predictions that differ from text to text
    }
    config = RetroConfig(
        decoder=decoder,
        chunk=CHUNK,
        neighbour_length=2 * CHUNK,
        cross_layers=[2],
        encoder_width=16,
        encoder_heads=2,
        encoder_layers=1,
        initializer_range=0.5,
    )
    made = RetroForCausalLM(config).eval()
    for part in made.modules():
        if isinstance(part, RelativeBias):
            torch.nn.init.normal_(part.weight)
    return made
