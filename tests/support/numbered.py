"""Databases of documents whose words are the numbers of their tokens, and retrievers over them that can be checked by hand."""

import hashlib
import os
import signal
from pathlib import Path
from typing import Any


class Numbers:
    """A tokenizer of texts such as `"3 14 15"`; `name` sets two of them apart."""

    def __init__(self, name: str = "numbers") -> None:
        from harness_plugins.retro.database.layout import TokenizerInfo

        self.info = TokenizerInfo(name=name, digest=hashlib.sha256(name.encode()).hexdigest(), vocabulary=1000)

    def encode(self, texts: Any) -> list[list[int]]:
        return [[int(word) for word in text.split()] for text in texts]

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)


def numbered(folder: Path, documents: Any, chunk: int = 4, shard: int = 6, name: str = "numbers") -> Any:
    """The database of the documents: lists of tokens (then d0, d1, …), or such lists by id."""
    from harness_plugins.retro.database.reading import Database
    from harness_plugins.retro.database.writing import extend

    named = documents if isinstance(documents, dict) else {f"d{number}": tokens for number, tokens in enumerate(documents)}
    texts = ((id, " ".join(map(str, tokens)), "sv") for id, tokens in named.items())
    extend(folder, texts, Numbers(name), chunk=chunk, shard=shard)
    return Database(folder)


class Shared:
    """Neighbours by the number of different tokens that they share with the query; none where they share nothing.

    `log`: a file that gets a line for every search. `fails_at`, `dies_at`: the search, counted in that file, that raises, or
    kills the process.
    """

    def __init__(
        self, database: Any, log: str | None = None, fails_at: int | None = None, dies_at: int | None = None, label: str = ""
    ) -> None:
        self.database, self.log, self.fails_at, self.dies_at = database, log, fails_at, dies_at
        self.signature = f"retriever:shared|label:{label}"

    def search(self, queries: Any, k: int) -> Any:
        import numpy as np
        from harness_plugins.retro.retrievers.base import Found

        self._count(len(queries))
        numbers, scores = np.full((len(queries), k), -1), np.full((len(queries), k), np.nan)
        all_tokens, lengths = self.database.tokens(np.arange(self.database.chunks))
        documents = self.database.document_of(np.arange(self.database.chunks))
        sets = [set(row[:length].tolist()) for row, length in zip(all_tokens, lengths, strict=True)]
        for row in range(len(queries)):
            mine = set(queries.tokens[row, : queries.lengths[row]].tolist())
            candidates = [
                (-len(mine & their), number) for number, their in enumerate(sets) if documents[number] != queries.own[row]
            ]
            best = sorted(one for one in candidates if one[0] < 0)[:k]
            numbers[row, : len(best)] = [number for _, number in best]
            scores[row, : len(best)] = [-negated for negated, _ in best]
        return Found(numbers, scores)

    def _count(self, queries: int) -> None:
        if self.log is None:
            return
        with Path(self.log).open("a+") as file:
            file.write(f"{queries}\n")
            file.flush()
            file.seek(0)
            times = len(file.readlines())
        if times == self.fails_at:
            raise RuntimeError("the index is gone")
        if times == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)


def plain_table(database: Any, numbers: Any) -> Any:
    """A table of these neighbours (chunks, k), which no retriever found."""
    import numpy as np
    from harness_plugins.retro.neighbour_files import TableInfo
    from harness_plugins.retro.neighbours import NeighbourTable

    rows = np.array(numbers, np.int64)
    info = TableInfo(corpus="", database="", retriever="", signature="plain", k=rows.shape[1], chunks=len(rows))
    return NeighbourTable(rows, np.where(rows < 0, np.nan, 0.0), database, info)
