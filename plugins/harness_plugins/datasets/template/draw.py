"""Which templates a row is put into: evenly, and by its content alone.

Rows are ranked by their label and then by a digest of their content; row number r of that ranking gets the templates r·n,
r·n + 1 … modulo their number. So the templates' counts differ by at most one over the whole set, and also within each label; the
order of the input plays no part.
"""

import hashlib
from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness_plugins.datasets.template.filters import encoded


class Draw:
    """Collects rows (20 bytes each) and then gives each its templates. The same seed draws the same."""

    def __init__(self, templates: int, per_item: int, seed: int) -> None:
        self._templates = templates
        self._per_item = min(per_item, templates)
        self._seed = seed
        self._labels: dict[str, int] = {}
        self._label, self._content, self._ids = array("I"), array("Q"), array("Q")
        self._ranks: NDArray[np.int64] | None = None

    def add(self, id: str, label: str, row: Any) -> None:
        """Notes the next row."""
        self._label.append(self._labels.setdefault(label, len(self._labels)))
        self._content.append(_number(self._seed, id, row))
        self._ids.append(_number(id))

    def __len__(self) -> int:
        return len(self._ids)

    def repeats(self) -> tuple[set[int], list[int]]:
        """Places of rows that say again what an earlier row of the same id said, and of those that say something else."""
        ids, content = np.asarray(self._ids), np.asarray(self._content)
        _, first, which = np.unique(ids, return_index=True, return_inverse=True)
        later = np.flatnonzero(first[which] != np.arange(len(ids)))
        same = content[first[which[later]]] == content[later]
        return set(later[same].tolist()), later[~same].tolist()

    def rank(self, leave_out: set[int]) -> None:
        """Ranks the rows but for those at these places."""
        # Labels are ranked by their names: the order in which they were met is the input's.
        order = np.argsort(np.argsort(np.array([*self._labels]))) if self._labels else np.zeros(0, int)
        labels = order[np.asarray(self._label, dtype=np.int64)]
        labels[list(leave_out)] = len(self._labels)
        ranked = np.lexsort((np.asarray(self._ids), np.asarray(self._content), labels))
        self._ranks = np.empty(len(ranked), dtype=np.int64)
        self._ranks[ranked] = np.arange(len(ranked))

    def templates(self, place: int) -> list[int]:
        """The numbers of the templates of the row at this place."""
        assert self._ranks is not None  # rank() comes first
        start = int(self._ranks[place]) * self._per_item
        return [(start + step) % self._templates for step in range(self._per_item)]


def _number(*parts: Any) -> int:
    return int.from_bytes(hashlib.sha256(encoded(parts)).digest()[:8], "big")
