"""Scores as columns say what the Scores say, as a sequence and as arrays."""

import numpy as np
import pytest

from harness.records import Score, Status
from harness.score_table import ScoreTable, reasons, units_of


def one(metric: str, *units: str, value: float | None = 0.5, status: Status = "ok", component: str | None = None) -> Score:
    return Score(targets=units, metric=metric, component=component, value=value, status=status)


SCORES = [
    one("b", "x", value=None, status="empty", component="f1"),
    one("b", "y", component="f1", value=-0.0),
    one("b", "x", component="recall", value=None, status="error"),
    one("b", "y", component="recall", value=None, status="error"),
    one("a", "y", "x"),
    one("a", "x", "y", value=None, status="unparsed"),
]


def test_it_is_the_sequence_of_the_scores_in_table_order() -> None:
    table = ScoreTable.of(SCORES)
    listed = [SCORES[5], SCORES[4], SCORES[0], SCORES[1], SCORES[2], SCORES[3]]
    assert list(table) == listed
    assert [table[place] for place in range(len(table))] == listed
    assert (table[-1], table[1:3], table == listed, table == listed[:-1]) == (listed[-1], listed[1:3], True, False)
    assert ScoreTable.of(table) is table
    with pytest.raises(IndexError):
        table[6]


def test_a_table_without_scores_is_empty() -> None:
    assert (len(ScoreTable.of([])), list(ScoreTable.of([])), ScoreTable.of([]).failed) == (0, [], 0)


def test_its_arrays_hold_nan_where_a_score_is_missing_and_share_their_units() -> None:
    table = ScoreTable.of(SCORES)
    f1, recall = table.block("b", "f1"), table.block("b", "recall")
    assert f1 is not None
    assert recall is not None
    assert f1.targets is recall.targets
    np.testing.assert_array_equal(f1.values, [np.nan, -0.0])
    np.testing.assert_array_equal(f1.missing, [True, False])
    np.testing.assert_array_equal(f1.targets.positions({"y": 7}), [-1, 7])
    pairs = table.block("a", None)
    assert pairs is not None
    np.testing.assert_array_equal(pairs.targets.positions({"x": 0, "y": 1}), [-1, -1])
    assert table.block("c", None) is None


def test_a_unit_counts_once_with_the_reason_of_its_first_component_that_is_missing() -> None:
    found = dict(ScoreTable.of(SCORES).metrics())
    assert reasons(found["b"]) == {"empty": 1, "error": 1}
    assert list(units_of(found["b"])) == [("x",), ("y",)]
    assert reasons(found["a"]) == {"unparsed": 1}
    assert ScoreTable.of(SCORES).failed == 2


def test_components_over_different_units_are_counted_over_all_of_them() -> None:
    table = ScoreTable.of([one("m", "x", component="f1"), one("m", "y", component="recall", value=None, status="error")])
    [(_, blocks)] = table.metrics()
    assert (len(units_of(blocks)), dict(reasons(blocks)), table.failed) == (2, {"error": 1}, 1)
