"""How many bytes of text tokens stand for, which bits per byte divide by: UTF-8 bytes of exactly the text that was scored."""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.database.tokenizers import Tokenizer
from harness_plugins.retro.sequences import Sequences

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BLANK = "\u2581"  # how SentencePiece writes a space
_LOOKED_AT = 1_000  # documents whose text is compared with what the tokenizer gives back


def bytes_of(corpus: Database, rows: Sequences, unscored: int) -> "NDArray[np.int64]":
    """UTF-8 bytes that each sequence's tokens stand for, but for its first `unscored` tokens; (sequences,).

    Where the tokenizer writes bytes, or words with a sign for a space, a token's bytes are those of its own name, also in the
    middle of a letter; elsewhere they are those of the decoded sequence less those of its decoded beginning.
    """
    import numpy as np

    table = token_bytes(corpus.tokenizer)
    found = np.zeros(len(rows), np.int64)
    for number, (first, chunks, length) in enumerate(zip(rows.first, rows.chunks, rows.tokens, strict=True)):
        tokens = corpus.tokens(np.arange(first, first + chunks))[0].ravel()[:length]
        if table is not None:
            found[number] = table[tokens[unscored:]].sum()
        elif length > unscored:
            whole, begin = (corpus.tokenizer.decode(some.tolist()) for some in (tokens, tokens[:unscored]))
            found[number] = len(whole.encode()) - len(begin.encode())
    return found


def token_bytes(tokenizer: Tokenizer) -> "NDArray[np.int64] | None":
    """Bytes of each token, (vocabulary,); None where a token's name does not say them."""
    import numpy as np

    backend = getattr(tokenizer.inner, "backend_tokenizer", None)
    if backend is None:
        return None
    said = list(_parts(json.loads(backend.to_str()).get("decoder")))
    kinds = {part["type"] for part in said}
    blanks = "Metaspace" in kinds or any(
        part["type"] == "Replace" and _BLANK in json.dumps(part, ensure_ascii=False) for part in said
    )
    if "ByteLevel" not in kinds and not blanks:
        return None
    added = set(tokenizer.inner.get_added_vocab())
    names = tokenizer.inner.convert_ids_to_tokens(range(tokenizer.info.vocabulary))

    def size(name: str) -> int:
        if name in added:
            return len(name.encode())
        if "ByteLevel" in kinds:  # one sign a byte
            return len(name)
        if "ByteFallback" in kinds and len(name) == 6 and name.startswith("<0x") and name.endswith(">"):
            return 1
        return len(name.replace(_BLANK, " ").encode())

    return np.array([0 if name is None else size(name) for name in names], np.int64)


def lossy_documents(corpus: Database) -> tuple[int, int]:
    """(documents whose text the tokenizer does not give back, documents that were looked at): of the first thousand."""
    import numpy as np

    lost = seen = 0
    for shard in corpus.shards:
        for entry in corpus.entries[shard.first_document : shard.first_document + shard.info.documents]:
            if seen == _LOOKED_AT:
                return lost, seen
            seen += 1
            first = shard.first_chunk + entry.first
            tokens, lengths = corpus.tokens(np.arange(first, first + entry.chunks))
            real = tokens.ravel()[: int(lengths.sum())]
            text = corpus.tokenizer.decode(real.tolist()) if len(real) else ""
            lost += hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != entry.sha256
    return lost, seen


def _parts(decoder: Any) -> Any:
    """The decoder's parts, those of a sequence one after the other."""
    if not decoder:
        return
    yield decoder
    for inner in decoder.get("decoders", ()):
        yield from _parts(inner)
