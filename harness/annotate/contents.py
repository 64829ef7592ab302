"""What a study's database holds, row by row: the study and its items, what each task is, the answers that count."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, func, insert, select

from harness.annotate.assignment import Planned
from harness.annotate.schema import (
    answers_table,
    raters_table,
    tasks_table,
)
from harness.annotate.study import KnownItem, Study, allowed_answers
from harness.annotate.views import Answers, Rater, Task
from harness.records import Example, JudgmentInfo, Output


class Step(NamedTuple):
    """One task of a rater, as it is planned and stored; `kind` and `outputs` never reach the rater."""

    id: str
    rater_id: int
    position: int
    kind: str
    form: str
    outputs: tuple[str, ...]
    known: int | None


class Answered(NamedTuple):
    """The answer that counts for a task; `saved_at` is the server's time, UTC in ISO 8601."""

    task_id: str
    rater_id: int
    position: int
    kind: str
    form: str
    outputs: tuple[str, ...]
    known: int | None
    answers: Answers
    note: str | None
    seconds: float | None
    saved_at: str
    revision: int


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a rater said in one submission."""

    answers: Answers
    note: str | None = None


class Last(NamedTuple):
    """The submission that counts for a task; `given_at` is when it was given, so far as is known."""

    revision: int
    content: str
    given_at: datetime


@dataclass(frozen=True)
class Contents:
    """The study, its examples and its outputs by id; they do not change once the study is made. `source`: see `Items.info`."""

    study: Study
    examples: Mapping[str, Example]
    outputs: Mapping[str, Output]
    source: JudgmentInfo | None = None

    @property
    def ordered_outputs(self) -> list[Output]:
        """All outputs, in the order of the items."""
        return list(self.outputs.values())

    @property
    def consent_hash(self) -> str:
        """sha256 of the consent text in all its languages."""
        return hashlib.sha256(msgspec.json.encode(self.study.consent, order="sorted")).hexdigest()

    def rater(self, row: Row[Any]) -> Rater:
        """The rater of a row; consent to an earlier text is none."""
        consented_at = row.consented_at if row.consent_hash == self.consent_hash else None
        return Rater(
            id=row.id,
            pseudonym=row.pseudonym,
            number=row.number,
            slot=row.slot,
            added_at=row.added_at,
            consented_at=consented_at,
        )

    def task(self, step: Step, total: int, last: Answered | None) -> Task:
        """The task as its rater sees it."""
        known = known_item(self.study, step)
        if known is None:
            example = self.examples[self.outputs[step.outputs[0]].example_id]
            texts = tuple(self.outputs[output].text or "" for output in step.outputs)
            language, references = example.language, example.references
            instruction, source = example.instruction, example.source
        else:
            texts = (known.text or "",) if known.pair is None else known.pair
            language = known.language or self.study.languages[0]
            references = () if known.reference is None else (known.reference,)
            instruction, source = known.instruction, known.source
        shown = self.study.show
        return Task(
            id=step.id,
            position=step.position,
            total=total,
            phase="training" if step.kind == "training" else "main",
            form="rate" if step.form == "rate" else "compare",
            language=language,
            instruction=instruction if "instruction" in shown else None,
            source=source if "source" in shown else None,
            references=references if "reference" in shown else (),
            texts=texts,
            criteria=tuple(allowed_answers(self.study, step.form)),
            answers=None if last is None else last.answers,
            note=None if last is None else last.note,
        )


def known_item(study: Study, step: Step | Answered) -> KnownItem | None:
    """The training item or attention check that a task is; None for a task of the study proper."""
    if step.known is None:
        return None
    return study.training[step.known] if step.kind == "training" else study.checks.items[step.known]


def now() -> str:
    """The time, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def write_steps(connection: Connection, rater_id: int, planned: Sequence[Planned]) -> None:
    """Stores a rater's tasks under ids that tell nothing."""
    rows = [
        {
            "id": f"t{secrets.token_hex(8)}",  # a spreadsheet would take digits alone, or with an e among them, for a number
            "rater_id": rater_id,
            "position": position,
            "kind": task.kind,
            "form": task.form,
            "outputs": msgspec.json.encode(task.outputs).decode(),
            "known": task.known,
        }
        for position, task in enumerate(planned, 1)
    ]
    if rows:
        connection.execute(insert(tasks_table), rows)


def steps_of(connection: Connection, rater_id: int) -> list[Step]:
    """A rater's tasks in their order."""
    query = select(tasks_table).where(tasks_table.c.rater_id == rater_id).order_by(tasks_table.c.position)
    return [_step(row) for row in connection.execute(query)]


def step(connection: Connection, rater_id: int, task_id: str) -> Step | None:
    """A task of a rater, or None."""
    query = select(tasks_table).where(tasks_table.c.rater_id == rater_id, tasks_table.c.id == task_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _step(row)


def by_client_id(connection: Connection, rater_id: int, client_id: str) -> tuple[str, str] | None:
    """(task id, content) of what this client id has stored."""
    columns = (answers_table.c.task_id, answers_table.c.content)
    query = select(*columns).where(answers_table.c.rater_id == rater_id, answers_table.c.client_id == client_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.task_id, row.content)


def write_answer(
    connection: Connection,
    step: Step,
    last: Last | None,
    client_id: str,
    content: str,
    seconds: float | None,
    client_time: str | None,
) -> None:
    """Adds a submission for a task: after the last one, or in the history alone (revision 0 and below) if it is older.

    Older is what was given before the one that counts, by the clocks of the devices; see `given_at`.
    """
    saved_at = now()
    revision = 1 if last is None else last.revision + 1
    if last is not None and given_at(client_time, saved_at) < last.given_at:
        lowest = select(func.min(answers_table.c.revision)).where(answers_table.c.task_id == step.id)
        revision = min(connection.execute(lowest).scalar_one(), 1) - 1
    values = {
        "rater_id": step.rater_id,
        "task_id": step.id,
        "revision": revision,
        "client_id": client_id,
        "content": content,
        "seconds": seconds,
        "client_time": client_time,
        "saved_at": saved_at,
    }
    connection.execute(insert(answers_table).values(**values))


def last_content(connection: Connection, task_id: str) -> Last | None:
    """The submission that counts for a task."""
    query = select(answers_table).where(answers_table.c.task_id == task_id)
    row = connection.execute(query.order_by(answers_table.c.revision.desc()).limit(1)).one_or_none()
    return None if row is None else Last(row.revision, row.content, given_at(row.client_time, row.saved_at))


def given_at(client_time: str | None, saved_at: str) -> datetime:
    """When an answer was given: the device's time but never later than the server's, and that where there is none."""
    saved = datetime.fromisoformat(saved_at)
    try:
        given = datetime.fromisoformat(client_time or saved_at)
    except ValueError:
        return saved
    return min(saved, given.replace(tzinfo=given.tzinfo or UTC))


def last_answer(connection: Connection, task_id: str) -> Answered | None:
    """The answer that counts for a task."""
    return next(iter(_answered(connection, answers_table.c.task_id == task_id)), None)


def last_answers(connection: Connection, rater_id: int | None = None) -> list[Answered]:
    """The answers that count, by rater and position."""
    return _answered(connection, *([] if rater_id is None else [answers_table.c.rater_id == rater_id]))


def _answered(connection: Connection, *conditions: Any) -> list[Answered]:
    newest = select(answers_table.c.task_id, func.max(answers_table.c.revision).label("revision"))
    last = newest.where(*conditions).group_by(answers_table.c.task_id).subquery()
    query = (
        select(answers_table, tasks_table.c.position, tasks_table.c.kind, tasks_table.c.form, tasks_table.c.known)
        .add_columns(tasks_table.c.outputs)
        .join(last, (answers_table.c.task_id == last.c.task_id) & (answers_table.c.revision == last.c.revision))
        .join(tasks_table, tasks_table.c.id == answers_table.c.task_id)
        .join(raters_table, raters_table.c.id == answers_table.c.rater_id)
        .order_by(raters_table.c.number, tasks_table.c.position)
    )
    found = []
    for row in connection.execute(query):
        content = msgspec.json.decode(row.content, type=Content)
        found.append(
            Answered(
                task_id=row.task_id,
                rater_id=row.rater_id,
                position=row.position,
                kind=row.kind,
                form=row.form,
                outputs=tuple(msgspec.json.decode(row.outputs)),
                known=row.known,
                answers=content.answers,
                note=content.note,
                seconds=row.seconds,
                saved_at=row.saved_at,
                revision=row.revision,
            )
        )
    return found


def _step(row: Row[Any]) -> Step:
    outputs = tuple(msgspec.json.decode(row.outputs))
    return Step(row.id, row.rater_id, row.position, row.kind, row.form, outputs, row.known)
