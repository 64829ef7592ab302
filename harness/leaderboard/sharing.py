"""Two models' measures on what both did: the items of one key, or, where a document comes again in one of them, the documents.

A task may hold a document twice, and a file of samples a line twice; whoever did it once less did not do other items. So that
neither counts it more often than the other, each document then stands once in both, as the mean of what its items add.
"""

from collections import Counter

import numpy as np

from harness.leaderboard.intervals import by_cluster, codes_of
from harness.leaderboard.measures import Measure


def shared(first: Measure, second: Measure) -> tuple[Measure, Measure]:
    """Both measures on the items, or documents, that both did, in the order of the first."""
    if first.keys == second.keys:
        return first, second
    if _repeated_unlike(first, second):
        first, second = _once(first), _once(second)
    mine = set(second.keys)
    keys = [key for key in first.keys if key in mine]
    return first.only(keys), second.only(keys)


def apart(first: Measure, second: Measure) -> int:
    """How many items, or documents, only one of the two did."""
    return len(set(first.documents) ^ set(second.documents))


def _repeated_unlike(first: Measure, second: Measure) -> bool:
    if not first.repeats and not second.repeats:
        return False
    left, right = Counter(first.documents), Counter(second.documents)
    return any(left[document] != right[document] for document in left.keys() & right.keys())


def _once(measure: Measure) -> Measure:
    """Every document once, under its first item's key and cluster."""
    if not measure.repeats:
        return measure
    codes, count = codes_of(measure.documents)
    sums = by_cluster(measure.parts, codes, count)
    clusters = dict(zip(reversed(measure.documents), reversed(measure.clusters), strict=True))
    keys = tuple(dict.fromkeys(measure.documents))
    return Measure(measure.kind, keys, tuple(clusters[key] for key in keys), sums / np.bincount(codes)[:, None], measure.value)
