"""The items behind a board in the schema of "Every Eval Ever" 0.3.0, a line for every model, item and column that has a value.

The schema asks of every item whether it is right. Metrics that are no yes or no have no such word: theirs is `false`, and
`metadata` says that it means nothing.
"""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

from harness.leaderboard.intervals import Draws
from harness.leaderboard.item_values import item_values
from harness.leaderboard.measured import measure_cell
from harness.leaderboard.records import Board, Column, Item, Results, TaskResult

_NO_WORD = "nothing: the metric knows no right and wrong"


def item_lines(board: Board, results: Results, model: str, evaluation_id: str, version: str) -> Iterator[bytes]:
    """The lines of a model's items, in the order of columns and items. Columns without items, and items without a value of the
    column, have none."""
    held = {cell.column for cell in board.cells if cell.model == model and cell.value is not None}
    tasks = dict.fromkeys(column.task for column in board.columns if column.key in held)
    by_task = {one.task: one for one in results.results if one.model == model}
    for task in tasks:
        items = {item.key: item for item in results.read_items(model, task)}
        for column in board.columns:
            if column.task == task and column.key in held and items:
                yield from _lines(
                    board, by_task[task], column, items, {"schema_version": version, "evaluation_id": evaluation_id}
                )


def _lines(board: Board, result: TaskResult, column: Column, items: dict[str, Item], head: dict[str, str]) -> Iterator[bytes]:
    draws = Draws(board.resamples or 100, board.seed)
    measured = measure_cell(result, column.metric, list(items.values()), column.task, draws, board.confidence)
    values = item_values(measured, items, column.metric)
    binary = column.higher_is_better and set(values.values()) <= {0.0, 1.0}  # of errors 1 is not right
    for key, value in values.items():
        line = head | _line(items[key], column, result.model, value, binary)
        yield json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def _line(item: Item, column: Column, model: str, value: float, binary: bool) -> dict[str, Any]:
    said, method, weights = _said(item, column)
    raw, reference = item.prompt or "", _references(item)
    about = {"key": item.key, **({"repeats": str(item.meta["repeats"])} if "repeats" in item.meta else {})}
    about |= {"log_likelihoods": json.dumps(weights)} if weights else {}
    about |= {} if binary else {"is_correct": _NO_WORD}
    return {
        "model_id": model,
        "evaluation_name": column.task,
        "evaluation_result_id": f"{model}/{column.key}",
        "sample_id": str(item.meta.get("doc_id", item.key)),
        "sample_hash": sample_hash(raw, reference),
        "interaction_type": "single_turn",
        "input": {"raw": raw, "reference": reference, **({"choices": list(item.choices)} if item.choices else {})},
        "output": {"raw": said},
        "answer_attribution": [
            {
                "turn_idx": 0,
                "source": "output.raw",
                "extracted_value": said[0] if said else "",
                "extraction_method": method,
                "is_terminal": True,
            }
        ],
        "evaluation": {"score": value, "is_correct": binary and value == 1.0},
        "metadata": about,
    }


def sample_hash(raw: str, reference: list[str]) -> str:
    """What tells an item whoever asked it, by the schema's own recipe."""
    text = json.dumps({"raw": raw, "reference": reference}, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _references(item: Item) -> list[str]:
    targets = item.meta.get("targets")
    if isinstance(targets, list):
        return [str(one) for one in targets]
    if item.target is None:
        return []
    places = _places(item.target, len(item.choices))
    if not places or _is_word(item, places[0]):
        return [item.target]
    return [item.choices[place] for place in places]


def _places(target: str, choices: int) -> list[int]:
    """The places by which lm-eval names right choices (`2`, `[0, 2]`); none where the target is something else."""
    try:
        told = json.loads(target)
    except (ValueError, RecursionError):
        return []
    places = told if isinstance(told, list) else [told]
    return places if all(type(place) is int and 0 <= place < choices for place in places) else []


def _is_word(item: Item, place: int) -> bool:
    """Whether a target that could be a place and a choice (`2` of 1, 2 and 3) is the choice: only if what the model chose would
    not be as right as it counted otherwise."""
    weights, counted = _weights(item), item.values.get("acc")
    if item.target not in item.choices or not weights or counted is None:
        return False
    chosen = weights.index(max(weights))
    return (chosen == place) != (counted == 1.0) and (item.choices[chosen] == item.target) == (counted == 1.0)


def _said(item: Item, column: Column) -> tuple[list[str], str, list[float]]:
    """What the model said, how that was taken from its reply, and its log-likelihoods of the choices where it chose."""
    weights = _weights(item)
    if weights:
        unit, length = _LENGTHS.get(column.metric.partition(",")[0], ("", _whole))
        each = [weight / max(1, length(choice)) for weight, choice in zip(weights, item.choices, strict=True)]
        return [item.choices[each.index(max(each))]], f"the choice of the highest log-likelihood{unit}", weights
    return list(item.answers), column.metric.partition(",")[2] or "none", []


def _whole(choice: str) -> int:
    return 1


def _bytes(choice: str) -> int:
    return len(choice.encode("utf-8", "backslashreplace"))


_LENGTHS: dict[str, tuple[str, Callable[[str], int]]] = {"acc_norm": (" a character", len), "acc_bytes": (" a byte", _bytes)}


def _weights(item: Item) -> list[float]:
    if not item.choices or len(item.choices) != len(item.answers):
        return []
    try:
        return [float(answer) for answer in item.answers]
    except ValueError:
        return []
