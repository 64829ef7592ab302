"""One file of lm-eval results, checked: what it says of its model, and of each task. Files from elsewhere are not trusted."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.leaderboard.records import ModelInfo, TaskInfo

# The order in which lm-eval looks for a model's name in its arguments.
_NAMING = ("peft", "delta", "pretrained", "model", "path", "engine")
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2}T[\d\-.:]+?)(?:\.jsonl?)?$")
_LOWER = re.compile(r"perplexity|bits_per_byte|brier|^ter$|^wer$|^cer$|loss|error")
_NO_METRIC = frozenset({"alias", "name", "sample_len", "sample_count", " "})
_BYPASS = "bypass"  # lm-eval's placeholder, 999: no score
_SETTINGS = (
    "limit",
    "gen_kwargs",
    "batch_size",
    "device",
    "model_dtype",
    "use_cache",
    "random_seed",
    "numpy_seed",
    "fewshot_seed",
)
_HEAD = (
    "chat_template_sha",
    "system_instruction_sha",
    "fewshot_as_multiturn",
    "lm_eval_version",
    "transformers_version",
    "git_hash",
)
LONGEST = 2_000  # characters of a name or a word that a file from elsewhere says


@dataclass(frozen=True)
class TaskEntry:
    """A task in one file. `items`: None where the file does not say. `settings["metrics"]`: how each is put together, and which
    way is better."""

    info: TaskInfo
    values: dict[str, float | None]
    errors: dict[str, float | None]
    items: int | None
    partial: bool
    shots: int | None
    settings: dict[str, Any]
    seconds: float | None = None
    tokens: int | None = None
    cost: float | None = None


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
    own = _object(content, "harness")
    notes: list[str] = []
    groups = _groups(content)
    single = len([task for task in content["results"] if task not in groups]) == 1
    tasks = {}
    for task, said in content["results"].items():
        if task in groups:
            continue
        if not isinstance(said, dict):
            raise InputError(f"{path}: results.{task[:80]} is to be an object, got {type(said).__name__}")
        entry = _entry(content, own, task[:LONGEST], said, single, f"{path}: {task[:80]}", notes)
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
    clusters = {task: column for task in tasks if (column := _text(_object(content, "configs", task, "metadata").get("cluster")))}
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
    said = {name for name, members in _object(content, "group_subtasks").items() if members}
    return (said | set(_object(content, "groups"))) - set(_object(content, "configs"))


def _entry(
    content: dict[str, Any], own: dict[str, Any], task: str, said: dict[str, Any], single: bool, where: str, notes: list[str]
) -> TaskEntry:
    config = _object(content, "configs", task)
    values, errors = _values(said, where, notes)
    counts = _object(content, "n-samples", task)
    effective, original = _count(counts.get("effective")), _count(counts.get("original"))
    if effective is None:
        effective = _count(said.get("sample_len"))
    ways = _ways(content, config, task, values)
    head = {key: content[key] for key in _HEAD if _is_plain(content.get(key))}
    settings = {key: value for key, value in _object(content, "config").items() if key in _SETTINGS and value is not None}
    settings |= head | {"metrics": ways}
    info = _info(content, config, task, values, ways, where, notes)
    told = (
        ("version", info.version),
        ("hash", info.hash),
        ("original", original),
        ("dataset", _text(config.get("dataset_path"))),
        ("split", _text(config.get("test_split") or config.get("validation_split"))),
    )
    settings |= {key: value for key, value in told if value is not None}
    generation = config.get("generation_kwargs")
    if isinstance(generation, dict):
        settings["generation_kwargs"] = generation
    seconds = finite(own.get("seconds"))
    if seconds is None and single:  # of several tasks together lm-eval says one time
        seconds = finite(content.get("total_evaluation_time_seconds"))
    tokens = [_count(own.get(key)) for key in ("tokens_in", "tokens_out")]
    shots = _count(_object(content, "n-shot").get(task))
    return TaskEntry(
        info=info,
        values=values,
        errors=errors,
        items=effective,
        partial=effective is not None and original is not None and effective < original,
        shots=shots if shots is not None else _count(_object(content, "config").get("num_fewshot")),
        settings=settings,
        seconds=seconds,
        tokens=None if tokens == [None, None] else sum(count or 0 for count in tokens),
        cost=finite(own.get("cost")),
    )


def without_half_characters(value: Any) -> Any:
    """JSON whose texts can be written as UTF-8: half a character (a lone surrogate) becomes its escape."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [without_half_characters(one) for one in value]
    if isinstance(value, dict):
        return {without_half_characters(key): without_half_characters(one) for key, one in value.items()}
    return value


def metric_name(metric: str, chosen_by: str) -> str:
    """`acc` for the filter `none`, `exact_match,strict-match` for another: a name per metric and filter."""
    return metric if chosen_by in ("", "none") else f"{metric},{chosen_by}"


def _values(said: dict[str, Any], where: str, notes: list[str]) -> tuple[dict[str, float | None], dict[str, float | None]]:
    values: dict[str, float | None] = {}
    errors: dict[str, float | None] = {}
    for key, value in said.items():
        metric, _, chosen_by = key[:LONGEST].partition(",")
        if key in _NO_METRIC:
            continue
        if metric == _BYPASS or metric == f"{_BYPASS}_stderr":
            if metric == _BYPASS:
                notes.append(f"{where}: answers only, no score (predict_only)")
            continue
        number = finite(value)
        if metric.endswith("_stderr"):
            errors[metric_name(metric.removesuffix("_stderr"), chosen_by)] = number
        elif number is not None or value is None or isinstance(value, float):
            values[metric_name(metric, chosen_by)] = number
        elif not isinstance(value, (str, dict, list)):
            notes.append(f"{where}: {key[:80]} is no number")
    return values, {metric: errors.get(metric) for metric in values}


def _ways(
    content: dict[str, Any], config: dict[str, Any], task: str, values: Mapping[str, float | None]
) -> dict[str, dict[str, Any]]:
    """By metric: `aggregation` as the task names it, and `higher_is_better`."""
    listed = config.get("metric_list")
    by_name = {
        str(one["metric"]): one for one in listed if isinstance(one, dict) and "metric" in one
    } if isinstance(listed, list) else {}  # fmt: skip
    better = _object(content, "higher_is_better", task)
    ways = {}
    for name in values:
        metric = name.partition(",")[0]
        one = by_name.get(metric, {})
        higher = better.get(metric, one.get("higher_is_better"))
        ways[name] = {
            "aggregation": _text(one.get("aggregation")),
            "higher_is_better": higher if isinstance(higher, bool) else not _LOWER.search(metric),
        }
    return ways


def _info(
    content: dict[str, Any],
    config: dict[str, Any],
    task: str,
    values: Mapping[str, Any],
    ways: dict[str, Any],
    where: str,
    notes: list[str],
) -> TaskInfo:
    about = _object(config, "metadata")
    wanted = _text(about.get("metric"))
    names = list(values)
    main = next((name for name in names if name == wanted or name.partition(",")[0] == wanted), names[0] if names else None)
    version = _object(content, "versions").get(task)
    form, criteria = about.get("form"), about.get("criteria")
    for key in ("random_baseline", "baseline", "ceiling"):
        if about.get(key) is not None and finite(about[key]) is None:
            notes.append(f"{where}: metadata.{key} is no number")
    return TaskInfo(
        name=task,
        version=None if version is None or isinstance(version, (dict, list)) else str(version)[:LONGEST],
        language=_text(about.get("language")),
        form="short" if form == "short" else "long" if form == "long" else None,
        licence=_text(about.get("licence") or about.get("license")),
        metric=main,
        output_type=_text(config.get("output_type")),
        higher_is_better=ways[main]["higher_is_better"] if main else True,
        baseline=finite(about["random_baseline"] if about.get("random_baseline") is not None else about.get("baseline")),
        ceiling=finite(about.get("ceiling")),
        hash=_text(_object(content, "task_hashes").get(task)),
        description=_text(about.get("description")),
        kind=_text(about.get("kind")),
        criteria=tuple(str(one)[:LONGEST] for one in criteria) if isinstance(criteria, list) else (),
    )


def _model(path: Path, content: dict[str, Any], own: dict[str, Any]) -> ModelInfo:
    about = _object(own, "model")
    config = _object(content, "config")
    arguments = config.get("model_args")
    parsed = arguments if isinstance(arguments, dict) else _arguments(arguments if isinstance(arguments, str) else "")
    name = _text(about.get("name")) or _text(content.get("model_name"))
    name = name or next((str(parsed[key]) for key in _NAMING if parsed.get(key)), None) or _text(path.parent.name)
    if not _text(about.get("name")) and name and name.startswith(("/", "./", "../", "~")):
        name = Path(name).name  # a folder of somebody's machine
    meta = {**_object(about, "meta")}
    if _text(config.get("model")):
        meta["source"] = _text(config.get("model"))
    if own.get("signature"):
        meta["signature"] = _text(own["signature"])
    seconds = finite(content.get("total_evaluation_time_seconds"))
    if seconds is not None and not own:
        meta["seconds"] = seconds
    parameters = _count(about.get("parameters"))
    return ModelInfo(
        name=(name or "model")[:LONGEST],
        arguments=_object(about, "arguments") or {str(key): value for key, value in parsed.items() if _is_plain(value)},
        digest=_text(about.get("digest")) or _text(config.get("model_sha")),
        parameters=parameters if parameters is not None else _count(config.get("model_num_parameters")),
        training=_text(about.get("training")),
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


def _object(content: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """What lies under the keys, {} where it is absent or no object."""
    found: Any = content
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def finite(value: Any) -> float | None:
    """A finite number, also as text (lm-eval writes times so); None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _text(value: Any) -> str | None:
    return value[:LONGEST] if isinstance(value, str) and value else None


def _is_plain(value: Any) -> bool:
    return (
        value is not None and isinstance(value, (str, int, float, bool)) and (not isinstance(value, str) or len(value) <= LONGEST)
    )
