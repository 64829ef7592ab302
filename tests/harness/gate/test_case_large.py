"""The two ways of a cell, with and without making pairs, hold the same numbers in the shipped baseline."""

from pathlib import Path

from harness.gate.baseline import StatisticsBaseline, read_baseline

BASELINE = Path(__file__).parents[3] / "configs/gate/baseline.json"


def compared(one: StatisticsBaseline, other: StatisticsBaseline, columns: tuple[str, ...]) -> int:
    """How many rows both have; those are alike in the columns named."""
    shared = [name for name in one.rows if name in other.rows]
    for name in shared:
        for column in columns:
            place = one.columns.index(column)
            sides = [table.rows[name][place] if place < len(table.rows[name]) else None for table in (one, other)]
            if any(isinstance(side, float) for side in sides):
                assert sides[0] is not None, name
                assert sides[1] is not None, name
                assert abs(float(sides[0]) - float(sides[1])) < 1e-9, (name, column, sides)
            else:
                assert sides[0] == sides[1], (name, column, sides)
    return len(shared)


def test_values_epsilons_and_counts_are_those_of_the_pairs() -> None:
    tables = read_baseline(BASELINE).statistics
    shared = compared(
        tables["mixed/defaults"], tables["mixed/large-exact"], ("value", "n_items", "n_pairs", "epsilon", "coverage")
    )
    assert shared > 200
