"""Models that did other items are told, and are not ranked against each other."""

import msgspec
from boards import results_of

from harness.leaderboard.board import make_board
from harness.leaderboard.differing import differing_items, pairs_alike
from harness.leaderboard.records import Board


def keys(first: int, last: int) -> tuple[str, ...]:
    return tuple(map(str, range(first, last)))


def test_pairs_share_nine_tenths_of_the_items_of_each() -> None:
    given = {"a": keys(0, 100), "b": keys(10, 100), "c": keys(11, 100), "d": keys(0, 100)[::-1]}
    assert pairs_alike(given) == [("a", "b"), ("a", "d"), ("b", "c"), ("b", "d")]


def test_items_are_told_apart_by_key_not_by_number() -> None:
    said = differing_items("t", {"a": keys(0, 40), "b": keys(20, 60), "c": ()})
    assert "t: models did different items (20 of 60 were done by all of them)" in said[0]
    assert differing_items("t", {"a": keys(0, 40), "b": keys(0, 40)[::-1], "c": ()}) == []


def board_of(shift: int) -> Board:
    """Two models on forty items each, those of the second that many places on."""
    results = results_of({"a": {"t": [1.0] * 20 + [0.0] * 20}, "b": {"t": [1.0] * 38 + [0.0] * 2}})

    def read_items(model: str, task: str):  # type: ignore[no-untyped-def]
        for item in results.read_items(model, task):
            yield msgspec.structs.replace(item, key=str(int(item.key) + shift * (model == "b")))

    return make_board(msgspec.structs.replace(results, read_items=read_items), resamples=200)


def test_models_on_other_items_have_no_ranks_and_the_board_says_why() -> None:
    for shift in (20, 40):
        board = board_of(shift)
        assert {cell.rank for cell in board.cells} == {None}
        assert {one.rank for one in board.standings} == {None}
        assert any("t: models did different items" in one for one in board.warnings)
        assert all("no rank" in str(cell.note) for cell in board.cells)
        assert all("no rank: not compared with every other model on t" in str(one.note) for one in board.standings)


def test_a_few_other_items_leave_the_ranks_with_a_warning() -> None:
    board = board_of(1)
    assert {cell.model: cell.rank for cell in board.cells} == {"a": 2, "b": 1}
    assert any("39 of 41" in one for one in board.warnings)


def test_the_same_items_are_no_news() -> None:
    assert not any("different items" in one for one in board_of(0).warnings)
