"""Items of the tasks as the models did them: every value, and the few items whose texts a page shows.

A task may have ten thousand items: texts of a few of them are shown, most drawn by chance, the others where the models differ
most. The draw depends on the items' keys and the seed alone, so every model shows the same ones.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from harness.errors import HarnessError
from harness.leaderboard.intervals import Draws
from harness.leaderboard.item_values import item_values
from harness.leaderboard.measured import Measured, measure_cell, on_scale
from harness.leaderboard.records import Board, Column, Item, Results, TaskResult

RESAMPLES = 2_000
_BY_CHANCE = 2 / 3


@dataclass(frozen=True)
class Chosen:
    """An item that the page shows: each model's answer, and whether chance or the models' difference chose it."""

    key: str
    differ: bool
    items: dict[str, Item]


@dataclass(frozen=True)
class TaskAnswers:
    """A task: by column and model what was measured, and each item's value by its key; `n`: items that any model has done."""

    task: str
    columns: tuple[Column, ...]
    models: tuple[str, ...]
    measured: Mapping[tuple[str, str], Measured]
    values: Mapping[tuple[str, str], Mapping[str, float]]
    draws: Draws
    n: int
    chosen: tuple[Chosen, ...]
    problems: tuple[str, ...]


def read_answers(board: Board, results: Results, models: Sequence[str], most: int) -> Iterator[TaskAnswers]:
    """Each task of the board in turn, with at most `most` items shown. Only one task's items are held at a time.

    Items that cannot be read are a problem that is named, not the end of the page.
    """
    for task in dict.fromkeys(column.task for column in board.columns):
        columns = tuple(column for column in board.columns if column.task == task)
        problems: list[str] = []
        items = {model: _items(results, model, task, problems) for model in models}
        draws = Draws(board.resamples or RESAMPLES, board.seed)
        measured = {
            (column.key, model): _measured(board, _result(results, model, task), column, list(some.values()), draws)
            for column in columns
            for model, some in items.items()
            if some
        }
        values = {
            (column.key, model): item_values(measured[column.key, model], items[model], column.metric)
            for column in columns
            for model in models
            if items[model]
        }
        keys = list(dict.fromkeys(key for some in items.values() for key in some))
        main = [values.get((columns[0].key, model), {}) for model in models]
        chosen = tuple(
            Chosen(key, differ, {model: some[key] for model, some in items.items() if key in some})
            for key, differ in _choose(keys, main, most, board.seed).items()
        )
        yield TaskAnswers(task, columns, tuple(models), measured, values, draws, len(keys), chosen, tuple(problems))


def _items(results: Results, model: str, task: str, problems: list[str]) -> dict[str, Item]:
    """The items that can be read, by key."""
    found: dict[str, Item] = {}
    try:
        for item in results.read_items(model, task):
            found[item.key] = item
    except HarnessError as error:
        problems.append(f"{model}, {task}: {error}")
    if not found:
        problems += results.items_notes.get((model, task), ())
    return found


def _result(results: Results, model: str, task: str) -> TaskResult:
    found = (one for one in results.results if (one.model, one.task) == (model, task))
    return next(found, TaskResult(model=model, task=task, values={}, items=0))


def _measured(board: Board, result: TaskResult, column: Column, items: Sequence[Item], draws: Draws) -> Measured:
    found = measure_cell(result, column.metric, items, column.task, draws, board.confidence)
    about = next((task for task in board.tasks if task.name == column.task), None)
    return found if about is None else on_scale(found, about, column.metric)


def _choose(keys: Sequence[str], values: Sequence[Mapping[str, float]], most: int, seed: int) -> dict[str, bool]:
    """The items to show, in the order of their draw: keys by chance (False), then where the models differ most (True)."""
    drawn = {key: sha256(f"{seed} {key}".encode("utf-8", "surrogatepass")).digest() for key in keys}
    if len(keys) <= most:
        return dict.fromkeys(sorted(keys, key=drawn.__getitem__), False)
    chance = heapq.nsmallest(max(1, round(most * _BY_CHANCE)), keys, key=drawn.__getitem__)
    taken = set(chance)
    gaps = {}
    for key in keys:
        known = [some[key] for some in values if key in some]
        if key not in taken and len(known) > 1 and max(known) > min(known):
            gaps[key] = max(known) - min(known)
    differ = heapq.nsmallest(most - len(chance), gaps, key=lambda key: (-gaps[key], drawn[key]))
    return {**dict.fromkeys(chance, False), **dict.fromkeys(differ, True)}
