"""A small retrieval-augmented training: documents, a database, a retriever without an index, a learner in double precision."""

from pathlib import Path
from typing import Any

from harness_plugins.retro.database.reading import Database
from harness_plugins.trainers.loop import Settings
from tiny_retro import CHUNK, texts, tiny_corpus, tiny_retro

from harness.records import Example, Message, TextPart

RETRIEVER = "tiny_retro_training:Neighbouring"
HOW = Settings(steps=4, batch=5, tokens=96, rate=0.01, save_every=2)
LLAMA = {
    "model_type": "llama",
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 64,
}
AROUND = {"cross_layers": [2], "encoder_layers": 1, "encoder_width": 16, "encoder_heads": 2}


class Neighbouring:
    """A retriever: chunks of other documents, by their numbers alone, and none for every seventh query's tokens."""

    signature = "retriever:neighbouring"

    def __init__(self, database: Database) -> None:
        self._database = database

    def search(self, queries: Any, k: int) -> Any:
        import numpy as np
        from harness_plugins.retro.retrievers.base import Found

        owners = self._database.document_of(np.arange(self._database.chunks))
        numbers = np.full((len(queries), k), -1, np.int64)
        for place, (tokens, own) in enumerate(zip(queries.tokens, queries.own, strict=True)):
            others = np.flatnonzero(owners != own)
            if int(tokens.sum()) % 7:
                found = others[(int(tokens.sum()) + np.arange(k) * 5) % len(others)]
                numbers[place, : len(set(found))] = list(dict.fromkeys(found.tolist()))
        scores = np.where(numbers >= 0, -np.arange(k, dtype=float), np.nan)
        return Found(numbers, scores)


def documents(split: str | None = "train") -> list[Example]:
    """The texts of `tiny_retro` as examples."""
    return [
        Example(id=id, kind="document", language=language, messages=(_said(text),), split=split) for id, text, language in texts()
    ]


def database(folder: Path) -> Database:
    """Their database."""
    return tiny_corpus(folder)


def learner(corpus: Database, *, k: int = 2, recomputing: bool = False) -> tuple[Any, list[Any]]:
    """A learner in double precision, and the rows it learns."""
    from harness_plugins.retro.learner import RetroLearner, near, stretches
    from harness_plugins.retro.neighbours import neighbour_table

    model = tiny_retro(corpus).double()
    if recomputing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    table = neighbour_table(corpus, corpus, RETRIEVER, {}, k) if k else None
    found = RetroLearner(model, corpus, table and near(table, k), neighbours=k)
    return found, stretches(corpus, 4 * CHUNK)


def _said(text: str) -> Message:
    return Message(role="user", parts=(TextPart(text=text),))
