"""A cell's value is the reported one, and what is missing stays missing."""

from collections.abc import Sequence

import msgspec
import pytest
from boards import results_of

from harness.leaderboard.board import make_board
from harness.leaderboard.intervals import Draws
from harness.leaderboard.measured import Measured, measure_cell
from harness.leaderboard.records import Item, Results, TaskResult


def measured(values: Sequence[float | None], **reported: float | None) -> Measured:
    items = [Item(key=str(place), values={"s": value}) for place, value in enumerate(values)]
    return measure_cell(
        TaskResult(model="m", task="t", values=dict(reported), items=len(items)), "s", items, "t", Draws(200, 0), 0.95
    )


def test_a_value_reported_to_be_none_stays_missing_whatever_the_items_say() -> None:
    found = measured([1.0] * 20 + [None] * 20, s=None)
    assert (found.value, found.measure) == (None, None)
    assert found.note == "the reported value is no finite number"


def test_a_metric_that_nothing_was_reported_of_is_computed_of_the_items() -> None:
    assert measured([1.0, 0.0, 1.0, 1.0]).value == pytest.approx(0.75)


def test_items_without_a_value_keep_a_value_from_counting() -> None:
    found = measured([1.0] * 20 + [None] * 20, s=1.0)
    assert (found.value, found.unfit) == (1.0, "20 of 40 items have no value")
    assert measured([1.0] * 20, s=1.0).unfit is None


def crashed(reported: float | None) -> Results:
    """A model that is right on twenty items and fails on twenty, beside one that is right on thirty of forty."""
    results = results_of({"honest": {"t": [1.0] * 30 + [0.0] * 10}, "crasher": {"t": [1.0] * 40}})
    values = msgspec.structs.replace(results.results[1], values={"s": reported})

    def read_items(model: str, task: str):  # type: ignore[no-untyped-def]
        for place, item in enumerate(results.read_items(model, task)):
            lost = model == "crasher" and place >= 20
            yield msgspec.structs.replace(item, values={"s": None}) if lost else item

    return msgspec.structs.replace(results, results=(results.results[0], values), read_items=read_items)


@pytest.mark.parametrize("reported", [None, 1.0])
def test_a_model_does_not_rise_by_items_that_failed(reported: float | None) -> None:
    board = make_board(crashed(reported), resamples=200)
    cell = next(cell for cell in board.cells if cell.model == "crasher")
    assert (cell.value, cell.rank, cell.normalised) == (reported, None, None)
    assert cell.status == ("missing" if reported is None else "ok")
    assert cell.note
    assert [one.model for one in board.standings] == ["honest", "crasher"]
    assert board.standings[1].mean is None
    assert board.standings[1].rank is None
    assert reported is None or any("crasher on t/s: 20 of 40 items have no value" in one for one in board.warnings)
