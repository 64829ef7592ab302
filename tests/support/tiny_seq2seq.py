"""Translation models of a few thousand weights, one a family, with tokenizers trained on a few sentences."""

import json
from pathlib import Path
from typing import Any

SENTENCES = [
    "Hello world, how are you today?",
    "The palindrome reads the same forwards and backwards.",
    "Write a short story about a dog and a cat.",
    "Hej världen, hur mår du i dag?",
    "Skriv en kort berättelse om en hund och en katt.",
    "Det var en gång en kung som bodde i ett slott i skogen.",
    "Give three tips for staying healthy. List them.",
    "Vad är huvudstaden i Sverige? Svaret är Stockholm.",
]
STEPS = 40
_SHAPE: dict[str, Any] = {
    "d_model": 16,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "max_position_embeddings": 96,
}


def marian(folder: Path, *, languages: tuple[str, ...] = (), seed: int = 0) -> Path:
    """With languages (`swe`), a model with many target languages."""
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    folder.mkdir(parents=True)
    spm = _sentencepiece(folder, 150)
    pieces = [spm.id_to_piece(index) for index in range(spm.get_piece_size())]
    words = ["</s>", "<unk>", *(f">>{code}<<" for code in languages)]
    words += [piece for piece in pieces if piece not in ("<s>", "</s>", "<unk>")] + ["<pad>"]
    (folder / "vocab.json").write_text(json.dumps({word: index for index, word in enumerate(words)}))
    for name in ("source.spm", "target.spm"):
        (folder / name).write_bytes((folder / "pieces.model").read_bytes())
    (folder / "pieces.model").unlink()
    tokenizer = MarianTokenizer(
        str(folder / "source.spm"), str(folder / "target.spm"), str(folder / "vocab.json"), source_lang="en", target_lang="sv"
    )
    tokenizer.save_pretrained(folder)
    pad = len(words) - 1
    ids = {"pad_token_id": pad, "eos_token_id": 0, "decoder_start_token_id": pad, "forced_eos_token_id": None}
    config = MarianConfig(vocab_size=len(words), **_SHAPE, **ids, static_position_embeddings=True, normalize_embedding=False)
    return _saved(MarianMTModel, config, tokenizer, folder, seed)


def m2m100(folder: Path, *, seed: int = 0) -> Path:
    """Knows the hundred languages of M2M100's tokenizer."""
    from transformers import M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer

    folder.mkdir(parents=True)
    spm = _sentencepiece(folder, 150)
    pieces = [spm.id_to_piece(index) for index in range(spm.get_piece_size())]
    words = ["<s>", "<pad>", "</s>", "<unk>", *(piece for piece in pieces if piece not in ("<s>", "</s>", "<unk>"))]
    (folder / "vocab.json").write_text(json.dumps({word: index for index, word in enumerate(words)}))
    (folder / "pieces.model").rename(folder / "sentencepiece.bpe.model")
    files = (str(folder / "vocab.json"), str(folder / "sentencepiece.bpe.model"))
    languages = list(M2M100Tokenizer(*files).lang_token_to_id)  # listed, as in the published models
    tokenizer = M2M100Tokenizer(*files, src_lang="en", tgt_lang="sv", additional_special_tokens=languages)
    tokenizer.save_pretrained(folder)
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2}
    config = M2M100Config(vocab_size=len(words) + len(tokenizer.lang_token_to_id) + 8, **_SHAPE, **ids)
    return _saved(M2M100ForConditionalGeneration, config, tokenizer, folder, seed)


def nllb(folder: Path, *, seed: int = 0) -> Path:
    """Knows the languages of NLLB's tokenizer (`swe_Latn`)."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import M2M100Config, M2M100ForConditionalGeneration, NllbTokenizer

    folder.mkdir(parents=True)
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trained.train_from_iterator(SENTENCES, trainers.BpeTrainer(vocab_size=150, special_tokens=special, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    tokenizer = NllbTokenizer(vocab=model["vocab"], merges=[tuple(merge) for merge in model["merges"]])
    tokenizer.save_pretrained(folder)
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2}
    config = M2M100Config(vocab_size=len(tokenizer), **_SHAPE, **ids)
    return _saved(M2M100ForConditionalGeneration, config, tokenizer, folder, seed)


def madlad(folder: Path, *, seed: int = 0) -> Path:
    """A T5 whose vocabulary has `<2sv>` and `<2da>`."""
    from transformers import T5Config, T5ForConditionalGeneration, T5Tokenizer

    folder.mkdir(parents=True)
    spm = _sentencepiece(folder, 150)
    pieces = [(spm.id_to_piece(index), spm.get_score(index)) for index in range(spm.get_piece_size())]
    (folder / "pieces.model").unlink()
    words = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    words += [(piece, score) for piece, score in pieces if piece not in ("<s>", "</s>", "<unk>")]
    tokenizer = T5Tokenizer(vocab=words, extra_ids=0, additional_special_tokens=["<extra_id_0>"])
    tokenizer.add_tokens(["<2sv>", "<2da>"])
    tokenizer.save_pretrained(folder)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=16,
        d_kv=8,
        d_ff=32,
        num_layers=2,
        num_heads=2,
        decoder_start_token_id=0,
        pad_token_id=0,
    )
    return _saved(T5ForConditionalGeneration, config, tokenizer, folder, seed, rate=0.01)


def _sentencepiece(folder: Path, size: int) -> Any:
    import sentencepiece

    corpus = folder / "sentences.txt"
    corpus.write_text("\n".join(SENTENCES))
    prefix = str(folder / "pieces")
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=prefix, vocab_size=size, hard_vocab_limit=False, minloglevel=2, num_threads=1
    )
    corpus.unlink()
    Path(f"{prefix}.vocab").unlink()
    return sentencepiece.SentencePieceProcessor(model_file=f"{prefix}.model")


def _saved(kind: Any, config: Any, tokenizer: Any, folder: Path, seed: int, rate: float = 0.02) -> Path:
    """The model after a few steps towards every second token of its source, from which it learns to come to an end."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = kind(config)
        batch = tokenizer(SENTENCES, padding=True, return_tensors="pt")
        rows = [[*row[1:-1:2], config.eos_token_id] for row in tokenizer(SENTENCES)["input_ids"]]
        width = max(map(len, rows))
        labels = torch.tensor([row + [-100] * (width - len(row)) for row in rows])
        optimizer = torch.optim.Adam(model.parameters(), lr=rate)
        for _ in range(STEPS):
            optimizer.zero_grad()
            model(**batch, labels=labels).loss.backward()
            optimizer.step()
        # As in published Marian models, whose decoders start from nothing and never write padding.
        model.get_input_embeddings().weight.data[config.pad_token_id] = 0.0
    model.generation_config.bad_words_ids = [[config.pad_token_id]]
    model.save_pretrained(folder)
    return folder
