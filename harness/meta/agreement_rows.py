"""MetaRows of how well raters agree with each other on a criterion."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations

import numpy as np
from msgspec.structs import replace

from harness.meta.agreement import Level, cohen_kappa, fleiss_kappa, krippendorff_alpha, randolph_kappa
from harness.meta.notes import approximate, join
from harness.meta.options import MetaOptions
from harness.meta.pairs import Bools, Floats, Ints
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
    statistics: dict[str, Callable[[Floats], float | None]] = {
        f"krippendorff_alpha_{level}": partial(krippendorff_alpha, level=level) for level in levels
    }
    statistics["fleiss_kappa"] = fleiss_kappa
    categories = _categories(table, criterion)
    if categories is not None:
        statistics["randolph_kappa"] = partial(randolph_kappa, categories=categories)
    shared, cluster = values[:, double], table.cluster[double]
    for name, function in statistics.items():
        low, high = _agreement_interval(function, shared, cluster, table.options)
        counted = f"{int(double.sum())} outputs with at least two of {len(ratings.raters)} raters"
        chance = f"chance: one of {categories} values" if name == "randolph_kappa" else None
        note = join(counted, chance, approximate(base.n_items))
        yield replace(base, statistic=name, value=function(shared), low=low, high=high, note=note)


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
    alpha: Callable[[Floats], float | None] = partial(krippendorff_alpha, level="nominal")
    for name, function in (("krippendorff_alpha_nominal", alpha), ("fleiss_kappa", fleiss_kappa)):
        counted = f"{int(shared.sum())} pairs with at least two of {found.everyone} raters"
        yield _pair_row(table, replace(base, statistic=name, note=counted), found, shared, function)
    if len(found.raters) > MOST_RATERS:
        return
    for one, other in combinations(range(len(found.raters)), 2):
        both = np.isfinite(found.values[one]) & np.isfinite(found.values[other])
        if both.any():
            two = Ballots((found.raters[one], found.raters[other]), found.left, found.values[[one, other]], 2)
            row = _pair_counts(table, table.base(criterion, None, join_names(two.raters)), two, both)
            counted = f"{int(both.sum())} pairs that both judged"
            yield _pair_row(table, replace(row, statistic="cohen_kappa", note=counted), two, both, _cohen_kappa_of_two)


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


def _pair_row(table: Table, row: MetaRow, found: Ballots, chosen: Bools, function: Callable[[Floats], float | None]) -> MetaRow:
    values = found.values[:, chosen]
    low, high = _agreement_interval(function, values, table.cluster[found.left[chosen]], table.options)
    return replace(row, value=function(values), low=low, high=high, note=join(row.note, approximate(row.n_items)))


def _cohen_kappa_of_two(values: Floats) -> float | None:
    return cohen_kappa(values[0], values[1])


def _agreement_interval(
    function: Callable[[Floats], float | None], shared: Floats, cluster: Ints, options: MetaOptions
) -> tuple[float | None, float | None]:
    """Percentile interval over resampled clusters, by recomputing the coefficient."""
    members = [np.flatnonzero(cluster == code) for code in np.unique(cluster)]
    if len(members) < 2:
        return None, None
    rng = np.random.default_rng([options.seed, 6])
    found = []
    for _ in range(options.resamples):
        chosen = np.concatenate([members[index] for index in rng.integers(0, len(members), len(members))])
        value = function(shared[:, chosen])
        if value is not None:
            found.append(value)
    if len(found) * 2 < options.resamples:
        return None, None
    tail = (1 - options.level) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    return float(low), float(high)
