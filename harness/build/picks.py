"""Rows chosen while a table streams by, the same ones in whatever order it comes: by chance, or by the largest key."""

import hashlib
import heapq
from collections.abc import Hashable
from typing import Generic, TypeVar

RowT = TypeVar("RowT")


class Largest(Generic[RowT]):
    """The `most` rows of the largest keys in each group, largest first; of equal keys the one of the smaller name's digest."""

    def __init__(self, most: int, seed: int = 0) -> None:
        self.most, self.seed = most, seed
        self._heaps: dict[Hashable, list[tuple[float, int, RowT]]] = {}

    def offer(self, group: Hashable, name: str, key: float, row: RowT) -> None:
        """Keeps the row if it is among the largest so far; `name` is its own in the table."""
        heap = self._heaps.setdefault(group, [])
        if len(heap) == self.most and (not self.most or key < heap[0][0]):
            return
        entry = (key, -drawn(name, self.seed), row)
        if len(heap) < self.most:
            heapq.heappush(heap, entry)
        elif entry[:2] > heap[0][:2]:
            heapq.heapreplace(heap, entry)

    def groups(self) -> list[Hashable]:
        """The groups, in the order of first sight."""
        return list(self._heaps)

    def of(self, group: Hashable) -> list[RowT]:
        """The group's rows, the largest key first."""
        return [row for _, _, row in sorted(self._heaps.get(group, ()), key=lambda entry: entry[:2], reverse=True)]


class Drawn(Generic[RowT]):
    """A random sample of `most` rows of each group: those whose names have the smallest digests under the seed."""

    def __init__(self, most: int, seed: int = 0) -> None:
        self.seed = seed
        self._largest: Largest[RowT] = Largest(most, seed)

    def offer(self, group: Hashable, name: str, row: RowT) -> None:
        """Keeps the row if it is drawn so far."""
        self._largest.offer(group, name, -float(drawn(name, self.seed) >> 11), row)  # 53 bits: exact as a float

    def of(self, group: Hashable) -> list[RowT]:
        """The group's sample, in the order of the draw."""
        return self._largest.of(group)


def drawn(name: str, seed: int) -> int:
    """A number of 64 bits that looks random and follows from the name and the seed alone."""
    return int.from_bytes(hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest())
