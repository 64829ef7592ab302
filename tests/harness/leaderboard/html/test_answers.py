"""Which items of a task a page shows, and what a metric of the whole task says of one item."""

from collections.abc import Iterator
from math import exp

import pytest

from harness.leaderboard.html.answers import read_answers
from harness.leaderboard.html.items import cut_middle
from harness.leaderboard.html.pairs import pairs_shown
from harness.leaderboard.records import Board, Cell, Column, Item, Results


def board(metric: str = "acc", items: int = 0, models: int = 0) -> Board:
    key = f"task/{metric}"
    cells = tuple(Cell(model=f"m{n}", column=key, value=0.5, items=items) for n in range(models))
    return Board(
        name="b",
        models=(),
        tasks=(),
        columns=(Column(key=key, task="task", metric=metric),),
        cells=cells,
        standings=(),
        resamples=20,
    )


def results(items: dict[str, list[Item]]) -> Results:
    def read_items(model: str, task: str) -> Iterator[Item]:
        return iter(items[model])

    return Results(models={}, tasks={}, results=(), read_items=read_items)


def scored(values: list[float]) -> list[Item]:
    return [Item(key=f"item {number}", values={"acc": value}) for number, value in enumerate(values)]


def test_every_item_is_shown_where_they_are_few() -> None:
    [found] = read_answers(board(), results({"a": scored([0, 1, 1])}), ["a"], most=3)
    assert sorted(one.key for one in found.chosen) == ["item 0", "item 1", "item 2"]
    assert found.n == 3


def test_of_many_two_thirds_are_drawn_by_chance_and_the_rest_is_where_models_differ_most() -> None:
    same = [0.5] * 1000
    other = [0.5] * 990 + [0.0] * 5 + [0.4] * 5
    [found] = read_answers(board(), results({"a": scored(same), "b": scored(other)}), ["a", "b"], most=12)
    by_chance = [one for one in found.chosen if not one.differ]
    differing = {one.key for one in found.chosen if one.differ}
    assert (len(by_chance), len(differing), found.n) == (8, 4, 1000)
    assert differing <= {f"item {number}" for number in range(990, 995)}
    assert all(set(one.items) == {"a", "b"} for one in found.chosen)


def test_the_items_drawn_do_not_depend_on_the_models_or_on_the_order_of_items() -> None:
    items = scored([0.5] * 200)
    forth = next(read_answers(board(), results({"a": items}), ["a"], most=9)).chosen
    back = next(read_answers(board(), results({"b": items[::-1]}), ["b"], most=9)).chosen
    assert [one.key for one in forth] == [one.key for one in back]
    assert [one.key for one in forth] != [f"item {number}" for number in range(6)]


def test_an_item_has_the_perplexity_and_the_chrf_that_it_would_have_alone() -> None:
    prose = [Item(key="1", meta={"parts": {"ppl": [-20.0, 10.0]}}), Item(key="2", meta={"parts": {"ppl": [-60.0, 20.0]}})]
    [found] = read_answers(
        board("character_perplexity"), results({"a": [rename(one, "ppl", "character_perplexity") for one in prose]}), ["a"], 9
    )
    assert found.values["task/character_perplexity", "a"] == pytest.approx({"1": exp(2), "2": exp(3)})
    said = [
        Item(key="1", meta={"parts": {"chrf": ["hej på dig", "hej på dig"]}}),
        Item(key="2", meta={"parts": {"chrf": ["hej", "zzz"]}}),
    ]
    [found] = read_answers(board("chrf"), results({"a": said}), ["a"], 9)
    assert found.values["task/chrf", "a"] == pytest.approx({"1": 100.0, "2": 0.0})


def rename(item: Item, old: str, new: str) -> Item:
    return Item(key=item.key, meta={"parts": {new: item.meta["parts"][old]}})


def test_a_long_prompt_keeps_its_beginning_and_its_end() -> None:
    assert cut_middle("a" * 500 + "b" * 500, 10) == f"{'a' * 4} … (990 characters left out) … {'b' * 6}"
    assert cut_middle("kort", 10) == "kort"


def test_pairs_of_the_first_models_are_shown_as_far_as_a_page_and_its_reader_bear() -> None:
    assert len(pairs_shown(board(items=500, models=5), 5)) == 10
    many = pairs_shown(board(items=100, models=100), 100)
    assert 1_900 < len(many) <= 2_000
    assert many[-1] == (61, 62)
    assert len(pairs_shown(board(items=10_000_000, models=9), 9)) == 1
