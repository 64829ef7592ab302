"""Human judgments out of Argilla: a dataset written to disk, or its records as JSON, JSON Lines or Parquet."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import hookimpl, named_files
from harness.protocols import JudgmentSourceSpec
from harness.records import Span
from harness_plugins.judgments.argilla_records import Record, Response, read_records
from harness_plugins.judgments.argilla_settings import Question, find_settings, settings_places
from harness_plugins.judgments.export_answers import Answer, Kind, check_controls, criterion_of, take, unsaid_labels, wishes
from harness_plugins.judgments.export_fields import Pairs, find_fields
from harness_plugins.judgments.export_source import Bounds, Direction, ExportSource
from harness_plugins.judgments.export_study import Study, shaped

NAME = "argilla"
VERSION = "1"
_KINDS: dict[str, Kind] = {"text": "note", "span": "span", "ranking": "ranking"}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONG = 100  # characters: a longer answer to a question of unknown type is a note
NO_STATUS = (
    "{} answers count although the export does not say whether they were submitted (Dataset.to_disk drops it): drafts and "
    "discarded answers may be among them; export dataset.records.to_datasets() as JSON Lines or Parquet to leave those out"
)
NO_USER = (
    "{} answers name no user; those of each record are taken as a rater of their own (unknown-1, unknown-2 …), although one "
    "person may have given many of them: what is said of raters does not hold for these"
)


class Argilla(ExportSource):
    """Outputs and what people said of them, from an export of Argilla 2 (or a FeedbackDataset of Argilla 1).

    A folder that Dataset.to_disk wrote, or a file of records: nested (records.json) or flat (records.to_datasets()). Only
    submitted answers count; suggestions never do. `settings`: the settings file, found beside the records where not given; it
    says what the questions are and their scales. Fields and metadata are named as for Label Studio: `output` (or `outputs`),
    `system` (or `systems`), `item`, `reference`, `source`, `instruction`, `language`, `task`, `form`, `cluster`; `targets`
    ([question:output field]), `criteria` ([question:criterion]), `labels` ([label:number], [label:left], or of a ranking
    [option:output field]), `raters` ([id:name], an id being the first 8 characters of Argilla's), `scale` and `direction`.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        settings: str | Path | None = None,
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
        file, records = read_records(path)
        questions = find_settings(file, settings)
        said = wishes(targets, criteria, labels, raters)
        fields = [
            name for record in records for name, value in record.values.items() if isinstance(value, str | int | float | list)
        ]
        dataset = Path(path).stem if Path(path).is_file() else Path(path).resolve().name
        study = Study(str(file), dataset, NAME, find_fields(str(file), fields, given))
        check_controls(study, said, sorted({*questions, *(r.question for record in records for r in record.responses)}))
        names = _short_names(records)
        unknown = nameless = 0
        for number, record in enumerate(records, 1):
            with shaped(str(file), f"record {number}"):
                placed = study.place(record.values, f"record {number}", record.id)
                for user in dict.fromkeys(response.user for response in record.responses):
                    own = [response for response in record.responses if response.user == user]
                    counted = [response for response in own if response.status in (None, "submitted")]
                    study.left_out["answers that are drafts or discarded"] += len(own) - len(counted)
                    unknown += sum(response.status is None for response in counted)
                    nameless += sum(not response.known for response in counted)
                    answers = [
                        answer for response in counted for answer in _answers(study, questions, said.labels, record, response)
                    ]
                    take(study, said, placed, names[user], answers)
        study.left_out = +study.left_out
        scales = {
            criterion_of(study, said, name, output): question.scale
            for name, question in questions.items()
            for output in study.fields.outputs
            if question.scale is not None
        }
        notes = [text.format(count) for text, count in ((NO_STATUS, unknown), (NO_USER, nameless)) if count]
        notes += unsaid_labels(study, said)
        super().__init__(study, said.numbers, scales, scale, direction, primary, reference_systems, notes, version=VERSION)


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = "ratings, labels and rankings exported from Argilla: argilla:FOLDER, argilla:records.parquet"
    return [JudgmentSourceSpec(NAME, build=Argilla, version=VERSION, help=help, argument="path", reads=_reads)]


def _reads(path: str | Path, **params: Any) -> list[Path]:
    return [*named_files(path=path, **params), *settings_places(Path(path).expanduser())]


def _short_names(records: Sequence[Record]) -> dict[str, str]:
    """User → the first eight characters of the id, where all are UUIDs and that keeps them apart."""
    responses = [response for record in records for response in record.responses]
    users = {response.user for response in responses if response.known}
    short = {user: user[:8] for user in users if _UUID.fullmatch(user)}
    names = short if len(set(short.values())) == len(users) else {}
    return {response.user: names.get(response.user, response.user) for response in responses}


def _answers(
    study: Study, questions: Mapping[str, Question], labels: Iterable[str], record: Record, response: Response
) -> Iterator[Answer]:
    """What one response says: several spans, or one value."""
    question = questions.get(response.question)
    kind, value = _kind(question, response.value, {*study.fields.outputs, *labels}), response.value
    if kind == "note":
        if value:
            yield Answer(response.question, "note", str(value))
    elif kind == "span":
        about = (question.field,) if question is not None and question.field is not None else study.fields.outputs[:1]
        for span in value or ():
            text = record.values.get(about[0])
            start, end = _whole(span["start"]), _whole(span["end"])
            if not isinstance(text, str) or not 0 <= start <= end <= len(text):
                study.left_out[f"spans ({response.question}) that do not fit the text they mark"] += 1
                continue
            yield Answer(response.question, "span", str(span["label"]), about, Span(start=start, end=end))
    elif kind == "ranking":
        ranked = [_ranked(place, option) for place, option in enumerate(value or (), 1)]
        if ranked:
            yield Answer(response.question, "ranking", tuple(ranked))
    else:
        if isinstance(value, bool | dict):
            raise TypeError(f"the answer to {response.question!r} is {value!r:.60}")
        said = ", ".join(map(str, value)) if isinstance(value, list) else value
        yield Answer(response.question, "rating", float(said) if isinstance(said, int | float) else said or None)


def _whole(place: Any) -> int:
    """A place in a text, -1 if it is none; columns of floats hold whole numbers, too."""
    return int(place) if isinstance(place, int | float) and place == place // 1 else -1


def _kind(question: Question | None, value: Any, options: Collection[str]) -> Kind:
    """The question's kind by the settings, else by the shape of the answer; `options` are what a ranking may rank."""
    if question is not None:
        return _KINDS.get(question.type, "rating")
    if isinstance(value, str):
        return "note" if len(value) > _LONG or "\n" in value else "rating"
    first = value[0] if isinstance(value, list) and value else None
    if isinstance(first, dict):
        return "span" if "start" in first else "ranking"
    if isinstance(value, list) and len(value) > 1 and all(one in options for one in value):
        return "ranking"
    return "rating"


def _ranked(place: int, option: Any) -> tuple[int, str]:
    """(rank, option): Argilla 1 gives ranks, Argilla 2 the options in their order."""
    if isinstance(option, dict):
        return int(option.get("rank") or place), str(option["value"])
    return place, str(option)
