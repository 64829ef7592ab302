"""Which rows are kept: greedy maximal marginal relevance over all of them, in an order that does not depend on theirs."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness_plugins.datasets.natural import scores as parts

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Keep:
    """How much is kept: a `share` of the rows that have an instruction, a `count` of them, or all whose total reaches a
    `threshold`."""

    share: float | None = None
    count: int | None = None
    threshold: float | None = None

    def most(self, rows: int) -> int:
        """How many rows may be kept out of so many; a share is rounded up."""
        if self.count is not None:
            return min(self.count, rows)
        return rows if self.share is None else math.ceil(self.share * rows - 1e-9)


def read_keep(value: Any) -> Keep:
    """`0.5` is a share, `2000` a count, `{threshold: 0.6}` a total; ValueError for anything else."""
    if isinstance(value, Mapping) and len(value) == 1:
        [(name, number)] = value.items()
        if name in ("share", "count", "threshold") and not isinstance(number, bool) and isinstance(number, int | float):
            if name == "count" and isinstance(number, int) and number >= 1:
                return Keep(count=number)
            if name != "count" and 0 <= number <= 1:
                return Keep(share=float(number)) if name == "share" else Keep(threshold=float(number))
    elif isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return Keep(count=value)
    elif isinstance(value, float) and 0 < value <= 1:
        return Keep(share=value)
    raise ValueError(
        "keep is a share (0.5), a number of rows (2000), or one of {share: …}, {count: …} and {threshold: …}, "
        f"got {value!r:.80}"
    )


@dataclass(frozen=True)
class Standing:
    """Where a row ended: its `rank` among the kept (from 1), None where it is rejected; `diversity` when it was chosen, or beside
    all that are kept; None where there are no embeddings. `total`: the weighted sum."""

    rank: int | None
    diversity: float | None
    total: float


def key_of(text: str, id: str) -> str:
    """What rows are sorted by: the content's hash, then the id."""
    return f"{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()} {id}"


def standings(
    vectors: "np.ndarray | None", before: Sequence[float], keys: Sequence[str], weights: parts.Weights, keep: Keep
) -> list[Standing]:
    """A standing a row. `before`: each row's score without diversity; `vectors`: (N, D), or None where there are none.

    The greedy step chooses the largest total: every row's diversity, and so its total, only falls as more is chosen, so that the
    totals of the chosen fall too, and all that reach a threshold are the first of the order.
    """
    most = keep.most(len(before))
    rest = sum(weight for part, weight in weights.parts.items() if part != "diversity")
    by_diversity = weights.parts["diversity"]
    if vectors is None or len(before) < 2:
        found = _by_score(before, keys, most)
        return _cut([(place, None, before[place]) for place in found], [None] * len(before), before, keep)
    from harness.build.diversity import Items

    items = Items(spread(vectors), keys)
    if rest:
        chosen = items.select(before, most, by_diversity / rest)
    else:  # nothing but diversity counts
        chosen = items.select([0.0] * len(before), most, 1.0)
    listed = [
        (place, diversity, parts.total(before[place], diversity, weights))
        for place, diversity in zip(chosen.order, chosen.diversity, strict=True)
    ]
    kept = [place for place, _, total in listed if keep.threshold is None or total >= keep.threshold]
    beside = items.beside(kept)
    totals = [parts.total(score, diversity, weights) for score, diversity in zip(before, beside, strict=True)]
    return _cut(listed[: len(kept)], beside, totals, keep)


def spread(vectors: "np.ndarray") -> "np.ndarray":
    """The vectors about their mean: an encoder's lie in a narrow cone, in which nothing would be diverse. Rows that are the mean
    itself, as equal ones are, leave all as they were."""
    import numpy as np

    about = vectors - vectors.mean(axis=0, dtype=np.float64).astype(vectors.dtype)
    return about if np.all(np.einsum("nd,nd->n", about, about) > 1e-9) else vectors


def _by_score(before: Sequence[float], keys: Sequence[str], most: int) -> list[int]:
    return sorted(range(len(before)), key=lambda place: (-before[place], keys[place]))[:most]


def _cut(
    listed: Sequence[tuple[int, float | None, float]], beside: Sequence[float | None], totals: Sequence[float], keep: Keep
) -> list[Standing]:
    found = [Standing(None, diversity, total) for diversity, total in zip(beside, totals, strict=True)]
    for rank, (place, diversity, total) in enumerate(listed, 1):
        if keep.threshold is None or total >= keep.threshold:
            found[place] = Standing(rank, diversity, total)
    return found
