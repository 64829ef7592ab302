"""The judgment set as arrays, in one order whatever the order of its records."""

import numpy as np
from judgment_sets import Sheet

from harness.meta.options import MetaOptions
from harness.meta.table import Table


def table_of(sheet: Sheet) -> Table:
    return Table.of(sheet.data(), sheet.scores, list(sheet.metrics.values()), MetaOptions(resamples=5))


def sheet_of(order: list[tuple[str, str]]) -> Sheet:
    sheet = Sheet()
    for item, system in order:
        sheet.answer(item, system, 1.0, m=float(ord(system)))
    return sheet


CELLS = [("i1", "a"), ("i1", "b"), ("i2", "a"), ("i2", "b")]


def test_outputs_stand_in_the_order_of_their_items_systems_and_samples() -> None:
    one, two = table_of(sheet_of(CELLS)), table_of(sheet_of([CELLS[2], CELLS[1], CELLS[3], CELLS[0]]))
    assert one.position == two.position == {"i1/a/0": 0, "i1/b/0": 1, "i2/a/0": 2, "i2/b/0": 3}
    assert one.item.tolist() == two.item.tolist() == [0, 0, 1, 1]
    assert one.system.tolist() == two.system.tolist() == [0, 1, 0, 1]
    assert one.columns[0].values.tolist() == two.columns[0].values.tolist()


def test_items_without_a_cluster_are_their_own_and_others_share_theirs() -> None:
    sheet = sheet_of(CELLS).item("i1", cluster_id="text")
    assert table_of(sheet).cluster_names == ("i2", "text")
    sheet.item("i2", cluster_id="text")
    assert table_of(sheet).cluster_names == ("text",)
    assert table_of(sheet).fold.tolist() == [table_of(sheet).fold[0]] * 4


def test_a_cell_holds_pairs_of_rated_outputs_and_the_clusters_they_reach() -> None:
    table = table_of(sheet_of([*CELLS, ("i3", "a")]))
    human = np.array([1.0, 2.0, 1.0, np.nan, 3.0])
    cell = table.cell(np.ones(5, dtype=bool), table.item, human)
    assert (cell.pairs.left.tolist(), cell.pairs.right.tolist()) == ([0], [1])
    assert cell.resampler.n_clusters == 1
    assert table.cell(np.array([False, True, True, True, True]), table.item, human) is None
