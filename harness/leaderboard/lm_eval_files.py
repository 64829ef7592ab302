"""A board as files in lm-eval's results format, which its own tools read, and `read_results` too."""

import json
import re
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

from harness.leaderboard.records import Board, Cell, Results, TaskResult


def lm_eval_files(board: Board, results: Results) -> dict[str, dict[str, Any]]:
    """By the file's path below a folder: one file of lm-eval results for each model, which lm-eval's own tools read.

    Values and standard errors are those reported; where none was, that of the board's interval: half of it over the normal
    quantile, so that other readers have one. Metrics that were computed here stand beside them, whole cells under `harness`. The
    files read back as results.
    """
    files = {}
    taken: set[str] = set()
    for model, info in results.models.items():
        rows = [one for one in results.results if one.model == model and one.values]
        rows = [one for one in rows if one.task in {task.name for task in board.tasks}]
        if not rows or model not in {shown.name for shown in board.models}:
            continue
        name = _folder_name(model, taken)
        cells = {cell.column: cell for cell in board.cells if cell.model == model}
        files[f"{name}/results_{name}.json"] = {
            "results": {one.task: _entry(board, one, cells) for one in rows},
            "group_subtasks": {},
            "configs": {one.task: _config(board, one) for one in rows},
            "versions": {one.task: one.settings.get("version") for one in rows},
            "n-shot": {one.task: one.shots for one in rows if one.shots is not None},
            "higher_is_better": {one.task: _higher(board, one) for one in rows},
            "n-samples": {one.task: {"original": one.settings.get("original"), "effective": one.items or None} for one in rows},
            "config": {
                "model": info.meta.get("source"),
                "model_args": info.arguments,
                "model_num_parameters": info.parameters,
                "model_sha": info.digest,
            },
            "model_name": model,
            "model_name_sanitized": name,
            "date": None,
            "task_hashes": {one.task: one.settings["hash"] for one in rows if "hash" in one.settings},
            "total_evaluation_time_seconds": _seconds(rows),
            "harness": {
                "model": {"name": model, "arguments": info.arguments, "digest": info.digest, "training": info.training},
                "board": board.name,
                "cells": {key: _plain(cell) for key, cell in cells.items()},
            },
        }
    return files


def _folder_name(model: str, taken: set[str]) -> str:
    """A name of a file that no model's name can turn into a path, one each."""
    base = re.sub(r"[^\w.\-]", "_", model).strip(".")[:100] or "model"
    name, number = base, 2
    while name.casefold() in taken:
        name, number = f"{base}_{number}", number + 1
    taken.add(name.casefold())
    return name


def _entry(board: Board, one: TaskResult, cells: Mapping[str, Cell]) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": one.task, "alias": one.task, "sample_len": one.items or None}
    values, errors = dict(one.values), dict(one.errors)
    for column in board.columns:
        if column.task == one.task and column.key in cells:
            values.setdefault(column.metric, cells[column.key].value)
            if errors.get(column.metric) is None:
                errors[column.metric] = _error(cells[column.key], board.confidence)
    for metric, value in values.items():
        base, _, chosen_by = metric.partition(",")
        error = errors.get(metric)
        entry[f"{base},{chosen_by or 'none'}"] = value
        entry[f"{base}_stderr,{chosen_by or 'none'}"] = "N/A" if error is None else error
    return entry


def _error(cell: Cell, confidence: float) -> float | None:
    if cell.low is None or cell.high is None:
        return None
    return (cell.high - cell.low) / 2 / NormalDist().inv_cdf((1 + confidence) / 2)


def _config(board: Board, one: TaskResult) -> dict[str, Any]:
    task = next(task for task in board.tasks if task.name == one.task)
    about = {
        "version": task.version, "language": task.language, "form": task.form, "licence": task.licence, "metric": task.metric,
        "random_baseline": task.baseline, "ceiling": task.ceiling, "kind": task.kind, "criteria": list(task.criteria),
    }  # fmt: skip
    ways = one.settings.get("metrics", {})
    return {
        "task": one.task,
        "output_type": task.output_type,
        "num_fewshot": one.shots,
        "metric_list": [{"metric": metric.partition(",")[0], **way} for metric, way in ways.items()],
        "metadata": {key: value for key, value in about.items() if value not in (None, [])},
    }


def _higher(board: Board, one: TaskResult) -> dict[str, bool]:
    found = {
        metric.partition(",")[0]: bool(way.get("higher_is_better", True))
        for metric, way in one.settings.get("metrics", {}).items()
    }
    return found | {
        column.metric.partition(",")[0]: column.higher_is_better for column in board.columns if column.task == one.task
    }


def _seconds(rows: list[TaskResult]) -> str | None:
    known = [one.seconds for one in rows if one.seconds is not None]
    return str(sum(known)) if known else None


def _plain(cell: Cell) -> dict[str, Any]:
    import msgspec

    return {
        key: value for key, value in msgspec.to_builtins(cell).items() if key not in ("model", "column") and value is not None
    }


def encoded(content: Any) -> bytes:
    """JSON as lm-eval writes it: indented, UTF-8; half a character of a model's name is escaped."""
    try:
        return json.dumps(content, ensure_ascii=False, indent=2).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(content, indent=2).encode() + b"\n"
