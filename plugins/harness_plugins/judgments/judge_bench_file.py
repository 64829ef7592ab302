"""A file of JUDGE-BENCH's schema, read and checked: what was rated, on which criteria, and every person's score.

Bavaresco et al., LLMs instead of Human Judges? A Large Scale Empirical Study across 20 NLP Evaluation Tasks, ACL 2025
(arXiv 2406.18403).
A file holds `dataset`, `annotations` (criteria: `metric`, `category`, and `worst` and `best` or `labels_list`) and `instances`:
`id`, `instance` (a text, or texts by name), and per criterion `individual_human_scores`, `mean_human` and `majority_human`.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

from harness.errors import InputError, did_you_mean
from harness.records import Scale
from harness.whole_files import read_file

MEAN, MAJORITY, SCORES = "mean_human", "majority_human", "individual_human_scores"
Given = float | str | None


@dataclass(frozen=True)
class Criterion:
    """One entry of `annotations`. Graded ones have a scale (turned down where `worst` is above `best`), others their labels."""

    name: str
    scale: Scale | None
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Answers:
    """What was said of one instance on one criterion: a score a person (a number or a label), and the file's own aggregates."""

    scores: tuple[Given, ...]
    mean: float | None
    majority: Given


@dataclass(frozen=True)
class Instance:
    """One thing that was judged. `texts`: its texts by name; `text` is the whole instance where it is one text."""

    index: int
    id: str
    text: str | None
    texts: Mapping[str, str]
    answers: Mapping[str, Answers]


@dataclass(frozen=True)
class JudgeFile:
    """The file's criteria by name and its instances, both in its order."""

    path: Path
    dataset: str
    criteria: Mapping[str, Criterion]
    instances: tuple[Instance, ...]

    def place(self, instance: Instance) -> str:
        """`FILE.json: instances[3] (id 7)`."""
        return f"{self.path}: instances[{instance.index}] (id {instance.id})"


@dataclass(frozen=True)
class Deviation:
    """A `mean_human` of the file that is not the mean of its individual scores: `mean` is the recomputed one."""

    instance: str
    criterion: str
    scores: int
    mean: float
    in_file: float


def read_judge_file(path: str | Path) -> JudgeFile:
    """The file; raises InputError naming the file, the index and the key of the first thing that is wrong."""
    path = Path(path).expanduser()
    data = _load(path)
    criteria = {criterion.name: criterion for criterion in _criteria(path, data)}
    instances = tuple(_instances(path, data, criteria))
    return JudgeFile(path, str(data.get("dataset", path.stem)), criteria, instances)


def deviating_means(file: JudgeFile, tolerance: float = 1e-9) -> list[Deviation]:
    """Where `mean_human` differs from the mean of the individual scores by more than the tolerance, in the file's order."""
    found = []
    for instance in file.instances:
        for name, answers in instance.answers.items():
            numbers = [score for score in answers.scores if isinstance(score, float)]
            if answers.mean is None or not numbers:
                continue
            mean = math.fsum(numbers) / len(numbers)
            if abs(mean - answers.mean) > tolerance:
                found.append(Deviation(instance.id, name, len(numbers), mean, answers.mean))
    return found


def _load(path: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(read_file(path).removeprefix(b"\xef\xbb\xbf"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}: not JSON: {error.msg} (column {error.colno})") from error
    except ValueError as error:  # Python reads whole numbers of up to 4,300 digits
        raise InputError(f"{path}: a number is too long to be read") from error
    except RecursionError as error:
        raise InputError(f"{path}: brackets are nested too deeply to be read") from error
    for key in ("annotations", "instances"):
        if not isinstance(data, dict) or not isinstance(data.get(key), list):
            raise InputError(f"{path}: not a file of JUDGE-BENCH's schema: the key {key!r} with a list is missing")
    return data


def _criteria(path: Path, data: Mapping[str, Any]) -> Iterator[Criterion]:
    seen: set[str] = set()
    for index, declared in enumerate(data["annotations"]):
        where = f"{path}: annotations[{index}]"
        name = declared.get("metric") if isinstance(declared, dict) else None
        if not isinstance(name, str) or not name.strip():
            raise InputError(f"{where}: the key 'metric' with the criterion's name is missing")
        if name in seen:
            raise InputError(f"{where}: the criterion {name!r} is declared twice")
        seen.add(name)
        labels = declared.get("labels_list") or ()
        if not isinstance(labels, list | tuple):
            raise InputError(f"{where}: 'labels_list' must be a list of labels, got {type(labels).__name__}")
        yield Criterion(name, _scale(where, declared), tuple(map(_label, labels)))


def _scale(where: str, declared: Mapping[str, Any]) -> Scale | None:
    if "worst" not in declared and "best" not in declared:
        if declared.get("category") in ("graded", "continuous"):
            raise InputError(f"{where}: a graded criterion needs 'worst' and 'best', the ends of its scale")
        return None
    worst, best = (_number(f"{where}.{key}", declared.get(key)) for key in ("worst", "best"))
    if worst is None or best is None or worst == best:
        raise InputError(f"{where}: 'worst' and 'best' must be two different numbers, got {worst} and {best}")
    return Scale(low=min(worst, best), high=max(worst, best), direction="up" if worst < best else "down")


def _instances(path: Path, data: Mapping[str, Any], criteria: Mapping[str, Criterion]) -> Iterator[Instance]:
    ids: dict[str, int] = {}
    for index, raw in enumerate(data["instances"]):
        where = f"{path}: instances[{index}]"
        if not isinstance(raw, dict) or not isinstance(raw.get("annotations"), dict) or "instance" not in raw:
            raise InputError(f"{where}: an instance has the keys 'id', 'instance' and 'annotations'")
        id = str(raw.get("id", index))
        first = ids.setdefault(id, index)
        if first != index:
            raise InputError(f"{where}: the id {id!r} is already that of instances[{first}]")
        body = raw["instance"]
        if not isinstance(body, str | dict):
            raise InputError(f"{where}.instance: expected a text, or texts by name, got {type(body).__name__}")
        beside = {key: value for key, value in raw.items() if key not in ("id", "instance", "annotations")}
        texts = {
            key: str(value) for key, value in {**beside, **(body if isinstance(body, dict) else {})}.items() if _plain(value)
        }
        answers = {}
        for name, said in raw["annotations"].items():
            if name not in criteria:
                raise InputError(
                    f"{where}: the criterion {name!r} is not among the file's annotations.{did_you_mean(name, criteria)}"
                )
            answers[name] = _answers(f"{where}.annotations[{name!r}]", said, criteria[name])
        yield Instance(index, id, body if isinstance(body, str) else None, texts, answers)


def _answers(where: str, said: Any, criterion: Criterion) -> Answers:
    if not isinstance(said, dict) or not isinstance(said.get(SCORES, []), list):
        raise InputError(f"{where}: expected {SCORES} (a list), {MEAN} or {MAJORITY}")
    scores = tuple(_score(f"{where}.{SCORES}[{place}]", value, criterion) for place, value in enumerate(said.get(SCORES, [])))
    majority = _score(f"{where}.{MAJORITY}", said.get(MAJORITY), criterion)
    return Answers(scores, _number(f"{where}.{MEAN}", said.get(MEAN)), majority)


def _score(where: str, value: Any, criterion: Criterion) -> Given:
    """A number of the criterion's scale, one of its labels as text, or None."""
    if value is None:
        return None
    if criterion.scale is None:
        label = _label(value)
        if criterion.labels and label not in criterion.labels:
            raise InputError(f"{where}: the label {label!r} is not among the criterion's ({', '.join(criterion.labels)})")
        return label
    number = _number(where, value)
    if number is not None and not criterion.scale.low <= number <= criterion.scale.high:
        raise InputError(f"{where}: {number:g} is off the scale {criterion.scale.low:g} to {criterion.scale.high:g}")
    return number


def _number(where: str, value: Any) -> float | None:
    if value is None:
        return None
    try:
        number = float(value) if isinstance(value, str | Real) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{where}: expected a number, got {value!r:.60}")
    return number


def _label(value: Any) -> str:
    return str(value)


def _plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)
