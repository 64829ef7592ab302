"""A board in the schema of "Every Eval Ever" (EvalEval Coalition), version 0.3.0: one record for each model.

The schema has no place for trust, ranks and how much of a task was done; they stand in its free details, as texts.
"""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from harness.leaderboard.every_eval_ever_items import item_lines
from harness.leaderboard.lm_eval_files import encoded
from harness.leaderboard.records import Board, Cell, Column, ModelInfo, Results, TaskInfo, TaskResult, Trust

SCHEMA_VERSION = "0.3.0"
_INFINITE = "Infinity"  # how the schema writes it
_BOUNDS: dict[str, tuple[float, float | str]] = {
    **dict.fromkeys(("acc", "acc_norm", "acc_bytes", "exact_match", "em", "f1"), (0.0, 1.0)),
    **dict.fromkeys(("chrf", "chrf++", "bleu"), (0.0, 100.0)),
    **dict.fromkeys(("perplexity", "word_perplexity", "byte_perplexity", "character_perplexity"), (1.0, _INFINITE)),
    **dict.fromkeys(("bits_per_byte", "ter"), (0.0, _INFINITE)),
    "mcc": (-1.0, 1.0),
}
_HUB_NAME = re.compile(r"[\w.\-]+/[\w.\-]+")
_ARGUMENTS = {"temperature": "temperature", "top_p": "top_p", "top_k": "top_k", "max_gen_toks": "max_tokens"}


def every_eval_ever(
    board: Board, results: Results, *, retrieved: float, organization: str, relationship: str = "other", items: bool = False
) -> dict[str, bytes]:
    """Records by the path that the schema's collection asks for: `data/<board>/<developer>/<model>/<uuid>.json`.

    `retrieved`: seconds since 1970. `organization`: who made the board; `relationship`: of it to the models' makers
    (`first_party`, `third_party`, `collaborative`, `other`). A model without any value has no record; the uuid follows from
    the content. `items`: beside each record `<uuid>_samples.jsonl`, with every item's prompt, answer and value.
    """
    files = {}
    for info in board.models:
        record = _record(board, results, info, retrieved, organization, relationship)
        if not record["evaluation_results"]:
            continue
        developer, _, name = info.name.rpartition("/")
        digest = sha256(json.dumps(record, sort_keys=True).encode()).digest()
        home = "/".join(_part(part) for part in (board.name, developer or "unknown", name))
        place = f"data/{home}/{UUID(bytes=digest[:16], version=4)}"
        lines = [*item_lines(board, results, info.name, record["evaluation_id"], SCHEMA_VERSION)] if items else []
        if lines:
            path = f"{place}_samples.jsonl"
            files[path] = b"".join(lines)
            checksum = sha256(files[path]).hexdigest()
            told = {"format": "jsonl", "file_path": path, "hash_algorithm": "sha256", "checksum": checksum}
            record["detailed_evaluation_results"] = {**told, "total_rows": len(lines)}
        files[f"{place}.json"] = encoded(record)
    return files


def _record(
    board: Board, results: Results, info: ModelInfo, retrieved: float, organization: str, relationship: str
) -> dict[str, Any]:
    by_task = {one.task: one for one in results.results if one.model == info.name}
    columns = {column.key: column for column in board.columns}
    tasks = {task.name: task for task in board.tasks}
    cells = [cell for cell in board.cells if cell.model == info.name and cell.value is not None]
    dates = sorted(one.date for one in by_task.values() if one.date)
    versions = {one.settings["lm_eval_version"] for one in by_task.values() if one.settings.get("lm_eval_version")}
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"{board.name}/{info.name}/{retrieved}",
        **({"evaluation_timestamp": dates[-1]} if dates else {}),
        "retrieved_timestamp": str(retrieved),
        "source_metadata": {
            "source_name": board.name,
            "source_type": "evaluation_run",
            "source_organization_name": organization,
            "evaluator_relationship": relationship,
        },
        "eval_library": {"name": "lm_eval", "version": ", ".join(sorted(versions)) or "unknown"},
        "model_info": _model(info),
        "evaluation_results": [
            _result(board, cell, columns[cell.column], tasks[columns[cell.column].task], by_task[columns[cell.column].task])
            for cell in cells
        ],
    }


def _model(info: ModelInfo) -> dict[str, Any]:
    developer, _, _ = info.name.rpartition("/")
    source = info.meta.get("source")
    local = isinstance(source, str) and re.match(r"hf|vllm|sglang|gguf|transformers", source)
    details: dict[str, Any] = {"parameters": info.parameters, "digest": info.digest, "training": info.training}
    details |= {key: value for key, value in info.arguments.items() if key not in details}
    details |= {"deployment_type": "self_deployed" if local else "unknown", "model_availability": "unknown"}
    return {
        "name": info.name,
        "id": info.name,
        **({"developer": developer} if developer else {}),
        **({"inference_engine": {"name": source}} if isinstance(source, str) else {}),
        "additional_details": _texts(details),
    }


def _result(board: Board, cell: Cell, column: Column, task: TaskInfo, result: TaskResult) -> dict[str, Any]:
    metric = column.metric.partition(",")[0]
    bounds = _BOUNDS.get(metric)
    trust = _trust(column.trust)
    return {
        "evaluation_result_id": f"{cell.model}/{column.key}",
        "evaluation_name": task.name,
        "source_data": _source(task, result),
        **({"evaluation_timestamp": result.date} if result.date else {}),
        "metric_config": {
            "evaluation_description": f"{column.metric} on {task.name}",
            "metric_id": metric,
            "metric_name": column.metric,
            "lower_is_better": not column.higher_is_better,
            **({"score_type": "continuous", "min_score": bounds[0], "max_score": bounds[1]} if bounds else {}),
            "additional_details": _texts({"baseline": task.baseline, "ceiling": task.ceiling, **trust}),
        },
        "score_details": {
            "score": cell.value,
            "details": _texts(
                {
                    "status": cell.status, "rank": cell.rank, "rank_cluster": cell.cluster, "normalised": cell.normalised,
                    "seen_in_training": cell.seen, "note": cell.note,
                }
            ),
            "uncertainty": _uncertainty(board, cell, result.errors.get(column.metric)),
        },
        "generation_config": {
            "generation_args": _generation(result.settings.get("generation_kwargs", {})),
            "additional_details": _texts(
                {"num_fewshot": result.shots, "seconds": result.seconds, "tokens": result.tokens, "cost_usd": result.cost}
            ),
        },
    }  # fmt: skip


def _source(task: TaskInfo, result: TaskResult) -> dict[str, Any]:
    details = _texts(
        {"language": task.language, "form": task.form, "licence": task.licence, "version": task.version, "hash": task.hash}
    )
    dataset = result.settings.get("dataset")
    if isinstance(dataset, str) and _HUB_NAME.fullmatch(dataset):
        split = result.settings.get("split")
        return {
            "dataset_name": task.name,
            "source_type": "hf_dataset",
            "hf_repo": dataset,
            **({"hf_split": split} if isinstance(split, str) else {}),
            **({"samples_number": result.items} if result.items else {}),
            "additional_details": details,
        }
    return {"dataset_name": task.name, "source_type": "other", "additional_details": details}


def _uncertainty(board: Board, cell: Cell, error: float | None) -> dict[str, Any]:
    found: dict[str, Any] = {"num_samples": cell.items} if cell.items else {}
    if cell.low is not None and cell.high is not None:
        found["confidence_interval"] = {"lower": cell.low, "upper": cell.high, "confidence_level": board.confidence}
        found["num_bootstrap_samples"] = board.resamples
    if error is not None:
        found["standard_error"] = {"value": error}
    return found


def _trust(trust: Trust | None) -> dict[str, Any]:
    if trust is None:
        return {}
    return {
        "human_agreement": trust.verdict,
        "human_agreement_accuracy": trust.value,
        "human_agreement_low": trust.low,
        "human_agreement_high": trust.high,
        "human_agreement_floor": trust.floor,
        "human_agreement_judgments": ", ".join(trust.judgments) or None,
    }


def _generation(settings: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, name in _ARGUMENTS.items():
        value = settings.get(key)
        whole = name == "max_tokens"
        if (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and (not whole or (isinstance(value, int) and value > 0))
        ):
            found[name] = value
    return found


def _texts(details: Mapping[str, Any]) -> dict[str, str]:
    """What is known, as texts: the schema allows nothing else."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in details.items() if value is not None}


def _part(name: str) -> str:
    return re.sub(r"[^\w.\-]", "_", name).strip(".")[:100] or "unknown"
