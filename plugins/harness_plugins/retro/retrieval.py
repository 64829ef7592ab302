"""What a checkpoint retrieves from: `retrieval.json` beside its weights, and neighbours of chunks while it reads or writes."""

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness.errors import InputError
from harness.whole_files import replace_file
from harness_plugins.retro.database.layout import TokenizerInfo
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.retrievers.base import Queries, Retriever, open_retriever

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILE = "retrieval.json"
FORMAT = 1


class Retrieval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `retrieval.json` says. `database`: its folder, relative to the checkpoint's; `digest`: what it was in training;
    `retriever`, `params`: as `open_retriever` takes them; `neighbours`: of each chunk in training, 0 where it was trained OFF."""

    format: int = FORMAT
    database: str
    digest: str
    tokenizer: TokenizerInfo
    chunk: int
    retriever: str
    params: dict[str, Any] = {}
    neighbours: int


class OpenRetrieval:
    """A database and a retriever, opened for a model.

    `chosen` is what was trained with; `database`, `name`, `params` and `neighbours` (k) are what is used. The index is opened
    when neighbours are first asked for.
    """

    def __init__(self, chosen: Retrieval, database: Database, name: str, params: Mapping[str, Any], neighbours: int) -> None:
        self.chosen, self.database, self.name, self.params, self.neighbours = chosen, database, name, dict(params), neighbours

    @cached_property
    def retriever(self) -> Retriever:
        """The retriever; its index is built where it is not there yet."""
        return open_retriever(self.database, self.name, self.params)

    @property
    def signature(self) -> str:
        """What decides about neighbours: the database's content, the retriever and k."""
        return f"database:{self.database.digest[:12]}|{self.retriever.signature}|k:{self.neighbours}"

    def numbers(
        self, tokens: "NDArray[np.int32]", lengths: "NDArray[np.int32] | None" = None, own: "NDArray[np.int64] | int" = -1
    ) -> "NDArray[np.int64]":
        """The k neighbours of each chunk (N, m), as numbers of the database's chunks (N, k), -1 where there is none.

        `lengths` (N,): their tokens, all of m by default; `own`: the database's document that each comes from, -1 for none.
        """
        import numpy as np

        rows = np.ascontiguousarray(tokens, np.int32)
        long = np.full(len(rows), rows.shape[1], np.int32) if lengths is None else lengths
        owners = np.broadcast_to(np.asarray(own, np.int64), (len(rows),)).copy()
        return self.retriever.search(Queries(rows, long, owners), self.neighbours).numbers

    def for_model(self, own: "NDArray[np.int64] | int" = -1) -> Any:
        """What a model's `retriever` is to be: finished chunks (B, L, m) → their neighbours' tokens (B, L, k, 2m), and which of
        them are tokens. `own`: the database's document of all rows, or of each (B,); -1: of none."""
        import numpy as np
        import torch

        def retrieve(chunks: Any) -> tuple[Any, Any]:
            batch, long, size = chunks.shape
            owners = np.repeat(np.broadcast_to(np.asarray(own, np.int64), (batch,)), long)
            found = self.numbers(chunks.reshape(-1, size).cpu().numpy(), own=owners)
            tokens, mask = self.database.with_continuation(found.reshape(batch, long, -1))
            return torch.from_numpy(tokens).long().to(chunks.device), torch.from_numpy(mask).to(chunks.device)

        return retrieve


def save_retrieval(
    folder: Path, database: Database, retriever: str, params: Mapping[str, Any], neighbours: int, at: Path | None = None
) -> Retrieval:
    """Writes `retrieval.json` into the checkpoint's folder. `at`: where the folder will lie once it is whole."""
    place = os.path.relpath(database.folder.resolve(), (at or folder).resolve())
    made = Retrieval(
        database=Path(place).as_posix(),
        digest=database.digest,
        tokenizer=database.info.tokenizer,
        chunk=database.chunk,
        retriever=retriever,
        params=dict(params),
        neighbours=neighbours,
    )
    replace_file(folder / FILE, msgspec.json.format(msgspec.json.encode(made)) + b"\n")
    return made


def read_retrieval(folder: str | Path) -> Retrieval:
    """What the checkpoint in the folder was trained with. InputError where it does not say."""
    path = Path(folder).expanduser() / FILE
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Retrieval)
    except FileNotFoundError as error:
        raise InputError(
            f"{path.parent} holds no retrieval-augmented model ({FILE} is absent); give the folder `model` of a training by the "
            "trainer `retro`"
        ) from error
    except (msgspec.DecodeError, OSError) as error:
        raise InputError(f"{path} cannot be read: {error}; train the model anew") from error
    if found.format != FORMAT:
        raise InputError(f"{path} is of format {found.format}, this program reads {FORMAT}; train the model anew")
    return found


def open_retrieval(
    folder: str | Path,
    database: str | Path | Database | None = None,
    retriever: str | None = None,
    params: Mapping[str, Any] | None = None,
    neighbours: int | None = None,
) -> OpenRetrieval:
    """What the checkpoint in the folder retrieves from: what it was trained with, but for what is given.

    Another database may be named, of the same tokenizer and chunk length. One that is not named has to be what it was in
    training. `params` are the training's where the retriever is. Raises InputError for a database that is not there, or not the
    one it was, or of another tokenizer or chunk length; ValueError for `neighbours` below 1.
    """
    said = read_retrieval(folder)
    known = found_database(folder, said) if database is None else database
    opened = known if isinstance(known, Database) else Database(known)
    check_database(opened, said.tokenizer, said.chunk, f"the model in {folder}")
    if database is None and opened.digest != said.digest:
        raise InputError(
            f"{opened.folder} is no longer the database that the model in {folder} was trained with (documents were added, or it "
            "was built anew); name it as `database` to retrieve from it as it is now"
        )
    name = said.retriever if retriever is None else retriever
    given = params if params is not None else said.params if name == said.retriever else {}
    k = neighbours if neighbours is not None else said.neighbours or 2
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise ValueError(f"neighbours is a whole number of at least 1, got {k!r}")
    return OpenRetrieval(said, opened, name, given, k)


def found_database(folder: str | Path, said: Retrieval) -> Path:
    """Where the database lies. InputError where it does not lie there any more."""
    place = (Path(folder).expanduser().resolve() / said.database).resolve()
    if not place.is_dir():
        raise InputError(
            f"the model in {folder} was trained with the database {place}, which is not there; name the place where it lies now "
            "as `database`"
        )
    return place


def check_database(database: Database, tokenizer: TokenizerInfo, chunk: int, what: str) -> None:
    """InputError where the database's tokenizer or chunks are not those of `what`."""
    if database.info.tokenizer.digest != tokenizer.digest:
        raise InputError(
            f"{database.folder} was made with the tokenizer {database.info.tokenizer.name!r}, and {what} reads with another "
            f"({tokenizer.name!r}); build a database with its tokenizer"
        )
    if database.chunk != chunk:
        raise InputError(f"{database.folder} has chunks of {database.chunk} tokens, and {what} has chunks of {chunk}")
