"""Models that did the same documents are compared, however often a document comes again in one of them."""

import msgspec
import pytest
from boards import results_of

from harness.leaderboard.board import make_board
from harness.leaderboard.comparisons import swap
from harness.leaderboard.measures import Measure, find_measure
from harness.leaderboard.records import Board, Item
from harness.leaderboard.sharing import apart, shared


def measure(values: dict[str, float]) -> Measure:
    """`a`, `a#2`: a document and its repeat."""
    items = [
        Item(key=key, values={"s": value}, meta={"repeats": key[0], "cluster": key[0]} if "#" in key else {})
        for key, value in values.items()
    ]
    found = find_measure(items, "s", "mean", None)
    assert found is not None
    return found


def test_a_document_that_comes_again_in_one_of_them_stands_once_in_both() -> None:
    twice = measure({"a": 1.0, "b": 1.0, "a#2": 0.0, "c": 1.0})
    first, second = shared(twice, measure({"c": 0.0, "a": 0.0, "d": 1.0}))
    assert first.keys == second.keys == ("a", "c")
    assert (first.total, second.total) == (0.75, 0.0)  # the mean of 1 and 0, and 1
    assert apart(twice, measure({"c": 0.0, "a": 0.0, "d": 1.0})) == 2


def test_a_document_that_comes_again_in_both_keeps_its_weight() -> None:
    one = measure({"a": 1.0, "b": 0.0, "a#2": 1.0, "e": 0.0})
    first, second = shared(one, measure({"a": 0.0, "a#2": 0.0, "b": 1.0}))
    assert first.keys == second.keys == ("a", "b", "a#2")
    assert first.total == pytest.approx(2 / 3)


def test_the_order_of_the_lines_makes_no_difference() -> None:
    one, other = measure({"a": 1.0, "b": 0.0, "a#2": 0.0, "c": 1.0}), measure({"a": 0.0, "b": 0.0, "c": 0.0})
    turned = measure({"c": 1.0, "a": 1.0, "a#2": 0.0, "b": 0.0})
    differences = [found.difference for each in (one, turned) if (found := swap(each, other, "t", 200, 0)) is not None]
    assert differences == [0.5, 0.5]


def board(repeats: int) -> Board:
    """Two models on the same forty documents; the first did `repeats` of them twice."""
    results = results_of({"a": {"t": [1.0] * 38 + [0.0] * 2}, "b": {"t": [1.0] * 20 + [0.0] * 20}})

    def read_items(model: str, task: str):  # type: ignore[no-untyped-def]
        items = list(results.read_items(model, task))
        yield from items
        for item in items[:repeats] if model == "a" else ():
            yield msgspec.structs.replace(item, key=f"{item.key}#2", meta={"cluster": item.key, "repeats": item.key})

    first, second = results.results
    more = msgspec.structs.replace(first, values={"s": (38 + repeats) / (40 + repeats)}, items=40 + repeats)
    return make_board(msgspec.structs.replace(results, read_items=read_items, results=(more, second)), resamples=200)


def test_a_model_that_did_every_document_twice_has_its_rank() -> None:
    for repeats in (20, 38):
        made = board(repeats)
        assert {cell.model: (cell.rank, cell.cluster) for cell in made.cells} == {"a": (1, 1), "b": (2, 2)}
        assert {one.model: one.rank for one in made.standings} == {"a": 1, "b": 2}
        assert not any("different items" in one for one in made.warnings)
        assert any("different numbers of items" in one for one in made.warnings)
