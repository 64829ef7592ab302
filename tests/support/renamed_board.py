"""The hand-made board and results with every text of them replaced, equal ones by equal ones, so that all still fits together."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from boards import hand_made_board, hand_made_results

from harness.leaderboard.records import Board, Item, Results

FIXED = {"verdict", "status", "form"}  # fields with words of a fixed set
FREE = {"arguments", "meta", "made", "values"}  # fields whose keys are texts, too
KEPT = {"parts", "cluster"}
TASKS = {"sv_choice": "choice", "sv_translate": "says"}  # the board's tasks by their name in the results
MODELS = {"tuned": "a", "untuned": "b"}


def renamed_board(text: Callable[[str], str]) -> tuple[Board, Results]:
    """A text T becomes `text(T)`, which is to be another one for every T; numbers stay."""
    made = hand_made_results()
    tasks = {text(name): old for name, old in TASKS.items()}
    models = {text(name): old for name, old in MODELS.items()}

    def read_items(model: str, task: str) -> Iterator[Item]:
        if model in models and task in tasks:
            for item in made.read_items(models[model], tasks[task]):
                yield msgspec.convert(_walk(msgspec.to_builtins(item), text), Item)

    few = msgspec.structs.replace(hand_made_board(), resamples=50)
    board = msgspec.convert(_walk(msgspec.to_builtins(few), text), Board)
    return board, Results(models={}, tasks={}, results=(), read_items=read_items)


def _walk(value: Any, text: Callable[[str], str], field: str = "", free: bool = False) -> Any:
    if isinstance(value, str):
        return value if field in FIXED or value.lstrip("-").replace(".", "").isdigit() else text(value)
    if isinstance(value, dict):
        return {
            text(key) if free and key not in KEPT else key: _walk(one, text, "" if free else key, free or key in FREE)
            for key, one in value.items()
        }
    return [_walk(one, text, field, free) for one in value] if isinstance(value, (list, tuple)) else value
