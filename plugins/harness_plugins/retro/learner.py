"""What turns stretches of a corpus and their neighbours into a loss, for the training loop of `harness_plugins.trainers`.

torch is imported with this module, which is imported inside functions alone.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.flops import RetroArithmetic
from harness_plugins.retro.sequences import IGNORED, cut
from harness_plugins.trainers.output_layer import summed_cross_entropy
from harness_plugins.trainers.steps import body_of
from harness_plugins.trainers.tokenised import micro_batches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness_plugins.retro.neighbours import NeighbourTable

# Chunks of the corpus (…), -1 for none → their neighbours' tokens (…, K, R) and which of them are tokens, bool, the same shape
Near = Callable[["NDArray[np.int64]"], "tuple[NDArray[Any], NDArray[np.bool_]]"]

_COLUMNS = ("first", "chunks", "length", "ends")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A sequence of a corpus: the id of its document, its first chunk, its chunks and its tokens, and whether it `ends` its
    document, which is then learned too. The loop's row."""

    id: str
    first: int
    chunks: int
    length: int
    ends: bool = False

    @property
    def tokens(self) -> range:
        """The places of its tokens."""
        return range(self.length)

    @property
    def learned(self) -> int:
        """Tokens with a loss: all but the first, and the document's end."""
        return self.length - 1 + self.ends


class RetroLearner(torch.nn.Module):
    """A model whose `forward(rows)` is the summed loss of stretches of the corpus, read with their neighbours.

    `near`: the neighbours of chunks of the corpus; None: retrieval is OFF. `neighbours`: how many a chunk has, for counting.
    `dtype`: float32 or bfloat16, in which products are computed; weights stay as they are. `end`: the token that is learned
    behind the last one of rows that end their document.
    """

    packing = False  # a row behind another would have to begin at a chunk's border, and read no other's neighbours
    attention = "sdpa"

    def __init__(
        self,
        model: Any,
        corpus: Database,
        near: Near | None = None,
        *,
        neighbours: int = 0,
        dtype: str = "float32",
        end: int | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.dtype = dtype
        self.corpus, self._near, self._end = corpus, near, end
        body_of(model.decoder)  # looks at the model's parts while they are whole
        self._arithmetic = RetroArithmetic(model, neighbours if near is not None else 0)

    def forward(self, rows: Sequence[Stretch]) -> Any:
        """Summed negative log-likelihood, in nats, of the rows' learned tokens: a scalar tensor, float32 or wider."""
        device = next(self.model.parameters()).device
        ids, wanted, given = (_on(device, part) for part in self._laid(rows))
        with self.precision(), self.model.reads(ids, *(given or (None, None))):
            return _loss(self.model.decoder, ids, wanted)

    def precision(self) -> Any:
        """The context in which the model computes."""
        device = next(self.model.parameters()).device.type
        return torch.autocast(device, dtype=torch.bfloat16, enabled=self.dtype == "bfloat16")

    def batches(self, rows: Sequence[Stretch], tokens: int) -> list[list[Stretch]]:
        """The rows in micro-batches of at most `tokens` tokens each, padding included; a longer row stands alone."""
        return [[rows[place] for place in batch] for batch in micro_batches([row.length for row in rows], tokens)]

    def units(self, rows: Sequence[Stretch]) -> int:
        """What the summed losses of these rows, one process's share of a step, are divided by to be its mean."""
        return sum(row.learned for row in rows)

    def flops(self, rows: Sequence[Stretch]) -> float:
        """Floating-point operations that the model needs to learn from the rows."""
        return self._arithmetic.of([row.length + row.ends for row in rows])

    def _laid(self, rows: Sequence[Stretch]) -> tuple[Any, Any, Any]:
        """Tokens (B, S), what is wanted after each (B, S), and (tokens, mask) of neighbours (B, L, K, R) or None.

        The last token of a row is read by nothing, so that neither it nor the neighbours of a chunk that it ends are computed;
        but where the row ends its document.
        A batch is at least a chunk long where there is retrieval: then every process of a step runs every part of the model.
        """
        chunk = self.corpus.chunk
        longest = max(row.length for row in rows)
        first, chunks, lengths_of, ends = (np.array([getattr(row, name) for row in rows]) for name in _COLUMNS)
        width = max(int((lengths_of - 1 + ends).max()), 1 if self._near is None else chunk)
        places = np.arange(-(-max(width, longest) // chunk))
        numbers = np.where(places < chunks[:, None], first[:, None] + places, -1)
        tokens, lengths = self.corpus.tokens(numbers.ravel())
        ids = tokens.reshape(len(rows), -1)
        real = np.arange(1, width + 1) < lengths_of[:, None]
        after = np.zeros((len(rows), width), np.int64)
        after[:, : ids.shape[1] - 1] = ids[:, 1 : width + 1]
        wanted = np.where(real, after, IGNORED)
        if ends.any():
            wanted[ends, lengths_of[ends] - 1] = self._end
        given = None
        if self._near is not None:
            whole = (lengths == chunk).reshape(numbers.shape)
            given = self._near(np.where(whole, numbers, -1)[:, : width // chunk])
        return ids[:, :width], wanted, given


def stretches(corpus: Database, length: int, documents: "Collection[int] | None" = None, *, ends: bool = False) -> list[Stretch]:
    """The sequences of at most `length` tokens of a corpus, or of some of its documents by number, in its order; of one token
    there is nothing to learn, unless it is a document's last and `ends` are learned. Raises InputError for a length that is no
    multiple of the corpus's chunk."""
    every = cut(corpus, length)
    owners = corpus.document_of(every.first)
    last = (np.diff(owners, append=-1) != 0) & ends  # a document's sequences stand together, in order
    kept = every.tokens + last > 1
    if documents is not None:
        kept &= np.isin(owners, np.fromiter(documents, np.int64))
    some = every[kept]
    entries = corpus.entries
    columns = (owners[kept], some.first, some.chunks, some.tokens, last[kept])
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [Stretch(entries[owner].id, first, chunks, length, end) for owner, first, chunks, length, end in rows]


def near(table: "NeighbourTable", k: int) -> Near:
    """The neighbours of a table, as a learner takes them: of each chunk the k best."""
    numbers = table.first(k).numbers

    def neighbours(chunks: "NDArray[np.int64]") -> "tuple[NDArray[Any], NDArray[np.bool_]]":
        return table.database.with_continuation(np.where(chunks[..., None] < 0, -1, numbers[chunks]))

    return neighbours


def _loss(decoder: Any, ids: Any, wanted: Any) -> Any:
    places = wanted != IGNORED
    body, head = body_of(decoder), decoder.get_output_embeddings()
    if body is None:
        logits = decoder(ids, use_cache=False).logits[places]
    else:
        hidden = body(ids, use_cache=False).last_hidden_state[places]
        if type(head).__name__ == "Linear" and head.bias is None and type(head.weight.data).__name__ == "Tensor":
            return summed_cross_entropy(hidden, head.weight, wanted[places])
        logits = head(hidden)
    return cross_entropy(logits.float() if logits.element_size() < 4 else logits, wanted[places], reduction="sum")


def _on(device: Any, part: Any) -> Any:
    if part is None or isinstance(part, tuple):
        return part and tuple(_on(device, one) for one in part)
    found = torch.from_numpy(np.ascontiguousarray(part))
    return found.to(device) if found.dtype == torch.bool else found.to(device, torch.long)
