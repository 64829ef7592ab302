"""MetaRows of how well raters agree with each other on a criterion."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from msgspec.structs import replace

from harness.meta.agreement import Level, fleiss_kappa, krippendorff_alpha
from harness.meta.notes import approximate, join
from harness.meta.options import MetaOptions
from harness.meta.pairs import Floats, Ints
from harness.meta.table import Table
from harness.meta.targets import Ratings
from harness.records import MetaRow


def agreement_rows(table: Table, criterion: str, ratings: Ratings) -> Iterator[MetaRow]:
    """Krippendorff's alpha and Fleiss' kappa of the raters, over outputs that at least two rated."""
    values = ratings.values
    double = (np.isfinite(values).sum(axis=0) > 1) if len(values) else np.zeros(0, dtype=bool)
    base = replace(
        table.base(criterion, None, "+".join(ratings.raters)),
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
    shared, cluster = values[:, double], table.cluster[double]
    for name, function in statistics.items():
        low, high = _agreement_interval(function, shared, cluster, table.options)
        counted = f"{int(double.sum())} outputs with at least two of {len(ratings.raters)} raters"
        note = join(counted, approximate(base.n_items))
        yield replace(base, statistic=name, value=function(shared), low=low, high=high, note=note)


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
