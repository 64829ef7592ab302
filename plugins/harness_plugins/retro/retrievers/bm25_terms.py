"""What BM25 counts in a chunk: its tokens, or the words of its text; as rows of term numbers."""

from typing import TYPE_CHECKING, NamedTuple

from harness_plugins.retro.database.tokenizers import Tokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KINDS = ("tokens", "words")
UNKNOWN = -1  # a word that no chunk has


class Rows(NamedTuple):
    """Terms of N chunks: chunk i has `terms[starts[i] : starts[i + 1]]`, each once and in ascending order, so often as
    `counts` says."""

    starts: "NDArray[np.int64]"
    terms: "NDArray[np.int32]"
    counts: "NDArray[np.unsignedinteger]"

    @property
    def size(self) -> int:
        """N."""
        return len(self.starts) - 1


def token_rows(tokens: "NDArray[np.int32]", lengths: "NDArray[np.int32]") -> Rows:
    """The tokens of chunks (N, m), counted; a term's number is the token's id."""
    import numpy as np

    from harness_plugins.retro.retrievers.bm25_kernels import count_terms

    flat = np.ascontiguousarray(tokens[np.arange(tokens.shape[1]) < lengths[:, None]], np.int32)
    return Rows(*count_terms(flat, _starts(lengths)))


def word_rows(
    tokens: "NDArray[np.int32]", lengths: "NDArray[np.int32]", tokenizer: Tokenizer, numbers: dict[str, int], *, learn: bool
) -> Rows:
    """The words of chunks (N, m), counted. A word is what the project's metrics call so (`metrics.words.unicode_words`: NFC,
    casefolded); one that a chunk's edge cuts is two. `numbers`: word → its number; with `learn` new words get the next ones,
    in the order of first sight, else they are passed over."""
    import numpy as np

    from harness_plugins.metrics.words import unicode_words
    from harness_plugins.retro.retrievers.bm25_kernels import count_terms

    flat: list[int] = []
    sizes: list[int] = []
    for row, length in zip(tokens, lengths.tolist(), strict=True):
        words = unicode_words(tokenizer.decode(row[:length].tolist()))
        flat += [numbers.setdefault(word, len(numbers)) if learn else numbers.get(word, UNKNOWN) for word in words]
        sizes.append(len(words))
    return Rows(*count_terms(np.array(flat, np.int32), _starts(sizes)))


def _starts(sizes: "NDArray[np.int32] | list[int]") -> "NDArray[np.int64]":
    import numpy as np

    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])
