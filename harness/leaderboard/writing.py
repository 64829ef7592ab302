"""Files of results as lm-eval writes them, one for each model and task, so that its tools read them too."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import InputError
from harness.leaderboard.records import ModelInfo
from harness.whole_files import replace_file

OWN = "harness"  # the key of what lm-eval's format has no place for
RESULTS = "results"


def folder_of(run_folder: Path, model: str) -> Path:
    """Where a model's results lie in a run folder."""
    return run_folder / RESULTS / model


def write_result(folder: Path, task: str, results: Mapping[str, Any], samples: Sequence[Mapping[str, Any]]) -> Path:
    """Writes `samples_<task>.jsonl` and then `results_<task>.json`, which says that the task is done; returns the latter."""
    from lm_eval.utils import hash_string

    folder.mkdir(parents=True, exist_ok=True)
    name = file_name(task)
    replace_file(folder / f"samples_{name}.jsonl", b"".join(_line(sample) for sample in samples))
    hashes = "".join(one["doc_hash"] + one["prompt_hash"] + one["target_hash"] for one in samples)
    path = folder / f"results_{name}.json"
    replace_file(path, _encoded({**results, "task_hashes": {task: hash_string(hashes)}}, indent=2))
    (folder / f"failed_{name}.json").unlink(missing_ok=True)
    return path


def write_failure(folder: Path, task: str, model: str, error: str, date: float) -> None:
    """Writes `failed_<task>.json`: why a model has no result."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {"model": model, "task": task, "error": error, "date": date}
    replace_file(folder / f"failed_{file_name(task)}.json", _encoded(told, indent=2))


def drop_result(folder: Path, task: str) -> None:
    """Takes away a result that does not hold any more; the replies that it was made of are kept elsewhere."""
    name = file_name(task)
    for path in (folder / f"results_{name}.json", folder / f"samples_{name}.jsonl"):
        path.unlink(missing_ok=True)


def own_part(folder: Path, task: str) -> dict[str, Any] | None:
    """What this program wrote of a result that is there and whole, None where there is none."""
    name = file_name(task)
    path = folder / f"results_{name}.json"
    if not path.is_file() or not (folder / f"samples_{name}.jsonl").is_file():
        return None
    try:
        found = json.loads(path.read_bytes())
        own = found[OWN] if isinstance(found, dict) else None
    except (ValueError, KeyError, RecursionError):
        return None  # it is not ours, or damaged: it is made anew, out of replies that are kept
    return own if isinstance(own, dict) else None


def own_of(
    model: ModelInfo, signature: str, spent: Mapping[str, Any], cost: float | None, notes: Sequence[str]
) -> dict[str, Any]:
    """The part of a result that lm-eval's format has no place for."""
    return {"model": msgspec.to_builtins(model), "signature": signature, **spent, "cost": cost, "notes": list(notes)}


def file_name(task: str) -> str:
    """The task's name as lm-eval writes it into file names; InputError for one that makes none."""
    from lm_eval.utils import sanitize_task_name

    name = sanitize_task_name(task)
    if not name:
        raise InputError(f"{task!r} is no name of a task")
    return name


def _line(sample: Mapping[str, Any]) -> bytes:
    """A sample as lm-eval writes it: requests by number, replies as texts."""
    from lm_eval.utils import sanitize_list

    arguments = {
        f"gen_args_{number}": {f"arg_{place}": part for place, part in enumerate(request)}
        for number, request in enumerate(sample["arguments"])
    }
    told = {**sample, "arguments": arguments, "target": str(sample["target"])}
    told |= {key: sanitize_list(sample[key]) for key in ("resps", "filtered_resps")}
    return _encoded(told) + b"\n"


def _encoded(value: Any, indent: int | None = None) -> bytes:
    """JSON, UTF-8; half characters of a model's answer are escaped, and numbers that JSON does not have are null."""
    from lm_eval.utils import handle_non_serializable

    plain = json.loads(json.dumps(value, default=handle_non_serializable), parse_constant=lambda name: None)
    try:
        return json.dumps(plain, ensure_ascii=False, indent=indent).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(plain, indent=indent).encode("ascii")
