"""Verdicts as contests between two outputs of one example: which one the judge prefers, whatever form it was asked in."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.judge_card.ground import Ground, output_values, silence, spoken
from harness.meta.pairs import Bools, Floats, Ints
from harness.verdicts import Verdict


@dataclass(frozen=True)
class Contests:
    """`first` and `second` are outputs (indices); `said` is 1 where the judge prefers the first, -1 the second, 0 a tie.

    Where the judge saw both (`shown`), the first is the one that it was shown first; else it rated each alone. `cluster`: that of
    the example; `silent`: why no verdict says anything, where that is so. Arrays have the shape (N,).
    """

    first: Ints
    second: Ints
    said: Floats
    cluster: Ints
    shown: bool
    silent: str | None = None

    @property
    def decided(self) -> Bools:
        """Where the judge prefers one."""
        return self.said != 0

    def where(self, kept: Bools) -> "Contests":
        """Those that `kept` marks."""
        return Contests(self.first[kept], self.second[kept], self.said[kept], self.cluster[kept], self.shown, self.silent)


def contests(verdicts: Sequence[Verdict], ground: Ground, *, higher_is_better: bool = True) -> Contests:
    """One contest a verdict on a pair, one for every two outputs of a ranking, and one for every two rated outputs of an item."""
    said = spoken(verdicts)
    if verdicts and verdicts[0].form == "direct":
        sign = 1.0 if higher_is_better else -1.0
        return _of_ratings(output_values(said, ground), ground, sign, silence(verdicts))
    known = [(one, [ground.position[target] for target in one.targets]) for one in said if _known(one, ground)]
    rows = [row for one, places in known for row in (_of_ranks(one, places) if one.form == "rank" else _of_pair(one, places))]
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    first, second = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    return Contests(first, second, table[:, 2], ground.cluster[first], True, silence(verdicts))


def _known(verdict: Verdict, ground: Ground) -> bool:
    return all(target in ground.position for target in verdict.targets)


def _of_pair(verdict: Verdict, places: Sequence[int]) -> list[tuple[float, float, float]]:
    return [] if verdict.value is None else [(places[0], places[1], float(np.sign(verdict.value)))]


def _of_ranks(verdict: Verdict, places: Sequence[int]) -> list[tuple[float, float, float]]:
    ranks = verdict.ranks or ()
    return [
        (places[i], places[j], float(np.sign(ranks[j] - ranks[i]))) for i in range(len(ranks)) for j in range(i + 1, len(ranks))
    ]


def _of_ratings(values: Floats, ground: Ground, sign: float, silent: str | None) -> Contests:
    rated = np.flatnonzero(np.isfinite(values))
    by_item: dict[int, list[int]] = {}
    for place in rated.tolist():
        by_item.setdefault(int(ground.item[place]), []).append(place)
    pairs = [(one, other) for held in by_item.values() for k, one in enumerate(held) for other in held[k + 1 :]]
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    first, second = table[:, 0], table[:, 1]
    return Contests(first, second, sign * np.sign(values[first] - values[second]), ground.cluster[first], False, silent)
