"""A study's answers as records and as a table: what `harness metaeval --judgments records:FOLDER` reads."""

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from harness.annotate.contents import Answered
from harness.annotate.store import Store
from harness.annotate.study import Criterion, allowed_answers
from harness.errors import InputError, did_you_mean
from harness.records import Example, Judgment, JudgmentInfo, Output, Preference, Scale, to_json

VERSION = "1"
_FILES = ("examples.jsonl", "outputs.jsonl", "judgments.jsonl", "preferences.jsonl", "ratings.csv", "info.json")
_COLUMNS = (
    "item", "system", "sample", "output", "rater", "criterion", "rating",
    "instruction", "source", "language", "task", "form", "cluster",
)  # fmt: skip


def export_store(store: Store, folder: Path, *, without: Sequence[str] = ()) -> dict[str, int]:
    """Writes the study as a judgment set into `folder`; returns how many records of each kind.

    Files: `info.json`, `examples.jsonl`, `outputs.jsonl`, `judgments.jsonl`, `preferences.jsonl`, and `ratings.csv`, which the
    reader of tables takes. The last answer of each task counts; training, attention checks and the raters in `without` are left
    out; people are pseudonyms. Each file is written beside and then renamed. An earlier export of the study is replaced. Raises
    InputError for an unknown rater, where nothing is rated, or where the folder holds files of these names from elsewhere.
    """
    raters = store.raters()
    for name in without:
        if name not in {rater.pseudonym for rater in raters}:
            raise InputError(f"there is no rater {name!r}.{did_you_mean(name, [rater.pseudonym for rater in raters])}")
    who = {rater.id: rater.pseudonym for rater in raters if rater.pseudonym not in without}
    answers = [answer for answer in store.last_answers() if answer.known is None and answer.rater_id in who]
    if not answers:
        raise InputError("no rater has answered a task of the study yet, so there is nothing to export")
    scales = {criterion.name: scale_of(criterion) for criterion in store.study.criteria}
    judgments = [judgment for answer in answers for judgment in _judgments(answer, who, scales)]
    preferences = [preference for answer in answers for preference in _preferences(answer, who)]
    examples, outputs = store.contents.examples, store.contents.outputs
    _check_folder(folder, store.study.name)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "examples.jsonl", _lines(examples.values()))
    _write(folder / "outputs.jsonl", _lines(outputs.values()))
    _write(folder / "judgments.jsonl", _lines(judgments))
    _write(folder / "preferences.jsonl", _lines(preferences))
    _write(folder / "ratings.csv", _table(judgments, examples, outputs))
    people = len({answer.rater_id for answer in answers})
    info = _info(store, judgments, preferences, people, without)
    _write(folder / "info.json", msgspec.json.format(msgspec.json.encode(info, order="sorted"), indent=2) + b"\n")
    return {
        "examples": len(examples),
        "outputs": len(outputs),
        "judgments": len(judgments),
        "preferences": len(preferences),
        "raters": people,
    }


def _check_folder(folder: Path, study: str) -> None:
    there = [name for name in _FILES if (folder / name).exists()]
    if not there:
        return
    try:
        held = msgspec.json.decode((folder / "info.json").read_bytes(), type=JudgmentInfo).name
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        held = None  # whoever wrote these files, it was no export that came to its end
    if held != study:
        raise InputError(
            f"{folder} already holds {', '.join(there)}, which are no export of the study {study!r}; name another folder with "
            "--out, or move them away"
        )


def scale_of(criterion: Criterion) -> Scale:
    """The criterion's scale as a record."""
    return Scale(low=criterion.low, high=criterion.high, direction=criterion.direction)


def _judgments(answer: Answered, who: Mapping[int, str], scales: Mapping[str, Scale]) -> Iterator[Judgment]:
    """A rating for each criterion; the rater's comment stands at the first one."""
    if answer.form != "rate":
        return
    note = answer.note
    for criterion, value in answer.answers.items():
        yield Judgment(
            output_id=answer.outputs[0],
            rater=who[answer.rater_id],
            criterion=criterion,
            value=value,
            scale=scales[criterion],
            note=note,
        )
        note = None


def _preferences(answer: Answered, who: Mapping[int, str]) -> Iterator[Preference]:
    """A choice for each criterion; `a` is the output whose id comes first."""
    if answer.form != "compare":
        return
    a, b = sorted(answer.outputs)
    shown: tuple[Literal["a", "b"], Literal["a", "b"]] = ("a", "b") if answer.outputs[0] == a else ("b", "a")
    winners: dict[Any, Literal["a", "b", "tie"]] = {"first": shown[0], "second": shown[1], "tie": "tie"}
    for criterion, value in answer.answers.items():
        yield Preference(
            output_a=a,
            output_b=b,
            rater=who[answer.rater_id],
            criterion=criterion,
            winner=winners.get(value),
            shown_first=shown[0],
        )


def _info(
    store: Store, judgments: Sequence[Judgment], preferences: Sequence[Preference], raters: int, without: Sequence[str]
) -> JudgmentInfo:
    """What the set says of itself; what its items' source said of its systems still holds, if they are in the study."""
    study, source = store.study, store.contents.source
    named = [*allowed_answers(study, "rate"), *allowed_answers(study, "compare")]
    asked = {judgment.criterion for judgment in judgments} | {preference.criterion for preference in preferences}
    notes = [f"collected with `harness data annotate`: study {study.name!r}, {raters} raters, seed {study.seed}"]
    if without:
        notes.append(f"left out by the study's owner: {', '.join(without)}")
    info = JudgmentInfo(
        name=study.name,
        version=VERSION,
        criteria=tuple(dict.fromkeys(name for name in named if name in asked)),
        notes=tuple(notes),
    )
    if source is None:
        return info
    systems = {output.system for output in store.contents.outputs.values()}
    return msgspec.structs.replace(
        info,
        reference_systems=tuple(system for system in source.reference_systems if system in systems),
        unknown_systems=tuple(system for system in source.unknown_systems if system in systems),
        system_sets={name: members for name, members in source.system_sets.items() if set(members) <= systems},
        licence=source.licence,
        citation=source.citation,
        notes=(*notes, f"the items are those of {source.name} {source.version}"),
    )


def _table(judgments: Iterable[Judgment], examples: Mapping[str, Example], outputs: Mapping[str, Output]) -> bytes:
    """A row for each rating; texts stand as they are, for programs to read."""
    references = max((len(example.references) for example in examples.values()), default=0)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([*_COLUMNS, *(f"reference_{number}" for number in range(1, references + 1))])
    for judgment in judgments:
        output = outputs[judgment.output_id]
        example = examples[output.example_id]
        fields = {
            "item": example.id,
            "system": output.system,
            "sample": output.sample,
            "output": output.text,
            "rater": judgment.rater,
            "criterion": judgment.criterion,
            "rating": None if judgment.value is None else f"{judgment.value:g}",
            "instruction": example.instruction,
            "source": example.source,
            "language": example.language,
            "task": example.task,
            "form": example.form,
            "cluster": example.cluster_id,
        }
        padded = (*example.references, *[None] * (references - len(example.references)))
        writer.writerow([*(fields[column] for column in _COLUMNS), *padded])
    return text.getvalue().encode()


def _lines(records: Iterable[msgspec.Struct]) -> bytes:
    return b"".join(to_json(record) + b"\n" for record in records)


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f"{path.name}.tmp")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
