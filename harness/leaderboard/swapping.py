"""Every two of many models compared by swapping: what `comparisons.swap` does of two, with the draws made once for all.

A swap moves the items' parts of one model to the other. Sums of swapped parts are the same linear function for every model, so
they are computed once a model, and a pair is a difference of two such sums.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import combinations

import numpy as np

from harness.leaderboard.comparisons import Name, Swapped, swap, unpaired
from harness.leaderboard.differing import pairs_alike
from harness.leaderboard.intervals import by_cluster, codes_of
from harness.leaderboard.measured import Measured
from harness.leaderboard.measures import Measure
from harness.meta.pairs import Floats
from harness.meta.resampling import in_chunks, product


def every_two(found: Mapping[Name, Measured], task: str, swaps: int, seed: int) -> dict[tuple[Name, Name], Swapped]:
    """Every two models that can be compared on a column: by their items, or by their reported standard errors.

    Values that are unfit are compared with none, nor are models that did other items.
    """
    fit = {name: one for name, one in found.items() if not one.unfit}
    measures = {name: one.measure for name, one in fit.items() if one.measure is not None}
    alike = pairs_alike({name: measure.documents for name, measure in measures.items()})
    compared = swap_all(measures, alike, task, swaps, seed)
    for first, second in combinations(fit, 2):
        one, other = fit[first], fit[second]
        if one.measure is not None and other.measure is not None and one.measure.kind == other.measure.kind:
            continue
        if one.value is not None and other.value is not None and one.error and other.error:
            compared[first, second] = unpaired((one.value, one.error), (other.value, other.error), swaps, seed)
    return compared


def swap_all(
    measures: Mapping[Name, Measure], pairs: Sequence[tuple[Name, Name]], task: str, swaps: int, seed: int
) -> dict[tuple[Name, Name], Swapped]:
    """Each pair of measures of one kind, compared; a pair that shares fewer than two clusters is left out.

    The draws are those of `swap` (rounding aside). Models that did the same items are done together, other pairs one by one.
    """
    alike: dict[tuple[object, ...], list[Name]] = {}
    for name, measure in measures.items():
        alike.setdefault((measure.kind, measure.keys, measure.clusters, measure.parts.shape[1]), []).append(name)
    group = {name: place for place, names in enumerate(alike.values()) for name in names}
    asked: dict[int, list[tuple[Name, Name]]] = {}
    found: dict[tuple[Name, Name], Swapped] = {}
    for first, second in pairs:
        if first not in measures or second not in measures or measures[first].kind != measures[second].kind:
            continue
        if group[first] == group[second]:
            asked.setdefault(group[first], []).append((first, second))
        elif (one := swap(measures[first], measures[second], task, swaps, seed)) is not None:
            found[first, second] = one
    for together in asked.values():
        found |= _together(measures, together, task, swaps, seed)
    return {pair: found[pair] for pair in pairs if pair in found}


def _together(
    measures: Mapping[Name, Measure], pairs: Sequence[tuple[Name, Name]], task: str, swaps: int, seed: int
) -> dict[tuple[Name, Name], Swapped]:
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    codes, count = codes_of(measures[names[0]].clusters)
    if count < 2:
        return {}
    sums = {name: by_cluster(measures[name].parts, codes, count) for name in names}
    totals = {name: each.sum(axis=0) for name, each in sums.items()}
    width = next(iter(sums.values())).shape[1]
    beside = np.concatenate(list(sums.values()), axis=1)
    rng = np.random.default_rng([seed, int.from_bytes(blake2b(task.encode("utf-8", "surrogatepass"), digest_size=4).digest()), 3])

    def moved(rows: slice) -> Floats:
        return product(rng.integers(0, 2, (rows.stop - rows.start, count), dtype=np.int8).astype(np.float64), beside)

    drawn = in_chunks(moved, swaps, count)
    of = {name: drawn[:, place * width : (place + 1) * width] for place, name in enumerate(names)}
    found = {}
    for first, second in pairs:
        one, other = measures[first], measures[second]
        apart = of[first] - of[second]
        with np.errstate(all="ignore"):
            null = one.value(totals[first] - apart) - other.value(totals[second] + apart)
            difference = float(one.value(totals[first][None])[0] - other.value(totals[second][None])[0])
        found[first, second] = Swapped(difference, null, len(one.keys))
    return found
