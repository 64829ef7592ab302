"""A tiny sentence encoder with weights at random, and a database of texts whose neighbours can be checked."""

import json
from pathlib import Path
from typing import Any

LETTERS = "abcdefghijklmnopqrstuvwxyzåäö0123456789.,"
CHUNK = 8


def tiny_encoder(folder: Path, *, seed: int = 0, width: int = 16, positions: int = 64) -> Path:
    """A BERT of 2 layers and random weights, one token a letter; it reads texts of `positions` - 2 letters."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, set_seed

    folder.mkdir(parents=True)
    vocabulary = {token: number for number, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Split(Regex("."), "isolated")])
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]"}
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", **names}))
    set_seed(seed)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=width,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=positions,
        initializer_range=0.3,
    )
    BertModel(config).save_pretrained(folder)
    return folder


def sentences(folder: Path, documents: list[tuple[str, str]], *, shard: int = 40) -> Any:
    """The documents (id, text) as a database of chunks of eight tokens, in shards; more of them extend it."""
    from harness_plugins.retro.database.reading import Database
    from harness_plugins.retro.database.tokenizers import trained_tokenizer
    from harness_plugins.retro.database.writing import extend

    tokenizer = Database(folder).tokenizer if folder.exists() else trained_tokenizer([text for _, text in documents], 400)
    extend(folder, ((id, text, "sv") for id, text in documents), tokenizer, chunk=CHUNK, shard=shard)
    return Database(folder)


def invented(count: int, words: int = 30, seed: int = 0) -> list[tuple[str, str]]:
    """So many texts of 1 to `words` invented words, which have words in common."""
    import numpy as np

    draws = np.random.default_rng(seed)
    known = ["".join(draws.choice(list("aeiouybdfgklmnprstvåäö"), 5)) for _ in range(80)]
    return [(f"d{seed}/{number}", " ".join(draws.choice(known, int(draws.integers(1, words + 1))))) for number in range(count)]
