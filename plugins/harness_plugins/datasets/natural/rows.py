"""What is known of a fragment on its way to an example: its candidates for an instruction, kept on disk until all are there."""

import tempfile
from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    import numpy as np


Kept = TypeVar("Kept", bound=msgspec.Struct)


class Candidate(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """One instruction that a model wrote for a fragment. `text`: None where it cannot be used, `reason` then says why.

    `written`: what the model wrote, cleaned, where `text` is its translation; `reply`: the key of the reply in the store;
    `values`: parts of the score, None where missing.
    """

    sample: int = 0
    text: str | None = None
    written: str | None = None
    reason: str | None = None
    detail: str | None = None
    reply: str | None = None
    values: dict[str, float | None] = {}
    score: float | None = None


class Row(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """A fragment with its candidates. `seen`: what the model was shown, where that is a translation; `best`: which candidate is
    taken, None where none can be."""

    id: str
    text: str
    language: str
    document: str
    dataset: str
    start: int
    end: int
    licence: str | None = None
    headings: tuple[str, ...] = ()
    seen: str | None = None
    candidates: list[Candidate] = []
    best: int | None = None
    meta: dict[str, Any] = {}

    @property
    def chosen(self) -> Candidate | None:
        """The candidate that is taken."""
        return None if self.best is None else self.candidates[self.best]


class Spill(Generic[Kept]):
    """Records of one kind on disk, by number; in memory eight bytes each. The file has no name and is gone with the process."""

    def __init__(self, kind: type[Kept]) -> None:
        self._file = tempfile.TemporaryFile(prefix="harness-natural-")  # noqa: SIM115  # open until `close`
        self._ends = array("q", [0])
        self._decoder = msgspec.msgpack.Decoder(kind)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, record: Kept) -> int:
        """Keeps the record; its number."""
        data = msgspec.msgpack.encode(record)
        self._file.seek(self._ends[-1])
        self._file.write(data)
        self._ends.append(self._ends[-1] + len(data))
        return len(self) - 1

    def __getitem__(self, number: int) -> Kept:
        start, end = self._ends[number], self._ends[number + 1]
        self._file.seek(start)
        return self._decoder.decode(self._file.read(end - start))

    def __iter__(self) -> Iterator[Kept]:
        return (self[number] for number in range(len(self)))

    def close(self) -> None:
        """Frees the disk."""
        self._file.close()


class Vectors:
    """Vectors on disk until all are there."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="harness-natural-")  # noqa: SIM115  # open until `close`
        self._shape = (0, 0)

    def add(self, vector: "np.ndarray") -> None:
        """Keeps one more."""
        import numpy as np

        self._file.write(np.asarray(vector, dtype=np.float32).tobytes())
        self._shape = (self._shape[0] + 1, len(vector))

    def all(self) -> "np.ndarray | None":
        """All of them, mapped from the disk: (N, D); None where there are none."""
        import numpy as np

        if not self._shape[0]:
            return None
        self._file.flush()
        return np.memmap(self._file, dtype=np.float32, mode="r", shape=self._shape)

    def close(self) -> None:
        """Frees the disk."""
        self._file.close()
