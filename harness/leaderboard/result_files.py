"""One file of lm-eval results, checked: what it says of its model, and of each task. Files from elsewhere are not trusted."""

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.leaderboard.file_tasks import TaskEntry, task_entry
from harness.leaderboard.file_values import LONGEST, count_of, finite, is_plain, object_at, text_of, without_half_characters
from harness.leaderboard.records import ModelInfo

# The order in which lm-eval looks for a model's name in its arguments.
_NAMING = ("peft", "delta", "pretrained", "model", "path", "engine")
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2}T[\d\-.:]+?)(?:\.jsonl?)?$")


@dataclass(frozen=True)
class ResultFile:
    """A file of results. `date`: in an order that sorts; `stamp`: as it stands in the file's name, which its samples share;
    `cluster`: by task, the column of its documents that says what belongs together."""

    path: Path
    model: ModelInfo
    date: str | None
    stamp: str | None
    tasks: dict[str, TaskEntry]
    clusters: dict[str, str]
    notes: tuple[str, ...] = ()

    def renamed(self, name: str) -> "ResultFile":
        """The same with another name of the model."""
        model = ModelInfo(
            name=name,
            arguments=self.model.arguments,
            digest=self.model.digest,
            parameters=self.model.parameters,
            training=self.model.training,
            meta=self.model.meta,
        )
        return replace(self, model=model)


def read_result_file(path: Path, data: bytes) -> ResultFile:
    """The file's content; InputError with file and key where it is no file of lm-eval results or has been damaged."""
    try:
        content = without_half_characters(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is no JSON ({error}): it may have been cut short; run the evaluation again or remove it"
        ) from None
    if not isinstance(content, dict) or not isinstance(content.get("results"), dict):
        raise InputError(f"{path} holds no lm-eval results: its key 'results' is to be an object with an entry a task")
    if not any(isinstance(content.get(key), dict) for key in ("versions", "configs", "config")):
        raise InputError(f"{path} holds no lm-eval results: 'versions', 'configs' and 'config' are all absent")
    own = object_at(content, "harness")
    notes: list[str] = []
    groups = _groups(content)
    single = len([task for task in content["results"] if task not in groups]) == 1
    tasks = {}
    for task, said in content["results"].items():
        if task in groups:
            continue
        if not isinstance(said, dict):
            raise InputError(f"{path}: results.{task[:80]} is to be an object, got {type(said).__name__}")
        entry = task_entry(content, own, task[:LONGEST], said, single, f"{path}: {task[:80]}", notes)
        if entry.values:
            tasks[entry.info.name] = entry
        else:
            notes.append(f"{path}: {task[:80]} holds no metric")
    if groups:
        notes.append(f"{path.name}: of the groups {', '.join(sorted(groups))[:200]} only the tasks in them count")
    said = own.get("notes")  # of our own runs: what a reader has to know of this result
    notes += (
        [f"{path.parent.name}, {path.stem}: {one[:LONGEST]}" for one in said if isinstance(one, str)][:20]
        if isinstance(said, list)
        else []
    )
    stamp = _DATE.search(path.name)
    clusters = {
        task: column for task in tasks if (column := text_of(object_at(content, "configs", task, "metadata").get("cluster")))
    }
    return ResultFile(
        path=path,
        model=_model(path, content, own),
        date=_date(content, stamp),
        stamp=stamp[1] if stamp else None,
        tasks=tasks,
        clusters=clusters,
        notes=tuple(notes),
    )


def _groups(content: dict[str, Any]) -> set[str]:
    """Names in `results` that put tasks together. Files before 0.4.2 say it by `groups` alone; a task lists itself or nothing."""
    said = {name for name, members in object_at(content, "group_subtasks").items() if members}
    return (said | set(object_at(content, "groups"))) - set(object_at(content, "configs"))


def _model(path: Path, content: dict[str, Any], own: dict[str, Any]) -> ModelInfo:
    about = object_at(own, "model")
    config = object_at(content, "config")
    arguments = config.get("model_args")
    parsed = arguments if isinstance(arguments, dict) else _arguments(arguments if isinstance(arguments, str) else "")
    name = text_of(about.get("name")) or text_of(content.get("model_name"))
    name = name or next((str(parsed[key]) for key in _NAMING if parsed.get(key)), None) or text_of(path.parent.name)
    if not text_of(about.get("name")) and name and name.startswith(("/", "./", "../", "~")):
        name = Path(name).name  # a folder of somebody's machine
    meta = {**object_at(about, "meta")}
    if text_of(config.get("model")):
        meta["source"] = text_of(config.get("model"))
    if own.get("signature"):
        meta["signature"] = text_of(own["signature"])
    seconds = finite(content.get("total_evaluation_time_seconds"))
    if seconds is not None and not own:
        meta["seconds"] = seconds
    parameters = count_of(about.get("parameters"))
    return ModelInfo(
        name=(name or "model")[:LONGEST],
        arguments=object_at(about, "arguments") or {str(key): value for key, value in parsed.items() if is_plain(value)},
        digest=text_of(about.get("digest")) or text_of(config.get("model_sha")),
        parameters=parameters if parameters is not None else count_of(config.get("model_num_parameters")),
        training=text_of(about.get("training")),
        meta=meta,
    )


def _arguments(text: str) -> dict[str, Any]:
    return dict(pair.split("=", 1) for pair in text[:LONGEST].split(",") if "=" in pair)


def _date(content: dict[str, Any], stamp: re.Match[str] | None) -> str | None:
    """When it was run: the time in the file's name, which tells two runs apart, else its `date`."""
    if stamp:
        day, _, time = stamp[1].partition("T")
        return f"{day}T{time.replace('-', ':')}"
    said = finite(content.get("date"))
    if said is None or not 0 <= said < 4e9:
        return None
    return datetime.fromtimestamp(said, UTC).isoformat()
