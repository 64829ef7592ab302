"""Losses of every token of a corpus, with retrieval (ON) and without (OFF), from one checkpoint: what all analyses rest on.

A model reads sequences of whole chunks, each from the beginning of a document or from where the one before it ended. The
neighbours of a chunk act on the tokens of the chunk after it in its sequence, all of them: `losses[i]` of a chunk that is not the
first of its sequence were computed with the neighbours of chunk i - 1 (Borgeaud et al. 2022, §2.4).
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from harness.errors import InputError
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.neighbours import Texts
from harness_plugins.retro.sequences import Sequences, cut

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LONGEST = 1024  # tokens of a sequence, where neither the caller nor the model says less (Norlund et al. 2023)
_LOGITS = 30_000_000  # of a batch at most: 120 MB in float32


@runtime_checkable
class Numbers(Protocol):
    """A table of neighbours."""

    @property
    def numbers(self) -> "NDArray[np.int64]":
        """(corpus.chunks, k), chunks of a database, nearest first; -1 where there is none."""


# Chunks of the corpus (…) → their neighbours' tokens (…, K, R) and which of them are tokens, bool, the same shape
Near = Callable[["NDArray[np.int64]"], "tuple[NDArray[np.int32], NDArray[np.bool_]]"]


def token_losses(
    model: Any,
    corpus: Database,
    table: "Numbers | Near | None" = None,
    rows: Sequences | None = None,
    *,
    database: Texts | None = None,
    k: int | None = None,
    length: int | None = None,
    report: Callable[[int, int], None] | None = None,
) -> "NDArray[np.float32]":
    """-log p of each token in nats, (corpus.chunks, m); nan where there is no token, none was asked for, or nothing stands before
    it in its sequence.

    `table`: the neighbours of the corpus's chunks, chunks of `database` (None: the table's own, or the corpus itself) or, from a
    function, any tokens; None: retrieval is OFF. `k`: of them, the nearest (None: as many as the model was made for). `rows`: the
    sequences that are read (None: all of the corpus, of `length` tokens). `report(done, all)` is called after every batch, with
    chunks. What a sequence gets does not depend on those beside it, but for the last digits of
    floating point. Raises InputError for a corpus with other tokens or chunks than the model's, or a table that is not its own.
    """
    import numpy as np
    import torch

    check_fits(model, corpus)
    near = _near(model, corpus, table, database, k)
    rows = cut(corpus, longest_sequence(model, length)) if rows is None else rows
    losses = np.full((corpus.chunks, corpus.chunk), np.nan, np.float32)
    was_training, done = model.training, 0
    model.eval()
    try:
        for some in _batches(rows, corpus.chunk, corpus.info.tokenizer.vocabulary):
            with torch.inference_mode():
                _fill(losses, model, corpus, near, some)
            done += int(some.chunks.sum())
            if report is not None:
                report(done, int(rows.chunks.sum()))
    finally:
        model.train(was_training)
    return losses


def longest_sequence(model: Any, length: int | None = None) -> int:
    """Tokens of the sequences that a model is to read: whole chunks, as many as it can, at most `length`. InputError where it
    cannot read that many."""
    chunk = int(model.config.chunk)
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if length is None:
        return max(chunk, min(LONGEST, limit or LONGEST) // chunk * chunk)
    if limit is not None and length > limit:
        raise InputError(f"the model reads {limit} tokens at most, not sequences of {length}; lower the length")
    return length


def check_fits(model: Any, corpus: Database) -> None:
    """InputError where the corpus's tokens or chunks are not those of the model."""
    if corpus.chunk != model.config.chunk:
        raise InputError(
            f"{corpus.folder} has chunks of {corpus.chunk} tokens, and the model reads chunks of {model.config.chunk}; "
            "build a database with the model's"
        )
    known = int(model.get_input_embeddings().weight.shape[0])
    if corpus.info.tokenizer.vocabulary > known:
        raise InputError(
            f"{corpus.folder} was made with a tokenizer of {corpus.info.tokenizer.vocabulary} tokens, and the model knows "
            f"{known}; build a database with the model's own tokenizer"
        )


def neighbour_tokens(database: Texts, numbers: "NDArray[np.int64]", most: int) -> Near:
    """The function that reads the tokens of a table's neighbours, each with its continuation, `most` tokens at most."""

    def near(chunks: "NDArray[np.int64]") -> "tuple[NDArray[np.int32], NDArray[np.bool_]]":
        ids, mask = database.with_continuation(numbers[chunks])
        return ids[..., :most], mask[..., :most]

    return near


def _near(model: Any, corpus: Database, table: "Numbers | Near | None", database: Texts | None, k: int | None) -> Near | None:
    if table is None:
        return None
    if not isinstance(table, Numbers):
        return table
    texts: Texts = database if database is not None else getattr(table, "database", corpus)
    if isinstance(texts, Database):
        check_fits(model, texts)
    if len(table.numbers) != corpus.chunks:
        raise InputError(
            f"the table has the neighbours of {len(table.numbers)} chunks, and {corpus.folder} has {corpus.chunks}; make it anew"
        )
    wanted = int(model.config.neighbours) if k is None else k
    return neighbour_tokens(texts, table.numbers[:, :wanted], int(model.config.neighbour_length))


def _batches(rows: Sequences, chunk: int, vocabulary: int) -> Iterator[Sequences]:
    """Sequences of equal numbers of chunks together, the longest first: none is padded beyond its last chunk."""
    import numpy as np

    for chunks in np.unique(rows.chunks)[::-1]:
        alike = rows[rows.chunks == chunks]
        yield from alike.batches(max(1, _LOGITS // (int(chunks) * chunk * vocabulary)))


def _fill(losses: "NDArray[np.float32]", model: Any, corpus: Database, near: Near | None, rows: Sequences) -> None:
    import numpy as np
    import torch
    from torch.nn import functional

    device, chunks = model.device, rows.first[:, None] + np.arange(rows.chunks[0])
    tokens, lengths = corpus.tokens(chunks.ravel())
    ids = torch.from_numpy(tokens.reshape(len(rows), -1)).to(device, torch.long)
    real = torch.from_numpy((np.arange(corpus.chunk) < lengths[:, None]).reshape(len(rows), -1)).to(device)
    given: dict[str, Any] = {}
    if near is not None:
        found, mask = near(chunks[:, :-1])  # the last chunk's would be read by tokens that are not there
        given = {
            "neighbour_ids": torch.from_numpy(found).to(device, torch.long),
            "neighbour_mask": torch.from_numpy(mask).to(device),
        }
    logits = model(ids[:, :-1], attention_mask=real[:, :-1].long(), use_cache=False, **given).logits
    said = torch.full(ids.shape, float("nan"), dtype=torch.float32)
    for row in range(len(ids)):  # one after the other: a batch's logits in float32 would be held twice
        loss = functional.cross_entropy(logits[row].float(), ids[row, 1:], reduction="none")
        said[row, 1:] = torch.where(real[row, 1:], loss, torch.nan).cpu()
    losses[chunks.ravel()] = said.reshape(-1, corpus.chunk).numpy()
