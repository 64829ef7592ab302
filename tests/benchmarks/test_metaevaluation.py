"""The made-up job of `benchmarks/metaevaluation.py` is the item grouping as it is, whatever its size and slices."""

import numpy as np
from benchmark_scripts import benchmark

script = benchmark("metaevaluation")


def test_made_up_items_have_every_statistic_of_the_item_grouping():
    rows = script.made_up(items=40, systems=4, slices=0)
    values = {(row.metric, row.component, row.statistic): row.value for row in rows if row.support == "own"}
    assert 0.5 < values["m|b", None, "accuracy"] < 0.95
    assert {"accuracy_heldout", "kendall_b", "spearman", "pearson"} <= {statistic for *_, statistic in values}
    ranked = {row.metric: row.rank_cluster for row in rows if row.rank_cluster is not None}
    assert set(ranked) == {"m|a", "m|b"}


def test_slices_hold_each_item_once():
    whole, *parts = [row for row in script.made_up(items=60, systems=3, slices=2) if row.statistic == "tie_floor"]
    assert whole.n_items == sum(part.n_items for part in parts) == 60
    assert np.isclose(whole.value, sum(part.value * part.n_items for part in parts) / 60)
