"""Answers of raters, on disk before they are acknowledged: SQLite by default, PostgreSQL by URL.

Every method is one transaction and may be called from any thread and from several processes at once.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from harness.annotate import contents, rater_rows, study_rows
from harness.annotate.answers import check_submission, feedback_on
from harness.annotate.contents import Answered, Contents, Step
from harness.annotate.errors import ClientIdReused, ConsentNeeded, NotYet, UnknownTask
from harness.annotate.items import Items, read_items
from harness.annotate.schema import Database, answers_table, audit_table, raters_table, study_table, tasks_table
from harness.annotate.study import Study
from harness.annotate.views import Answers, Progress, Rater, Saved, Task
from harness.errors import InputError

_TASK_ID = re.compile(r"t?[0-9a-f]{16}\Z")
Taken = Literal["new", "same", "conflict", "replaced"]
ReadItems = Callable[[Study], Items]


def open_store(study: Study, url: str | None = None, read: ReadItems = read_items, *, create: bool = True) -> "Store":
    """The study's store: opened where it is, made where it is not (then the items are read and the study's raters are added).

    `url`: an SQLAlchemy URL or the path of an SQLite file; None is `annotations/<study name>.sqlite`. Raises InputError if the
    database holds another study, or this one with other items or criteria, or none and `create` is off. `read` gives the items of
    a new study; the tokens of its raters are in `new_tokens`, this once.
    """
    database = Database(str(default_path(study)) if url is None else url, create=create)
    try:
        known = study_rows.stored_study(database)
        if known is None and not create:
            raise InputError(f"{database.name}: there is no study yet; `harness data annotate serve STUDY.yaml` makes it")
        items = read(study) if known is None else None
        with database.creating() as connection:
            if items is not None and study_rows.study_in(connection) is None:
                study_rows.write_study(connection, study, items)
                store = Store(database, study_rows.read_contents(connection))
                store.new_tokens = {
                    pseudonym: rater_rows.add(connection, store.contents, pseudonym) for pseudonym in study.raters
                }
                return store
            study_rows.update_texts(connection, study, database.name)
            return Store(database, study_rows.read_contents(connection))
    except BaseException:  # an interrupt too: the connections are given back, and it goes on its way
        database.close()
        raise


def default_path(study: Study) -> Path:
    """Where a study's SQLite file lies unless the owner says otherwise."""
    return Path("annotations") / f"{study.name}.sqlite"


class Store:
    """One study's raters, tasks and answers."""

    def __init__(self, database: Database, held: Contents) -> None:
        self._database = database
        self.contents = held
        self.study = held.study
        self.new_tokens: dict[str, str] = {}

    def add_rater(self, pseudonym: str) -> str:
        """Adds a rater and their tasks; returns the token of their link (256 random bits, stored only as a hash)."""
        with self._database.writing() as connection:
            return rater_rows.add(connection, self.contents, pseudonym)

    def new_token(self, pseudonym: str) -> str:
        """A new token for a rater whose link is lost; the old one stops working."""
        token = rater_rows.new_token()
        with self._database.writing() as connection:
            rater = rater_rows.named(connection, self.contents, pseudonym)
            connection.execute(
                update(raters_table).where(raters_table.c.id == rater.id).values(token_hash=rater_rows.hashed(token))
            )
        return token

    def new_owner_token(self) -> str:
        """A new token for the owner's page; the old one stops working."""
        token = rater_rows.new_token()
        with self._database.writing() as connection:
            connection.execute(update(study_table).values(owner_hash=rater_rows.hashed(token)))
        return token

    def has_owner(self) -> bool:
        """Whether a link for the owner was ever made."""
        with self._database.reading() as connection:
            return connection.execute(select(study_table.c.owner_hash)).scalar_one() is not None

    def is_owner(self, token: str) -> bool:
        """Whether this is the owner's token."""
        with self._database.reading() as connection:
            return connection.execute(select(study_table.c.owner_hash)).scalar_one() == rater_rows.hashed(token)

    def rater_by_token(self, token: str) -> Rater | None:
        """The rater whose link this is; None for any other text."""
        with self._database.reading() as connection:
            row = connection.execute(
                select(raters_table).where(raters_table.c.token_hash == rater_rows.hashed(token))
            ).one_or_none()
        return None if row is None else self.contents.rater(row)

    def rater(self, pseudonym: str) -> Rater:
        """The rater of this pseudonym; raises UnknownRater naming those that there are."""
        with self._database.reading() as connection:
            return rater_rows.named(connection, self.contents, pseudonym)

    def raters(self) -> list[Rater]:
        """All raters, in the order in which they were added."""
        with self._database.reading() as connection:
            rows = connection.execute(select(raters_table).order_by(raters_table.c.number)).all()
        return [self.contents.rater(row) for row in rows]

    def record_consent(self, rater: Rater, language: str | None = None, how: str = "page") -> Rater:
        """Notes that the rater agreed to the study's consent text (its sha256, the time, the language shown); once is enough.

        A consent text that is changed later is to be agreed to again.
        """
        with self._database.writing() as connection:
            current = rater_rows.current(connection, self.contents, rater)
            if current.consented_at is not None:
                return current
            values = {
                "consented_at": contents.now(),
                "consent_hash": self.contents.consent_hash,
                "consent_language": language,
                "consent_how": how,
            }
            connection.execute(update(raters_table).where(raters_table.c.id == rater.id).values(**values))
            return rater_rows.current(connection, self.contents, rater)

    def tasks_of(self, rater: Rater) -> list[Task]:
        """All tasks in the rater's order, with their last answers; raises ConsentNeeded before consent."""
        with self._database.reading() as connection:
            self._consenting(connection, rater)
            steps = contents.steps_of(connection, rater.id)
            last = {answered.task_id: answered for answered in contents.last_answers(connection, rater.id)}
        return [self.contents.task(step, len(steps), last.get(step.id)) for step in steps]

    def next_task(self, rater: Rater) -> Task | None:
        """The first task without an answer; None when all are done; raises ConsentNeeded before consent."""
        with self._database.reading() as connection:
            self._consenting(connection, rater)
            position = _next_position(connection, rater.id)
            return None if position is None else self._task(connection, rater, position)

    def task(self, rater: Rater, position: int) -> Task:
        """The task at a position from 1, to look at again or change; raises UnknownTask, or NotYet beyond `next_task`."""
        with self._database.reading() as connection:
            self._consenting(connection, rater)
            _check_turn(position, _next_position(connection, rater.id))
            return self._task(connection, rater, position)

    def save_answer(
        self,
        rater: Rater,
        task_id: str,
        answers: Answers,
        *,
        client_id: str,
        client_time: str | None = None,
        seconds: float | None = None,
        note: str | None = None,
    ) -> Saved:
        """Stores an answer; it is on disk when this returns, and sending the same `client_id` again stores nothing twice.

        `client_id` is made by the page, one for each submission (a UUID); a changed answer is a new submission with a new one.
        History is kept and the last one given counts, by `client_time` (ISO 8601; none, or a time to come, is taken for now): an
        older answer that arrives late, from a device that was offline, goes into the history only. Clocks of two devices may
        differ; within that difference the wrong one of two answers given on both may count. `seconds`: time the task was in view.
        Raises ConsentNeeded, UnknownTask, NotYet, InvalidAnswers (naming the criteria) or ClientIdReused.
        """
        with self._database.writing() as connection:
            self._consenting(connection, rater, lock=True)
            step = contents.step(connection, rater.id, task_id) if _TASK_ID.match(task_id) else None
            if step is None:
                raise UnknownTask(f"{rater.pseudonym} has no task {task_id!r:.40}")
            content = check_submission(self.study, step, answers, client_id, client_time, seconds, note)
            stored = contents.by_client_id(connection, rater.id, client_id)
            if stored is not None and stored != (task_id, content):
                raise ClientIdReused(f"the client id {client_id!r} has stored another answer; make a new one for each submission")
            last = contents.last_content(connection, task_id)
            if stored is None:
                _check_turn(step.position, _next_position(connection, rater.id))
                contents.write_answer(connection, step, last, client_id, content, seconds, client_time)
            counts = contents.last_content(connection, task_id)
            following = _next_position(connection, rater.id)
        return Saved(
            task_id=task_id,
            position=step.position,
            duplicate=stored is not None,
            changed=last is not None and counts is not None and counts.content != last.content,
            next_position=following,
            feedback=feedback_on(self.study, step, answers),
        )

    def take_over(self, rater: Rater, said: Iterable[tuple[Step, Answers, str | None]], *, replace: bool = False) -> list[Taken]:
        """Stores answers given elsewhere (a sheet), in any order and all in one transaction; says for each what happened.

        `same`: it is what counts already; `conflict`: another answer counts, and stays unless `replace`. Raises ConsentNeeded or
        InvalidAnswers, and then nothing is stored.
        """
        found: list[Taken] = []
        with self._database.writing() as connection:
            self._consenting(connection, rater, lock=True)
            for step, answers, note in said:
                last = contents.last_content(connection, step.id)
                client_id = "sheet-" + rater_rows.hashed(f"{step.id} {0 if last is None else last.revision}")[:32]
                content = check_submission(self.study, step, answers, client_id, None, None, note)
                outcome: Taken = "new" if last is None else "same" if last.content == content else "conflict"
                if outcome == "conflict" and replace:
                    outcome = "replaced"
                if outcome in ("new", "replaced"):
                    contents.write_answer(connection, step, last, client_id, content, None, None)
                found.append(outcome)
        return found

    def progress(self, rater: Rater) -> Progress:
        """How far the rater is."""
        with self._database.reading() as connection:
            current = rater_rows.current(connection, self.contents, rater)
            done = exists().where(answers_table.c.task_id == tasks_table.c.id)
            counts = {"training": [0, 0], "main": [0, 0]}
            query = select(tasks_table.c.kind, done, func.count()).where(tasks_table.c.rater_id == rater.id)
            for kind, answered, count in connection.execute(query.group_by(tasks_table.c.kind, done)):
                phase = counts["training" if kind == "training" else "main"]
                phase[0] += count if answered else 0
                phase[1] += count
            return Progress(
                pseudonym=current.pseudonym,
                consented=current.consented_at is not None,
                training_done=counts["training"][0],
                training_total=counts["training"][1],
                main_done=counts["main"][0],
                main_total=counts["main"][1],
                next_position=_next_position(connection, rater.id),
            )

    def last_answers(self) -> list[Answered]:
        """The answer that counts for every task that has one, of all raters, training and attention checks included."""
        with self._database.reading() as connection:
            return contents.last_answers(connection)

    def steps(self, rater: Rater) -> list[Step]:
        """What each task of a rater is, outputs and attention checks by name: for the owner's eyes only."""
        with self._database.reading() as connection:
            return contents.steps_of(connection, rater.id)

    def delete_rater(self, pseudonym: str) -> int:
        """Erases a rater and everything they said; returns the number of answers erased. The audit keeps the bare fact."""
        with self._database.writing() as connection:
            rater = rater_rows.named(connection, self.contents, pseudonym)
            rater_rows.current(connection, self.contents, rater, lock=True)
            erased = connection.execute(delete(answers_table).where(answers_table.c.rater_id == rater.id)).rowcount
            connection.execute(delete(tasks_table).where(tasks_table.c.rater_id == rater.id))
            connection.execute(delete(raters_table).where(raters_table.c.id == rater.id))
            study_rows.forget_name(connection, rater.pseudonym)
            event = f"rater number {rater.number} and {erased} answers erased"
            connection.execute(insert(audit_table).values(at=contents.now(), event=event))
        self._database.forget_deleted()
        return erased

    def close(self) -> None:
        """Gives the connections back."""
        self._database.close()

    def _consenting(self, connection: Connection, rater: Rater, lock: bool = False) -> None:
        if rater_rows.current(connection, self.contents, rater, lock=lock).consented_at is None:
            raise ConsentNeeded(f"{rater.pseudonym} has not agreed to the consent text yet")

    def _task(self, connection: Connection, rater: Rater, position: int) -> Task:
        steps = contents.steps_of(connection, rater.id)
        if not 1 <= position <= len(steps):
            raise UnknownTask(f"{rater.pseudonym} has {len(steps)} tasks, there is no number {position}")
        step = steps[position - 1]
        return self.contents.task(step, len(steps), contents.last_answer(connection, step.id))


def _check_turn(position: int, following: int | None) -> None:
    if following is not None and position > following:
        raise NotYet(f"task {position} comes later: the next one to answer is number {following}")


def _next_position(connection: Connection, rater_id: int) -> int | None:
    answered = exists().where(answers_table.c.task_id == tasks_table.c.id)
    query = select(func.min(tasks_table.c.position)).where(tasks_table.c.rater_id == rater_id, ~answered)
    return connection.execute(query).scalar_one()
