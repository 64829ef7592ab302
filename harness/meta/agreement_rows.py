"""MetaRows of how well raters agree with each other on a criterion."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
from msgspec.structs import replace

from harness.meta.agreement import Coefficient, Level, cohen_of, fleiss_of, krippendorff_of, randolph_of
from harness.meta.notes import approximate, join
from harness.meta.options import MetaOptions
from harness.meta.pairs import Bools, Ints
from harness.meta.preferences import Ballots, ballots
from harness.meta.rater_names import join_names
from harness.meta.table import Table
from harness.meta.targets import Ratings
from harness.records import MetaRow

MOST_RATERS = 10  # with more, a row for every two of them would bury all others
MOST_CATEGORIES = 11  # a longer scale is read as a quantity: exact agreement on it means little


def agreement_rows(table: Table, criterion: str, ratings: Ratings) -> Iterator[MetaRow]:
    """Krippendorff's alpha and Fleiss' kappa of the raters, over outputs that at least two rated.

    On a scale of a few whole numbers also Randolph's kappa, whose chance agreement rests on the scale alone.
    """
    values = ratings.values
    double = (np.isfinite(values).sum(axis=0) > 1) if len(values) else np.zeros(0, dtype=bool)
    base = replace(
        table.base(criterion, None, join_names(ratings.raters)),
        n_items=len(np.unique(table.item[double])) if double.any() else 0,
        n_clusters=len(np.unique(table.cluster[double])) if double.any() else 0,
    )
    if not double.any():
        yield replace(base, statistic="krippendorff_alpha_ordinal", note="no data: no output has two raters")
        return
    levels: tuple[Level, ...] = ("nominal", "ordinal", "interval")
    shared = values[:, double]
    statistics = {f"krippendorff_alpha_{level}": krippendorff_of(shared, level) for level in levels}
    statistics["fleiss_kappa"] = fleiss_of(shared)
    categories = _categories(table, criterion)
    if categories is not None:
        statistics["randolph_kappa"] = randolph_of(shared, categories)
    intervals = _intervals(list(statistics.values()), table.cluster[double], table.options)
    everything = np.arange(shared.shape[1])
    for (name, coefficient), (low, high) in zip(statistics.items(), intervals, strict=True):
        counted = f"{int(double.sum())} outputs with at least two of {len(ratings.raters)} raters"
        chance = f"chance: one of {categories} values" if name == "randolph_kappa" else None
        note = join(counted, chance, approximate(base.n_items))
        yield replace(base, statistic=name, value=coefficient(everything), low=low, high=high, note=note)


def preference_agreement_rows(table: Table, criterion: str) -> Iterator[MetaRow]:
    """Krippendorff's alpha (nominal) and Fleiss' kappa of all raters of preferences, and Cohen's kappa of every two of them.

    Nothing for a constructed set: nobody judged it.
    """
    if table.data.info.constructed:
        return
    found = ballots(table.data.preferences, criterion, table.position)
    shared = np.ones(len(found.left), dtype=bool)
    base = _pair_counts(table, table.base(criterion, None, join_names(found.raters)), found, shared)
    if not shared.any():
        note = f"no data: no pair has two raters ({found.everyone} in all)"
        yield replace(base, raters=None, statistic="krippendorff_alpha_nominal", note=note)
        return
    values = found.values[:, shared]
    coefficients = {"krippendorff_alpha_nominal": krippendorff_of(values, "nominal"), "fleiss_kappa": fleiss_of(values)}
    counted = f"{int(shared.sum())} pairs with at least two of {found.everyone} raters"
    yield from _pair_rows(table, replace(base, note=counted), found, shared, coefficients)
    if len(found.raters) > MOST_RATERS:
        return
    for one, other in combinations(range(len(found.raters)), 2):
        both = np.isfinite(found.values[one]) & np.isfinite(found.values[other])
        if both.any():
            two = Ballots((found.raters[one], found.raters[other]), found.left, found.values[[one, other]], 2)
            row = _pair_counts(table, table.base(criterion, None, join_names(two.raters)), two, both)
            counted = f"{int(both.sum())} pairs that both judged"
            kappa = {"cohen_kappa": cohen_of(two.values[:, both])}
            yield from _pair_rows(table, replace(row, note=counted), two, both, kappa)


def _categories(table: Table, criterion: str) -> int | None:
    """How many values a rater could give, where all rate in whole numbers on one short scale of whole numbers."""
    given = [judgment for judgment in table.data.judgments if judgment.criterion == criterion and judgment.span is None]
    scales = {judgment.scale for judgment in given}
    scale = scales.pop() if len(scales) == 1 else None
    values = [judgment.value for judgment in given if judgment.value is not None]
    if scale is None or not all(isinstance(value, float) and value.is_integer() for value in (scale.low, scale.high, *values)):
        return None
    categories = int(scale.high - scale.low) + 1
    return categories if categories <= MOST_CATEGORIES else None


def _pair_counts(table: Table, row: MetaRow, found: Ballots, chosen: Bools) -> MetaRow:
    outputs = found.left[chosen]
    return replace(
        row,
        n_items=len(np.unique(table.item[outputs])),
        n_clusters=len(np.unique(table.cluster[outputs])),
        n_pairs=int(chosen.sum()),
    )


def _pair_rows(
    table: Table, row: MetaRow, found: Ballots, chosen: Bools, coefficients: Mapping[str, Coefficient]
) -> Iterator[MetaRow]:
    intervals = _intervals(list(coefficients.values()), table.cluster[found.left[chosen]], table.options)
    everything = np.arange(int(chosen.sum()))
    for (name, coefficient), (low, high) in zip(coefficients.items(), intervals, strict=True):
        note = join(row.note, approximate(row.n_items))
        yield replace(row, statistic=name, value=coefficient(everything), low=low, high=high, note=note)


def _intervals(
    coefficients: Sequence[Coefficient], cluster: Ints, options: MetaOptions
) -> list[tuple[float | None, float | None]]:
    """Percentile intervals over resampled clusters (of each unit), all coefficients being recomputed on the same resamples."""
    order = np.argsort(cluster, kind="stable")
    _, starts, sizes = np.unique(cluster[order], return_index=True, return_counts=True)
    if len(starts) < 2:
        return [(None, None)] * len(coefficients)
    rng = np.random.default_rng([options.seed, 6])
    found: list[list[float]] = [[] for _ in coefficients]
    for _ in range(options.resamples):
        drawn = rng.integers(0, len(starts), len(starts))
        ends = np.cumsum(sizes[drawn])
        units = order[np.arange(ends[-1]) + np.repeat(starts[drawn] - (ends - sizes[drawn]), sizes[drawn])]
        for values, coefficient in zip(found, coefficients, strict=True):
            value = coefficient(units)
            if value is not None:
                values.append(value)
    return [_percentiles(values, options) for values in found]


def _percentiles(found: list[float], options: MetaOptions) -> tuple[float | None, float | None]:
    if len(found) * 2 < options.resamples:
        return None, None
    tail = (1 - options.level) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    return float(low), float(high)
