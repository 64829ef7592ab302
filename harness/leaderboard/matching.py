"""What has to be equal before ratings say something of a column: the metric, the language, and the kind of task or its form."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
import yaml

from harness.leaderboard.evidence import Evidence
from harness.leaderboard.records import TaskInfo

_NAMES = Path(__file__).parent / "metric_names.yaml"
_CHOICES = ("multiple_choice", "loglikelihood")
_ROLLING = "loglikelihood_rolling"


class TextMetric(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of lm-eval's metrics as a signature; `note`: how its number for a task differs from a mean over answers."""

    signature: str
    note: str | None = None


class MetricNames(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What lm-eval's names stand for (`metric_names.yaml`)."""

    versions: tuple[str, ...]
    by_key: tuple[str, ...]
    by_equal_text: tuple[str, ...]
    of_text: tuple[str, ...]
    text: Mapping[str, TextMetric]


@cache
def metric_names() -> MetricNames:
    """The table of names that ships."""
    return msgspec.convert(yaml.safe_load(_NAMES.read_text(encoding="utf-8")), MetricNames)


def kind_of(metric: str, output_type: str | None) -> Literal["key", "equal-text", "of-text", "answer"]:
    """What a metric of lm-eval does in a task of that type: compares a choice with the key, or a written answer with it; says how
    likely a text is; or scores an answer, which is what people can be asked about."""
    names, name = metric_names(), metric.partition(",")[0]
    if output_type == _ROLLING or name in names.of_text:
        return "of-text"
    if output_type in _CHOICES or (output_type is None and name in names.by_key):  # old results do not say their type
        return "key"
    return "equal-text" if name in names.by_equal_text else "answer"


def same_metric(own: str, rated: str) -> tuple[bool, str | None]:
    """Whether two signatures are of one metric, and what to say where they differ in the version of a library."""
    if own == rated:
        return True, None
    ours, theirs = _parts(own), _parts(rated)
    if {key: value for key, value in ours.items() if key not in metric_names().versions} != {
        key: value for key, value in theirs.items() if key not in metric_names().versions
    }:
        return False, None
    other = [
        f"{key} {theirs[key]}" for key in metric_names().versions if key in ours and key in theirs and ours[key] != theirs[key]
    ]
    return True, f"rated with {', '.join(other)}" if other else None


def same_language(one: str, other: str) -> bool:
    """Whether two BCP-47 tags are of one language, written in one script where both say it; regions do not count."""
    (first, script), (second, other_script) = _language(one), _language(other)
    return first == second and (script is None or other_script is None or script == other_script)


def closeness(task: TaskInfo, evidence: Evidence) -> Literal["task", "form"] | None:
    """Whether the answers that were rated are of the task's kind (or to this very task), or at least of its form; else None.

    Both in the same language. Answers of another form than the task's are not of its kind, whatever it is called.
    """
    if task.language is None or not same_language(task.language, evidence.language):
        return None
    if task.form is not None and evidence.form is not None and task.form != evidence.form:
        return None
    if evidence.task is not None and evidence.task in (task.kind, task.name):
        return "task"
    return "form" if task.form is not None and task.form == evidence.form else None


def _parts(signature: str) -> dict[str, str]:
    name, *rest = signature.split("|")
    return {"": name, **{key: value for key, _, value in (part.partition(":") for part in rest)}}


def _language(tag: str) -> tuple[str, str | None]:
    first, *rest = tag.replace("_", "-").split("-")
    return first.lower(), next((part.title() for part in rest if len(part) == 4 and part.isalpha()), None)
