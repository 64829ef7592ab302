"""Human judgments out of Label Studio: its JSON and JSON-MIN exports. Predictions, drafts and skipped tasks never count."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import hookimpl, named_files
from harness.errors import InputError
from harness.protocols import JudgmentSourceSpec
from harness.records import Scale, Span
from harness.whole_files import read_file
from harness_plugins.judgments.export_answers import (
    Answer,
    Kind,
    Wishes,
    check_controls,
    criterion_of,
    take,
    unsaid_labels,
    wishes,
)
from harness_plugins.judgments.export_fields import Pairs, find_fields
from harness_plugins.judgments.export_source import Bounds, Direction, ExportSource
from harness_plugins.judgments.export_study import Placed, Study, shaped
from harness_plugins.judgments.label_studio_config import Config, read_config

NAME = "label-studio"
VERSION = "1"
# type of a result → the key of its value that holds the answer
VALUE_KEYS = {
    "rating": "rating", "number": "number", "choices": "choices", "pairwise": "selected", "taxonomy": "taxonomy",
    "labels": "labels", "hypertextlabels": "hypertextlabels", "textarea": "text",
}  # fmt: skip
KINDS: dict[str, Kind] = {"pairwise": "winner", "labels": "span", "hypertextlabels": "span", "textarea": "note"}
# What JSON-MIN puts beside a task's data.
MIN_KEYS = ("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement")


class LabelStudio(ExportSource):
    """Outputs and what people said of them, from an export of Label Studio.

    `output` is the data field with the output (or `outputs`, several that a task shows; left before right), `system` the field
    with its system (or `systems`, a field or a name for each output); `item`, `reference`, `source`, `instruction`, `language`,
    `task`, `form` and `cluster` are data fields, found by their usual names where not given. `config`: the labelling
    configuration (XML, or the project's JSON), which says which control is about which output and what the scales are. Without
    it: `targets` ([control:output field]) and `scale` ([low, high], or a mapping by criterion). `criteria` ([control:criterion])
    reads only these controls and names them; `labels` ([label:number]) makes choices numbers, or ([label:left], right, tie)
    preferences; `raters` ([id:name]) renames raters.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        config: str | Path | None = None,
        item: str | None = None,
        output: str | None = None,
        outputs: Sequence[str] | None = None,
        system: str | None = None,
        systems: Sequence[str] | None = None,
        reference: str | Sequence[str] | None = None,
        source: str | None = None,
        instruction: str | None = None,
        language: str | None = None,
        task: str | None = None,
        form: str | None = None,
        cluster: str | None = None,
        parallel_id: str | None = None,
        targets: Pairs = None,
        criteria: Pairs = None,
        labels: Pairs = None,
        raters: Pairs = None,
        scale: Bounds | Mapping[str, Bounds] | None = None,
        direction: Direction | Mapping[str, Direction] = "up",
        primary: str | None = None,
        reference_systems: Sequence[str] = (),
    ) -> None:
        given = {
            "item": item, "output": output, "outputs": outputs, "system": system, "systems": systems, "reference": reference,
            "source": source, "instruction": instruction, "language": language, "task": task, "form": form, "cluster": cluster,
            "parallel_id": parallel_id,
        }  # fmt: skip
        path = Path(path).expanduser()
        tasks = _read(path)
        known = Config() if config is None else read_config(config)
        said = wishes(targets, criteria, labels, raters)
        controls = {*known.controls, *said.criteria, *said.targets}
        names = [name for one in tasks for name in (one["data"] if _is_full(one) else one)]
        fields = [name for name in dict.fromkeys(names) if name not in controls and name not in MIN_KEYS]
        study = Study(str(path), path.stem, NAME, find_fields(str(path), fields, given))
        asked: dict[str, None] = {}
        for number, one in enumerate(tasks, 1):
            with shaped(str(path), f"task {one.get('id', number)}"):
                _take_task(study, said, known, one, f"task {one.get('id', number)}", asked)
        check_controls(study, said, list(asked))
        scales = _scales(study, said, known)
        notes = [*unsaid_labels(study, said), *(_undeclared(asked, known) if config is not None else ())]
        super().__init__(study, said.numbers, scales, scale, direction, primary, reference_systems, notes, version=VERSION)


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = "ratings, choices and comparisons exported from Label Studio: label-studio:EXPORT.json,config=LABELLING.xml"
    return [JudgmentSourceSpec(NAME, build=LabelStudio, version=VERSION, help=help, argument="path", reads=named_files)]


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        tasks = json.loads(read_file(path))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; check the path") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON: {error}; export the project as JSON or JSON-MIN") from error
    tasks = [tasks] if isinstance(tasks, dict) else tasks
    if not isinstance(tasks, list) or not tasks or not all(isinstance(task, dict) for task in tasks):
        raise InputError(f"{path}: an export is a list of tasks; export the project as JSON or JSON-MIN")
    for number, task in enumerate(tasks, 1):
        if not _is_full(task) and "annotator" not in task and "annotation_id" not in task:
            raise InputError(
                f"{path}, task {number}: neither Label Studio's JSON (data, annotations) nor its JSON-MIN (annotator); "
                "export the project as one of them"
            )
    return tasks


def _is_full(task: Mapping[str, Any]) -> bool:
    return isinstance(task.get("data"), dict) and ("annotations" in task or "completions" in task)


def _take_task(study: Study, said: Wishes, config: Config, task: Mapping[str, Any], where: str, asked: dict[str, None]) -> None:
    if not _is_full(task):
        placed = study.place(task, where, str(task.get("id", where)))
        answers = list(_short_answers(study, said, config, task))
        asked.update(dict.fromkeys(answer.control for answer in answers))
        if task.get("annotator") is not None:
            take(study, said, placed, str(task["annotator"]), answers, str(task.get("updated_at") or ""))
        return
    placed = study.place(task["data"], where, str(task.get("id", where)))
    for annotation in task.get("annotations", task.get("completions")) or ():
        answers = list(_answers(study, config, placed, annotation.get("result") or (), task["data"]))
        asked.update(dict.fromkeys(answer.control for answer in answers))
        if _flag(annotation, "was_cancelled") or _flag(annotation, "skipped"):
            study.left_out["skipped tasks (cancelled annotations)"] += 1
        else:
            when = str(annotation.get("updated_at") or annotation.get("created_at") or "")
            take(study, said, placed, _rater(study, annotation, where), answers, when)


def _flag(annotation: Mapping[str, Any], key: str) -> bool:
    """Whether it is set; a spreadsheet or a script may have made its truth a word."""
    value = annotation.get(key)
    known = {"true": True, "1": True, "false": False, "0": False, "none": False, "null": False, "": False}
    word = str(value).strip().casefold()
    if word not in known:
        raise TypeError(f"{key} is {value!r}, neither true nor false")
    return known[word]


def _undeclared(asked: Iterable[str], config: Config) -> Iterator[str]:
    unknown = [control for control in asked if control not in config.controls]
    if unknown:
        names = ", ".join(map(repr, unknown))
        yield f"the configuration has no control {names}, which answers name; is it this project's, and of the same day?"


def _rater(study: Study, annotation: Mapping[str, Any], where: str) -> str:
    """The annotator's number; the address only where there is no number."""
    who = annotation.get("completed_by")
    if isinstance(who, dict):
        who = who.get("id", who.get("email"))
    if who is None or str(who) == "":
        raise InputError(f"{study.label}, {where}: an annotation without completed_by; whose it is must be known")
    return str(who)


def _answers(
    study: Study, config: Config, placed: Placed, results: Sequence[Mapping[str, Any]], data: Mapping[str, Any]
) -> Iterator[Answer]:
    """The answers of one annotation in the full export."""
    for result in results:
        control, kind = result.get("from_name"), str(result.get("type", "")).casefold()
        if not isinstance(control, str) or kind == "relation":
            continue
        shown = tuple(name.strip() for name in str(result.get("to_name", "")).split(","))
        declared = config.controls[control].targets if control in config.controls else ()
        objects = declared if len(declared) > len(shown) else shown
        about = tuple(config.objects.get(name, name) for name in objects)
        known = tuple(name for name in about if name in data)  # without a configuration an object's name says little
        yield from _one(study, control, kind, result.get("value") or {}, known, data)


def _short_answers(study: Study, said: Wishes, config: Config, task: Mapping[str, Any]) -> Iterator[Answer]:
    """The answers of one row of JSON-MIN; a plain text is an answer only where the configuration or the user names it."""
    named = {*config.controls, *said.criteria, *said.targets}
    for control, value in task.items():
        if control in MIN_KEYS or control in study.fields.used:
            continue
        declared = config.controls.get(control)
        if isinstance(value, str) and control in named:
            kind = declared.kind if declared is not None else "choices"
            values: list[Any] = [{"text": [value]} if kind == "textarea" else {"choices": [value]}]
        else:
            values = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]
            kind = (
                declared.kind
                if declared is not None
                else next((k for k, v in VALUE_KEYS.items() if values and v in values[0]), "")
            )
            if kind == "textarea" and values and "labels" in values[0]:
                kind = "labels"  # a span also holds the text that it marks
        if not values or (not kind and control not in named):
            continue
        objects = declared.targets if declared is not None else ()
        about = tuple(config.objects.get(name, name) for name in objects)
        for one in values:
            yield from _one(study, control, kind, one, tuple(name for name in about if name in task), task)


def _one(
    study: Study, control: str, kind: str, value: Mapping[str, Any], about: tuple[str, ...], data: Mapping[str, Any]
) -> Iterator[Answer]:
    key = VALUE_KEYS.get(kind)
    if key is not None and key not in value:
        study.left_out[f"answers to {control!r} that say nothing"] += 1
        return
    if key is None:
        study.left_out[f"answers of type {kind or 'unknown'!r} ({control}), which are not read"] += 1
        return
    said = value[key]
    if isinstance(said, bool):
        raise TypeError(f"the answer to {control!r} is {said}")
    if kind in ("rating", "number"):
        said = float(said) if said is not None and (kind == "number" or said) else None  # no star is no answer
    elif kind == "pairwise":
        said = said[0] if isinstance(said, list) and said else said or "tie"
    elif kind == "taxonomy":
        said = ", ".join(" > ".join(map(str, path)) for path in said) or None
    else:
        said = (", " if kind != "textarea" else "\n").join(map(str, [said] if isinstance(said, str) else said)) or None
    span = None
    if KINDS.get(kind) == "span" or (isinstance(value.get("start"), int) and isinstance(value.get("end"), int)):
        text = next((data[name] for name in (*about, *study.fields.outputs) if isinstance(data.get(name), str)), "")
        span = _span(text, value)
        if span is None:
            study.left_out[f"spans ({control}) that do not fit the text they mark"] += 1
            return
    if kind == "textarea" and said is None:
        return
    yield Answer(control, KINDS.get(kind, "rating"), said, about, span)


def _span(text: str, value: Mapping[str, Any]) -> Span | None:
    """The stretch in code points. Label Studio counts UTF-16 units, so that an emoji is two; its own `text` decides."""
    start, end = value.get("start"), value.get("end")
    if "globalOffsets" in value:
        start, end = value["globalOffsets"].get("start"), value["globalOffsets"].get("end")
    if not (isinstance(start, int) and isinstance(end, int) and 0 <= start <= end):
        return None
    said = value.get("text")
    for first, last in (*_code_points(text, start, end), (start, end)):
        if last <= len(text) and (not isinstance(said, str) or _bare(text[first:last]) == _bare(said)):
            return Span(start=first, end=last)
    return None


def _code_points(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The stretch between two counts of UTF-16 units; nothing if one of them falls into the middle of a character."""
    units = text.encode("utf-16-le")
    if 2 * end <= len(units):
        try:
            first = len(units[: 2 * start].decode("utf-16-le"))
            yield first, first + len(units[2 * start : 2 * end].decode("utf-16-le"))
        except UnicodeDecodeError:
            return


def _bare(text: str) -> str:
    """Without white space, which Label Studio writes in its own way."""
    return re.sub(r"\s|\\n", "", text)


def _scales(study: Study, said: Wishes, config: Config) -> dict[str, Scale]:
    """Criterion → the scale that the configuration gives its control."""
    scaled = {name: control.scale for name, control in config.controls.items() if control.scale is not None}
    return {criterion_of(study, said, name, output): scale for name, scale in scaled.items() for output in study.fields.outputs}
