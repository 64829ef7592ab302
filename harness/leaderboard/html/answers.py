"""Items of the tasks as the models did them: every value, and the few items whose texts a page shows.

A task may have ten thousand items: texts of a few of them are kept, most drawn by chance, the others where the models differ
most. The draw depends on the items' keys and the seed alone, so every model shows the same ones.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError
from harness.leaderboard.records import Board, Column, Item, Results
from harness.report.html.text import finite

_BY_CHANCE = 2 / 3


@dataclass(frozen=True)
class Chosen:
    """An item that the page shows: each model's answer, and whether chance or the models' difference chose it."""

    key: str
    differ: bool
    items: dict[str, Item]


@dataclass(frozen=True)
class TaskAnswers:
    """A task: `values` by column, shape (models, items), nan where a model has none; `clusters`: of each item, by number;
    `n`: items that any model has done."""

    task: str
    columns: tuple[Column, ...]
    models: tuple[str, ...]
    values: dict[str, NDArray[np.float64]]
    clusters: NDArray[np.int64]
    n: int
    chosen: tuple[Chosen, ...]
    problems: tuple[str, ...]


def read_answers(board: Board, results: Results, models: Sequence[str], most: int) -> Iterator[TaskAnswers]:
    """Each task of the board in turn, with at most `most` items shown. Only one task's values are held at a time.

    Items that cannot be read are a problem that is named, not the end of the page.
    """
    for task in dict.fromkeys(column.task for column in board.columns):
        columns = tuple(column for column in board.columns if column.task == task)
        places: dict[str, int] = {}
        clusters: dict[str, str] = {}
        found: dict[str, dict[int, tuple[float, ...]]] = {}
        problems: list[str] = []
        for model in models:
            found[model] = {}
            for key, item in _items(results, model, task, problems):
                clusters.setdefault(key, str(item.meta.get("cluster", key)))
                numbers = (finite(item.values.get(column.metric)) for column in columns)
                found[model][places.setdefault(key, len(places))] = tuple(np.nan if n is None else n for n in numbers)
        values = {column.key: np.full((len(models), len(places)), np.nan) for column in columns}
        for row, model in enumerate(models):
            for place, numbers_ in found[model].items():
                for column, number in zip(columns, numbers_, strict=True):
                    values[column.key][row, place] = number
        keys = _choose(list(places), next(iter(values.values())), most, board.seed)
        shown: dict[str, dict[str, Item]] = {key: {} for key in keys}
        for model in models if keys else ():
            for key, item in _items(results, model, task, []):
                if key in shown:
                    shown[key][model] = item
        chosen = tuple(Chosen(key, differ, shown[key]) for key, differ in keys.items())
        numbered = np.unique(np.array([clusters[key] for key in places], dtype=object), return_inverse=True)[1]
        yield TaskAnswers(task, columns, tuple(models), values, numbered.astype(np.int64), len(places), chosen, tuple(problems))


def _items(results: Results, model: str, task: str, problems: list[str]) -> Iterator[tuple[str, Item]]:
    """The items that can be read, each with its key; one that comes again has its number behind it."""
    times: dict[str, int] = {}
    try:
        for item in results.read_items(model, task):
            times[item.key] = times.get(item.key, 0) + 1
            yield item.key if times[item.key] == 1 else f"{item.key}#{times[item.key]}", item
    except HarnessError as error:
        problems.append(f"{model}, {task}: {error}")


def _choose(keys: Sequence[str], values: NDArray[np.float64], most: int, seed: int) -> dict[str, bool]:
    """The items to show, in the order of their draw: keys by chance (False), then where the models differ most (True)."""
    drawn = {key: sha256(f"{seed} {key}".encode("utf-8", "surrogatepass")).digest() for key in keys}
    if len(keys) <= most:
        return dict.fromkeys(sorted(keys, key=drawn.__getitem__), False)
    chance = heapq.nsmallest(max(1, round(most * _BY_CHANCE)), keys, key=drawn.__getitem__)
    known = np.isfinite(values)
    low, high = np.where(known, values, np.inf).min(axis=0), np.where(known, values, -np.inf).max(axis=0)
    gap = {key: high[i] - low[i] for i, key in enumerate(keys) if known[:, i].any() and high[i] > low[i]}
    taken = set(chance)
    left = (key for key in gap if key not in taken)
    differ = heapq.nsmallest(most - len(chance), left, key=lambda key: (-gap[key], drawn[key]))
    return {**dict.fromkeys(chance, False), **dict.fromkeys(differ, True)}
