"""A small corpus as a retrieval database, and a tiny retrieval-augmented model with weights at random that shows what it
reads."""

from pathlib import Path
from typing import Any

WORDS = ("huset", "bilen", "katten", "hunden", "boken", "skogen", "vägen", "dagen", "natten", "solen")
CHUNK = 8


def text(seed: int, words: int) -> str:
    """A text of so many words, the same for the same seed."""
    import numpy as np

    return " ".join(np.random.default_rng(seed).choice(WORDS, words).tolist())


def texts() -> list[tuple[str, str, str]]:
    """Twelve documents of several lengths, one of them empty: id, text and language."""
    documents = [(f"d/{number}", text(number, 1 + 7 * number), "sv") for number in range(11)]
    documents.insert(4, ("d/empty", "", "sv"))
    return documents


def tiny_corpus(folder: Path) -> Any:
    """`texts()` as a database of several shards, in chunks of eight tokens."""
    from harness_plugins.retro.database.reading import Database
    from harness_plugins.retro.database.tokenizers import trained_tokenizer
    from harness_plugins.retro.database.writing import extend

    documents = texts()
    extend(folder, documents, trained_tokenizer([one[1] for one in documents], 280), chunk=CHUNK, shard=20)
    made = Database(folder)
    assert len(made.info.shards) > 2
    return made


def tiny_retro(corpus: Any, kind: str = "llama", positions: int = 64) -> Any:
    """A model of two layers, the second with chunked cross-attention, for the corpus's tokens and chunks; in eval mode."""
    import torch
    from harness_plugins.retro.attention import RelativeBias
    from harness_plugins.retro.config import RetroConfig
    from harness_plugins.retro.model import RetroForCausalLM

    torch.manual_seed(1)
    shapes: dict[str, dict[str, Any]] = {
        "llama": {
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "max_position_embeddings": positions,
        },
        "gpt2": {
            "n_embd": 16,
            "n_layer": 2,
            "n_head": 2,
            "n_positions": positions,
        },
    }
    decoder = {
        "model_type": kind,
        "vocab_size": corpus.info.tokenizer.vocabulary,
        "bos_token_id": None,
        "eos_token_id": None,
        "pad_token_id": 0,
        "initializer_range": 0.5,  # predictions that differ from text to text
        **shapes[kind],
    }
    config = RetroConfig(
        decoder=decoder,
        chunk=corpus.chunk,
        neighbour_length=2 * corpus.chunk,
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


def save_tiny(model: Any, corpus: Any, folder: Path, retriever: str = "bm25", neighbours: int = 2) -> Path:
    """The folder with the model, the corpus's tokenizer and what it retrieves from, as a trainer leaves it."""
    from harness_plugins.retro.retrieval import save_retrieval

    model.save_pretrained(folder)
    corpus.tokenizer.save(folder)
    save_retrieval(folder, corpus, retriever, {}, neighbours)
    return folder


class NoRetriever:
    """A retriever that finds nothing."""

    signature = "retriever:none"

    def search(self, queries: Any, k: int) -> Any:
        import numpy as np
        from harness_plugins.retro.retrievers.base import Found

        return Found(np.full((len(queries), k), -1, np.int64), np.full((len(queries), k), np.nan))


def no_retriever(database: Any) -> NoRetriever:
    """`NoRetriever`, as `open_retriever` asks for it."""
    return NoRetriever()
