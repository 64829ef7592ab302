"""Bytes of scored text: those of the text itself, also where tokens split letters."""

import numpy as np
import pytest

pytest.importorskip("transformers")

from harness_plugins.retro.analyses.text_bytes import bytes_of, lossy_documents, token_bytes
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.database.tokenizers import Tokenizer, trained_tokenizer
from harness_plugins.retro.database.writing import extend
from harness_plugins.retro.sequences import cut

TEXTS = ["Räksmörgås på ön åt Älvsjö-håll, 100 % 😀😀 — fin.", "日本語 och svenska: é e\u0301 \t\n slut", "kort", "å" * 30]


def pieces(kind):
    """A tokenizer of SentencePiece's kind: words behind a sign for a space, bytes for what it does not know."""
    from tokenizers import Tokenizer as Inner
    from tokenizers import decoders, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    if kind == "lossy":
        made = Inner(models.WordLevel({"<unk>": 0, "kort": 1, "på": 2}, unk_token="<unk>"))
        made.normalizer = normalizers.Lowercase()
        made.pre_tokenizer = pre_tokenizers.Whitespace()
    else:
        vocabulary = [("<unk>", 0.0), ("\u2581", -1.0), *((sign, -2.0) for sign in "abcdefghijklmnopqrstuvwxyzåäö\u2581")]
        vocabulary += [(f"<0x{byte:02X}>", -9.0) for byte in range(256)]
        made = Inner(models.Unigram(list(dict(vocabulary).items()), unk_id=0, byte_fallback=True))
        made.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
        made.decoder = decoders.Sequence(
            [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
        )
    return Tokenizer(kind, PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>", pad_token="<unk>"))


def made(folder, tokenizer):
    extend(folder, [(f"t/{n}", one, "sv") for n, one in enumerate(TEXTS)], tokenizer, chunk=4)
    return Database(folder)


def test_a_byte_levels_tokens_have_the_bytes_of_their_text(tmp_path):
    corpus = made(tmp_path / "db", trained_tokenizer(TEXTS, 300))
    table = token_bytes(corpus.tokenizer)
    for text in TEXTS:
        assert table[corpus.tokenizer.encode([text])[0]].sum() == len(text.encode())
    assert lossy_documents(corpus) == (0, 4)


def test_pieces_have_the_bytes_of_their_text_and_of_the_space_that_was_put_before_it(tmp_path):
    tokenizer = pieces("pieces")
    table = token_bytes(tokenizer)
    for text in TEXTS:
        assert table[tokenizer.encode([text])[0]].sum() == len(text.encode()) + 1
    assert lossy_documents(made(tmp_path / "db", tokenizer)) == (0, 4)


@pytest.mark.parametrize("unscored", [1, 4])
def test_what_is_not_scored_brings_no_bytes(tmp_path, unscored):
    corpus = made(tmp_path / "db", trained_tokenizer(TEXTS, 300))
    rows = cut(corpus, 8)
    found = bytes_of(corpus, rows, unscored)
    byte_of = {name: number for number, name in enumerate(corpus.tokenizer.inner.convert_ids_to_tokens(range(300)))}
    for first, chunks, length, said in zip(rows.first, rows.chunks, rows.tokens, found, strict=True):
        tokens = corpus.tokens(np.arange(first, first + chunks))[0].ravel()[unscored:length]
        assert said == sum(len(corpus.tokenizer.inner.convert_ids_to_tokens(int(token))) for token in tokens)
    assert len(byte_of) == 300
    whole = cut(corpus, 400)
    assert bytes_of(corpus, whole, 0).tolist() == [len(text.encode()) for text in TEXTS]


def test_a_tokenizer_that_loses_text_is_noticed_and_its_own_text_counts(tmp_path):
    corpus = made(tmp_path / "db", pieces("lossy"))
    assert token_bytes(corpus.tokenizer) is None
    assert lossy_documents(corpus) == (3, 4)
    rows = cut(corpus, 400)
    tokens = [corpus.tokenizer.encode([text])[0] for text in TEXTS]
    expected = [len(corpus.tokenizer.decode(some).encode()) - len(corpus.tokenizer.decode(some[:1]).encode()) for some in tokens]
    assert bytes_of(corpus, rows, 1).tolist() == expected
