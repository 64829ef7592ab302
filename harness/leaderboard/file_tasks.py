"""What a file of lm-eval results says of one of its tasks: values and errors by metric, how it was done, what it is about."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.leaderboard.file_values import LONGEST, count_of, finite, is_plain, object_at, text_of
from harness.leaderboard.records import TaskInfo

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


def task_entry(
    content: dict[str, Any], own: dict[str, Any], task: str, said: dict[str, Any], single: bool, where: str, notes: list[str]
) -> TaskEntry:
    """The entry of `task`, of which the file says `said`; `own`: what this harness wrote beside it; `single`: the file holds no
    other task; `where` and `notes`: for what is no number."""
    config = object_at(content, "configs", task)
    values, errors = _values(said, where, notes)
    counts = object_at(content, "n-samples", task)
    effective, original = count_of(counts.get("effective")), count_of(counts.get("original"))
    if effective is None:
        effective = count_of(said.get("sample_len"))
    ways = _ways(content, config, task, values)
    head = {key: content[key] for key in _HEAD if is_plain(content.get(key))}
    settings = {key: value for key, value in object_at(content, "config").items() if key in _SETTINGS and value is not None}
    settings |= head | {"metrics": ways}
    info = _info(content, config, task, values, ways, where, notes)
    told = (
        ("version", info.version),
        ("hash", info.hash),
        ("original", original),
        ("dataset", text_of(config.get("dataset_path"))),
        ("split", text_of(config.get("test_split") or config.get("validation_split"))),
    )
    settings |= {key: value for key, value in told if value is not None}
    generation = config.get("generation_kwargs")
    if isinstance(generation, dict):
        settings["generation_kwargs"] = generation
    seconds = finite(own.get("seconds"))
    if seconds is None and single:  # of several tasks together lm-eval says one time
        seconds = finite(content.get("total_evaluation_time_seconds"))
    tokens = [count_of(own.get(key)) for key in ("tokens_in", "tokens_out")]
    shots = count_of(object_at(content, "n-shot").get(task))
    return TaskEntry(
        info=info,
        values=values,
        errors=errors,
        items=effective,
        partial=effective is not None and original is not None and effective < original,
        shots=shots if shots is not None else count_of(object_at(content, "config").get("num_fewshot")),
        settings=settings,
        seconds=seconds,
        tokens=None if tokens == [None, None] else sum(count or 0 for count in tokens),
        cost=finite(own.get("cost")),
    )


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
    better = object_at(content, "higher_is_better", task)
    ways = {}
    for name in values:
        metric = name.partition(",")[0]
        one = by_name.get(metric, {})
        higher = better.get(metric, one.get("higher_is_better"))
        ways[name] = {
            "aggregation": text_of(one.get("aggregation")),
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
    about = object_at(config, "metadata")
    wanted = text_of(about.get("metric"))
    names = list(values)
    main = next((name for name in names if name == wanted or name.partition(",")[0] == wanted), names[0] if names else None)
    version = object_at(content, "versions").get(task)
    form, criteria = about.get("form"), about.get("criteria")
    for key in ("random_baseline", "baseline", "ceiling"):
        if about.get(key) is not None and finite(about[key]) is None:
            notes.append(f"{where}: metadata.{key} is no number")
    return TaskInfo(
        name=task,
        version=None if version is None or isinstance(version, (dict, list)) else str(version)[:LONGEST],
        language=text_of(about.get("language")),
        form="short" if form == "short" else "long" if form == "long" else None,
        licence=text_of(about.get("licence") or about.get("license")),
        metric=main,
        output_type=text_of(config.get("output_type")),
        higher_is_better=ways[main]["higher_is_better"] if main else True,
        baseline=finite(about["random_baseline"] if about.get("random_baseline") is not None else about.get("baseline")),
        ceiling=finite(about.get("ceiling")),
        hash=text_of(object_at(content, "task_hashes").get(task)),
        description=text_of(about.get("description")),
        kind=text_of(about.get("kind")),
        criteria=tuple(str(one)[:LONGEST] for one in criteria) if isinstance(criteria, list) else (),
    )
