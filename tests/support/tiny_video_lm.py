"""Tiny masked language models of several families, tokenizers of three kinds, and folders of video tokens out of numbers."""

from pathlib import Path
from typing import Any

WORDS = ["en", "ett", "röd", "blå", "grönt", "cirkel", "kvadrat", "rullar", "åt", "vänster", "höger", "idag", "kanske"]
TEXT = "En röd cirkel rullar åt vänster, kanske idag."
FAMILIES = ("bert", "roberta", "xlm-roberta", "camembert", "distilbert", "electra", "modernbert", "deberta-v2", "albert", "ernie")
_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def tiny_tokenizer(kind: str = "wordpiece") -> Any:
    """A tokenizer trained on WORDS alone, so that words are cut into pieces: `wordpiece`, `bytes` (BPE with leading blanks) or
    `sentencepiece` (unigrams with ▁)."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    lines = [" ".join(WORDS[start:] + WORDS[:start]) for start in range(len(WORDS))] + [TEXT]
    if kind == "wordpiece":
        made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        made.normalizer = normalizers.Lowercase()
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        made.decoder = decoders.WordPiece()
        trainer: Any = trainers.WordPieceTrainer(vocab_size=60, special_tokens=_SPECIAL, show_progress=False)
    elif kind == "bytes":
        made = Tokenizer(models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=290, special_tokens=_SPECIAL, initial_alphabet=alphabet, show_progress=False)
    else:
        made = Tokenizer(models.Unigram())
        made.pre_tokenizer = pre_tokenizers.Metaspace()
        made.decoder = decoders.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=60, special_tokens=_SPECIAL, unk_token="[UNK]", show_progress=False)
    made.train_from_iterator(lines, trainer)
    ends = [(token, made.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    return PreTrainedTokenizerFast(tokenizer_object=made, **dict(zip(names, _SPECIAL, strict=True)))


def tiny_base(family: str = "bert", *, words: int = 60, seed: int = 0, positions: int = 64, **more: Any) -> Any:
    """A masked language model of two layers and 32 dimensions, without dropout, with weights large enough to tell texts apart."""
    import torch
    from transformers import AutoConfig, AutoModelForMaskedLM

    settings: dict[str, Any] = {
        "vocab_size": words,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 48,
        "max_position_embeddings": positions,
        "initializer_range": 0.2,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 3,
    }
    dropouts = ("hidden_dropout_prob", "attention_probs_dropout_prob", "embedding_dropout", "attention_dropout", "mlp_dropout")
    if family == "distilbert":
        renamed = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 48, "dropout": 0.0, "attention_dropout": 0.0}
        settings = {key: settings[key] for key in ("vocab_size", "max_position_embeddings", "initializer_range", "pad_token_id")}
        settings |= renamed
    else:
        settings |= dict.fromkeys(dropouts, 0.0)
    if family == "modernbert":
        settings |= {"cls_token_id": 2, "sep_token_id": 3, "local_attention": 8, "initializer_cutoff_factor": 3.0}
        settings["num_hidden_layers"] = 4
    if family == "deberta-v2":
        settings |= {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_biased_input": False}
    if family in ("electra", "albert"):
        settings["embedding_size"] = 16
    if family in ("roberta", "xlm-roberta", "camembert"):
        settings |= {"pad_token_id": 1, "type_vocab_size": 1}
    torch.manual_seed(seed)
    return AutoModelForMaskedLM.from_config(AutoConfig.for_model(family, **settings | more)).eval()


def tiny_tokens(folder: Path, videos: int = 6, *, frames: int = 4, levels: int = 1, codes: int = 10, grid: Any = (2, 2)) -> Any:
    """A folder of random video tokens, 2 frames a second; video i has the sha256 `sha256_of(i)`."""
    import numpy as np
    from harness_plugins.video import store

    places = 3 if grid is None else grid[0] * grid[1]
    info = store.Info(
        rate=2,
        height=32,
        width=32,
        tokens=places * levels,
        codes=codes * levels,
        tokenizer="ab" * 32,
        grid=grid,
        levels=levels,
    )
    store.write_info(folder, info)
    for number in range(videos):
        random = np.random.default_rng(number)
        drawn = random.integers(0, codes, (frames, places, levels)) + codes * np.arange(levels)
        store.write_video(folder, sha256_of(number), np.arange(frames) / 2, drawn.reshape(frames, -1).astype(np.int32), info)
    return store.VideoTokens(folder)


def sha256_of(number: int) -> str:
    """A video's made-up sha256."""
    return f"{number:064x}"


def aligned(number: int, text: str = TEXT, video: int | None = 0, **more: Any) -> Any:
    """An aligned example with that text beside a video of `tiny_tokens`, or without one."""
    from harness.records import Example, MediaPart, Message, TextPart

    parts: list[Any] = [TextPart(text=text)] if text else []
    if video is not None:
        parts.append(MediaPart(media="video", uri="a.mp4", sha256=sha256_of(video), **more))
    return Example(id=f"toy/{number}", kind="aligned", language="sv", messages=(Message(role="document", parts=tuple(parts)),))
