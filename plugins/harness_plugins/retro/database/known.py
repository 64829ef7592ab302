"""Which documents a database has, in sixteen bytes each: millions of ids fit where a shard fits."""

import hashlib
from collections.abc import Iterable

_MERGED = 100_000  # new documents after which they join the sorted ones


class Known:
    """Documents by the first 64 bits of their id's sha256, with the first 64 of their text's: two of a hundred million ids fall
    together once in three thousand databases, and then the build stops with an error."""

    def __init__(self) -> None:
        import numpy as np

        self._ids = np.zeros(0, np.uint64)
        self._texts = np.zeros(0, np.uint64)
        self._new: dict[int, int] = {}

    def same(self, id: str, sha256: str) -> bool | None:
        """Whether the document's text is the one that is known (by its sha256 in hex); None for a document that is not known."""
        key = _number(id)
        text = self._new.get(key)
        if text is None:
            place = int(self._ids.searchsorted(self._ids.dtype.type(key)))
            if place == len(self._ids) or int(self._ids[place]) != key:
                return None
            text = int(self._texts[place])
        return text == int(sha256[:16], 16)

    def add(self, documents: Iterable[tuple[str, str]]) -> None:
        """Documents, as id and sha256 of the text, that are known from now on."""
        for id, sha256 in documents:
            self._new[_number(id)] = int(sha256[:16], 16)
            if len(self._new) >= _MERGED:
                self._merge()

    def _merge(self) -> None:
        import numpy as np

        ids = np.concatenate([self._ids, np.fromiter(self._new, np.uint64, len(self._new))])
        texts = np.concatenate([self._texts, np.fromiter(self._new.values(), np.uint64, len(self._new))])
        order = ids.argsort(kind="stable")
        self._ids, self._texts = ids[order], texts[order]
        self._new.clear()


def _number(id: str) -> int:
    return int.from_bytes(hashlib.sha256(id.encode("utf-8", "surrogatepass")).digest()[:8], "big")
