"""Does a metric agree with people less in one language than in another? The contrast on items that say the same in both."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from msgspec.structs import replace

from harness.errors import HarnessError
from harness.meta.judging import STATISTICS, Cell, estimate_judged, judge_column
from harness.meta.notes import approximate, join
from harness.meta.pairs import Floats, Ints, Pairs, make_pairs
from harness.meta.significance import centred_bootstrap
from harness.meta.table import Table
from harness.records import MetaRow


def crosslingual_rows(table: Table, base: MetaRow, human: Floats) -> Iterator[MetaRow]:
    """Accuracy in the first language minus accuracy in the second, on items paired by `parallel_id` (slice `language=sv-en`).

    Each language is calibrated on its own; both resample the same parallel ids. p is the centred bootstrap's.
    """
    examples = {example.id: example for example in table.data.examples}
    items = [examples[output.example_id] for output in table.data.outputs]
    languages = sorted({item.language for item in items}, key=lambda name: (name != "sv", name))
    rated = np.isfinite(human)
    found = False
    for first, second in combinations(languages, 2):
        sides = [
            {item.parallel_id for item, has in zip(items, rated, strict=True) if item.language == language and has}
            for language in (first, second)
        ]
        shared = sorted((sides[0] & sides[1]) - {None})  # type: ignore[type-var]  # None is taken away
        if not shared:
            continue
        code = {parallel: index for index, parallel in enumerate(shared)}
        cluster = np.array([code.get(item.parallel_id, -1) for item in items], dtype=np.int64)
        spoken = [np.array([item.language == language for item in items]) for language in (first, second)]
        try:
            cells = [_cell(table, human, cluster, own & (cluster >= 0) & rated) for own in spoken]
        except HarnessError as error:  # too many pairs of one item: the other statistics need not wait for this one
            found = True
            row = replace(base, slice=f"language={first}-{second}", statistic="accuracy_difference")
            yield replace(row, note=f"no data: {error}")
            continue
        if cells[0] is None or cells[1] is None:
            continue
        found = True
        yield from _contrast(table, replace(base, slice=f"language={first}-{second}"), cells[0], cells[1])
    if not found:
        row = replace(base, slice="language=sv-en", statistic="accuracy_difference")
        yield replace(row, note="no data: no rated item has a parallel in another language")


def _cell(table: Table, human: Floats, cluster: Ints, outputs: np.ndarray) -> Cell | None:
    chosen = np.flatnonzero(outputs)
    local = make_pairs(table.item[chosen], table.options.max_pairs)
    if not len(local):
        return None
    pairs = Pairs(chosen[local.left], chosen[local.right], local.group, local.n_groups)
    return table.cell_of(pairs, human, resampler=table.resampler_of(cluster, int(cluster.max()) + 1))


def _contrast(table: Table, base: MetaRow, one: Cell, two: Cell) -> Iterator[MetaRow]:
    for column in table.columns:
        judged = [judge_column(cell, column, table.options) for cell in (one, two)]
        for statistic in STATISTICS:
            sides = [estimate_judged(cell, result, statistic) for cell, result in zip((one, two), judged, strict=True)]
            row = replace(base, metric=column.signature, component=column.component, support="own")
            name = statistic.replace("accuracy", "accuracy_difference", 1)
            n_items = sum(side.n_groups for side in sides)
            note = join(base.note, approximate(n_items))
            row = replace(row, statistic=name, n_items=n_items, n_pairs=sum(side.n_pairs for side in sides), note=note)
            if sides[0].value is None or sides[1].value is None:
                continue
            value = sides[0].value - sides[1].value
            low = high = p = None
            if sides[0].resampled is not None and sides[1].resampled is not None:
                difference = sides[0].resampled - sides[1].resampled
                low, high = one.resampler.interval(difference)
                p = centred_bootstrap(difference, value)
            yield replace(row, value=value, low=low, high=high, p=p, n_clusters=max(side.n_clusters for side in sides))
