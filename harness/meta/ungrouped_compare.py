"""Differences between metrics in a cell too large for its pairs to be made, corrected as in small cells (`compare`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.meta.columns import Column
from harness.meta.compare import Key
from harness.meta.pairs import Bools
from harness.meta.significance import holm, rank_clusters
from harness.meta.ungrouped_estimates import Estimated, Reached, difference, share
from harness.meta.ungrouped_judging import LargeCell, Verdicts, eligible_outputs


@dataclass(frozen=True)
class LargeDifference:
    """Calibrated accuracy of `first` minus `second` on the pairs of the outputs `keep`; `support` as in `compare.Difference`."""

    first: Column
    second: Column
    support: str
    keep: Bools
    value: float
    low: float | None
    high: float | None
    p: float
    p_adjusted: float = 1.0


def compare_large(
    cell: LargeCell, columns: Sequence[Column], judged: Mapping[Key, Verdicts], own: Mapping[Key, Estimated]
) -> list[LargeDifference]:
    """All differences between two metrics, and between a metric and a sentinel: two families, each corrected by Holm.

    `own`: calibrated accuracy on each metric's own outputs.
    """
    metrics = [column for column in columns if column.ranked and not column.sentinel]
    sentinels = [column for column in columns if column.sentinel]
    found: list[LargeDifference] = []
    for family in (list(combinations(metrics, 2)), [(metric, sentinel) for metric in metrics for sentinel in sentinels]):
        common = [_on_common(cell, pair, judged, own) for pair in family]
        bounds = [_missing_wrong(cell, pair, judged) for pair in family]
        deciding = [bound or one for bound, one in zip(bounds, common, strict=True)]
        seen: set[tuple[Key, Key, str]] = set()
        for correction in (deciding, common):
            members = [item for item in correction if item is not None]
            for item, p in zip(members, holm([item.p for item in members]), strict=True):
                key = (item.first.key, item.second.key, item.support)
                if key not in seen:
                    seen.add(key)
                    found.append(LargeDifference(**{**vars(item), "p_adjusted": p}))
    return found


def rank_large(
    columns: Sequence[Column], order: Mapping[Key, float], differences: Sequence[LargeDifference], alpha: float
) -> dict[Key, int]:
    """Rank cluster of each ranked metric, as `compare.ranks` gives it."""
    deciding = {(d.first.key, d.second.key): d for d in sorted(differences, key=lambda d: d.support == "missing-wrong")}
    beats = {
        pair if found.value > 0 else pair[::-1]
        for pair, found in deciding.items()
        if found.p_adjusted < alpha and found.value != 0
    }
    ranked = [column.key for column in columns if column.ranked and not column.sentinel and column.key in order]
    return rank_clusters(sorted(ranked, key=lambda key: (-order[key], key)), beats)


def _on_common(
    cell: LargeCell, pair: tuple[Column, Column], judged: Mapping[Key, Verdicts], own: Mapping[Key, Estimated]
) -> LargeDifference | None:
    keep = judged[pair[0].key].keep & judged[pair[1].key].keep
    sides = []
    for column in pair:
        verdicts = judged[column.key]
        whole = own[column.key] if np.array_equal(keep, verdicts.keep) else None
        sides.append(whole or _accuracy(cell, verdicts, keep, keep))
    return _difference(cell, pair, "common", keep, sides)


def _missing_wrong(cell: LargeCell, pair: tuple[Column, Column], judged: Mapping[Key, Verdicts]) -> LargeDifference | None:
    about = eligible_outputs(cell, pair[0]) & eligible_outputs(cell, pair[1])
    both = about & judged[pair[0].key].keep & judged[pair[1].key].keep
    if cell.size(about).counts.sum() == cell.size(both).counts.sum():
        return None
    sides = [_accuracy(cell, judged[column.key], about & judged[column.key].keep, about) for column in pair]
    return _difference(cell, pair, "missing-wrong", about, sides)


def _accuracy(cell: LargeCell, verdicts: Verdicts, judged: Bools, counted: Bools) -> Estimated:
    clusters = len(np.unique(cell.people.cluster[counted]))
    right = verdicts.right("accuracy", judged)
    return share(cell, right, cell.size(counted), Reached(0, clusters), verdicts.scale)


def _difference(
    cell: LargeCell, pair: tuple[Column, Column], support: str, keep: Bools, sides: Sequence[Estimated]
) -> LargeDifference | None:
    if any(side.value is None for side in sides):
        return None
    found, p = difference(cell, *sides)
    assert found.value is not None
    return LargeDifference(*pair, support, keep, found.value, found.low, found.high, p)
